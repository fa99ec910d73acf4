import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { findOpa, runOpa } from "../../../src/policy/opa/opa.ts";
import { examples } from "./examples.ts";
import { answersTo, type Call, faultsIn } from "./harness.ts";
import { KNOWN_DIFFERENCES } from "./known.ts";

type Declaration = { readonly name: string; readonly decl: { readonly args?: readonly unknown[] } };

const { builtins } = JSON.parse((await runOpa(await findOpa(), ["capabilities", "--current"])).stdout) as {
  builtins: readonly Declaration[];
};

/** Not called with JSON here, or not answered twice alike; each has tests of its own, or is absent. */
const ELSEWHERE = new Set([
  ...["http.send", "net.lookup_ip_addr", "rego.parse_module"],
  ...["rego.metadata.chain", "rego.metadata.rule", "print", "trace", "assign", "eq"],
  ...["opa.runtime", "time.now_ns", "uuid.rfc4122"],
]);
const callable = builtins.filter(({ name }) => !ELSEWHERE.has(name) && !name.startsWith("internal."));

function unknownFaults(faults: readonly string[]): readonly string[] {
  return faults.filter((fault) => !KNOWN_DIFFERENCES.some(({ pattern }) => pattern.test(fault)));
}

/** Builtins that only take sets, and those that src/policy/builtins/parity.test.ts calls in Rego expressions. */
const TRIED_AS_EXPRESSIONS =
  /^(?:and|or|set_diff|intersection|union|array|casts|crypto\.(?:md5|sha|hmac)|strings\.(?:any|count|split)|indexof_n|glob\.quote|regex\.(?:find_n|split|replace|template|globs)|hex|urlquery|base64url\.encode_no_pad|yaml\.is_valid|json\.(?:patch|marshal_with)|object\.subset|graph\.reachable_paths|net\.cidr_(?:is_valid|expand|merge|contains_matches)|semver|units|uuid|uri|time|sprintf)/;

describe("every builtin answers as OPA does", () => {
  test("for good operands", async () => {
    const answers = await answersTo(examples());
    assert.deepEqual(unknownFaults(faultsIn(answers)), []);
    const answered = new Set(
      answers.filter(({ wanted }) => wanted !== undefined).map(({ call }) => call.name),
    );
    const untried = callable.map(({ name }) => name).filter((name) => !answered.has(name));
    assert.deepEqual(
      untried.filter((name) => !TRIED_AS_EXPRESSIONS.test(name)),
      [],
    );
  });

  test("for operands of every wrong type", async () => {
    const operands = ["null", "true", "1", "-1.5", '"x"', '""', "[]", '["a"]', "{}", '{"a":1}'];
    const calls = callable.flatMap(({ name, decl }): Call[] => {
      const count = decl.args?.length ?? 0;
      const alike = operands.map((operand) => ({ name, operands: Array<string>(count).fill(operand) }));
      const one = operands.flatMap((operand) =>
        Array.from({ length: count }, (_, at) => ({
          name,
          operands: Array<string>(count).fill('"x"').with(at, operand),
        })),
      );
      return count > 1 ? [...alike, ...one] : alike;
    });
    assert.ok(calls.length > 4_000);
    assert.deepEqual(unknownFaults(faultsIn(await answersTo(calls))), []);
  });
});

const SEED = 20_261_121;

/** Calls of builtins with operands of these kinds, always the same ones. */
function sampled(
  names: readonly string[],
  operands: readonly fc.Arbitrary<string>[],
  count: number,
): readonly Call[] {
  const tuples = fc.sample(fc.tuple(...operands), { numRuns: count, seed: SEED });
  return names.flatMap((name) => tuples.map((tuple) => ({ name, operands: tuple })));
}

const json = (value: unknown): string => JSON.stringify(value);
const text = fc
  .string({
    unit: fc.constantFrom(
      ...["a", "b", "A", "é", "😀", " ", ".", ",", "/", "%", "+", "0", "1", "\n", '"', "ß"],
    ),
    maxLength: 12,
  })
  .map(json);
const short = fc.constantFrom("", "a", "b", "ab", "é", " ", ".", ",").map(json);
/** Compiled Wasm never ends with an empty text to replace: a known difference. */
const searched = fc.constantFrom("a", "b", "ab", "é", " ", ".", ",").map(json);
const small = fc.integer({ min: -6, max: 6 }).map(String);
const number = fc.oneof(
  fc.integer().map(String),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
    .map((float) => String(Number(float.toFixed(6)))),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
);
const integer = fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String);
const value = fc.jsonValue({ maxDepth: 3 }).map(json);
const instant = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map(String);
const zone = fc.constantFrom(
  "UTC",
  "",
  "America/New_York",
  "Asia/Kolkata",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "Nowhere/X",
);
const layout = fc.constantFrom(
  "RFC3339",
  "RFC1123",
  "2006-01-02 15:04:05.000 -0700",
  "Mon Jan _2 3:04PM 06",
  "RFC3339Nano",
  "x",
);

const FAMILIES: { readonly [family: string]: () => readonly Call[] } = {
  "texts in one": () =>
    sampled(
      [
        ...["lower", "upper", "count", "trim_space", "strings.reverse", "base64.encode", "base64url.encode"],
        ...["base64url.encode_no_pad", "hex.encode", "urlquery.encode", "urlquery.decode", "crypto.sha256"],
        ...["json.marshal", "json.unmarshal", "json.is_valid", "yaml.marshal", "yaml.unmarshal", "uri.parse"],
        ...[
          "semver.is_valid",
          "units.parse",
          "units.parse_bytes",
          "time.parse_duration_ns",
          "net.cidr_is_valid",
          "regex.is_valid",
        ],
      ],
      [text],
      150,
    ),
  "texts in two": () => [
    ...sampled(
      ["contains", "startswith", "endswith", "indexof", "indexof_n", "strings.count"],
      [text, short],
      150,
    ),
    ...sampled(
      ["trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix", "split"],
      [text, short],
      150,
    ),
  ],
  "parts of texts": () => [
    ...sampled(["substring"], [text, small, small], 200),
    ...sampled(["replace"], [text, searched, short], 150),
    ...sampled(["regex.replace"], [text, short, short], 150),
    ...sampled(["strings.split_n"], [text, short, small], 150),
  ],
  numbers: () => [
    ...sampled(["abs", "ceil", "floor", "json.marshal", "yaml.marshal", "is_number"], [number], 200),
    ...sampled(["plus", "minus", "mul", "gt", "lte", "equal"], [number, number], 200),
    ...sampled(["rem", "bits.and", "bits.or", "bits.xor"], [integer, integer], 150),
    ...sampled(["numbers.range", "format_int"], [small, small], 100),
  ],
  "values of any kind": () => [
    ...sampled(
      ["json.marshal", "yaml.marshal", "type_name", "walk", "count", "urlquery.encode_object"],
      [value],
      200,
    ),
    ...sampled(["object.union", "object.subset", "object.get"].slice(0, 2), [value, value], 150),
    ...sampled(
      ["json.marshal_with_options"],
      [value, fc.constantFrom('{"indent":" "}', '{"pretty":true}', '{"prefix":"> "}')],
      100,
    ),
  ],
  times: () => [
    ...sampled(["time.clock", "time.date", "time.weekday", "time.format"], [instant], 150),
    ...sampled(
      ["time.clock", "time.date", "time.weekday"],
      [fc.tuple(instant, zone).map(([ns, name]) => `[${ns},${json(name)}]`)],
      150,
    ),
    ...sampled(
      ["time.format"],
      [fc.tuple(instant, zone, layout).map(([ns, name, form]) => `[${ns},${json(name)},${json(form)}]`)],
      300,
    ),
    ...sampled(["time.diff"], [instant, instant], 200),
    ...sampled(["time.add_date"], [instant, small, small, integer], 200),
  ],
  addresses: () => {
    const byte = fc.integer({ min: 0, max: 300 });
    const cidr = fc
      .tuple(byte, byte, fc.integer({ min: 20, max: 34 }))
      .map(([a, b, bits]) => json(`10.${a}.${b}.0/${bits}`));
    return [
      ...sampled(["net.cidr_contains", "net.cidr_intersects"], [cidr, cidr], 200),
      ...sampled(["net.cidr_is_valid"], [cidr], 100),
      ...sampled(
        ["net.cidr_merge"],
        [fc.array(cidr, { maxLength: 6 }).map((list) => `[${list.join(",")}]`)],
        100,
      ),
    ];
  },
  versions: () => {
    const part = fc.integer({ min: 0, max: 12 });
    const version = fc
      .tuple(part, part, part, fc.constantFrom("", "-alpha", "-alpha.1", "-1", "-rc.10", "+b", "-x+b"))
      .map(([a, b, c, rest]) => json(`${a}.${b}.${c}${rest}`));
    return sampled(["semver.compare"], [version, version], 200);
  },
};

describe("builtins answer as OPA does for operands made up by the hundred:", () => {
  for (const [family, calls] of Object.entries(FAMILIES)) {
    test(family, async () => {
      assert.deepEqual(unknownFaults(faultsIn(await answersTo(calls()))), []);
    });
  }
});

test("every known difference is still one", async () => {
  const answers = await answersTo(KNOWN_DIFFERENCES.map(({ example }) => example));
  const faults = faultsIn(answers);
  const gone = KNOWN_DIFFERENCES.filter(({ pattern }) => !faults.some((fault) => pattern.test(fault)));
  assert.deepEqual(
    gone.map(({ reason }) => reason),
    [],
  );
});
