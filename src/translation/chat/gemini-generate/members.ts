import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { elementsOf, membersOf } from "../../../formats/gemini-generate/spelling.ts";
import { invalid } from "../../../formats/members.ts";
import { pointerToken } from "../../../wire/json/index.ts";
import { Members } from "../members.ts";

/**
 * An object of Gemini's schema, read member by member: by names in camel case, whichever of its two spellings the body
 * has, and with lists that may be given as their only element.
 *
 * @throws RegentError body_invalid
 */
export class GeminiMembers extends Members {
  readonly #keys: ReadonlyMap<string, string>;

  constructor(value: JsonValue | undefined, pointer: string) {
    if (!isJsonObject(value)) throw invalid(`${pointer === "" ? "The body" : pointer} must be an object`);
    const members = membersOf(value, pointer);
    super(Object.fromEntries(members.map((member) => [member.name, member.value])), pointer);
    this.#keys = new Map(members.map(({ name, key }) => [name, key]));
  }

  override at(name: string): string {
    return `${this.pointer}/${pointerToken(this.#keys.get(name) ?? name)}`;
  }

  inner(name: string): GeminiMembers | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new GeminiMembers(value, this.at(name));
  }

  elements(name: string): readonly GeminiMembers[] {
    return elementsOf(this.value(name) ?? null, this.at(name)).map(
      ({ value, pointer }) => new GeminiMembers(value, pointer),
    );
  }

  /** Whether a member is there and says something else than an empty object, list or text does. */
  says(name: string): boolean {
    return this.has(name) && !isEmpty(this.value(name) ?? null);
  }
}

function isEmpty(value: JsonValue): boolean {
  if (value === "" || (Array.isArray(value) && value.length === 0)) return true;
  return isJsonObject(value) && Object.keys(value as JsonObject).length === 0;
}
