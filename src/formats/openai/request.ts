import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import {
  assertExact,
  assertPlainSpelling,
  assertSpelling,
  invalid,
  putParameter,
  readFlag,
} from "../members.ts";
import { TextCollector } from "../text.ts";
import type { RequestSchema } from "./schema.ts";

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
    if (document.hasOtherKeys) assertSpelling(this.body, schema);
    this.text = new TextCollector(schema);
    this.#document = document;
    this.#schema = schema;
  }

  /** A member that is a setting, holds text, or both. */
  member(key: string, value: JsonValue): void {
    this.assertPlainSpelling(key);
    // What the strings of the member are called.
    const role = this.#schema.isPlainKey(key) ? key : "unknown_member";
    if (typeof value === "number") assertExact(this.#document, key, value, role);
    const isWord = typeof value === "string" && this.#schema.isWord(key, value);
    if (typeof value === "number" || typeof value === "boolean" || isWord)
      putParameter(this.parameters, key, value);
    this.text.member("", key, value, role);
  }

  assertPlainSpelling(key: string): void {
    assertPlainSpelling(key, this.#schema.plainKeys, this.#schema.governed);
  }

  includeUsage(): boolean {
    const options = this.body.stream_options ?? {};
    if (!isJsonObject(options)) throw invalid("stream_options must be an object");
    for (const key of Object.keys(options)) this.assertPlainSpelling(key);
    return readFlag(options, "include_usage", "stream_options.include_usage");
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

  /** OpenRouter tries the models of a list one after the other, and LiteLLM those of another. */
  otherModels(): readonly string[] {
    const { models, fallbacks } = this.body;
    if (models === undefined && fallbacks === undefined) return NONE;
    return ["models", "fallbacks"].filter((key) => (this.body[key] ?? null) !== null);
  }

  /** Text, what else goes in, and what is asked for besides. */
  modalities(asked: readonly string[] = []): readonly string[] {
    const { opaqueParts } = this.text;
    if (opaqueParts.length === 0 && asked.length === 0) return TEXT_ONLY;
    return [...new Set(["text", ...asked, ...opaqueParts.map(({ modality }) => modality)])];
  }
}

const NONE: readonly string[] = Object.freeze([]);
const TEXT_ONLY: readonly string[] = Object.freeze(["text"]);
