import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRevision } from "../../../test/support/rego.ts";
import { RegentError } from "../../exchange/errors.ts";
import { faultOf } from "../fault.ts";
import { resultValue } from "../result.ts";
import { STEPS_MAX } from "./graph.ts";
import { DEPTH_MAX } from "./graphql/reader.ts";
import { DEPTH_MAX as SCHEMA_DEPTH_MAX } from "./json-schema/schema.ts";
import { EXPANDED_MAX, MATCHES_MAX } from "./net.ts";
import { RANGE_MAX } from "./numbers.ts";
import { OUTPUT_LENGTH_MAX } from "./output.ts";
import { SEARCH_STEPS_MAX } from "./regex.ts";
import { ALIASED_VALUES_MAX } from "./yaml/read.ts";

const REGO = {
  "p.rego": `package p

ranged := count(numbers.range_step(0, input.to, 1))

expanded := count(net.cidr_expand(input.cidr))

paths := count(graph.reachable_paths(input.graph, ["0"]))

replaced := regex.replace(input.text, "(a+)+$", "b")

parsed := units.parse(input.text)

formatted := count(sprintf(input.format, input.operands))

swapped := count(regex.replace(input.text, input.pattern, input.replacement))

found := count(regex.find_n(input.pattern, input.text, 1))

patched := json.patch(input.document, input.patches)

pairs := count(net.cidr_contains_matches(input.networks, input.addresses))

indented := count(json.marshal_with_options(input.document, {"indent": input.indent}))

yaml_value := yaml.unmarshal(input.text)

rendered := count(strings.render_template(input.text, {"a": input.list}))

matched := json.match_schema(input.document, input.schema)[0]

query := graphql.is_valid(input.query, "type Query { a: Query, s: String }")
`,
};
const ENTRYPOINTS = ["p/ranged", "p/expanded", "p/paths", "p/replaced", "p/parsed", "p/query"].concat(
  ["formatted", "swapped", "found", "patched", "pairs", "indented", "yaml_value", "rendered", "matched"].map(
    (name) => `p/${name}`,
  ),
);
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

  test("write no texts that are longer than the limit", () => {
    const wide = (count: number) => ({ format: "%1000000d".repeat(count), operands: Array(count).fill(1) });
    assert.equal(ask("p/formatted", wide(10)), OUTPUT_LENGTH_MAX);
    assertRefused("p/formatted", wide(11), /sprintf.*more than 10000000 characters/);
    const swap = (length: number) => ({
      text: "a".repeat(1_000),
      pattern: "a",
      replacement: "b".repeat(length),
    });
    assert.equal(ask("p/swapped", swap(10_000)), OUTPUT_LENGTH_MAX);
    assertRefused("p/swapped", swap(10_001), /regex\.replace.*more than/);
    assertRefused(
      "p/indented",
      { document: [[[1]]], indent: "x".repeat(5_000_000) },
      /json\.marshal.*more than/,
    );
    assertRefused("p/indented", { document: Array(2_000).fill(1), indent: "x".repeat(10_000) }, /more than/);
  });

  test("search no text that is too long for a pattern of that size", () => {
    const search = (length: number) => ({ pattern: "[ab]{500}[cd]", text: "a".repeat(length) });
    assert.equal(ask("p/found", search(1_000)), 0);
    assertRefused("p/found", search(SEARCH_STEPS_MAX / 500), /too large for a text of that length/);
  });

  test("copy no more values in a patch than the limit says", () => {
    const doubling = (times: number) => ({
      document: { a: ["x"] },
      patches: Array(times)
        .fill([
          { op: "copy", from: "/a", path: "/b" },
          { op: "copy", from: "/b", path: "/a/-" },
        ])
        .flat(),
    });
    assert.notEqual(ask("p/patched", doubling(5)), undefined);
    assertRefused("p/patched", doubling(40), /json\.patch.*more than 100000 values/);
  });

  test("pair no more networks and addresses than the limit says", () => {
    const pairs = (networks: number, addresses: number) => ({
      networks: Array.from({ length: networks }, (_, index) => [`10.0.0.0/${8}`, index]),
      addresses: Array.from({ length: addresses }, (_, index) => [
        `10.0.${index >> 8}.${index & 255}`,
        index,
      ]),
    });
    assert.equal(ask("p/pairs", pairs(100, MATCHES_MAX / 100)), MATCHES_MAX);
    assertRefused("p/pairs", pairs(101, MATCHES_MAX / 100), /net\.cidr_contains_matches.*more than 100000/);
  });

  test("read YAML that is nested or aliased up to the limit and no further", () => {
    assertRefused("p/yaml_value", { text: "[".repeat(100_000) }, /YAML may be nested 200 levels deep/);
    const aliases = (count: number) => ({ text: `a: &a [1]\nb: [${"*a,".repeat(count)}]` });
    const value = ask("p/yaml_value", aliases(100)) as { readonly b: readonly unknown[] };
    assert.equal(value.b.length, 100);
    // As in OPA: it is no JSON, so the expression is undefined.
    assert.equal(ask("p/yaml_value", aliases(ALIASED_VALUES_MAX)), undefined);
  });

  test("fill templates in up to the limits and no further", () => {
    const loops = {
      text: "{{range .a}}{{range $.a}}{{range $.a}}x{{end}}{{end}}{{end}}",
      list: Array(50).fill(1),
    };
    assert.equal(ask("p/rendered", loops), 50 ** 3);
    assertRefused("p/rendered", { ...loops, list: Array(101).fill(1) }, /more than 1000000 characters/);
    const recursive = '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}';
    assertRefused("p/rendered", { text: recursive, list: [] }, /200 levels deep/);
    assertRefused("p/rendered", { text: `{{${"(".repeat(1_000)}}}`, list: [] }, /nested 200 levels deep/);
    assertRefused("p/rendered", { text: "{{if 1}}".repeat(1_000), list: [] }, /nested 200 levels deep/);
    const growing = `{{$x := "aaaaaaaaaa"}}${'{{$x = printf "%s%s%s%s%s%s%s%s%s%s" $x $x $x $x $x $x $x $x $x $x}}'.repeat(9)}`;
    assertRefused("p/rendered", { text: growing, list: [] }, /more than 10000000 characters/);
  });

  test("hold documents to schemas up to the limit of depth and no further", () => {
    const schema = { properties: { a: { $ref: "#" } } };
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    assert.equal(ask("p/matched", { document: nested(100), schema }), true);
    assertRefused("p/matched", { document: nested(SCHEMA_DEPTH_MAX), schema }, /400 levels deep/);
    assertRefused("p/matched", { document: {}, schema: { $ref: "#" } }, /400 levels deep/);
    const deep = (levels: number): object => (levels === 0 ? {} : { not: deep(levels - 1) });
    assertRefused(
      "p/matched",
      { document: {}, schema: deep(SCHEMA_DEPTH_MAX + 1) },
      /JSON schema may be nested 400/,
    );
  });

  test("look at the clock while they work", async () => {
    const hurried = await createRevision(REGO, ENTRYPOINTS, { timeLimitMs: 20 });
    const endless: readonly (readonly [string, object])[] = [
      ["p/rendered", { text: "{{range 1000000000}}{{end}}", list: [] }],
      ["p/yaml_value", { text: `[${"1,".repeat(1_000_000)}1]` }],
      ["p/swapped", { pattern: "(?:a+b)|a", text: "a".repeat(100_000), replacement: "" }],
      [
        "p/patched",
        { document: Array(20_000).fill(1), patches: Array(20_000).fill({ op: "add", path: "/0", value: 1 }) },
      ],
      ["p/matched", { document: nestedPairs(24), schema: ambiguous }],
    ];
    for (const [entrypoint, input] of endless) {
      const startedAt = process.threadCpuUsage();
      assert.throws(
        () => hurried.evaluate(entrypoint, JSON.parse(JSON.stringify(input))),
        (error) => error instanceof RegentError && error.code === "policy_timeout",
        entrypoint,
      );
      const { user, system } = process.threadCpuUsage(startedAt);
      assert.ok(user + system < 2_000_000, `${entrypoint} took ${user + system} us`);
    }
  });
});

/** Each level is tried twice: 2^levels in all. */
const ambiguous = {
  anyOf: [
    { required: ["z"], properties: { a: { $ref: "#" } } },
    { required: ["y"], properties: { a: { $ref: "#" } } },
  ],
};

function nestedPairs(levels: number): object {
  return levels === 0 ? {} : { a: nestedPairs(levels - 1) };
}
