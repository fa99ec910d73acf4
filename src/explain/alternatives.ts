import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { type InputPath, pathText } from "../policy/reads/claim.ts";
import { shownText, valueAt } from "./inputs.ts";
import { type Known, namesFor, withValue } from "./known.ts";

/** One thing that could have been otherwise, and the input as it would have been. */
export type Change = {
  readonly path: InputPath;
  /** `input.identity.roles: add "admin"` */
  readonly text: string;
  readonly input: JsonValue;
  /** Smaller is less: to add to a list or lower a number is less than to replace a value, and that less than to take it away. */
  readonly size: number;
};

/** What says which request it is and of which kind: another value there is another question. */
const FIXED: readonly string[] = ["version", "phase", "request.id", "request.body"];
/** A policy about times knows a week. */
const HOURS = 7 * 24;
const HOUR_MS = 3_600_000;
const METHODS = ["mtls", "jwt", "api_key"];

export function isFixed(path: InputPath): boolean {
  return FIXED.some((fixed) => path.join(".") === fixed || path.join(".").startsWith(`${fixed}.`));
}

/** What could be otherwise at a path, what is likely first; numbers are searched for elsewhere. */
export function* alternatives(input: JsonValue, path: InputPath, known: Known): Generator<Change> {
  const value = valueAt(input, path);
  const change = (text: string, put: JsonValue | undefined, size: number): Change => ({
    path,
    text: `${pathText(path)}: ${text}`,
    input: withValue(input, path, put),
    size,
  });
  if (isTime(path)) yield* times(value, change);
  else if (typeof value === "boolean" || typeof value === "string" || value === undefined)
    yield* scalars(value, path, known, change);
  else if (Array.isArray(value)) yield* lists(value as JsonValue[], path, known, change);
  if (value !== undefined) yield change("leave it out", undefined, 4);
}

/** Another model, with what the registry says of it and where it is served. */
export function* otherModels(input: JsonValue, { models }: Known): Generator<Change> {
  const path = ["inference", "model"];
  for (const { name, model, targets } of models) {
    if (valueAt(input, ["model", "name"]) === name) continue;
    const named = withValue(withValue(input, path, name), ["model"], model);
    yield {
      path,
      text: `${pathText(path)}: use the model ${JSON.stringify(name)}`,
      input: withValue(named, ["targets"], targets),
      size: 2,
    };
  }
}

type MakeChange = (text: string, put: JsonValue | undefined, size: number) => Change;

function* scalars(
  value: JsonValue | undefined,
  path: InputPath,
  known: Known,
  change: MakeChange,
): Generator<Change> {
  if (typeof value === "boolean") {
    yield change(`${!value}`, !value, 1);
    return;
  }
  const member = path.at(-1) ?? "";
  const isHeader = path.at(-2) === "headers";
  const names = member === "method" && path.at(-2) === "identity" ? METHODS : candidates(member, known);
  for (const name of names) {
    // Governance's headers are lists; those of the other contract are texts.
    const put = isHeader && path[0] === "request" ? [name] : name;
    if (value !== name) yield change(JSON.stringify(put), put, value === undefined ? 2 : 3);
  }
}

function candidates(member: string, known: Known): readonly string[] {
  const { near, far } = namesFor(member, known);
  return [...near, ...far];
}

function* lists(
  list: readonly JsonValue[],
  path: InputPath,
  known: Known,
  change: MakeChange,
): Generator<Change> {
  for (const [index, element] of list.entries()) {
    const left = list.filter((_, at) => at !== index);
    yield change(`take out ${shownText(element, path)}`, left, 2);
    yield* regions(list, index, known, change);
  }
  if (list.some((element) => isJsonObject(element))) {
    yield change("take all out", [], 3);
    return;
  }
  for (const name of candidates(path.at(-1) ?? "", known)) {
    if (list.includes(name)) continue;
    yield change(`add ${JSON.stringify(name)}`, [...list, name], 1);
    if (list.length === 1) yield change(JSON.stringify([name]), [name], 3);
  }
}

/** A target elsewhere. */
function* regions(
  list: readonly JsonValue[],
  index: number,
  known: Known,
  change: MakeChange,
): Generator<Change> {
  const element = list[index];
  if (!isJsonObject(element) || typeof element.region !== "string") return;
  const { near } = namesFor("region", known);
  const homes = namesFor("residency", known).near;
  for (const region of new Set([...near, ...homes])) {
    if (region === element.region) continue;
    const moved = list.map((each, at) => (at === index ? { ...element, region } : each));
    yield change(`${String(element.name)} in the region ${JSON.stringify(region)}`, moved, 3);
  }
}

function isTime(path: InputPath): boolean {
  return path.join(".") === "request.time";
}

function* times(value: JsonValue | undefined, change: MakeChange): Generator<Change> {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) return;
  const firstHour = Math.ceil(ms / HOUR_MS) * HOUR_MS;
  for (let hour = 0; hour < HOURS; hour++) {
    const time = new Date(firstHour + hour * HOUR_MS).toISOString();
    yield change(`ask again at ${time}`, time, 2);
  }
}
