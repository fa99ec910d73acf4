import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { createRevision, type Sources } from "../../../test/support/rego.ts";
import { packageFile } from "../../document/package-root.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { resultJson } from "../result.ts";
import { ABSENT_BUILTINS } from "./absent.ts";
import { compareValues } from "./compare.ts";
import { parseRego, type RegoValue } from "./value.ts";

/** What opa eval gave for modules that each use a few builtins; recorded, and shared beside the checkout. */
const FOLDER = packageFile("..", "shared", "vectors", "opa-envoy", "builtins");

type Vector = {
  readonly id: string;
  readonly note: string;
  readonly module: string;
  readonly entrypoint: string;
  readonly input?: JsonValue;
  readonly expect: Expectation;
  /** What compiled Wasm gives where that differs; it counts too. */
  readonly compiled_wasm?: Expectation;
  readonly host_builtins?: readonly string[];
};
type Expectation = { readonly result?: unknown; readonly undefined?: true; readonly error?: unknown };

/** JSON whose numbers keep their digits. */
function readExactly(
  file: string,
): readonly (Vector & { readonly source: ReadonlyMap<RegoValue, RegoValue> })[] {
  const text = readFileSync(file, "utf8");
  const vectors = JSON.parse(text) as Vector[];
  const exact = parseRego(text) as readonly ReadonlyMap<RegoValue, RegoValue>[];
  return vectors.map((vector, index) => ({ ...vector, source: exact[index] ?? new Map() }));
}

if (!existsSync(FOLDER)) {
  test("recorded answers of builtins", { skip: `SKIPPED: ${FOLDER} is not there` }, () => {});
} else {
  const vectors = readdirSync(FOLDER)
    .sort()
    .flatMap((name) => readExactly(join(FOLDER, name)));
  const absent = ({ host_builtins = [] }: Vector) => host_builtins.some((name) => ABSENT_BUILTINS.has(name));
  const usable = vectors.filter((vector) => !absent(vector));
  const sources: Sources = Object.fromEntries(usable.map(({ id, module }) => [`${id}.rego`, module]));
  const revision = await createRevision(
    sources,
    usable.map(({ entrypoint }) => entrypoint),
  );

  describe("recorded answers of builtins", () => {
    test("are almost all within reach", () => {
      assert.ok(vectors.length >= 96);
      assert.ok(
        vectors.length - usable.length <= 6,
        vectors
          .filter(absent)
          .map(({ id }) => id)
          .join(", "),
      );
    });

    for (const { id, note, entrypoint, input, source, expect, compiled_wasm } of usable) {
      test(`${id}: ${note}`, () => {
        const answer = evaluate(entrypoint, input);
        // OPA made a number that it cannot print: any answer will do.
        if (expect.error !== undefined) return;
        const wanted = source.get("expect") as ReadonlyMap<RegoValue, RegoValue>;
        const alike =
          matches(wanted, answer) || (compiled_wasm !== undefined && matchesRounded(compiled_wasm, answer));
        assert.ok(alike, `got ${answer ?? "undefined"}, wanted ${JSON.stringify(expect)}`);
      });
    }
  });

  function evaluate(entrypoint: string, input: JsonValue | undefined): string | undefined {
    try {
      const { result } = revision.evaluate(entrypoint, input);
      return result === undefined ? undefined : resultJson(result);
    } catch (error) {
      if (error instanceof RegentError) return undefined;
      throw error;
    }
  }
}

function matches(expected: ReadonlyMap<RegoValue, RegoValue>, answer: string | undefined): boolean {
  if (expected.get("undefined") === true) return answer === undefined;
  const wanted = expected.get("result");
  return answer !== undefined && wanted !== undefined && compareValues(parseRego(answer), wanted) === 0;
}

/** Answers of compiled Wasm were recorded by a reader that rounds numbers to 64-bit floats. */
function matchesRounded(expected: Expectation, answer: string | undefined): boolean {
  if (expected.undefined === true) return answer === undefined;
  return answer !== undefined && isDeepStrictEqual(JSON.parse(answer), expected.result);
}
