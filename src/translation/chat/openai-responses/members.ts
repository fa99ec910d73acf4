import { RegentError } from "../../../exchange/errors.ts";
import type { JsonValue } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import { dropped, Members } from "../members.ts";

/** The objects of a list, each to be read member by member. @throws RegentError body_invalid */
export function objectsIn(members: Members, key: string): readonly Members[] {
  return (members.list(key) ?? []).map(
    (element, index) => new Members(element, `${members.at(key)}/${index}`),
  );
}

/** Tells that a member is not carried, unless it is absent, empty, or says what goes without saying. */
export function dropMember(
  members: Members,
  key: string,
  warn: Warn,
  message: string,
  ...defaults: readonly JsonValue[]
): void {
  const value = members.value(key);
  if (value === undefined || isEmpty(value) || defaults.includes(value)) return;
  dropped(warn, members.at(key), message);
}

/** A list or an object with nothing in it. */
function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The error for what cannot be left out without changing what is asked. */
export function unsupported(pointer: string, why: string): RegentError {
  return new RegentError("translation_unsupported", `${pointer} ${why}.`);
}
