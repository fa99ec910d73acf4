import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { postRequest, runLoad } from "../../bench/load/client.ts";
import { packageFile } from "../../src/document/package-root.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { DEFAULT_IGNORE } from "../../src/policy/opa/sources.ts";
import { temporaryFolder } from "../local/support/envoy.ts";
import { compileBundle } from "../support/rego.ts";
import { ALLOWED_BODY, ANALYST, CHAT_PATH, chat, codeOf, DENIED_BODY, post } from "./governed/ask.ts";
import { failedStart } from "./governed/failed-start.ts";
import {
  ANSWER_CASE,
  AUTHZ_CASE,
  AUTHZ_RUBBISH,
  CASE,
  compileFaultyPolicy,
  RUBBISH,
  UNSUPPORTED,
} from "./governed/faulty-policy.ts";
import { eventually, recordOf } from "./governed/records.ts";
import { type Governed, startGoverned } from "./governed/stack.ts";
import { Watch } from "./governed/watch.ts";
import type { Received } from "./support/client.ts";

const folder = temporaryFolder();
after(() => folder.remove());
const ENTRYPOINTS = ["regent/request/decision", "regent/response/decision", "envoy/authz/allow"];

function withBundle(path: string): Promise<Governed> {
  return startGoverned({
    config: (usual) => ({
      ...usual,
      bundles: [{ name: "main", path }],
      audit: { ...usual.audit, flush: "5ms" },
    }),
  });
}

describe("a policy that does not decide", () => {
  let stack: Governed;
  let watch: Watch;
  before(async () => {
    const path = join(folder.path, "faulty.tar.gz");
    writeFileSync(path, await compileFaultyPolicy());
    stack = await withBundle(path);
    watch = new Watch(stack);
  });
  after(() => stack?.stop());

  const ask = (header: string, value: string, more: object = {}): Promise<Received> =>
    post(stack.port, JSON.stringify(chat("sim-small", "Hello.", more)), { headers: { [header]: value } });

  for (const what of Object.keys(RUBBISH))
    test(`but answers ${what} is a refusal with 500 policy_output_invalid`, async () => {
      await watch.refused("policy_output_invalid", () => ask(CASE, what));
    });

  test("but answers nothing at all is a refusal with 500 policy_output_invalid", async () => {
    await watch.refused("policy_output_invalid", () => ask(CASE, "a case that no rule knows"));
  });

  for (const what of Object.keys(UNSUPPORTED))
    test(`but asks for ${what}, which cannot be done, is a refusal with 500 obligation_unsupported`, async () => {
      await watch.refused("obligation_unsupported", () => ask(CASE, what));
    });

  test("for allow, is a denial", async () => {
    for (const what of ["no reason", "nothing in it"])
      await watch.refused("policy_denied", () => ask(CASE, what));
  });

  test("but traps is a refusal with 500 policy_trap, and decides the next request", async () => {
    for (const what of ["trap", "memory"]) {
      await watch.refused("policy_trap", () => ask(CASE, what));
      assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
    }
  });

  test("but loops is a refusal with 500 policy_timeout, and decides the next request", async () => {
    await watch.refused("policy_timeout", () => ask(CASE, "loop"));
    assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
  });

  test("about an answer lets nothing of it through, streamed or not", async () => {
    for (const [what, code] of [
      ...Object.keys(RUBBISH).map((what) => [what, "policy_output_invalid"] as const),
      ["a case that no rule knows", "policy_output_invalid"],
      ["a window that nobody holds", "obligation_unsupported"],
      ["no reason", "policy_denied"],
      ["trap", "policy_trap"],
      ["memory", "policy_trap"],
      ["loop", "policy_timeout"],
    ] as const)
      for (const more of [{}, { stream: true }]) {
        const answer = await ask(ANSWER_CASE, what, more);
        assert.equal(codeOf(answer), code, what);
        assert.ok(!answer.body.includes("Hello."), "the model's words");
        const record = await recordOf(stack, answer.headers["x-regent-decision-id"] as string);
        assert.deepEqual([record.verdict, record.status], ["deny", answer.status], what);
        forwarded.add(record.id);
      }
  });
  /** Decisions that allowed the request and then denied the answer. */
  const forwarded = new Set<string>();

  test("in the opa-envoy style lets nothing through: Envoy answers 503", async () => {
    for (const what of [...Object.keys(AUTHZ_RUBBISH), "trap"]) {
      const answer = await watch.unreached(() => ask(AUTHZ_CASE, what));
      assert.deepEqual([answer.status, codeOf(answer)], [503, "policy_unreachable"], what);
    }
  });

  test("leaves no request without its allow at a model, and every refusal in the log", () =>
    watch.settle(forwarded));
});

/** Bundles that must not be used, and what is said about each. */
const UNUSABLE: { readonly [what: string]: readonly [() => Promise<Buffer | undefined>, RegExp] } = {
  "is missing": [async () => undefined, /does not exist/],
  "is empty": [async () => Buffer.alloc(0), /./],
  "is no bundle": [async () => Buffer.from("bundle"), /./],
  "is cut": [async () => (await compileFaultyPolicy()).subarray(0, -200), /./],
  "lacks an entrypoint": [
    () =>
      compileBundle({ "a.rego": 'package regent.request\ndecision := {"allow": true}' }, [
        "regent/request/decision",
      ]),
    /no entrypoint regent\/response\/decision/,
  ],
  "decides nothing about an empty input": [
    () =>
      compileBundle(
        {
          "a.rego": "package regent.request\ndecision := true",
          "b.rego": "package regent.response\ndecision := true",
          "c.rego": "package envoy.authz\nallow := true",
        },
        ENTRYPOINTS,
      ),
    /must be an object/,
  ],
  "traps on an empty input": [
    () =>
      compileBundle(
        {
          "a.rego": 'package regent.request\ndecision := {"allow": x} if some x in [true, false]',
          "b.rego": 'package regent.response\ndecision := {"allow": true}',
          "c.rego": "package envoy.authz\nallow := true",
        },
        ENTRYPOINTS,
      ),
    /conflict|fails on an empty input/,
  ],
};

describe("a sidecar whose bundle", () => {
  for (const [what, [make, words]] of Object.entries(UNUSABLE))
    test(`${what} refuses to start, names the bundle and says why`, async () => {
      const path = join(folder.path, `${what.replaceAll(" ", "-")}.tar.gz`);
      const bytes = await make();
      if (bytes !== undefined) writeFileSync(path, bytes);
      const { code, stderr } = await failedStart(folder.path, { bundles: [{ name: "main", path }] });
      assert.equal(code, 1, stderr);
      assert.ok(stderr.includes(path), stderr);
      assert.match(stderr, words);
      assert.match(stderr, /The sidecar does not start:/);
    });
});

/** Between two replacements of the bundle at load. The watcher takes some 100 ms to see one. */
const SWAP_EVERY_MS = 300;
const SWAPS = 12;

describe("a bundle that is replaced while the sidecar runs", () => {
  const path = join(folder.path, "live.tar.gz");
  const good: Buffer[] = [];
  let stack: Governed;
  let watch: Watch;

  before(async () => {
    for (const revision of ["one", "two"]) {
      const output = join(folder.path, `${revision}.tar.gz`);
      // As the set-up builds the bundle of the demo.
      const paths = ["", "demo", "examples/envoy_authz"].map((name) => packageFile("policies", name));
      const ignore = [...DEFAULT_IGNORE, "demo", "examples"];
      await buildBundle({ paths, output, revision, entrypoints: ENTRYPOINTS, ignore });
      good.push(readFileSync(output));
    }
    put(good[0]);
    stack = await withBundle(path);
    watch = new Watch(stack);
  });
  after(() => stack?.stop());

  /** Puts a bundle in place whole, as a rollout does. */
  function put(bytes: Buffer | undefined): void {
    writeFileSync(`${path}.new`, bytes ?? "");
    renameSync(`${path}.new`, path);
  }

  type Status = { revision: string; bundles: readonly { lastError?: { message: string } }[] };
  async function status(): Promise<Status> {
    return (await (await fetch(`http://${stack.config.admin?.listen}/status`)).json()) as Status;
  }

  async function revisionOf(body: string): Promise<string | undefined> {
    const answer = await post(stack.port, body);
    return (await recordOf(stack, answer.headers["x-regent-decision-id"] as string)).revision;
  }

  for (const [what, [make]] of Object.entries(UNUSABLE))
    test(`by one that ${what} goes on deciding, and says what is wrong`, async () => {
      const before = (await status()).bundles[0]?.lastError;
      const bytes = await make();
      if (bytes === undefined) rmSync(path);
      else put(bytes);
      await eventually("the fault of the new bundle", async () => {
        const { lastError } = (await status()).bundles[0] ?? {};
        return lastError !== undefined && JSON.stringify(lastError) !== JSON.stringify(before)
          ? true
          : undefined;
      });
      assert.equal(await revisionOf(ALLOWED_BODY), "one");
      await watch.refused("model_not_permitted", () => post(stack.port, DENIED_BODY));
    });

  test("by a good one decides by that from then on", async () => {
    put(good[1]);
    await eventually("the new revision", async () =>
      (await status()).revision === "two" ? true : undefined,
    );
    assert.equal(await revisionOf(ALLOWED_BODY), "two");
    assert.equal((await status()).bundles[0]?.lastError, undefined);
  });

  test("again and again at load fails no request, and each is decided by one of the revisions", async () => {
    const before = (await stack.records()).length;
    const swapping = swap();
    const headers = ANALYST;
    const load = await runLoad({
      port: stack.port,
      connections: 8,
      requestsMax: Number.POSITIVE_INFINITY,
      durationMs: SWAPS * SWAP_EVERY_MS,
      request: (index) =>
        index % 4 === 0
          ? postRequest(CHAT_PATH, headers, DENIED_BODY)
          : postRequest(CHAT_PATH, headers, ALLOWED_BODY),
    });
    await swapping;
    assert.deepEqual([...load.statuses.keys()].sort(), [200, 403]);
    const sent = load.latenciesMs.length;
    assert.ok(Math.abs((load.statuses.get(403) ?? 0) - sent / 4) < 8, "each fourth is denied");
    const records = await eventually("a record of each", async () => {
      const since = (await stack.records()).slice(before);
      return since.length >= sent ? since : undefined;
    });
    assert.equal(records.length, sent);
    assert.deepEqual([...new Set(records.map(({ revision }) => revision))].sort(), ["one", "two"]);
  });

  /** One good bundle after the other, and a bad one in between. */
  async function swap(): Promise<void> {
    const bundles = [good[0], Buffer.from("no bundle"), good[1]];
    for (let swaps = 0; swaps < SWAPS; swaps++) {
      put(bundles[swaps % bundles.length]);
      await wait(SWAP_EVERY_MS);
    }
  }

  test("lets nothing through that policy denies", () => watch.settle());
});
