import fc from "fast-check";
import { JSON_LENGTH_HEADER } from "../../src/formats/kserve-v2/body.ts";
import { encodeAwsMessage, initialAwsStream, stepAwsStream } from "../../src/wire/aws-event-stream.ts";
import { readJson } from "../../src/wire/json/index.ts";
import type { Seed } from "./seeds.ts";

/**
 * What a hostile sender makes of a good body: bytes changed at random, members changed by who knows the schema, events
 * left out, said twice and out of their order. Checksums and lengths are put right again, so that what is behind them is met.
 */
export type Mutation = {
  readonly what: (typeof WAYS)[number];
  /** Where, by the size of what is changed. */
  readonly at: number;
  readonly to: number;
  /** Another body to take pieces from, by the number of bodies. */
  readonly other: number;
  /** A JSON text, or what only looks like one. */
  readonly value: string;
};

const WAYS = [
  "flip",
  "cut",
  "repeat",
  "splice",
  "replace",
  "replace",
  "replace",
  "retype",
  "remove",
  "rename",
  "add",
  "fill",
  "leave out event",
  "double event",
  "move event",
  "event of another",
] as const;

/** What is put in the place of a member. */
const VALUES: readonly string[] = [
  ...["null", "true", "false", '""', "[]", "{}", "[null]", "[[]]", "[{}]", '[""]', "[1]", '"a"', '["a","b"]'],
  ...[
    "-1",
    "0",
    "-0",
    "0.5",
    "1.5",
    "2147483648",
    "1e9",
    "1e308",
    "1e400",
    "9007199254740993",
    "NaN",
    "Infinity",
  ],
  ...[
    '"NaN"',
    '"-1"',
    '"\\ud800"',
    '"\\udc00a"',
    '"\\u0000"',
    '"__proto__"',
    '"constructor"',
    '"data: [DONE]\\n\\n"',
  ],
  ...[
    '{"__proto__":{"type":"text","text":"polluted","role":"user"}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
  ],
  ...['{"type":"text"}', '{"type":"text","text":null}', '{"type":1}', '{"type":"image_url"}', '{"role":[]}'],
  ...[
    '{"type":"tool_use","id":"a","name":"a","input":"{"}',
    '{"functionCall":{}}',
    '{"toolUse":{}}',
    '{"index":1e9}',
  ],
  ...['{"index":-1,"function":{"arguments":"}"}}', '[{"index":2147483648},{"index":0.5},{"index":-1}]'],
  ...[
    '[{"jsonPath":"$.a[999999999].b","stringValue":"x"}]',
    `[{"jsonPath":"$['__proto__'].x","stringValue":"x"}]`,
  ],
  ...[
    '[{"jsonPath":"$.a","stringValue":"x"},{"jsonPath":"$.a.b","numberValue":1}]',
    '"data:text/plain;base64,!"',
  ],
  `"${"[".repeat(70)}${"]".repeat(70)}"`,
  `${"[".repeat(70)}${"]".repeat(70)}`,
  `${"[".repeat(50)}${"]".repeat(50)}`,
  `"${"x".repeat(300)}"`,
  `[${Array.from({ length: 40 }, (_, i) => i).join(",")}]`,
];

/** Names that mean something to JavaScript, or to somebody else. */
const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "length",
  "hasOwnProperty",
  "type",
  "index",
  "error",
  "id",
  "Model",
];

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    what: fc.constantFrom(...WAYS),
    at: fc.nat(),
    to: fc.nat(),
    other: fc.nat(),
    value: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

/** The body after all mutations; headers that tell its lengths tell them rightly, unless a mutation was of them. */
export function mutated(seed: Seed, changes: readonly Mutation[], others: readonly Seed[]): Seed {
  return changes.reduce((changed, mutation) => {
    const other = others[mutation.other % others.length] ?? seed;
    return changedBy(changed, mutation, other);
  }, seed);
}

function changedBy(seed: Seed, mutation: Mutation, other: Seed): Seed {
  const { what, at, to, value } = mutation;
  const { body } = seed;
  const from = body.length === 0 ? 0 : at % body.length;
  switch (what) {
    case "flip": {
      const flipped = Buffer.from(body);
      if (flipped.length > 0) flipped.writeUInt8((body[from] as number) ^ (1 << (to % 8)), from);
      return { ...seed, body: flipped };
    }
    case "cut":
      return { ...seed, body: to % 2 === 0 ? body.subarray(0, from) : body.subarray(from) };
    case "repeat":
      return { ...seed, body: Buffer.concat([body, ...Array(1 + (to % 3)).fill(body.subarray(from))]) };
    case "splice":
      return {
        ...seed,
        body: Buffer.concat([body.subarray(0, from), other.body.subarray(to % (other.body.length + 1))]),
      };
    case "leave out event":
    case "double event":
    case "move event":
    case "event of another":
      return { ...seed, body: Buffer.concat(otherEvents(partsOf(seed), mutation, partsOf(other))) };
    default: {
      const parts = partsOf(seed);
      const picked = parts.length === 0 ? 0 : to % parts.length;
      const part = parts[picked];
      const json = part === undefined ? undefined : jsonIn(seed, part);
      if (part === undefined || json === undefined) return seed;
      const changed = put(seed, part, changedJson(json.value, what, at, value));
      const all = [...parts];
      all[picked] = changed;
      return lengthened(seed, Buffer.concat(all), changed.length - part.length);
    }
  }
}

function otherEvents(
  parts: readonly Buffer[],
  { what, at, to }: Mutation,
  others: readonly Buffer[],
): readonly Buffer[] {
  if (parts.length === 0) return parts;
  const from = at % parts.length;
  const part = parts[from] as Buffer;
  const before = parts.slice(0, from);
  const after = parts.slice(from + 1);
  if (what === "leave out event") return [...before, ...after];
  if (what === "double event") return [...before, part, part, ...after];
  if (what === "event of another")
    return [...before, others[to % (others.length || 1)] ?? part, ...parts.slice(from)];
  const rest = [...before, ...after];
  return rest.toSpliced(to % (rest.length + 1), 0, part);
}

/** Events, messages, or the one JSON text with what is behind it. */
function partsOf({ body, form }: Seed): Buffer[] {
  if (form === "events")
    return body
      .toString("latin1")
      .split(/(?<=\n\n|\r\n\r\n)/)
      .map((text) => Buffer.from(text, "latin1"));
  if (form === "aws messages") {
    const { messages, raw } = stepAwsStream(initialAwsStream(), body);
    return [...messages.map(({ start, end }) => raw.subarray(start, end)), body.subarray(raw.length)];
  }
  if (form !== "frames") return [body];
  const frames: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = Math.min(body.length, at + 5 + body.readUInt32BE(at + 1));
    frames.push(body.subarray(at, end));
    at = end;
  }
  return frames;
}

type Found = { readonly value: unknown };

function jsonIn({ form, headers }: Seed, part: Buffer): Found | undefined {
  if (form === "json") return parsed(part);
  if (form === "json and tail")
    return parsed(part.subarray(0, Number(headers.get(JSON_LENGTH_HEADER)?.[0] ?? part.length)));
  if (form === "aws messages") return parsed(stepAwsStream(initialAwsStream(), part).messages[0]?.payload);
  const data = DATA.exec(part.toString("utf8"))?.[1];
  return data === undefined ? undefined : parsed(Buffer.from(data));
}

const DATA = /data: ?(\{[^\r\n]*)/;

function parsed(bytes: Buffer | undefined): Found | undefined {
  if (bytes === undefined) return undefined;
  const read = readJson(bytes);
  return read.ok ? { value: read.document.value } : undefined;
}

function put({ form, headers }: Seed, part: Buffer, json: string): Buffer {
  if (form === "events") return Buffer.from(part.toString("utf8").replace(DATA, () => `data: ${json}`));
  if (form === "json and tail")
    return Buffer.concat([
      Buffer.from(json),
      part.subarray(Number(headers.get(JSON_LENGTH_HEADER)?.[0] ?? part.length)),
    ]);
  const [message] = form === "aws messages" ? stepAwsStream(initialAwsStream(), part).messages : [];
  return message === undefined ? Buffer.from(json) : encodeAwsMessage(message.headers, Buffer.from(json));
}

function lengthened(seed: Seed, body: Buffer, by: number): Seed {
  const length = seed.headers.get(JSON_LENGTH_HEADER)?.[0];
  if (length === undefined) return { ...seed, body };
  const headers = new Map([...seed.headers, [JSON_LENGTH_HEADER, [String(Number(length) + by)]]]);
  return { ...seed, body, headers };
}

/** The JSON text of a value in which one member or element is another. */
function changedJson(value: unknown, what: Mutation["what"], at: number, text: string): string {
  const paths = pathsOf(value);
  const path = paths[at % paths.length] ?? [];
  const changed = changedAt(value, path, (found, parent, key) => {
    if (what === "replace") return HOLE;
    if (what === "retype") return typeof found === "string" ? [found] : JSON.stringify(found ?? null);
    if (what === "fill") return Array.isArray(found) ? Array(60).fill(found[0] ?? 1) : found;
    if (what === "add")
      return isObject(found) ? { ...found, [NAMES[at % NAMES.length] as string]: HOLE } : found;
    if (parent === undefined || key === undefined) return HOLE;
    return what === "remove" ? GONE : renamedTo(NAMES[at % NAMES.length] as string, found);
  });
  return JSON.stringify(changed).replaceAll(JSON.stringify(HOLE), () => text);
}

const HOLE = "\u0001hole";
const GONE = Symbol("gone");
const RENAMED = Symbol("renamed");
type Renamed = { readonly [RENAMED]: string; readonly value: unknown };

function renamedTo(name: string, value: unknown): Renamed {
  return { [RENAMED]: name, value };
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function changedAt(
  value: unknown,
  [key, ...rest]: readonly string[],
  change: (found: unknown, parent: unknown, key: string | undefined) => unknown,
  parent?: unknown,
  at?: string,
): unknown {
  if (key === undefined) return change(value, parent, at);
  const inner = changedAt((value as { [key: string]: unknown })[key], rest, change, value, key);
  if (Array.isArray(value)) {
    if (inner === GONE) return value.toSpliced(Number(key), 1);
    return value.with(Number(key), isRenamed(inner) ? inner.value : inner);
  }
  const members = Object.entries(value as object).flatMap(([name, member]) => {
    if (name !== key) return [[name, member]];
    if (inner === GONE) return [];
    return isRenamed(inner) ? [[inner[RENAMED], inner.value]] : [[name, inner]];
  });
  return Object.fromEntries(members);
}

function isRenamed(value: unknown): value is Renamed {
  return typeof value === "object" && value !== null && RENAMED in value;
}

/** Of every member and element, the value itself first. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}
