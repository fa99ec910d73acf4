import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { opaBuild } from "../../../test/support/opa-sign.ts";
import { KeptLog, ToldSource, withFileEngine } from "../../../test/support/policy-engine.ts";
import { type TarEntry, tarGzOf } from "../../../test/support/tar.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { BundleError } from "../bundle/error.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../engine.ts";

const json = (value: unknown) => JSON.stringify(value);

/** A bundle as OPA builds it, with a manifest of its own. */
const wasm = (name: string, rego: string, more: { [file: string]: string } = {}, roots = [name]) =>
  opaBuild(
    { "p.rego": `package ${name}\n\n${rego}\n`, ".manifest": json({ roots }), ...more },
    { entrypoints: [`${name}/r`], revision: `${name}-1` },
  );

/** A bundle of files as they are. */
const plain = (manifest: object, files: { [path: string]: string }) =>
  tarGzOf([
    { path: ".manifest", content: json(manifest) },
    ...Object.entries(files).map(([path, content]): TarEntry => ({ path, content })),
  ]);

const data = (revision: string, limit: number) =>
  plain({ revision, roots: ["shared/limits"] }, { "shared/limits/data.json": json({ limit }) });

async function ask(engine: ManagedPolicyEngine, entrypoint: string, input: JsonValue = {}) {
  return (await engine.for("").evaluate(entrypoint, input)).result;
}

const isRefusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BundleError, String(error));
  assert.match(error.message, pattern);
  return true;
};

describe("several bundles", () => {
  test("share one data document, each with its own module and revision", async () => {
    const bundles = {
      a: await wasm("a", "r := [data.a.own, data.shared.limits.limit, data.shared.names]", {
        "a/data.json": '{"own":1}',
      }),
      b: await wasm("b", "r := data.shared.limits.limit + 1"),
      limits: data("l-1", 7),
      names: plain({ revision: "n-1", roots: ["shared/names"] }, { "shared/names/data.yaml": "[x, y]\n" }),
    };
    await withFileEngine(bundles, { entrypoints: ["a/r", "b/r"] }, async ({ engine, put }) => {
      assert.deepEqual(await ask(engine, "a/r"), [1, 7, ["x", "y"]]);
      assert.equal(await ask(engine, "b/r"), 8);
      assert.equal(engine.revision, "a=a-1,b=b-1,limits=l-1,names=n-1");
      assert.deepEqual(engine.for("").bundles, {
        a: { revision: "a-1" },
        b: { revision: "b-1" },
        limits: { revision: "l-1" },
        names: { revision: "n-1" },
      });
      const before = engine.for("");
      await put("limits", data("l-2", 70));
      assert.deepEqual(await ask(engine, "a/r"), [1, 70, ["x", "y"]]);
      assert.equal(await ask(engine, "b/r"), 71);
      assert.equal(engine.revision, "a=a-1,b=b-1,limits=l-2,names=n-1");
      assert.equal((await before.evaluate("b/r", {})).result, 8, "who began before stays with what was");
      assert.deepEqual(
        engine.status().map(({ name, revision }) => [name, revision]),
        [
          ["a", "a-1"],
          ["b", "b-1"],
          ["limits", "l-2"],
          ["names", "n-1"],
        ],
      );
    });
  });

  test("are refused when their roots overlap, by the names of both", async () => {
    const start = (two: Buffer) =>
      withFileEngine({ limits: data("l-1", 7), two }, {}, async () => assert.fail("it starts"));
    await assert.rejects(
      start(plain({ roots: ["shared"] }, {})),
      isRefusal(
        /the root "shared\/limits" of the bundle limits and the root "shared" of the bundle two overlap: give each its own/,
      ),
    );
    await assert.rejects(
      start(plain({}, {})),
      isRefusal(/"shared\/limits" of the bundle limits and the root "" of the bundle two/),
    );
    const bundles = { a: await wasm("a", "r := data.shared.limits.limit"), limits: data("l-1", 7) };
    await withFileEngine(bundles, { entrypoints: ["a/r"] }, async ({ engine, put }) => {
      await put("limits", plain({ revision: "l-2", roots: ["shared/limits", "a/x"] }, {}));
      assert.match(
        engine.status()[1]?.lastError?.message ?? "",
        /the root "a" of the bundle a and the root "a\/x"/,
      );
      assert.equal(engine.status()[0]?.lastError, undefined, "nothing is said against the other one");
      assert.equal(await ask(engine, "a/r"), 7);
    });
  });

  test("are refused when an entrypoint is nowhere, with what each has", async () => {
    await assert.rejects(
      withFileEngine(
        { a: await wasm("a", "r := 1"), limits: data("l", 1) },
        { entrypoints: ["x/y"] },
        async () => {},
      ),
      isRefusal(/no bundle has the entrypoint x\/y; a has a\/r/),
    );
    await assert.rejects(
      withFileEngine({ one: data("l", 1), two: plain({ roots: ["t"] }, {}) }, {}, async () => {}),
      isRefusal(/no bundle holds policy\.wasm and no Rego/),
    );
  });

  test("name the bundle whose module is at fault", async () => {
    const bad = tarGzOf([
      { path: ".manifest", content: '{"roots":["b"]}' },
      { path: "policy.wasm", content: "wasm" },
    ]);
    await assert.rejects(
      withFileEngine({ a: await wasm("a", "r := 1"), b: bad }, {}, async () => {}),
      isRefusal(/policy\.wasm of the bundle b: the Wasm module cannot be compiled/),
    );
  });

  test("that go together only are activated together, whatever comes first", async () => {
    // A root moves from one bundle to the other.
    const one = (revision: string, roots: string[]) => plain({ revision, roots }, { "keep/data.json": "1" });
    const bundles = {
      a: await wasm("a", "r := data.shared.limits.limit"),
      one: one("1", ["keep", "moved"]),
      two: data("1", 7),
    };
    const twoWithMoved = plain(
      { revision: "2", roots: ["shared/limits", "moved"] },
      { "shared/limits/data.json": '{"limit":8}', "moved/data.json": "2" },
    );
    await withFileEngine(bundles, { entrypoints: ["a/r"] }, async ({ engine, put }) => {
      await put("two", twoWithMoved);
      assert.match(engine.status()[2]?.lastError?.message ?? "", /overlap/);
      assert.equal(await ask(engine, "a/r"), 7);
      await put("one", one("2", ["keep"]));
      assert.equal(engine.revision, "a=a-1,one=2,two=2");
      assert.equal(await ask(engine, "a/r"), 8);
      assert.deepEqual(
        engine.status().map(({ lastError }) => lastError),
        [undefined, undefined, undefined],
      );
    });
  });
});

describe("bundles of Rego alone", () => {
  const V0 = "package old\n\nr { input.x == data.limits.x }\n\ns[y] { y := input.ys[_] }\n";
  const V1 = 'package fresh\n\nr if input.x == 1\n\nallowed contains "x" if r\n';

  test("are compiled together by OPA, each file in the version of Rego that its manifest says", async () => {
    const bundles = {
      fresh: plain({ revision: "f", roots: ["fresh"] }, { "fresh/p.rego": V1 }),
      old: plain({ revision: "o", roots: ["old"], rego_version: 0 }, { "p.rego": V0 }),
      limits: plain({ revision: "l", roots: ["limits"] }, { "limits/data.json": '{"x":5}' }),
      mixed: plain(
        { revision: "m", roots: ["mixed"], rego_version: 1, file_rego_versions: { "/v0/*.rego": 0 } },
        {
          "v0/p.rego": "package mixed\n\nzero { true }\n",
          "v1.rego": "package mixed\n\none if data.old.s.z\n",
        },
      ),
    };
    const entrypoints = ["fresh/r", "old/r", "old/s", "mixed/zero", "mixed/one"];
    await withFileEngine(bundles, { entrypoints }, async ({ engine, put }) => {
      assert.equal(await ask(engine, "fresh/r", { x: 1 }), true);
      assert.equal(await ask(engine, "old/r", { x: 5 }), true);
      assert.equal(await ask(engine, "old/r", { x: 6 }), undefined);
      assert.deepEqual(await ask(engine, "old/s", { ys: ["b", "a"] }), ["a", "b"]);
      assert.equal(await ask(engine, "mixed/zero"), true);
      assert.equal(await ask(engine, "mixed/one", { ys: ["z"] }), true);
      assert.deepEqual(
        { ...(engine.for("").reads("fresh/r") as object) },
        { x: true },
        "what they read is found as when they are built",
      );

      await put("limits", plain({ revision: "l2", roots: ["limits"] }, { "limits/data.json": '{"x":6}' }));
      assert.equal(await ask(engine, "old/r", { x: 6 }), true);
      await put(
        "fresh",
        plain({ revision: "f2", roots: ["fresh"] }, { "fresh/p.rego": V1.replace("== 1", "== 2") }),
      );
      assert.equal(await ask(engine, "fresh/r", { x: 2 }), true);
    });
  });

  test("stand beside bundles with modules, which are used as they are", async () => {
    const bundles = {
      a: await wasm("a", "r := 1"),
      fresh: plain(
        { roots: ["fresh", "fresh_test"] },
        { "p.rego": V1, "p_test.rego": "package fresh_test\n\ntest_x if http.send({})" },
      ),
    };
    await withFileEngine(bundles, { entrypoints: ["a/r", "fresh/r"] }, async ({ engine }) => {
      assert.equal(await ask(engine, "a/r"), 1);
      assert.equal(await ask(engine, "fresh/r", { x: 1 }), true);
    });
  });

  test("have further entrypoints where the sources do", async () => {
    const mask = 'package system.log\n\nmask contains "/input/x"\n';
    const bundles = { main: plain({}, { "p.rego": V1, "log.rego": mask }) };
    const optionalEntrypoints = ["system/log/mask", "system/log/drop", "other/mask"];
    await withFileEngine(bundles, { entrypoints: ["fresh/r"], optionalEntrypoints }, async ({ engine }) => {
      const has = optionalEntrypoints.map((entrypoint) => engine.for("").has(entrypoint));
      assert.deepEqual(has, [true, false, false]);
      assert.deepEqual(await ask(engine, "system/log/mask"), ["/input/x"]);
    });
  });

  test("are refused with OPA's words, which name the file in its bundle and the line", async () => {
    const refused = (files: { [path: string]: string }, pattern: RegExp) =>
      assert.rejects(
        withFileEngine({ main: plain({}, files) }, { entrypoints: ["fresh/r"] }, async () => {}),
        isRefusal(pattern),
      );
    await refused({ "a/p.rego": "package fresh\n\nr if\n" }, /main\/a\/p\.rego:4: rego_parse_error/);
    await refused({ "p.rego": "package fresh\n\nr if { x }\n" }, /main\/p\.rego:3: rego_unsafe_var_error/);
    await refused(
      { "p.rego": 'package fresh\n\nr if http.send({"url": "x"})\n' },
      /undefined function http\.send/,
    );
    await refused({ "p.rego": "package fresh\n\nq := 1\n" }, /undefined.*fresh.*r|fresh\/r/);
  });

  test("tell each fault of the compiler in the form of OPA's status", async () => {
    const good = plain({ revision: "1" }, { "p.rego": V1 });
    await withFileEngine({ main: good }, { entrypoints: ["fresh/r"] }, async ({ engine, put }) => {
      await put("main", plain({}, { "p.rego": "package fresh\n\nr if { x }\n\nq if { y }\n" }));
      const { main } = engine.opaStatus() as {
        main: { code: string; errors: object[]; active_revision: string };
      };
      assert.equal(main.code, "bundle_error");
      assert.deepEqual(main.errors, [
        {
          code: "rego_unsafe_var_error",
          message: "var x is unsafe",
          location: { file: "main/p.rego", row: 3 },
        },
        {
          code: "rego_unsafe_var_error",
          message: "var y is unsafe",
          location: { file: "main/p.rego", row: 5 },
        },
      ]);
      assert.equal(main.active_revision, "1");
    });
  });
});

describe("a bundle of a service that is away", () => {
  test("is waited for: nothing is decided until it comes, then everything is", async () => {
    const source = new ToldSource(undefined);
    const log = new KeptLog();
    await withFileEngine({ a: await wasm("a", "r := data.shared.limits.limit") }, {}, async ({ pathOf }) => {
      const engine = await createPolicyEngine({
        bundles: [
          { name: "a", path: pathOf("a") },
          { name: "limits", source },
        ],
        entrypoints: ["a/r"],
        log,
        watch: false,
      });
      assert.equal(engine.ready, false);
      assert.equal(engine.revision, "");
      assert.equal(engine.for("").has("a/r"), false);
      await assert.rejects(
        engine.for("").evaluate("a/r", {}),
        (error) => error instanceof RegentError && error.code === "policy_unavailable",
      );
      const [a, limits] = engine.status();
      assert.match(a?.lastError?.message ?? "", /waits for the bundle limits \(https:\/\/bundles\.test/);
      assert.match(limits?.lastError?.message ?? "", /the service is away/);
      assert.equal((engine.opaStatus().limits as { http_code: string }).http_code, "503");

      assert.deepEqual(await source.offer(data("l-1", 9)), { accepted: true });
      assert.equal(engine.ready, true);
      assert.equal(await ask(engine, "a/r"), 9);
      assert.deepEqual(
        engine.status().map(({ lastError }) => lastError),
        [undefined, undefined],
      );
      await engine.close();
    });
  });

  test("does not hide that a bundle on this machine is bad", async () => {
    await withFileEngine({ a: await wasm("a", "r := 1") }, {}, async ({ pathOf }) => {
      await assert.rejects(
        createPolicyEngine({
          bundles: [
            { name: "gone", path: `${pathOf("a")}.gone` },
            { name: "limits", source: new ToldSource(undefined) },
          ],
          log: new KeptLog(),
          watch: false,
        }),
        isRefusal(/^the policy bundle gone .* does not exist$/),
      );
    });
  });
});

describe("the status of a bundle", () => {
  test("is told as OPA tells it, with every request, download and activation", async () => {
    const source = new ToldSource(await wasm("a", "r := 1"));
    const engine = await createPolicyEngine({ bundles: [{ name: "a", source }], log: new KeptLog() });
    let changes = 0;
    const end = engine.onStatus(() => (changes += 1));
    const status = () => engine.opaStatus().a as { readonly [member: string]: JsonValue };
    const first = status();
    assert.equal(first.name, "a");
    assert.equal(first.type, "snapshot");
    assert.equal(first.active_revision, "a-1");
    assert.ok(Number(first.size) > 1000);
    assert.ok((first.metrics as { timer_bundle_activation_ns: number }).timer_bundle_activation_ns > 0);
    for (const name of [
      "last_request",
      "last_successful_request",
      "last_successful_download",
      "last_successful_activation",
    ])
      assert.match(String(first[name]), /^20\d\d-/, name);
    assert.equal(first.code, undefined);

    await new Promise((resolve) => setTimeout(resolve, 2));
    source.unchanged();
    const second = status();
    assert.ok(String(second.last_request) > String(first.last_request));
    assert.ok(String(second.last_successful_request) > String(first.last_successful_request));
    assert.equal(second.last_successful_download, first.last_successful_download);
    assert.ok(changes > 0);

    await source.offer(plain({}, {}));
    const third = status();
    assert.equal(third.code, "bundle_error");
    assert.match(String(third.message), /the policy bundle a .* cannot be used/);
    assert.equal(third.active_revision, "a-1");
    end();
    await engine.close();
  });
});
