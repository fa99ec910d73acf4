import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KIND_STATUS, type Reason } from "../../src/exchange/decision.ts";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import { refuse } from "../../src/formats/openai/refuse.ts";
import { parseDecision } from "../../src/policy/decision.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../../src/policy/engine.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { CAPABILITIES_FILE, findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import { collectSources, opaArgument } from "../../src/policy/opa/sources.ts";
import { asJson, changed, chatDocument, type Draft, damaged, demoRegistry } from "./documents.ts";
import { COMPLIANCE_BUNDLE, DEMO_BUNDLE, POLICY_DOCS, policyCodes, shippedRules } from "./policies.ts";

const REQUEST = "regent/request/decision";
const RESPONSE = "regent/response/decision";

let folder: string;
let engine: ManagedPolicyEngine;
/** The same rules with the data of the compliance example. */
let compliance: ManagedPolicyEngine;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "regent-policies-"));
  engine = await startEngine("demo", DEMO_BUNDLE, ["envoy/authz/allow"]);
  compliance = await startEngine("compliance", COMPLIANCE_BUNDLE, []);
});

after(async () => {
  await engine.close();
  await compliance.close();
  await rm(folder, { recursive: true });
});

async function startEngine(
  name: string,
  sources: typeof DEMO_BUNDLE,
  entrypoints: readonly string[],
): Promise<ManagedPolicyEngine> {
  const path = join(folder, `${name}.tar.gz`);
  await buildBundle({ ...sources, output: path, entrypoints: [] });
  const silent = { info() {}, warn() {}, error() {} };
  return createPolicyEngine({
    bundles: [{ name, path }],
    decisions: [REQUEST, RESPONSE],
    entrypoints,
    log: silent,
    watch: false,
  });
}

/** What OPA itself answers to each document: the reference for what the compiled policy answers. */
async function referenceAnswers(
  entrypoint: string,
  documents: readonly JsonValue[],
  bundle = DEMO_BUNDLE,
): Promise<readonly JsonValue[]> {
  const file = join(folder, "documents.json");
  await writeFile(file, JSON.stringify(documents));
  const rule = `data.${entrypoint.replaceAll("/", ".")}`;
  const query = `[answer | some document in input; answer := ${rule} with input as document]`;
  const sources = (await collectSources(bundle.paths, bundle.ignore)).map(
    (source) => `--data=${opaArgument(source)}`,
  );
  const options = ["--capabilities", CAPABILITIES_FILE, "--format", "raw", "--input", file];
  const run = await runOpa(await findOpa(), ["eval", ...options, ...sources, query]);
  assert.equal(run.status, 0, run.stderr + run.stdout);
  return JSON.parse(run.stdout) as JsonValue[];
}

/** The answer of the compiled policy, which must be a decision of the contract. */
async function decide(entrypoint: string, document: JsonValue, asked = engine): Promise<JsonObject> {
  const { result, revision } = await asked.for("").evaluate(entrypoint, document);
  parseDecision(result, revision);
  return result as JsonObject;
}

const reasonsOf = (decision: JsonObject) => decision.reasons as unknown as readonly Reason[];

const registry = await demoRegistry();
const ANALYST = ["analyst"];
const ADMIN = ["admin", "analyst"];
const chat = (model: string, tenant = "acme", roles = ANALYST) =>
  chatDocument(registry, model, tenant, roles);

/** Every rule once refusing, with the document that its docs page shows the refusal of. */
const DENIALS: readonly { readonly code: string; readonly rule: string; readonly document: Draft }[] = [
  {
    rule: "identity/required",
    code: "identity_required",
    document: changed(chat("default"), {
      identity: { roles: [], claims: {}, method: "none" },
    }),
  },
  { rule: "identity/tenant", code: "tenant_unknown", document: chat("default", "umbrella") },
  {
    rule: "endpoints/known",
    code: "unknown_endpoint",
    document: changed(chat("default"), { inference: undefined, model: undefined, targets: undefined }),
  },
  { rule: "models/known", code: "unknown_model", document: chat("gpt-9") },
  { rule: "models/lifecycle", code: "model_retired", document: chat("sim-ancient") },
  { rule: "models/access", code: "model_not_permitted", document: chat("sim-frontier") },
  { rule: "data/residency", code: "no_permitted_target", document: chat("sim-legacy", "globex") },
  {
    rule: "data/classification",
    code: "data_class_not_permitted",
    document: changed(chat("default"), { request: { headers: { "x-data-class": ["secret"] } } }),
  },
  {
    rule: "limits/prompt_size",
    code: "prompt_too_large",
    document: changed(chat("sim-preview", "acme", ADMIN), {
      inference: { text_bytes: 40_000, input_tokens_estimate: 10_000 },
    }),
  },
  {
    rule: "limits/max_tokens",
    code: "max_tokens_too_large",
    document: changed(chat("default"), { inference: { max_output_tokens: 1000 } }),
  },
];

type Denial = (typeof DENIALS)[number];

const headers = (values: { [name: string]: readonly string[] }) => ({ request: { headers: values } });
const found = (type: string, count: number, where: readonly string[] = []) => ({
  findings: [{ type, count, score_max: 1, where }],
});

/** The same with the data of the compliance example. */
const COMPLIANCE_DENIALS: readonly Denial[] = [
  { rule: "gdpr/transfers", code: "no_permitted_target", document: chat("sim-frontier", "shop", ADMIN) },
  {
    rule: "gdpr/purpose",
    code: "purpose_not_permitted",
    document: changed(chat("default", "shop"), headers({ "x-purpose": ["marketing"] })),
  },
  {
    rule: "gdpr/minimisation",
    code: "personal_data_excessive",
    document: changed(chat("default", "shop"), found("EMAIL_ADDRESS", 11)),
  },
  {
    rule: "gdpr/profiling",
    code: "profiling_refused",
    document: changed(
      chat("default", "shop"),
      headers({ "x-purpose": ["scoring"], "x-data-subject": ["customer-17"] }),
    ),
  },
  { rule: "hipaa/phi", code: "phi_not_permitted", document: chat("default", "clinic") },
  { rule: "eu_ai_act/records", code: "ai_system_unknown", document: chat("default", "employer") },
  {
    rule: "models/calendar",
    code: "model_ended",
    document: chat("sim-legacy", "partner"),
  },
  {
    rule: "data/datasets",
    code: "dataset_not_permitted",
    document: changed(
      chat("default", "shop"),
      headers({ "x-dataset": ["tickets"], "x-purpose": ["scoring"] }),
    ),
  },
  {
    rule: "tools/access",
    code: "tool_not_permitted",
    document: changed(chat("default", "partner"), { inference: { tools: ["transfer_money"] } }),
  },
  {
    rule: "limits/modalities",
    code: "modality_not_permitted",
    document: changed(chat("default", "shop"), { inference: { modalities: ["text", "image"] } }),
  },
  {
    rule: "limits/parameters",
    code: "parameter_out_of_bounds",
    document: changed(chat("default", "partner"), { inference: { parameters: { n: 64 } } }),
  },
  {
    rule: "privacy/block_secrets",
    code: "secret_in_prompt",
    document: changed(chat("default", "partner"), found("SECRET", 1, ["/messages/0/content"])),
  },
  {
    rule: "identity/strength",
    code: "identity_too_weak",
    document: changed(chat("default", "partner"), headers({ "x-data-class": ["special"] })),
  },
  {
    rule: "network/source",
    code: "network_not_permitted",
    document: changed(chat("default", "partner"), { source: { address: "192.0.2.1", port: 40000 } }),
  },
  {
    rule: "access/schedule",
    code: "outside_of_hours",
    document: changed(chat("default", "shop"), { request: { time: "2026-11-21T19:00:00.000Z" } }),
  },
];

/** The same about an answer. */
const ANSWER_DENIALS: readonly Denial[] = [
  {
    rule: "privacy/secrets_in_answers",
    code: "secret_in_answer",
    document: changed(chat("default", "partner"), {
      ...{ phase: "response", response: { status: 200, headers: {} } },
      ...found("SECRET", 1, ["/choices/0/message/content"]),
    }),
  },
];

const ALLOWANCES: readonly (readonly [string, Draft])[] = [
  ["the default model", chat("default")],
  ["a model for the caller's role", chat("sim-large")],
  ["a model for administrators", chat("sim-frontier", "acme", ADMIN)],
  ["an experimental model", chat("sim-preview", "acme", ADMIN)],
  ["a tenant that is bound to a region", chat("default", "globex")],
  ["a tenant with a budget", chat("default", "initech")],
  ["a deprecated model", chat("sim-legacy")],
  [
    "a further class of data that is approved",
    changed(chat("default"), { request: { headers: { "x-data-class": ["personal"] } } }),
  ],
  [
    "the list of models",
    changed(chat("default"), {
      request: { method: "GET", path: "/v1/models" },
      inference: undefined,
      model: undefined,
      targets: undefined,
    }),
  ],
];

test("the compiled policy refuses one request for each rule that refuses, for the reason on its page", async () => {
  const refusing = (await policyCodes())
    .filter(({ status }) => status !== undefined)
    .map(({ policy }) => policy);
  const covered = [...DENIALS, ...COMPLIANCE_DENIALS, ...ANSWER_DENIALS].map(({ rule }) => rule);
  assert.deepEqual(
    (await shippedRules()).filter((rule) => refusing.includes(rule) && !covered.includes(rule)),
    [],
  );
  for (const denial of DENIALS) await assertShown(denial, engine);
  for (const denial of [...COMPLIANCE_DENIALS, ...ANSWER_DENIALS]) await assertShown(denial, compliance);
});

/** A refusal, word for word as the page of its rule shows it. */
async function assertShown({ rule, code, document }: Denial, asked: ManagedPolicyEngine): Promise<void> {
  const entrypoint = document.phase === "response" ? RESPONSE : REQUEST;
  const decision = await decide(entrypoint, asJson(document), asked);
  assert.equal(decision.allow, false, rule);
  const reason = reasonsOf(decision).find(({ policy }) => policy === rule);
  assert.equal(reason?.code, code, `${rule}: ${JSON.stringify(decision.reasons)}`);
  const page = await readFile(join(POLICY_DOCS, `${rule}.md`), "utf8");
  const { kind, message } = reason as Reason;
  const answer = refuse({ status: KIND_STATUS[kind], code, message }).body.toString();
  assert.ok(page.includes(`\n${answer}\n`), `${rule}.md does not show: ${answer}`);
  assert.ok(page.includes(`HTTP/1.1 ${KIND_STATUS[kind]} `), rule);
}

test("the compiled policy allows what the demo allows", async () => {
  for (const [what, document] of ALLOWANCES) {
    const decision = await decide(REQUEST, asJson(document));
    assert.equal(decision.allow, true, `${what}: ${JSON.stringify(decision.reasons)}`);
  }
});

test("the compiled policy answers every document as OPA does", async () => {
  const documents = [
    ...DENIALS.map(({ document }) => document),
    ...ALLOWANCES.map(([, document]) => document),
  ].map(asJson);
  const reference = await referenceAnswers(REQUEST, documents);
  assert.equal(reference.length, documents.length);
  for (const [index, document] of documents.entries()) {
    assert.deepEqual(await decide(REQUEST, document), reference[index], JSON.stringify(document));
  }
});

test("the compiled policy answers every document as OPA does, with the data of the compliance example", async () => {
  const documents = [
    ...COMPLIANCE_DENIALS.map(({ document }) => document),
    changed(chat("sim-large", "clinic"), { model: { data_classes: ["phi"] } }),
    changed(chat("default", "shop"), headers({ "x-purpose": ["support"], "x-dataset": ["tickets"] })),
    changed(chat("default", "employer"), headers({ "x-ai-system": ["hiring"] })),
    changed(chat("default", "partner"), { source: { address: "10.1.2.3", port: 40000 } }),
  ].map(asJson);
  const reference = await referenceAnswers(REQUEST, documents, COMPLIANCE_BUNDLE);
  for (const [index, document] of documents.entries()) {
    const decision = await decide(REQUEST, document, compliance);
    assert.deepEqual(decision, reference[index], JSON.stringify(document));
    assert.equal(decision.allow, index >= COMPLIANCE_DENIALS.length, JSON.stringify(decision.reasons));
  }
});

test("the compiled policy judges answers as OPA does, with the data of the compliance example", async () => {
  const answer = (document: Draft) =>
    asJson(changed(document, { phase: "response", response: { status: 200, headers: {} } }));
  const documents = [
    ...ANSWER_DENIALS.map(({ document }) => asJson(document)),
    answer(chat("default", "partner")),
    answer(chat("sim-large", "clinic")),
  ];
  const reference = await referenceAnswers(RESPONSE, documents, COMPLIANCE_BUNDLE);
  const decisions: JsonObject[] = [];
  for (const document of documents) decisions.push(await decide(RESPONSE, document, compliance));
  assert.deepEqual(decisions, reference);
  assert.deepEqual(
    decisions.map(({ allow, response }) => [allow, response]),
    [
      [false, undefined],
      [true, { inspect: false, max_output_tokens: 2048 }],
      [true, { inspect: false, max_output_tokens: 512 }],
    ],
  );
});

/** A rule that defines everything a rule may define. */
const SPEAKING_RULE = `package regent.rules.sample.speaking

warn contains {"code": "soon", "message": "Soon."}

redact contains {"type": "SECRET", "action": "mask", "where": "request"}

limits contains {"key": "k", "unit": "requests", "amount": 5, "window": "1m"}

targets_forbidden contains {"target": "sim-us", "reason": "far"}

holds contains {"approval": "security"}

audit contains {"level": "digest"}

labels["team"] := "x"

set_headers["x-team"] := "x"

route := {"model": "sim-large", "headers": {"x-route": "b"}, "strict": true}

response := {"stream_window_bytes": 1024}
`;

/** Another that asks for other things of an answer, part by part. */
const ASKING_RULE = `package regent.rules.sample.asking

response.inspect := false if input.phase == "request"

response.stream_window_bytes := 64

response.max_output_tokens := 100 if input.phase == "request"

response.max_output_tokens := 50 if input.phase == "response"
`;

test("everything a rule may say reaches the decision of the compiled policy, as in OPA", async () => {
  const own = join(folder, "speaking");
  await mkdir(own);
  await writeFile(join(own, "speaking.rego"), SPEAKING_RULE);
  await writeFile(join(own, "asking.rego"), ASKING_RULE);
  const sources = { ...DEMO_BUNDLE, paths: [...DEMO_BUNDLE.paths, own] };
  const speaking = await startEngine("speaking", sources, []);
  try {
    const document = asJson(chat("default"));
    const decision = await decide(REQUEST, document, speaking);
    assert.deepEqual(decision, (await referenceAnswers(REQUEST, [document], sources))[0]);
    assert.deepEqual(decision.route, {
      targets: ["sim-eu"],
      model: "sim-large",
      headers: { "x-route": "b" },
      strict: true,
    });
    assert.deepEqual(decision.audit, { level: "digest", labels: { data_class: "internal", team: "x" } });
    assert.deepEqual(decision.hold, { approval: "security" });
    assert.deepEqual(decision.transform, { set_headers: { "x-team": "x" } });
    assert.deepEqual(decision.response, { inspect: true, stream_window_bytes: 1024, max_output_tokens: 100 });
    const answer = asJson(
      changed(chat("default"), { phase: "response", response: { status: 200, headers: {} } }),
    );
    const judged = await decide(RESPONSE, answer, speaking);
    assert.deepEqual(judged, (await referenceAnswers(RESPONSE, [answer], sources))[0]);
    assert.deepEqual(judged.response, { inspect: true, stream_window_bytes: 1024, max_output_tokens: 50 });
  } finally {
    await speaking.close();
  }
});

test("damaged documents under every regime are answered as OPA does, and allow no more than the whole one", async () => {
  const whole = changed(chat("sim-large", "clinic"), { model: { data_classes: ["phi"] } });
  const documents = damaged(asJson(whole));
  const reference = await referenceAnswers(REQUEST, documents, COMPLIANCE_BUNDLE);
  for (const [index, document] of documents.entries()) {
    const decision = await decide(REQUEST, document, compliance);
    assert.deepEqual(decision, reference[index], JSON.stringify(document));
    const bound = (document as { identity?: { tenant?: unknown } }).identity?.tenant === "clinic";
    const named = (document as { model?: { name?: unknown } }).model?.name;
    assert.ok(!bound || named === undefined || decision.allow === false || named === "sim-large");
  }
});

test("damaged documents are answered as OPA does, and never with more than the whole one allows", async () => {
  const whole = asJson(
    changed(chat("sim-large", "globex"), { request: { headers: { "x-data-class": ["personal"] } } }),
  );
  const documents = damaged(whole);
  assert.ok(documents.length > 250);
  const reference = await referenceAnswers(REQUEST, documents);
  for (const [index, document] of documents.entries()) {
    const decision = await decide(REQUEST, document);
    assert.deepEqual(decision, reference[index], JSON.stringify(document));
    const { targets } = (decision.route ?? {}) as { targets?: readonly string[] };
    const stays =
      decision.allow === false || targets === undefined || targets.every((name) => name === "sim-eu");
    const bound = (document as { identity?: { tenant?: unknown } }).identity?.tenant === "globex";
    assert.ok(!bound || stays, `data of globex may go to ${targets}: ${JSON.stringify(document)}`);
  }
});

test("answers of a deprecated model carry the dates of its end", async () => {
  const document = asJson(
    changed(chat("sim-legacy"), { phase: "response", response: { status: 200, headers: {} } }),
  );
  const decision = await decide(RESPONSE, document);
  assert.deepEqual(decision, (await referenceAnswers(RESPONSE, [document]))[0]);
  assert.equal(decision.allow, true);
  assert.deepEqual(decision.transform, {
    set_headers: { deprecation: "@1780272000", sunset: "Thu, 31 Dec 2099 00:00:00 GMT" },
  });
});

test("a tenant that is bound to a region gets its targets only, and a budget becomes a limit", async () => {
  const globex = await decide(REQUEST, asJson(chat("sim-large", "globex")));
  assert.deepEqual(globex.route, { targets: ["sim-eu"], headers: {} });
  const initech = await decide(REQUEST, asJson(chat("default", "initech")));
  assert.deepEqual(initech.limits, [{ key: "tenant:initech", unit: "tokens", amount: 2000, window: "1h" }]);
  const acme = await decide(REQUEST, asJson(chat("default")));
  assert.deepEqual(acme.route, { targets: ["sim-us", "sim-eu"], headers: {} });
  assert.deepEqual(acme.limits, []);
});

test("each entrypoint refuses the other's phase", async () => {
  const request = asJson(chat("default"));
  const response = asJson(changed(chat("default"), { phase: "response" }));
  for (const [entrypoint, document] of [
    [REQUEST, response],
    [RESPONSE, request],
  ] as const) {
    const decision = await decide(entrypoint, document);
    assert.equal(decision.allow, false);
    assert.equal(reasonsOf(decision)[0]?.code, "policy_input_invalid");
  }
});

test("the example in opa-envoy-plugin's form answers as OPA does", async () => {
  const request = (path: string, headers = {}) => ({
    attributes: { request: { http: { path: `/${path}`, headers } } },
    parsed_path: path.split("/"),
  });
  const documents = [
    request("v1/internal/metrics"),
    request("v1/models"),
    request("v1/models", { "x-forwarded-client-cert": "Hash=aa;URI=spiffe://cluster.local/ns/acme/sa/app" }),
    {},
  ];
  const results: (JsonValue | undefined)[] = [];
  for (const document of documents)
    results.push((await engine.for("").evaluate("envoy/authz/allow", document)).result);
  assert.deepEqual(results, await referenceAnswers("envoy/authz/allow", documents));
  assert.deepEqual(
    results.map((result) => (result as { allowed: boolean }).allowed),
    [false, true, true, false],
  );
});
