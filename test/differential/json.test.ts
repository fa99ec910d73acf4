/**
 * Bodies as Node, Go and Python read them, each in the ways its servers do. Where two of them read two things, policy would
 * judge another request than the server serves: every dialect refuses such a body and says where it is.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { JsonValue } from "../../src/exchange/json.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import type { Format } from "../../src/formats/format.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { WHOLE_REQUESTS } from "../contract/requests/index.ts";
import { BODIES, VALUES } from "./corpus.ts";
import { FAILED, type Found, parse, type Readers, type Shape, shaped, startReaders } from "./readers.ts";
import { SHAPES, TENSORS } from "./shapes.ts";

/** Dialects whose requests are JSON. */
type Name = keyof typeof SHAPES;
const NAMES = Object.keys(SHAPES) as Name[];

test("every dialect takes part whose requests are JSON", () => {
  const others = Object.keys(FORMATS).filter((name) => !Object.hasOwn(SHAPES, name));
  assert.deepEqual(others, ["kserve-v2-grpc"]);
});

const missing = ["go", "python3"].filter(
  (command) => spawnSync(command, [command === "go" ? "version" : "--version"]).status !== 0,
);
const skip = missing.length > 0 ? `no ${missing.join(" and no ")} here: NOT TESTED` : false;

/** Readers with structs are compared where a body has members that a struct takes; the others always. */
function isWhole(reader: string): boolean {
  return !reader.startsWith("go struct");
}

/** What the readers of whole bodies find, without repeats: one thing where they agree. */
function readings(found: Found): string[] {
  return [...new Set(Object.entries(found).flatMap(([reader, value]) => (isWhole(reader) ? [value] : [])))];
}

/** Why a dialect refuses a body; undefined when it takes it. */
function refusalOf(format: Format, bytes: Buffer): string | undefined {
  const endpoint = endpointOf(format, { model: "sim-small" });
  try {
    format.readRequest({ bytes, headers: new Map(), endpoint });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof RegentError && error.code === "body_invalid", String(error));
    assert.ok(error.detail !== undefined);
    return error.detail;
  }
}

/** A request of a dialect with one more member. */
function withMember(name: Name, value: string | Buffer): Buffer {
  const whole = Buffer.from(JSON.stringify(WHOLE_REQUESTS[name]));
  return Buffer.concat([
    ...[whole.subarray(0, -1), Buffer.from(',"zz_extra":{"deep":[')],
    ...[Buffer.from(value), Buffer.from("]}}")],
  ]);
}

/** What TensorFlow Serving takes, and no other. */
const NONFINITE: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity"]);

describe("JSON that is not read alike everywhere", { skip }, () => {
  let readers: Readers;
  before(async () => {
    readers = await startReaders(SHAPES);
  });
  after(() => readers?.stop());

  test("is refused by every dialect, with a reason that says where", async (context) => {
    let differing = 0;
    const passed: string[] = [];
    for (const [what, value] of VALUES) {
      const read = readings(await readers.read(withMember("openai-chat", value)));
      const isFine = read.length === 1 && read[0] !== FAILED;
      if (read.length > 1) differing++;
      for (const name of NAMES) {
        if (TENSORS.has(name) && (isNumber(value) || (name === "tfserving" && NONFINITE.has(String(value)))))
          continue;
        const refusal = refusalOf(FORMATS[name], withMember(name, value));
        if (refusal === undefined && !isFine) passed.push(`${name}: ${what}`);
        if (!isFine && refusal !== undefined)
          assert.match(refusal, /\(line \d+, column \d+\)\.?$/, `${name}: ${what}`);
      }
    }
    assert.deepEqual(passed, []);
    context.diagnostic(
      `${VALUES.length} values in ${NAMES.length} dialects, ${differing} of them read differently`,
    );
    assert.ok(differing > 15);
  });

  test("is refused where a whole body is", async () => {
    for (const [what, of] of BODIES) {
      for (const name of NAMES) {
        const body = of(Buffer.from(JSON.stringify(WHOLE_REQUESTS[name])));
        const read = readings(await readers.read(body));
        const refusal = refusalOf(FORMATS[name], body);
        if (read.length > 1 || read[0] === FAILED)
          assert.match(refusal ?? "taken", /\(line \d+, column \d+\)/, `${name}: ${what}`);
      }
    }
  });

  for (const name of NAMES) {
    test(`is refused by ${name} where a name is only almost that of a member`, async (context) => {
      const taken: string[] = [];
      let differing = 0;
      for (const { body, what } of misspelt(WHOLE_REQUESTS[name] as JsonValue, SHAPES[name])) {
        const found = await readers.read(body);
        const plain = shaped(parse(body) as JsonValue, SHAPES[name]);
        if (found[`go struct ${name}`] === plain) continue;
        differing++;
        if (refusalOf(FORMATS[name], body) === undefined) taken.push(what);
      }
      context.diagnostic(`${name}: ${differing} spellings that Go takes for a member`);
      assert.deepEqual(taken, []);
      assert.ok(differing > 0);
    });
  }

  test("is not what is accepted: all readers find the same in it", async (context) => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(BYTES, async (bytes) => {
        const body = withMember("openai-chat", bytes);
        const refusal = refusalOf(FORMATS["openai-chat"], body);
        if (refusal !== undefined) return;
        accepted++;
        const found = await readers.read(body);
        assert.equal(readings(found).length, 1, body.toString());
        assert.notEqual(readings(found)[0], FAILED);
      }),
      { numRuns: 2_000 },
    );
    context.diagnostic(`${accepted} of 2000 bodies accepted`);
    assert.ok(accepted > 200);
  });
});

function isNumber(value: string | Buffer): boolean {
  return typeof value === "string" && /^-?\d[\d.eE+-]*$/.test(value);
}

/** JSON as fast-check makes it, with numbers and texts of all kinds, and the same with a few bytes changed. */
const SPELLINGS = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc
    .tuple(fc.bigInt(), fc.integer({ min: -400, max: 400 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`),
  fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)),
  fc
    .array(fc.constantFrom(...VALUES.map(([, value]) => value).filter((value) => value.length < 100)), {
      maxLength: 4,
    })
    .map((values) => `[${values.map(String).join(",")}]`),
);
const BYTES = fc
  .tuple(SPELLINGS, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }), fc.boolean())
  .map(([spelling, changes, isChanged]) => {
    const bytes = Buffer.from(spelling);
    if (isChanged && bytes.length > 0) for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
    return bytes;
  });

type Misspelt = { readonly what: string; readonly body: Buffer };

/** A request with one member more that is spelt almost like one of a shape, or with one that is spelt so in its place. */
function* misspelt(whole: JsonValue, shape: Shape): Generator<Misspelt> {
  for (const path of pathsOf(whole, shape)) {
    const name = path.at(-1) as string;
    for (const variant of variantsOf(name)) {
      for (const isAlone of [false, true]) {
        const copy = structuredClone(whole) as never;
        const object = path
          .slice(0, -1)
          .reduce<{ [key: string]: never }>((at, key) => at[key] as never, copy);
        const value = object[name];
        (object as { [key: string]: unknown })[variant] = isAlone ? value : "another";
        if (isAlone) delete object[name];
        const what = `${isAlone ? "" : `${name} and `}${variant} in /${path.slice(0, -1).join("/")}`;
        yield { what, body: Buffer.from(JSON.stringify(copy)) };
      }
    }
  }
}

/** Where the members of a shape stand in a request: of each list the elements in which something is. */
function* pathsOf(
  value: JsonValue,
  shape: Shape,
  path: readonly string[] = [],
): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(shape)) {
    if (name === "*") {
      if (Array.isArray(value))
        for (const [index, element] of (value as readonly JsonValue[]).entries())
          yield* pathsOf(element, inner, [...path, String(index)]);
    } else if (!Array.isArray(value) && Object.hasOwn(value, name)) {
      yield [...path, name];
      yield* pathsOf((value as { [key: string]: JsonValue })[name] as JsonValue, inner, [...path, name]);
    }
  }
}

/** Other spellings of a name that Go takes for it: capitals, the Kelvin sign, the long s. */
function variantsOf(name: string): string[] {
  const variants = [
    name.replace(/^./, (first) => first.toUpperCase()),
    name.toUpperCase(),
    name.toLowerCase(),
  ];
  return [...new Set([...variants, name.replace("k", "\u212a"), name.replace("s", "\u017f")])].filter(
    (variant) => variant !== name,
  );
}
