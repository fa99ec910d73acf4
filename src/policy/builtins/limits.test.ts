import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRevision } from "../../../test/support/rego.ts";
import { faultOf } from "../fault.ts";
import { resultValue } from "../result.ts";
import { STEPS_MAX } from "./graph.ts";
import { DEPTH_MAX } from "./graphql/reader.ts";
import { EXPANDED_MAX } from "./net.ts";
import { RANGE_MAX } from "./numbers.ts";

const REGO = {
  "p.rego": `package p

ranged := count(numbers.range_step(0, input.to, 1))

expanded := count(net.cidr_expand(input.cidr))

paths := count(graph.reachable_paths(input.graph, ["0"]))

replaced := regex.replace(input.text, "(a+)+$", "b")

parsed := units.parse(input.text)

query := graphql.is_valid(input.query, "type Query { a: Query, s: String }")
`,
};
const ENTRYPOINTS = ["p/ranged", "p/expanded", "p/paths", "p/replaced", "p/parsed", "p/query"];
// What is tested are the limits of the builtins, not the time that an evaluation may take.
const revision = await createRevision(REGO, ENTRYPOINTS, { timeLimitMs: 60_000 });

function ask(entrypoint: string, input: object): unknown {
  const { result } = revision.evaluate(entrypoint, JSON.parse(JSON.stringify(input)));
  return result === undefined ? undefined : resultValue(result);
}

/** A few bytes of input must not become gigabytes or hours: the evaluation fails, and the next one is served. */
function assertRefused(entrypoint: string, input: object, fault: RegExp): void {
  assert.throws(
    () => ask(entrypoint, input),
    (error) => fault.test(faultOf(error)),
  );
  assert.equal(ask("p/ranged", { to: 1 }), 2);
}

describe("builtins that make much of little", () => {
  test("list as many numbers as the limit says and no more", () => {
    assert.equal(ask("p/ranged", { to: RANGE_MAX - 1 }), RANGE_MAX);
    assertRefused("p/ranged", { to: RANGE_MAX }, /numbers\.range_step.*more than 500000/);
    assertRefused("p/ranged", { to: 1e15 }, /more than/);
  });

  test("list as many addresses as the limit says and no more", () => {
    assert.equal(ask("p/expanded", { cidr: "10.0.0.0/16" }), EXPANDED_MAX);
    assertRefused("p/expanded", { cidr: "10.0.0.0/15" }, /net\.cidr_expand.*more than 65536/);
    assertRefused("p/expanded", { cidr: "::/0" }, /more than/);
  });

  test("stop at a graph with too many paths", () => {
    const layers = 12;
    const graph: { [node: string]: string[] } = { "0": ["1a", "1b", "1c"] };
    for (let layer = 1; layer < layers; layer++)
      for (const name of ["a", "b", "c"])
        graph[`${layer}${name}`] = ["a", "b", "c"].map((next) => `${layer + 1}${next}`);
    assert.ok(3 ** layers > STEPS_MAX);
    assertRefused("p/paths", { graph }, /graph\.reachable_paths.*more than 100000/);
    assert.equal(ask("p/paths", { graph: { "0": ["a"], a: [] } }), 1);
  });

  test("match a pattern that ruins backtracking engines in linear time", () => {
    const startedAt = performance.now();
    assert.equal(ask("p/replaced", { text: `${"a".repeat(50_000)}!` }), `${"a".repeat(50_000)}!`);
    assert.ok(performance.now() - startedAt < 5_000);
  });

  test("refuse GraphQL that is nested deeper than the limit", () => {
    const nested = (levels: number) => `${"{a".repeat(levels)}${"}".repeat(levels)}`;
    assert.equal(
      ask("p/query", { query: `${"{a".repeat(DEPTH_MAX - 1)}{s}${"}".repeat(DEPTH_MAX - 1)}` }),
      true,
    );
    assertRefused("p/query", { query: nested(DEPTH_MAX + 1) }, /graphql.*nested 200 levels deep/);
    assertRefused("p/query", { query: nested(100_000) }, /nested 200 levels deep/);
  });

  test("stop comparing the fields of a GraphQL query when there are too many", () => {
    const query = (fields: number) => `{${"a { s } ".repeat(fields)}}`;
    assert.equal(ask("p/query", { query: query(100) }), true);
    assertRefused("p/query", { query: query(2_000) }, /graphql.*too complex/);
  });

  test("do not write out numbers of a million digits", () => {
    assert.equal(ask("p/parsed", { text: "1e999999" }), undefined);
  });
});
