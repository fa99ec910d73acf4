import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { DEMO_BUNDLE, POLICIES } from "../../test/policies/policies.ts";
import {
  chatBody,
  compileAnswering,
  compilePolicies,
  createStage,
  onlyRecord,
  REQUEST_ENTRYPOINT,
  RESPONSE_ENTRYPOINT,
  refusalOf,
  type Stage,
  send,
  TRAP_ENTRYPOINT,
} from "../../test/support/pipeline.ts";
import { withFolder } from "../../test/support/rego.ts";
import type { Identity } from "../exchange/identity.ts";
import { createPolicyEngine, type PolicyEngine } from "../policy/engine.ts";
import { buildBundle } from "../policy/opa/build.ts";
import type { Policies } from "../policy/policies.ts";
import { LISTED_MODELS_MAX } from "./models.ts";

const [answering, shipped, factual] = await Promise.all([
  compileAnswering(),
  compileShipped(),
  // Lets chats pass, and everything else, by facts that only a real chat has.
  compilePolicies(
    {
      "request.rego": `package regent.request

decision := {"allow": _allow, "route": {"targets": _targets}} if input.request.path == "/v1/chat/completions"
else := {"allow": true}

default _allow := false

_allow if {
	input.request.method == "POST"
	input.request.body.model == input.inference.model
	input.request.size > 0
	input.inference.input_tokens_estimate > 0
	input.estimate.output_tokens_max <= 100
}

_targets := [target.name | some target in input.targets; target.region == "us"]
`,
      "response.rego": 'package regent.response\n\ndecision := {"allow": true}\n',
    },
    [REQUEST_ENTRYPOINT, RESPONSE_ENTRYPOINT],
  ),
]);

function compileShipped() {
  return withFolder(async (folder) => {
    const path = join(folder, "bundle.tar.gz");
    await buildBundle({ ...DEMO_BUNDLE, output: path, entrypoints: [] });
    const log = { info() {}, warn() {}, error() {} };
    return createPolicyEngine({ bundles: [{ name: "shipped", path }], log, watch: false });
  });
}

const DEMO_REGISTRY = readFileSync(join(POLICIES, "demo/registry.yaml"), "utf8");

type Listed = { readonly status: number; readonly names: readonly string[] };

async function list(stage: Stage, ask: Parameters<typeof send>[1] = {}): Promise<Listed> {
  const { answer } = await send(stage, { path: "/v1/models", ...ask });
  assert.ok(answer.kind === "answer");
  const { status, body } = answer.answer;
  const document = JSON.parse(body.toString()) as { data?: { id: string }[] };
  return { status, names: (document.data ?? []).map(({ id }) => id) };
}

async function mayChat(stage: Stage, model: string, ask: Parameters<typeof send>[1]): Promise<boolean> {
  return (await send(stage, { body: chatBody({ model }), ...ask })).answer.kind === "pass";
}

function handedOver(identity: Identity) {
  return { handOver: { decisionId: "d", allowed: true, identity, revision: "r" } };
}

const IDENTITY: fc.Arbitrary<Identity> = fc.record({
  subject: fc.constant("someone"),
  tenant: fc.constantFrom("acme", "globex", "initech", "umbrella"),
  roles: fc.subarray(["analyst", "admin"]),
  claims: fc.constant({}),
  method: fc.constantFrom("api_key" as const, "mtls" as const),
});

test("lists exactly the models and aliases that a chat may name, whoever asks", async () => {
  const stage = createStage({ policy: shipped, registry: DEMO_REGISTRY });
  const { registry } = stage.rooms;
  const names = [...registry.models().map(({ name }) => name), ...registry.aliases().keys()];
  const lists = new Set<string>();
  await fc.assert(
    fc.asyncProperty(IDENTITY, async (identity) => {
      const listed = await list(stage, handedOver(identity));
      lists.add(listed.names.join());
      for (const name of names)
        assert.equal(await mayChat(stage, name, handedOver(identity)), listed.names.includes(name), name);
    }),
    { numRuns: 20 },
  );
  assert.ok(lists.size > 1, "every caller saw the same list");
});

test("asks policy with the facts of a chat, and leaves out what would find no target", async () => {
  const stage = createStage({ policy: factual });
  const { names } = await list(stage);
  assert.deepEqual(names, ["small", "default"]);
  for (const name of ["small", "default", "large", "gone"])
    assert.equal(await mayChat(stage, name, {}), names.includes(name), name);
});

test("leaves out what policy allows without a target to serve it", async () => {
  const stage = createStage({ policy: answering });
  assert.deepEqual((await list(stage, { decide: { allow: true } })).names, ["small", "large", "default"]);
  const routed = { decide: { allow: true, route: { targets: ["us"] } } };
  assert.deepEqual((await list(stage, routed)).names, ["small", "default"]);
});

test("describes models as OpenAI does, uncached and with the decision id", async () => {
  const stage = createStage({ policy: answering });
  const { answer, exchange } = await send(stage, { path: "/v1/models" });
  assert.ok(answer.kind === "answer");
  assert.deepEqual(JSON.parse(answer.answer.body.toString()), {
    object: "list",
    data: [
      { id: "small", object: "model", created: 0, owned_by: "platform" },
      { id: "large", object: "model", created: 0, owned_by: "unknown" },
      { id: "default", object: "model", created: 0, owned_by: "platform" },
    ],
  });
  assert.deepEqual(answer.answer.headers, [
    ["content-type", "application/json"],
    ["x-regent-decision-id", exchange.id],
    ["cache-control", "no-store"],
  ]);
});

test("gives one model by its name or alias, and 404 for one that is not known or not for the caller", async () => {
  const one = async (name: string, stage: Stage, ask: Parameters<typeof send>[1] = {}) =>
    (await send(stage, { path: `/v1/models/${name}`, ...ask })).answer;
  const stage = createStage({ policy: answering });
  for (const name of ["small", "default"]) {
    const answer = await one(name, stage);
    assert.ok(answer.kind === "answer" && answer.answer.status === 200);
    assert.equal(JSON.parse(answer.answer.body.toString()).id, name);
  }
  for (const name of ["unheard-of", "gone", "Small", "__proto__"])
    assert.deepEqual(
      [refusalOf(await one(name, stage)).status, refusalOf(await one(name, stage)).code],
      [404, "unknown_model"],
    );
  const demo = createStage({ policy: shipped, registry: DEMO_REGISTRY });
  const analyst = { subject: "a", tenant: "acme", roles: ["analyst"], claims: {}, method: "mtls" } as const;
  assert.equal((await one("sim-small", demo, handedOver(analyst))).kind, "answer");
  const hidden = refusalOf(await one("sim-frontier", demo, handedOver(analyst)));
  assert.deepEqual(hidden, { ...refusalOf(await one("unheard-of", demo, handedOver(analyst))) });
});

test("is refused where policy refuses the question, or fails at any model", async () => {
  const stage = createStage({ policy: answering });
  assert.equal((await list(stage, { decide: { allow: false } })).status, 403);
  assert.equal(onlyRecord(stage).verdict, "deny");
  let left = 2;
  const failing = createStage({
    policy: answering,
    beforePolicy: () => (left-- > 0 ? undefined : Promise.reject(new Error("fault"))),
  });
  assert.equal((await list(failing)).status, 500);
  const trapping = createStage({ policy: answering, requestEntrypoint: TRAP_ENTRYPOINT });
  assert.equal((await list(trapping)).status, 500);
});

test("asks about models where no answer counts as a decision", async () => {
  let unobserved = 0;
  const policy: PolicyEngine = {
    ready: true,
    revision: answering.revision,
    for(subject) {
      const policies = answering.for(subject);
      const evaluate: Policies["evaluate"] = (entrypoint, input) => {
        unobserved += 1;
        return policies.evaluate(entrypoint, input);
      };
      return { ...policies, unobserved: { ...policies, evaluate } };
    },
  };
  const stage = createStage({ policy });
  const { names } = await list(stage);
  assert.ok(names.length > 0);
  assert.ok(unobserved >= names.length);
  assert.equal(stage.asked.length, 1, "the request itself");
});

test(`is made of ${LISTED_MODELS_MAX} models at most`, async () => {
  const model = (index: number) =>
    `  - { name: m${index}, stage: active, versions: [{ name: v, weight: 1, targets: [us] }] }`;
  const registryOf = (count: number) =>
    `version: 1\ntargets: [{ name: us, region: us, provider: sim, format: openai-chat }]\nmodels:\n${Array.from({ length: count }, (_, index) => model(index)).join("\n")}\n`;
  const stage = createStage({ policy: answering, registry: registryOf(LISTED_MODELS_MAX + 1) });
  const { names } = await list(stage);
  assert.equal(names.length, LISTED_MODELS_MAX);
  assert.equal(stage.asked.length, LISTED_MODELS_MAX + 1);
});

test("lists the same models in Anthropic's words to its clients, which send their version", async () => {
  const stage = createStage({ policy: shipped, registry: DEMO_REGISTRY });
  const own = await list(stage);
  const ask = { path: "/v1/models", headers: [["anthropic-version", "2023-06-01"]] as const };
  const { answer } = await send(stage, ask);
  assert.ok(answer.kind === "answer");
  const page = JSON.parse(answer.answer.body.toString());
  assert.deepEqual(
    page.data.map((model: { id: string; type: string }) => [model.type, model.id]),
    own.names.map((name) => ["model", name]),
  );
  assert.deepEqual([page.has_more, page.first_id, page.last_id], [false, own.names[0], own.names.at(-1)]);
  const one = await send(stage, { ...ask, path: "/v1/models/sim-small" });
  assert.ok(one.answer.kind === "answer");
  assert.equal(JSON.parse(one.answer.answer.body.toString()).display_name, "sim-small");
});
