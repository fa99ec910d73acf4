import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  type Ask,
  answer,
  bytesOf,
  CHAT_PATH,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  type Stage,
  send,
} from "../../test/support/pipeline.ts";
import { CREDENTIAL_HEADERS } from "../exchange/names.ts";
import type { PolicyInput } from "../policy/input.ts";

const policy = await compileAnswering();

type Asked = { readonly id: string; readonly text: string; readonly document: PolicyInput };

/** What policy was asked first, as text and as Rego reads it. */
async function input(ask: Ask, stage: Stage = createStage({ policy })): Promise<Asked> {
  const { exchange } = await send(stage, ask);
  const text = stage.asked[0]?.text ?? "";
  return { id: exchange.id, text, document: JSON.parse(text) as PolicyInput };
}

test("tells policy all that the contract has, and nothing else", async () => {
  const stage = createStage({ policy });
  const limits = [{ key: "tenant:acme", unit: "tokens", amount: 1_000, window: "1h" }];
  const decide = { allow: true, limits };
  const before = await send(stage, { body: chatBody({ max_tokens: 20 }), decide });
  await answer(before, { body: completion() });
  await send(stage, { body: chatBody({ max_tokens: 20 }), decide });
  stage.asked.length = 0;
  const body = {
    model: "default",
    stream: true,
    temperature: 0.5,
    max_completion_tokens: 40,
    user: "u",
    tools: [{ type: "function", function: { name: "lookup", parameters: {} } }],
    messages: [{ role: "user", content: "ann@example.org, bob@example.org" }],
  };
  const { id, document } = await input(
    {
      path: `${CHAT_PATH}?a=1&b=2&a=%20x`,
      body,
      headers: [
        ["x-team", "a"],
        ["x-team", "b"],
      ],
      principal: "spiffe://mesh.test/ns/acme/sa/app",
      decide,
    },
    stage,
  );
  const target = { model_version: "small", provider: "sim", format: "openai-chat", weight: 1 };
  assert.deepEqual(document, {
    version: { regent: 1 },
    phase: "request",
    request: {
      id,
      time: "2026-03-04T05:06:07.890Z",
      method: "POST",
      scheme: "https",
      host: "models.test",
      path: "/v1/chat/completions?a=1&b=2&a=%20x",
      parsed_path: ["v1", "chat", "completions"],
      parsed_query: { a: ["1", " x"], b: ["2"] },
      headers: {
        "x-decide-request": [JSON.stringify(decide)],
        "x-decide-answer": ['{"allow":true}'],
        "x-team": ["a", "b"],
      },
      size: bytesOf(body).length,
      body,
    },
    identity: {
      principal: "spiffe://mesh.test/ns/acme/sa/app",
      subject: "acme-analyst",
      tenant: "acme",
      roles: ["analyst"],
      claims: {},
      method: "api_key",
    },
    inference: {
      format: "openai-chat",
      operation: "chat",
      model: "default",
      stream: true,
      text_bytes: 39,
      input_tokens_estimate: 25,
      max_output_tokens: 40,
      tools: ["lookup"],
      modalities: ["text"],
      parameters: { temperature: 0.5 },
      tensors: [],
    },
    model: {
      name: "small",
      stage: "active",
      owner: "platform",
      roles: ["analyst", "admin"],
      data_classes: ["public"],
      context_window: 4096,
      max_output_tokens: 100,
      price: { input: 1, output: 2 },
      versions: [{ name: "small", weight: 1, targets: ["us", "eu"] }],
    },
    findings: [{ type: "EMAIL_ADDRESS", count: 2, score_max: 1, where: ["/messages/0/content"] }],
    budgets: [
      {
        key: "tenant:acme",
        unit: "tokens",
        window: "3600000ms",
        limit: 1000,
        used: 17,
        reserved: 30,
        remaining: 953,
      },
    ],
    estimate: { input_tokens: 25, output_tokens_max: 40, cost_usd: 0.000105 },
    targets: [
      { ...target, name: "us", region: "us" },
      { ...target, name: "eu", region: "eu" },
    ],
    source: { address: "10.0.0.1:4711", port: 4711, principal: "spiffe://mesh.test/ns/acme/sa/app" },
    destination: { address: "10.0.0.2:8080", port: 8080 },
  });
});

test("leaves out what is not known, and makes nothing up", async () => {
  const { document } = await input({ path: "/other", credentials: false });
  assert.deepEqual(Object.keys(document).sort(), [
    "budgets",
    "destination",
    "findings",
    "identity",
    "phase",
    "request",
    "source",
    "version",
  ]);
  assert.deepEqual(document.identity, { roles: [], claims: {}, method: "none" });
  assert.equal(document.request.body, null);
  assert.ok(!Object.hasOwn(document.request, "size"));
  const unknown = (await input({ body: chatBody({ model: "unheard-of" }) })).document;
  assert.ok(!Object.hasOwn(unknown, "model"));
  assert.deepEqual(unknown.targets, []);
  assert.ok(!Object.hasOwn(unknown.estimate ?? {}, "cost_usd"));
  assert.ok(!Object.hasOwn(unknown.inference ?? {}, "max_output_tokens"));
});

test("describes a model of the registry with all its dates, and a retired one without targets", async () => {
  const large = (await input({ body: chatBody({ model: "large" }) })).document;
  assert.deepEqual(large.model, {
    name: "large",
    stage: "deprecated",
    sunset: "2099-01-01",
    deprecated_since: "2026-01-01",
    successor: "small",
    max_output_tokens: 1000,
    versions: [{ name: "large-1", weight: 1, targets: ["eu"] }],
  });
  const gone = (await input({ body: chatBody({ model: "gone" }) })).document;
  assert.deepEqual(gone.model, { name: "gone", stage: "retired", versions: [] });
  assert.deepEqual(gone.targets, []);
});

test("shows policy no credential and nothing that only Regent or Envoy may say", async () => {
  const stage = createStage({ policy });
  const secret = "canary-1c0d";
  const identity = { roles: [], claims: {}, method: "none" } as const;
  const headers = [
    ...CREDENTIAL_HEADERS.map((name) => [name, `${secret}-${name}`] as const),
    ["cookie", `${secret}-cookie`],
    ["x-regent-tenant", `${secret}-forged`],
    ["x-forwarded-client-cert", `${secret}-cert`],
    [":path", `${secret}-pseudo`],
  ] as const;
  const handOver = { decisionId: "d", allowed: true, identity, revision: "r" };
  const ask: Ask = { body: chatBody(), headers, handOver };
  const { text } = await input(ask, stage);
  assert.ok(!text.includes(secret));
  assert.ok(!text.includes(stage.keys.analyst));
  const sent = await send(stage, ask);
  await answer(sent, {
    headers: [
      ["content-type", "application/json"],
      ["x-regent-x", secret],
      ["authorization", secret],
    ],
    body: completion(),
  });
  assert.ok(!stage.asked.at(-1)?.text.includes(secret));
});

test("puts the body in byte for byte, whatever its spelling", async () => {
  const body =
    '\n{ "model" :"small", "seed":12345678901234567890e-10,\t"messages":[{"role":"user","content":"\\u00e9 é"}],"x":1.0 }\r\n';
  const { text } = await input({ body });
  assert.ok(text.endsWith(`,"body":${body}}}`));
  const coded = await input({ body: gzipSync(body), headers: [["content-encoding", "gzip"]] });
  assert.ok(coded.text.endsWith(`,"body":${body}}}`));
  assert.equal(coded.document.request.size, gzipSync(body).length);
});

test("takes the names of prototypes for names like any other", async () => {
  const names = ["__proto__", "constructor", "hasownproperty", "tostring"];
  const { text, document } = await input({
    path: `${CHAT_PATH}?${names.map((name) => `${name}=q-${name}`).join("&")}`,
    body: '{"model":"__proto__","messages":[],"__proto__":{"admin":true}}',
    headers: names.map((name) => [name, `h-${name}`]),
  });
  for (const name of names) {
    assert.deepEqual(Object.getOwnPropertyDescriptor(document.request.headers, name)?.value, [`h-${name}`]);
    assert.deepEqual(Object.getOwnPropertyDescriptor(document.request.parsed_query, name)?.value, [
      `q-${name}`,
    ]);
  }
  assert.ok(text.includes('"__proto__":["h-__proto__"]'));
  assert.ok(!Object.hasOwn(document, "model"));
  assert.equal(({} as { admin?: boolean }).admin, undefined);
});

test("decodes the segments of the path, and leaves one that does not decode", async () => {
  const { document } = await input({ path: "/a%20b/%zz//c" });
  assert.deepEqual(document.request.parsed_path, ["a b", "%zz", "", "c"]);
  assert.deepEqual((await input({ path: "/" })).document.request.parsed_path, [""]);
});

test("tells response policy of request, route and answer, and nothing of what was said", async () => {
  const stage = createStage({ policy });
  const sent = await send(stage, {
    body: chatBody({ model: "large", messages: [{ role: "user", content: "canary-22" }] }),
  });
  stage.clock.monotonicMs += 12;
  await answer(sent, {
    status: 201,
    headers: [
      ["content-type", "application/json"],
      ["x-a", "1"],
      ["x-a", "2"],
    ],
    body: completion({
      usage: {
        prompt_tokens: 3,
        completion_tokens: 4,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    }),
  });
  const text = stage.asked[1]?.text ?? "";
  const document = JSON.parse(text) as PolicyInput;
  assert.equal(document.phase, "response");
  assert.deepEqual(document.response, {
    status: 201,
    headers: { "content-type": ["application/json"], "x-a": ["1", "2"] },
    usage: { input: 3, output: 4, cached_input: 1, reasoning: 2, total: 7 },
    finish_reasons: ["stop"],
    text_bytes: 3,
    latency_ms: 12,
  });
  assert.deepEqual(
    document.targets?.map(({ name }) => name),
    ["eu"],
  );
  assert.equal(document.model?.name, "large");
  assert.equal(document.inference?.model, "large");
  assert.equal(document.request.id, sent.exchange.id);
  assert.ok(!text.includes("canary-22") && !text.includes("Hi."));
});
