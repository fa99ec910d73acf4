import { RegentError } from "../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { type JsonDocument, pointerToken } from "../wire/json/index.ts";
import { MODEL_NAME_CHARS_MAX } from "./bounds.ts";

/** Members of requests that dialects have in common. They are read strictly: what Regent acts on has one meaning or none. */

/** The error for a body that is JSON but no request of the dialect. */
export function invalid(problem: string): RegentError {
  return new RegentError("body_invalid", `${problem}.`);
}

/** @throws RegentError body_invalid */
export function readModel({ model }: JsonObject): string {
  if (model === undefined) throw invalid("model is missing");
  if (typeof model !== "string" || model.trim() === "")
    throw invalid("model must be a text that is not empty");
  if (model.length > MODEL_NAME_CHARS_MAX) {
    throw invalid(`model must have at most ${MODEL_NAME_CHARS_MAX} characters`);
  }
  for (let i = 0; i < model.length; i++) {
    if (isControl(model.charCodeAt(i))) throw invalid("model must not contain control characters");
  }
  return model;
}

/** C0, DEL and C1. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/**
 * A switch. Null counts as absent, as it does for OpenAI and Anthropic.
 *
 * @throws RegentError body_invalid
 */
export function readFlag(object: JsonObject, key: string, name = key): boolean {
  const value = object[key] ?? false;
  if (typeof value !== "boolean") throw invalid(`${name} must be true or false`);
  return value;
}

/**
 * The end user that a request names; undefined for none and for an empty name.
 *
 * @throws RegentError body_invalid
 */
export function readUser(user: JsonValue | undefined, name: string): string | undefined {
  const value = user ?? undefined;
  if (value !== undefined && typeof value !== "string") throw invalid(`${name} must be a text`);
  return value === "" ? undefined : value;
}

/**
 * Policy must see the number that the server sees, and readers differ about integers past 2^53 and what is past all
 * doubles. The spelling is looked at only where the value leaves a doubt.
 *
 * @param name what the member is called in the refusal: its own name says something of the caller's where it is not known
 * @throws RegentError body_invalid
 */
export function assertExact(document: JsonDocument, key: string, value: number, name: string): void {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return;
  if (document.number(`/${pointerToken(key)}`)?.exact === true) return;
  throw invalid(`${name} is a number that not every reader takes the same way`);
}

/**
 * Refuses a member that servers which ignore case take for one that Regent acts on: Go's decoder reads `Model` as
 * `model`, and the Kelvin sign and the long s as the letters they look like.
 *
 * @throws RegentError body_invalid
 */
export function assertPlainSpelling(
  key: string,
  plainKeys: ReadonlySet<string>,
  governed: ReadonlySet<string>,
): void {
  if (plainKeys.has(key)) return;
  const folded = foldedName(key);
  if (governed.has(folded)) {
    throw invalid(`A member is spelt almost like ${folded}, which servers read differently`);
  }
}

/** Names of a schema, by which another spelling of one of them is known. */
export type Names = {
  readonly plainKeys: ReadonlySet<string>;
  /** The names by what readers make of them that ignore case. */
  readonly folded: ReadonlyMap<string, string>;
};

/** What readers that ignore case make of a name. */
export function foldedName(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/**
 * Refuses a body in which, wherever the schema reaches, a member is spelt almost like one of the schema: Go's decoder takes
 * `Url` for the `url` that policy has seen. What is named by the caller, as the properties of a tool's schema, is free.
 *
 * @throws RegentError body_invalid, saying where
 */
export function assertSpelling(body: JsonObject, names: Names): void {
  const found = findMisspelt(body, names);
  if (found === undefined) return;
  const place = found.pointer === "" ? "A member" : `A member of ${found.pointer}`;
  throw invalid(`${place} is spelt almost like ${found.name}, which servers read differently`);
}

type Misspelt = { readonly pointer: string; readonly name: string };

/** The depth of a body is bounded. What stands under a name that is not the schema's belongs to nobody here. */
function findMisspelt(value: JsonValue, names: Names): Misspelt | undefined {
  if (Array.isArray(value)) {
    for (const [index, element] of (value as readonly JsonValue[]).entries()) {
      const found = typeof element === "object" ? findMisspelt(element, names) : undefined;
      if (found !== undefined) return { ...found, pointer: `/${index}${found.pointer}` };
    }
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  for (const key in value) {
    if (!names.plainKeys.has(key)) {
      const name = names.folded.get(foldedName(key));
      if (name !== undefined) return { pointer: "", name };
      continue;
    }
    const member = value[key] as JsonValue;
    if (typeof member !== "object" || isFree(key, member)) continue;
    const found = findMisspelt(member, names);
    if (found !== undefined) return { ...found, pointer: `/${pointerToken(key)}${found.pointer}` };
  }
  return undefined;
}

/** Whether the members of a value are named by the caller. */
function isFree(key: string, value: JsonValue): boolean {
  return FREE_MEMBERS.has(key) || (key === "input" && !Array.isArray(value));
}

/** Members whose own members are named by the caller: schemas, arguments and results of tools, labels, rows of data. */
const FREE_MEMBERS: ReadonlySet<string> = new Set(
  `parameters parametersJsonSchema parameters_json_schema input_schema inputSchema schema output_schema responseSchema
  response_schema responseJsonSchema response_json_schema guided_json properties input_examples arguments args response
  json metadata requestMetadata labels variables promptVariables headers env logit_bias chat_template_kwargs
  additionalModelRequestFields instances inputs examples context`.split(/\s+/),
);

/** A setting with the key that it has in the body, even where that key is `__proto__`. */
export function putParameter(parameters: { [key: string]: JsonValue }, key: string, value: JsonValue): void {
  if (key === "__proto__") Object.defineProperty(parameters, key, { value, enumerable: true });
  else parameters[key] = value;
}
