import type { LoggedDecision } from "../decision-log/read.ts";
import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { CREDENTIAL_HEADERS } from "../exchange/names.ts";
import type { Reads } from "../exchange/reads.ts";
import { type InputPath, leavesOf, pathText } from "../policy/reads/claim.ts";

/** Inputs that are shown of one rule. A rule of a bundle without reads may read everything there is. */
export const INPUTS_MAX = 40;
/** Characters of one value. */
export const VALUE_CHARS_MAX = 200;

const HIDDEN = "(hidden)";

/** What a rule read. */
export type ReadInput = {
  /** As Rego writes it: `input.identity.roles`. */
  readonly path: string;
  /** JSON, cut to {@link VALUE_CHARS_MAX}; undefined: it was not there. */
  readonly value?: string;
  /** The log does not have it as policy saw it. */
  readonly notRecorded?: true;
};

/** The paths that a rule read with what stood there. Of a rule of which nothing is known, everything that was there. */
export function inputsOf(reads: Reads, decision: LoggedDecision | undefined): readonly ReadInput[] {
  const input = documentOf(decision);
  const paths = pathsOf(reads, input).slice(0, INPUTS_MAX);
  return paths.map((path) => {
    if (decision === undefined || input === undefined || isMasked(path, decision.changed))
      return { path: pathText(path), notRecorded: true as const };
    const value = valueAt(input, path);
    return { path: pathText(path), ...(value !== undefined && { value: shownText(value, path) }) };
  });
}

/** What was logged as the input; undefined when nothing was. */
export function documentOf(decision: LoggedDecision | undefined): JsonValue | undefined {
  return decision?.input === undefined
    ? undefined
    : (JSON.parse(decision.input.toString("utf8")) as JsonValue);
}

/** The paths that reads name; where they say "everything", the members that are there, two deep. */
export function pathsOf(reads: Reads, input: JsonValue | undefined): readonly InputPath[] {
  return leavesOf(reads).flatMap((path) => (path.length === 0 ? membersOf(input, [], 2) : [path]));
}

function membersOf(value: JsonValue | undefined, path: InputPath, depth: number): readonly InputPath[] {
  if (depth === 0 || !isJsonObject(value) || Object.keys(value).length === 0)
    return path.length === 0 ? [] : [path];
  return Object.keys(value).flatMap((member) => membersOf(value[member], [...path, member], depth - 1));
}

export function valueAt(value: JsonValue, path: InputPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (at, member) => (isJsonObject(at) && Object.hasOwn(at, member) ? at[member] : undefined),
    value,
  );
}

function isMasked(path: InputPath, changed: readonly string[]): boolean {
  return changed.some((pointer) => {
    const masked = pointer.split("/").slice(2);
    return masked.every((part, index) => path[index] === undefined || path[index] === part);
  });
}

/** Prompts, keys and what else a person at a terminal has no business to see; queries carry secrets too. */
const HIDDEN_MEMBERS: ReadonlySet<string> = new Set([
  ...CREDENTIAL_HEADERS,
  ...["cookie", "set-cookie", "x-forwarded-client-cert"],
  ...["body", "rawBody", "raw_body", "parsed_body", "parsed_query", "query"],
]);
const HIDDEN_NAME = /(^|[_-])(password|passwd|secret|token|credential|apikey|api[_-]key)s?$/i;
const COUNTED = /tokens$/;

function isHidden(member: string): boolean {
  return HIDDEN_MEMBERS.has(member.toLowerCase()) || HIDDEN_MEMBERS.has(member) || isSecretName(member);
}

/** Whether what stands at a path must not be shown: nor may what would stand there instead. */
export function isHiddenPath(path: InputPath): boolean {
  return path.some(isHidden);
}

function isSecretName(member: string): boolean {
  return HIDDEN_NAME.test(member) && !COUNTED.test(member);
}

/** A value as JSON without what is hidden, cut to {@link VALUE_CHARS_MAX}. */
export function shownText(value: JsonValue, path: InputPath): string {
  const text = isHiddenPath(path) ? HIDDEN : JSON.stringify(shown(value, path.at(-1)));
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}

function shown(value: JsonValue, member: string | undefined): JsonValue {
  if (typeof value === "string") return member === "path" ? (value.split("?")[0] ?? "") : value;
  if (Array.isArray(value)) return value.map((each: JsonValue) => shown(each, undefined));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, isHidden(name) ? HIDDEN : shown(inner, name)]),
  );
}
