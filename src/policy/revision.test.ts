import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileBundle, createRevision, NOW_NS } from "../../test/support/rego.ts";
import { RegentError } from "../exchange/errors.ts";
import type { JsonValue } from "../exchange/json.ts";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { parseBundle } from "./bundle/bundle.ts";
import { faultOf } from "./fault.ts";
import { resultJson, resultValue } from "./result.ts";
import { MEMORY_GROWTH_BYTES_MAX, PolicyRevision } from "./revision.ts";

const ECHO = {
  "echo.rego": 'package echo\n\nsame := {"is": input}\n\ndata_is := data.box\n\nnone := input.nothing\n',
};
const ECHO_ENTRYPOINTS = ["echo/same", "echo/data_is", "echo/none"];

function ask(
  revision: PolicyRevision,
  entrypoint: string,
  input?: JsonValue | Buffer,
): JsonValue | undefined {
  const { result } = revision.evaluate(entrypoint, input);
  return result === undefined ? undefined : resultValue(result);
}

/** Asserts that an evaluation fails with a code and a cause that matches. */
function assertFails(work: () => unknown, code: string, cause: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof RegentError, String(error));
    assert.equal(error.code, code);
    assert.match(faultOf(error), cause);
    return true;
  });
}

describe("an evaluation", () => {
  test("hands every kind of input to the policy, the falsy ones too", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    const inputs: JsonValue[] = [0, -1, false, "", null, [], {}, "é😀\u0000\n", 1.5, [[{ a: { b: "c" } }]]];
    for (const input of inputs) assert.deepEqual(ask(revision, "echo/same", input), { is: input });
    assert.deepEqual(ask(revision, "echo/same", Buffer.from(' {"a" : 1}\n')), { is: { a: 1 } });
  });

  test("leaves input undefined when there is none, and only then", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    assert.equal(ask(revision, "echo/same"), undefined);
    for (const text of ["", "{", '{"a":}', "nonsense", "[1,", '{"a":"\\x"}', '{"a":"\\ud800"}']) {
      assertFails(() => revision.evaluate("echo/same", Buffer.from(text)), "policy_trap", /./);
      assert.deepEqual(ask(revision, "echo/same", 1), { is: 1 }, "the next evaluation is served");
    }
    assertFails(
      () => revision.evaluate("echo/same", Buffer.from([0x22, 0xff, 0x22])),
      "policy_trap",
      /utf-8/,
    );
  });

  test("replaces lone surrogates of a value, which JSON in UTF-8 cannot hold", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    assert.deepEqual(ask(revision, "echo/same", { "k\ud800": ["\udfff", "\\ud800"] }), {
      is: { "k\ufffd": ["\ufffd", "\\ud800"] },
    });
  });

  test("keeps keys like __proto__ what they are: keys", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    const result = ask(revision, "echo/same", Buffer.from('{"__proto__":{"allow":true}}')) as {
      is: object;
    };
    assert.deepEqual(Object.keys(result.is), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(result.is), Object.prototype);
  });

  test("has no result when the entrypoint is undefined, and asks entrypoints by name", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    assert.equal(revision.evaluate("echo/none", {}).result, undefined);
    assert.equal(revision.has("echo/none"), true);
    assert.equal(revision.has("echo/other"), false);
    assertFails(() => revision.evaluate("echo/other", {}), "policy_unavailable", /no entrypoint echo\/other/);
  });

  test("reads the data document that came with the bundle", async () => {
    const sources = { ...ECHO, "data.json": '{"box":[1.50,12345678901234567890]}' };
    const revision = await createRevision(sources, ECHO_ENTRYPOINTS);
    assert.equal(
      resultJson(revision.evaluate("echo/data_is", {}).result ?? ""),
      "[1.50, 12345678901234567890]",
    );
  });

  test("gives sets in order and keys that are no strings as text, as OPA does", async () => {
    const rego =
      'package p\n\nr := {"s": {"b", "c", "a"}, "n": {3, 1, 2}, "o": {1: "x", [2]: {"y"}}, "e": set(), "f": .5}\n';
    const revision = await createRevision({ "p.rego": rego }, ["p/r"]);
    assert.deepEqual(ask(revision, "p/r", {}), {
      s: ["a", "b", "c"],
      n: [1, 2, 3],
      o: { "1": "x", "[2]": ["y"] },
      e: [],
      f: 0.5,
    });
  });

  test("is not misled by a string that looks like a set", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    for (const text of ['{"a","b"}', "set()", "{1}", '{"a": {"b"}}', "x .5"])
      assert.deepEqual(ask(revision, "echo/same", text), { is: text });
  });
});

describe("a policy that fails", () => {
  const CONFLICT = {
    "p.rego": 'package p\n\nr := x if some x in input.values\n\nr := "none" if count(input.values) == 0\n',
  };

  test("costs its own evaluation and no other", async () => {
    const revision = await createRevision(CONFLICT, ["p/r"]);
    for (let round = 0; round < 3; round++) {
      assertFails(
        () => revision.evaluate("p/r", { values: [1, 2] }),
        "policy_trap",
        /p\.rego:\d+:\d+: .*conflict/,
      );
      assert.equal(ask(revision, "p/r", { values: [7] }), 7);
    }
  });

  test("still has its data in the instance that takes over", async () => {
    const sources = {
      "p.rego": "package p\n\nr := x if some x in input.values\n\nd := data.deep.list[199]\n",
      "data.json": JSON.stringify({ deep: { list: Array.from({ length: 200 }, (_, i) => `item ${i}`) } }),
    };
    const revision = await createRevision(sources, ["p/r", "p/d"]);
    assertFails(() => revision.evaluate("p/r", { values: [1, 2] }), "policy_trap", /conflict/);
    assert.equal(ask(revision, "p/d", {}), "item 199");
  });

  test("is stopped by input that is nested too deeply for the stack", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    const deep = Buffer.from("[".repeat(500_000) + "]".repeat(500_000));
    assertFails(() => revision.evaluate("echo/same", deep), "policy_trap", /./);
    assert.deepEqual(ask(revision, "echo/same", 1), { is: 1 });
  });

  test("runs out of memory at the maximum, not beyond", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS, { memoryMaxBytes: 4 * 1024 * 1024 });
    const large = Buffer.from(`[${"1,".repeat(200_000)}1]`);
    assertFails(() => revision.evaluate("echo/same", large), "policy_trap", /opa_malloc: failed/);
    assert.ok(revision.memoryBytes <= 4 * 1024 * 1024);
    assert.deepEqual(ask(revision, "echo/same", 1), { is: 1 });
  });

  test("in a builtin of the host by a fault of ours fails closed and names the builtin", async () => {
    const faulty = { name: "semver.is_valid", call: () => JSON.parse("{") as never };
    const rego = { "p.rego": 'package p\n\nr if not semver.is_valid("1")\n' };
    const builtins = new Map(HOST_BUILTINS).set(faulty.name, faulty);
    const revision = await createRevision(rego, ["p/r"], { builtins });
    assertFails(() => revision.evaluate("p/r", {}), "policy_trap", /semver\.is_valid/);
  });

  test("in a builtin's own terms is undefined, as in OPA", async () => {
    const rego = {
      "p.rego": 'package p\n\nr := time.parse_rfc3339_ns("yesterday")\n\nn if not hex.decode("zz")\n',
    };
    const revision = await createRevision(rego, ["p/r", "p/n"]);
    assert.equal(ask(revision, "p/r", {}), undefined);
    assert.equal(ask(revision, "p/n", {}), true);
  });
});

describe("memory", () => {
  test("is flat over many evaluations of one size", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS);
    const input = Buffer.from(
      JSON.stringify({
        messages: Array.from({ length: 50 }, (_, i) => ({ role: "user", content: `text ${i}` })),
      }),
    );
    for (let i = 0; i < 100; i++) revision.evaluate("echo/same", input);
    const before = revision.memoryBytes;
    for (let i = 0; i < 20_000; i++) revision.evaluate("echo/same", input);
    assert.equal(revision.memoryBytes, before);
  });

  test("that one large input needed is given back", async () => {
    const revision = await createRevision(ECHO, ECHO_ENTRYPOINTS, { timeLimitMs: 60_000 });
    const before = revision.memoryBytes;
    revision.evaluate("echo/none", Buffer.from(`[${"1,".repeat(MEMORY_GROWTH_BYTES_MAX / 100)}1]`));
    assert.equal(revision.memoryBytes, before);
    const moderate = Buffer.from(`[${"1,".repeat(1000)}1]`);
    revision.evaluate("echo/none", moderate);
    const grown = revision.memoryBytes;
    revision.evaluate("echo/none", moderate);
    assert.equal(revision.memoryBytes, grown, "an instance that has grown a little stays");
  });
});

test("the memory of an instance that failed is as good as new for the next one", async () => {
  const revision = await createRevision(
    {
      "p.rego": `package p

squares := count([1 | some i in numbers.range(1, input.n); some j in numbers.range(1, input.n); i * j == -1])

split_brain := x if some x in [input.n, 2]

all := {"rules": data.rules, "n": input.n, "sum": sum(numbers.range(1, input.n))}
`,
      "data.json": '{"rules": {"a": [1, 2.50, "x"], "b": {"c": null}}}',
    },
    ["p/squares", "p/split_brain", "p/all"],
  );
  const ask = (n: number) => resultJson(revision.evaluate("p/all", { n }).result ?? "");
  const fresh = [3, 1000].map(ask);
  for (let round = 0; round < 20; round++) {
    const endless = () => revision.evaluate("p/squares", { n: 30_000 }, undefined, { timeLimitMs: 2 });
    assertFails(endless, "policy_timeout", /./);
    assert.deepEqual([3, 1000].map(ask), fresh);
    assertFails(() => revision.evaluate("p/split_brain", { n: 1 }), "policy_trap", /conflict/);
    assert.deepEqual([3, 1000].map(ask), fresh);
  }
});

describe("one evaluation at a time", () => {
  test("holds by construction: a builtin that evaluates again is refused", async () => {
    const rego = { "p.rego": 'package p\n\nr := semver.is_valid("1")\n\nq := 1\n' };
    let revision: PolicyRevision | undefined;
    const again = { name: "semver.is_valid", call: () => revision?.evaluate("p/q", {}).result === "1" };
    const builtins = new Map(HOST_BUILTINS).set(again.name, again);
    revision = await createRevision(rego, ["p/r", "p/q"], { builtins });
    assertFails(() => revision?.evaluate("p/r", {}), "policy_trap", /already evaluating/);
    assert.equal(ask(revision, "p/q", {}), 1);
  });
});

describe("time and chance", () => {
  const REGO = {
    "p.rego":
      'package p\n\nr := [time.now_ns(), time.now_ns(), rand.intn("a", 1000000), uuid.rfc4122("x"), rand.intn("a", 1000000)]\n\nplain := 1\n',
  };

  test("stand still within an evaluation and are recorded as OPA records them", async () => {
    let now = NOW_NS;
    const revision = await createRevision(REGO, ["p/r", "p/plain"], { clock: () => now++ });
    const { result, nondeterministic } = revision.evaluate("p/r", {});
    const [first, second, number, uuid, again] = resultValue(result ?? "") as JsonValue[];
    assert.equal(first, second);
    assert.equal(number, again);
    assert.deepEqual(nondeterministic, {
      "time.now_ns": { "[]": String(NOW_NS) },
      "rand.intn": { '["a",1000000]': number },
      "uuid.rfc4122": { '["x"]': uuid },
    });
    assert.equal(revision.evaluate("p/plain", {}).nondeterministic, undefined);
  });

  test("come back the same in a replay", async () => {
    const revision = await createRevision(REGO, ["p/r", "p/plain"]);
    const first = revision.evaluate("p/r", {});
    const other = await createRevision(REGO, ["p/r", "p/plain"], { clock: () => 1n });
    const replayed = other.evaluate("p/r", {}, JSON.parse(JSON.stringify(first.nondeterministic)));
    assert.equal(replayed.result, first.result);
    assert.deepEqual(replayed.nondeterministic, first.nondeterministic);
  });
});

describe("a bundle's policy", () => {
  test("may need more memory for its data than its module asks for", async () => {
    // OPA forgets the last data segment: some length of the constant puts it across a page boundary.
    for (let length = 0; length < 65_536; length += 2_048) {
      const rego = {
        "p.rego": `package p\n\nr := ${JSON.stringify("x".repeat(length))}\n\nlong_name_of_a_rule := 1\n`,
      };
      const revision = await createRevision(rego, ["p/r"]);
      assert.equal((ask(revision, "p/r", {}) as string).length, length);
    }
  });

  test("is refused when the bundle promises entrypoints that it does not have", async () => {
    const bundle = await parseBundle(await compileBundle(ECHO, ECHO_ENTRYPOINTS));
    await assert.rejects(
      PolicyRevision.create(
        { ...bundle, entrypoints: ["echo/same", "echo/other"] },
        { builtins: HOST_BUILTINS, clock: () => 0n, print: () => {} },
      ),
      /no entrypoint echo\/other; it has echo\/data_is, echo\/none, echo\/same/,
    );
  });

  test("is refused when it needs a builtin that is not there, by name", async () => {
    const bundle = await parseBundle(
      await compileBundle({ "p.rego": 'package p\n\nr := sprintf("%d", [1])\n' }, ["p/r"]),
    );
    await assert.rejects(
      PolicyRevision.create(bundle, { builtins: new Map(), clock: () => 0n, print: () => {} }),
      /needs builtins that Regent does not have: sprintf/,
    );
  });

  test("is refused when its data is no object", async () => {
    const bundle = await parseBundle(await compileBundle(ECHO, ECHO_ENTRYPOINTS));
    const broken = { ...bundle, data: Buffer.from("{") };
    await assert.rejects(
      PolicyRevision.create(broken, { builtins: HOST_BUILTINS, clock: () => 0n, print: () => {} }),
      (error) => /data document is not JSON/.test(faultOf(error)),
    );
  });
});
