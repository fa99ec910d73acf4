import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { type JsonDocument, pointerToken } from "../../wire/json/index.ts";
import { TextCollector } from "../text.ts";
import type { RequestSchema } from "./schema.ts";

/** Characters of a model name. The longest in use, paths of fine-tuned models, stay below 150. */
export const MODEL_NAME_CHARS_MAX = 256;

/** The error for a body that is JSON but no request of the dialect. */
export function invalid(problem: string): RegentError {
  return new RegentError("body_invalid", `${problem}.`);
}

/** The body of a request, read member by member. Everything throws RegentError body_invalid where a member is wrong. */
export class RequestReader {
  readonly body: JsonObject;
  readonly text: TextCollector;
  readonly parameters: { [key: string]: JsonValue } = {};
  readonly #document: JsonDocument;
  readonly #schema: RequestSchema;

  constructor(document: JsonDocument, schema: RequestSchema) {
    if (!isJsonObject(document.value)) throw invalid("The body must be a JSON object");
    this.body = document.value;
    this.text = new TextCollector(schema);
    this.#document = document;
    this.#schema = schema;
  }

  /** A member that is a setting, holds text, or both. */
  member(key: string, value: JsonValue): void {
    this.assertPlainSpelling(key);
    if (typeof value === "number") this.#assertExact(key, value);
    const isWord = typeof value === "string" && this.#schema.isWord(key, value);
    if (typeof value === "number" || typeof value === "boolean" || isWord) {
      if (key === "__proto__") Object.defineProperty(this.parameters, key, { value, enumerable: true });
      else this.parameters[key] = value;
    }
    this.text.member("", key, value, this.#roleOf(key));
  }

  /**
   * Refuses a member that servers which ignore case take for one that Regent acts on: Go's decoder reads `Model` as
   * `model`, and the Kelvin sign and the long s as the letters they look like.
   */
  assertPlainSpelling(key: string): void {
    if (this.#schema.isPlainKey(key)) return;
    const folded = key.toUpperCase().toLowerCase();
    if (this.#schema.governed.has(folded)) {
      throw invalid(`A member is spelt almost like ${folded}, which servers read differently`);
    }
  }

  model(): string {
    const { model } = this.body;
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

  /** True, false, or absent; null counts as absent, as it does for OpenAI. */
  flag(key: string): boolean {
    return flagOf(this.body, key, key);
  }

  includeUsage(): boolean {
    const options = this.body.stream_options ?? {};
    if (!isJsonObject(options)) throw invalid("stream_options must be an object");
    for (const key of Object.keys(options)) this.assertPlainSpelling(key);
    return flagOf(options, "include_usage", "stream_options.include_usage");
  }

  user(): string | undefined {
    const user = this.body.user ?? undefined;
    if (user !== undefined && typeof user !== "string") throw invalid("user must be a text");
    return user === "" ? undefined : user;
  }

  /**
   * The largest of several members that bound the same thing: a server may heed any of them. At least 1: some servers
   * take 0 or a negative number for "no bound".
   */
  largest(...keys: readonly string[]): number | undefined {
    let found: number | undefined;
    for (const key of keys) {
      const value = this.body[key] ?? undefined;
      if (value === undefined) continue;
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
        throw invalid(`${key} must be a whole number of at least 1`);
      }
      found = Math.max(found ?? 0, value);
    }
    return found;
  }

  /** Text, what else goes in, and what is asked for besides. */
  modalities(asked: readonly string[] = []): readonly string[] {
    const { opaqueParts } = this.text;
    if (opaqueParts.length === 0 && asked.length === 0) return TEXT_ONLY;
    return [...new Set(["text", ...asked, ...opaqueParts.map(({ modality }) => modality)])];
  }

  /** What the strings of a member are called. */
  #roleOf(key: string): string {
    return this.#schema.isPlainKey(key) ? key : "unknown_member";
  }

  /**
   * Policy must see the number that the server sees, and readers differ about integers past 2^53 and what is past all
   * doubles. The spelling is looked at only where the value leaves a doubt.
   */
  #assertExact(key: string, value: number): void {
    if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return;
    if (this.#document.number(`/${pointerToken(key)}`)?.exact === true) return;
    throw invalid(`${this.#roleOf(key)} is a number that not every reader takes the same way`);
  }
}

const TEXT_ONLY: readonly string[] = Object.freeze(["text"]);

function flagOf(object: JsonObject, key: string, name: string): boolean {
  const value = object[key] ?? false;
  if (typeof value !== "boolean") throw invalid(`${name} must be true or false`);
  return value;
}

/** C0, DEL and C1. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
