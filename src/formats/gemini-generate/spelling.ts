import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { invalid } from "../members.ts";
import { camelCase, GOVERNED, PLAIN_KEYS } from "./schema.ts";

/** A member of an object of the schema. */
export type Member = {
  /** In camel case, whichever spelling the body has. */
  readonly name: string;
  readonly key: string;
  readonly value: JsonValue;
  readonly pointer: string;
};

/**
 * The members of an object of the schema. Google's servers read the JSON of protocol buffers, where each member has two
 * spellings, `systemInstruction` and `system_instruction`: with both of them in one object, or with a third one, two
 * servers may read two things.
 *
 * @throws RegentError body_invalid
 */
export function membersOf(object: JsonObject, pointer: string): readonly Member[] {
  const members: Member[] = [];
  const names = new Set<string>();
  for (const [key, value] of Object.entries(object)) {
    assertPlainSpelling(key);
    const name = PLAIN_KEYS.has(key) ? camelCase(key) : key;
    if (names.has(name)) throw invalid(`${name} is there in two spellings`);
    names.add(name);
    members.push({ name, key, value, pointer: `${pointer}/${pointerToken(key)}` });
  }
  return members;
}

/** A member of an object of the schema in either spelling; undefined where it is not there. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return membersOf(object, "").find((member) => member.name === name)?.value;
}

const FOLDED: ReadonlySet<string> = new Set(GOVERNED.map(folded));

function assertPlainSpelling(key: string): void {
  if (PLAIN_KEYS.has(key)) return;
  const name = folded(key);
  if (FOLDED.has(name))
    throw invalid(`A member is spelt almost like ${name}, which servers read differently`);
}

/** What readers make of a name that ignore case and underscores. */
function folded(key: string): string {
  return key.replaceAll("_", "").toUpperCase().toLowerCase();
}

/** A list that may be given as its only element, as Google's servers accept it. */
export function elementsOf(
  value: JsonValue,
  pointer: string,
): readonly { readonly value: JsonValue; readonly pointer: string }[] {
  if (!Array.isArray(value)) return value === null ? [] : [{ value, pointer }];
  return (value as readonly JsonValue[]).map((element, index) => ({
    value: element,
    pointer: `${pointer}/${index}`,
  }));
}
