import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";

/**
 * The configuration as OPA's `/v1/config` shows it: without credentials and keys.
 * @param raw as it is written, with what the command line sets
 */
export function activeConfig(
  raw: unknown,
  labels: { readonly [label: string]: string },
  defaultDecision: string,
): JsonObject {
  const config = isJsonObject(raw) ? raw : {};
  const { services, keys } = config;
  return {
    ...config,
    ...(services === undefined ? {} : { services: eachWithout(services, ["credentials", "headers"]) }),
    ...(keys === undefined ? {} : { keys: eachWithout(keys, ["key", "private_key"]) }),
    labels,
    default_decision: `/${defaultDecision}`,
    default_authorization_decision: "/system/authz/allow",
  };
}

/** Headers too, unlike OPA: they are where tokens are put that are no credentials by name. */
function eachWithout(value: JsonValue, names: readonly string[]): JsonValue {
  if (Array.isArray(value)) return value.map((member: JsonValue) => without(member, names));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, without(member, names)]));
}

function without(value: JsonValue, names: readonly string[]): JsonValue {
  if (!isJsonObject(value)) return value;
  const shown = Object.entries(value).map(([name, member]) =>
    name === "url" && typeof member === "string" ? [name, withoutUser(member)] : [name, member],
  );
  return Object.fromEntries(shown.filter(([name]) => !names.includes(String(name)))) as JsonObject;
}

/**
 * A user and a password in a URL are credentials. They are found as the service finds them, which takes blanks before
 * it, `https:user@host` and an `@` in a password; what is no URL is shown from the last `@` on.
 */
function withoutUser(url: string): string {
  if (!URL.canParse(url)) return url.replace(/^.*@/s, "");
  const shown = new URL(url);
  if (shown.username === "" && shown.password === "") return url;
  shown.username = "";
  shown.password = "";
  return shown.href;
}
