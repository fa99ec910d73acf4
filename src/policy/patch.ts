import type { PatchOperation } from "../exchange/decision.ts";
import { type At, invalid, member, readChoice, readObject, requiredMember } from "./fields.ts";

/** RFC 6901: empty, or parts that each begin with a slash, with `~` only as `~0` or `~1`. */
const POINTER = /^(?:\/(?:[^/~]|~[01])*)*$/;
const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test"] as const;

/** Parses one operation of RFC 6902, with exactly the members that its kind needs. */
export function parsePatch(at: At): PatchOperation {
  const operation = readObject(at, ["op", "path", "from", "value"]);
  const op = readChoice(requiredMember(at, operation, "op"), OPERATIONS);
  const path = readPointer(requiredMember(at, operation, "path"));
  const from = member(at, operation, "from");
  const value = member(at, operation, "value");

  const needsFrom = op === "move" || op === "copy";
  const needsValue = op === "add" || op === "replace" || op === "test";
  if (needsFrom !== (from !== undefined))
    throw invalid(`${at.path}.from`, needsFrom ? "is missing" : `is not part of ${op}`);
  if (needsValue !== (value !== undefined))
    throw invalid(`${at.path}.value`, needsValue ? "is missing" : `is not part of ${op}`);
  return {
    op,
    path,
    ...(from === undefined ? {} : { from: readPointer(from) }),
    ...(value === undefined ? {} : { value: value.value }),
  };
}

function readPointer(at: At): string {
  if (typeof at.value !== "string" || !POINTER.test(at.value))
    throw invalid(at.path, "must be a JSON pointer (RFC 6901)");
  return at.value;
}
