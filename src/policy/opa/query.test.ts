import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findOpa, OpaError, runOpa } from "./opa.ts";
import { planQuery } from "./query.ts";

const POLICY = `package app
allow if input.n > 1
score := input.n
none := [x | x := input.n; x > 100]
two := [1, 2]
object := {"a b": true}
`;

/** What OPA says of the query itself, in the plugin's way: one answer or none, and of it the first expression. */
async function asked(t: TestContext, query: string, n: number): Promise<[unknown, unknown]> {
  const dir = mkdtempSync(join(tmpdir(), "regent-query-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const opa = await findOpa();
  const input = file("input.json", JSON.stringify({ n }));
  const common = ["eval", "--input", input, "--data", file("policy.rego", POLICY)];
  const run = async (args: readonly string[]) => {
    const { stdout } = await runOpa(opa, args);
    const { result, errors } = JSON.parse(stdout) as {
      result?: { expressions: { value: unknown }[] }[];
      errors?: unknown;
    };
    assert.equal(errors, undefined, stdout);
    return result?.length === 1 ? result[0]?.expressions[0]?.value : undefined;
  };
  const { path, module } = await planQuery(query);
  const added = module === undefined ? [] : ["--data", file("query.rego", module)];
  return [
    await run([...common, query]),
    await run([...common, ...added, `data.${path.replaceAll("/", ".")}`]),
  ];
}

test("names the rule where a query is only its name", async () => {
  assert.deepEqual(await planQuery(" data.envoy.authz.allow\n"), { path: "envoy/authz/allow" });
});

test("makes a rule of any other query, with the answer that OPA gives to the query", async (t) => {
  const queries = [
    "data.app.score > 1",
    "true; data.app.score",
    "data.app.score > 1; data.app.allow",
    "x := data.app.score; x > 1",
    "not data.app.allow",
    "data.app.none[_]",
    "data.app.two[_]",
    'data.app.object["a b"]',
    "some y in data.app.two; y > 1",
    "every y in data.app.two { y > 0 }",
    'data.app.score > 1 with input as {"n": 7}',
    "1 == data.app.score # one",
    "x = data.app.score",
  ];
  for (const query of queries) {
    for (const n of [1, 5]) {
      const [direct, compiled] = await asked(t, query, n);
      assert.deepEqual(compiled, direct, `${query} with ${n}`);
    }
  }
});

test("refuses a query that is none, in OPA's words", async () => {
  await assert.rejects(
    planQuery("data.x >"),
    (error) => error instanceof OpaError && /rego_parse_error/.test(error.message),
  );
  await assert.rejects(planQuery("true } other if { true"), OpaError);
  await assert.rejects(planQuery("  "), OpaError);
});
