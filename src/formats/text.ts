import { RegentError } from "../exchange/errors.ts";
import type { OpaquePart, TextPart } from "../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { type JsonDocument, keyPointer, pointerToken } from "../wire/json/index.ts";

/**
 * Numbers in one array, where no schema puts numbers, from which on they may be a text in tokens. Shorter lists are
 * settings, such as the ids of stop tokens.
 */
export const NUMBERS_READ_AS_SETTINGS_MAX = 16;

/**
 * Texts of one request. The longest conversations have some thousands, and a tool some hundreds; each is looked through by
 * every detector, which takes microseconds however short it is, and nothing else is served meanwhile.
 */
export const TEXT_PARTS_MAX = 20_000;

/** What in a request belongs to the schema of its format, so that it says nothing of its own. */
export type Schema = {
  isPlainKey(key: string): boolean;
  /** Whether a member's text is one of a few that the schema has for it. */
  isWord(key: string, value: string): boolean;
  /** Members that only name things, such as the id of a tool call: their texts have the role `id`. */
  isId(key: string): boolean;
};

/**
 * Collects what a request says: texts with their places, and parts that are no text. Whatever a format does not know is
 * taken apart down to its strings and keys, so that nothing can hide in a field that only the server understands.
 */
export class TextCollector {
  readonly textParts: TextPart[] = [];
  readonly opaqueParts: OpaquePart[] = [];
  readonly #schema: Schema;
  #length = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /**
   * UTF-8 bytes of all text parts. To measure each costs as much as to find them, so it is avoided where the document
   * knows the difference for all of its strings at once and every one of them is a part.
   *
   * @param apart strings of the request that are no parts
   */
  textBytes({ surplusBytes }: JsonDocument, apart: string): number {
    if (surplusBytes === 0) return this.#length;
    if (surplusBytes !== undefined && this.opaqueParts.length === 0) {
      return this.#length + surplusBytes - (Buffer.byteLength(apart, "utf8") - apart.length);
    }
    return this.textParts.reduce((sum, { text }) => sum + Buffer.byteLength(text, "utf8"), 0);
  }

  /** @throws RegentError body_invalid beyond {@link TEXT_PARTS_MAX} */
  add(pointer: string, text: string, role: string): void {
    if (text === "") return;
    if (this.textParts.length === TEXT_PARTS_MAX) {
      throw new RegentError("body_invalid", `The request has more than ${TEXT_PARTS_MAX} texts.`);
    }
    this.textParts.push({ pointer, text, role });
    this.#length += text.length;
  }

  opaque(pointer: string, modality: string, size: Omit<OpaquePart, "pointer" | "modality"> = {}): void {
    this.opaqueParts.push({ pointer, modality, ...size });
  }

  /** A member that the format gives no meaning: its name and all strings in it. */
  member(parent: string, key: string, value: JsonValue, role: string): void {
    const isPlain = this.#schema.isPlainKey(key);
    if (isPlain && typeof value !== "string" && typeof value !== "object") return;
    const pointer = `${parent}/${pointerToken(key)}`;
    if (!isPlain) this.add(keyPointer(pointer), key, role);
    if (typeof value !== "string") this.tree(pointer, value, role);
    else if (!this.#schema.isWord(key, value)) this.add(pointer, value, this.#schema.isId(key) ? "id" : role);
  }

  /** All strings in a value, with the names that are not the schema's own. */
  tree(pointer: string, value: JsonValue, role: string): void {
    if (typeof value === "string") this.add(pointer, value, role);
    else if (isJsonObject(value)) this.members(pointer, value, role);
    else if (Array.isArray(value)) this.#elements(pointer, value as readonly JsonValue[], role);
  }

  members(pointer: string, object: JsonObject, role: string): void {
    for (const [key, value] of Object.entries(object)) this.member(pointer, key, value, role);
  }

  #elements(pointer: string, array: readonly JsonValue[], role: string): void {
    let numbers = 0;
    for (const [index, element] of array.entries()) {
      if (typeof element === "number") numbers++;
      else this.tree(`${pointer}/${index}`, element, role);
    }
    if (numbers > NUMBERS_READ_AS_SETTINGS_MAX) this.opaque(pointer, "unknown");
  }
}
