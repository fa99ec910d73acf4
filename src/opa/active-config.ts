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
  const { services, keys, bundles, discovery } = config;
  return {
    ...config,
    ...(services === undefined ? {} : { services: eachWithout(services, ["credentials", "headers"]) }),
    ...(keys === undefined ? {} : { keys: eachWithout(keys, ["key", "private_key"]) }),
    ...(bundles === undefined ? {} : { bundles: eachWithout(bundles, []) }),
    ...(discovery === undefined ? {} : { discovery: without(discovery, []) }),
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
  const shown = Object.entries(value).filter(([name]) => !names.includes(name));
  return Object.fromEntries(shown.map(([name, member]) => [name, shownOf(name, member)]));
}

function shownOf(name: string, value: JsonValue): JsonValue {
  if (typeof value !== "string") return value;
  if (name === "url") return withoutUser(value);
  // Signatures and tokens of storage servers stand in queries: those of a resource are in no message either.
  return name === "resource" ? value.replace(/\?.*$/s, "") : value;
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
