import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { type Reads, readsElements, readsOf } from "../exchange/reads.ts";
import { type JsonDocument, pointerToken } from "../wire/json/index.ts";

/**
 * What policy reads of a body, as JSON: the bytes as they came where it reads all of a value. Values are copied as they
 * were written, so that a number keeps all its digits.
 */
export function prunedBody(document: JsonDocument, reads: Reads): Buffer {
  if (reads === true) return document.bytes;
  return Buffer.from(prune(document, document.value, "", reads));
}

function prune(document: JsonDocument, value: JsonValue, pointer: string, reads: Reads): string {
  if (Array.isArray(value) && !readsElements(reads)) return "[]";
  if (!isJsonObject(value) || reads === true) return document.raw(pointer) ?? missing(pointer);
  const members: string[] = [];
  for (const member of Object.keys(reads)) {
    const inner = readsOf(reads, member);
    const kept = Object.hasOwn(value, member) ? value[member] : undefined;
    if (inner === undefined || kept === undefined) continue;
    const text = prune(document, kept, `${pointer}/${pointerToken(member)}`, inner);
    members.push(`${JSON.stringify(member)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

function missing(pointer: string): never {
  throw new TypeError(`there is nothing at ${pointer} of a body that was read`);
}
