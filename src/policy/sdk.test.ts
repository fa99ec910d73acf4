import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileBundle } from "../../test/support/rego.ts";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { parseBundle } from "./bundle/bundle.ts";
import { resultValue } from "./result.ts";
import { PolicyRevision } from "./revision.ts";

/** The published evaluator of the same ABI: slower and with faults of its own, but written by others. */
type Sdk = {
  loadPolicy(wasm: Uint8Array): Promise<{
    setData(data: unknown): void;
    evaluate(input: unknown, entrypoint: string): { result: unknown }[];
  }>;
};
const sdk = createRequire(import.meta.url)("@open-policy-agent/opa-wasm") as Sdk;

const REGO = `package p

echo := input.value

joined := concat("/", [v | some v in input.texts])

total := sum([n | some n in input.numbers])

large contains n if {
	some n in input.numbers
	n > data.limit
}

by_length[count(t)] contains t if some t in input.texts

pairs[i] := [t, input.numbers[i]] if some i, t in input.texts

words := [w | some t in input.texts; some w in split(t, " ")]
`;
const ENTRYPOINTS = ["echo", "joined", "total", "large", "by_length", "pairs", "words"].map(
  (name) => `p/${name}`,
);

describe("the published evaluator of OPA's ABI", () => {
  test("and this one give the same results for any JSON", async () => {
    const bundle = await parseBundle(
      await compileBundle({ "p.rego": REGO, "data.json": '{"limit":10}' }, ENTRYPOINTS),
    );
    const own = await PolicyRevision.create(bundle, {
      builtins: HOST_BUILTINS,
      clock: () => 0n,
      print: () => {},
    });
    const theirs = await sdk.loadPolicy(bundle.wasm);
    theirs.setData(JSON.parse(bundle.data.toString()));

    const document = fc.record({
      value: fc.jsonValue(),
      texts: fc.array(fc.string({ unit: "grapheme" }), { maxLength: 8 }),
      numbers: fc.array(fc.integer(), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(document, (input) => {
        const plain = JSON.parse(JSON.stringify(input));
        for (const entrypoint of ENTRYPOINTS) {
          const { result } = own.evaluate(entrypoint, plain);
          const [first] = theirs.evaluate(plain, entrypoint);
          assert.equal(
            ordered(result === undefined ? undefined : resultValue(result)),
            ordered(first?.result),
            entrypoint,
          );
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

/** JSON in one order of lists and keys: the other evaluator gives sets in the order of their hashes. */
function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).sort().join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${ordered(item)}`)
    .sort()
    .join()}}`;
}
