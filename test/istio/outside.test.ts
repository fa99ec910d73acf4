/**
 * Targets outside the mesh, as `regent istio generate` prints them for https: TLS that checks names, keys, and signatures for
 * AWS, at the ingress gateway. Of Istio there is what its documentation says that it makes of the printed objects.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Record as RegentRecord } from "../../src/exchange/record.ts";
import { renderIstioTargets } from "../../src/local/istio/targets.ts";
import { chat, KEYS, Stage } from "../../src/local/scenes/stage.ts";
import { createAuthority } from "../support/certificates.ts";
import { checkSignature } from "../support/sigv4.ts";
import { generatedByIstio, WITH_FIXTURES } from "./fixtures.ts";
import { gatewayWith, type Mesh, startMesh } from "./mesh.ts";
import { atHome, type OutsideServer, outsideOf, startOutsideServer } from "./outside.ts";
import { objects } from "./patches.ts";
import { stockOutside } from "./stock-gateway.ts";

const CLAUDE = "claude.example.test";
const BEDROCK = "bedrock-runtime.us-east-1.example.test";
/** Whose certificate the server does not have. */
const STRANGER = "stranger.example.test";
/** Falls back to the other two. */
const FIRST = "first.example.test";
const ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-v1:0";
const TARGETS = [
  { name: "claude", origin: `https://${CLAUDE}` },
  { name: "bedrock", origin: `https://${BEDROCK}` },
  { name: "stranger", origin: `https://${STRANGER}` },
  { name: "first", origin: `https://${FIRST}`, fallbacks: ["claude", "bedrock"] },
];
const secrets = {
  "claude.key": randomBytes(24).toString("hex"),
  "first.key": randomBytes(24).toString("hex"),
  "aws.id": randomBytes(10).toString("hex"),
  "aws.secret": randomBytes(20).toString("base64"),
};

const model = (name: string, version: string, ...targets: readonly string[]) => ({
  name,
  stage: "active",
  dataClasses: ["public", "internal", "personal"],
  maxOutputTokens: 256,
  versions: [{ name: version, weight: 1, targets }],
});
const REGISTRY = {
  version: 1,
  targets: [
    {
      name: "claude",
      region: "us",
      provider: "test",
      format: "anthropic-messages",
      key: { file: "claude.key" },
    },
    {
      name: "bedrock",
      region: "us",
      provider: "aws",
      format: "bedrock-converse",
      aws: {
        region: "us-east-1",
        accessKeyId: { file: "aws.id" },
        secretAccessKey: { file: "aws.secret" },
      },
    },
    { name: "stranger", region: "us", provider: "test", format: "openai-chat" },
    { name: "first", region: "us", provider: "test", format: "openai-chat", key: { file: "first.key" } },
  ],
  models: [
    model("claude-model", "claude-model", "claude"),
    model("bedrock-model", ARN, "bedrock"),
    model("stranger-model", "stranger-model", "stranger"),
    model("either-model", "either-model", "first", "claude", "bedrock"),
    model("first-or-bedrock", "first-or-bedrock", "first", "bedrock"),
  ],
};

const MESSAGE = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "Hello from outside." }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 4 },
};
const CONVERSED = {
  output: { message: { role: "assistant", content: [{ text: "Hello from AWS." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 12, outputTokens: 5, totalTokens: 17 },
  metrics: { latencyMs: 1 },
};

describe("targets outside the mesh, at its ingress gateway", WITH_FIXTURES, () => {
  const folder = mkdtempSync(join(tmpdir(), "regent-outside-"));
  let server: OutsideServer;
  let mesh: Mesh;
  let stage: Stage;

  before(async () => {
    const authority = createAuthority();
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, authority.cert);
    server = await startOutsideServer(authority.issue({ dnsNames: [CLAUDE, BEDROCK, FIRST] }));
    const { clusters, routes, patches } = outsideOf(renderIstioTargets(TARGETS), server.port, caFile);
    const made = gatewayWith(routes, clusters, patches);
    const own = new Set(generatedByIstio("gateway").clusters.map(({ name }) => name));
    mesh = await startMesh({ registry: REGISTRY, keys: secrets, targets: [] }, (behind) =>
      stockOutside(made, {
        client: "outside",
        regentPort: behind.regentPort,
        routes: objects(objects(made.routes[0]?.virtualHosts)[0]?.routes),
        clusters: made.clusters
          .filter(({ name }) => !own.has(name))
          .map((cluster) => atHome(cluster, server.port, caFile)),
      }),
    );
    stage = new Stage(mesh.origin("outside"), mesh.behind.targets, mesh.behind.auditDir);
  });
  after(async () => {
    await mesh?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const reply = (body: object) => {
    server.answer = (_, response) =>
      void response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  };
  const ask = (name: string) =>
    stage.client(KEYS.acmeAnalyst).chat.completions.create(chat(name, "Hello.")).withResponse();

  test("get their own dialect, key and name over TLS", async () => {
    reply(MESSAGE);
    const { data, response } = await ask("claude-model");
    assert.equal(data.choices[0]?.message.content, "Hello from outside.");
    const seen = server.seen.at(-1);
    assert.deepEqual(
      [seen?.path, seen?.sni, seen?.headers.host, seen?.headers["x-api-key"], seen?.headers.authorization],
      ["/v1/messages", CLAUDE, CLAUDE, secrets["claude.key"], undefined],
    );
    const record = (await stage.record(
      response.headers.get("x-regent-decision-id"),
    )) as unknown as RegentRecord;
    assert.deepEqual(
      record.attempts?.map(({ target, status }) => [target, status]),
      [["claude", 200]],
    );
  });

  for (const [how, path, body] of [
    ["translated", "/v1/chat/completions", chat("bedrock-model", "Hello.")],
    [
      "in its own dialect",
      "/model/bedrock-model/converse",
      { messages: [{ role: "user", content: [{ text: "Hello." }] }] },
    ],
  ] as const)
    test(`of AWS get a request ${how} that is signed for their name and what leaves`, async () => {
      reply(CONVERSED);
      const response = await stage.send(path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${KEYS.acmeAnalyst}` },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200, await response.text());
      const seen = server.seen.at(-1);
      assert.ok(seen?.body);
      assert.deepEqual([seen.sni, seen.headers.host], [BEDROCK, BEDROCK]);
      assert.equal(seen.path, `/model/${encodeURIComponent(ARN)}/converse`);
      const { id, signature, expected } = checkSignature(
        { method: seen.method, host: BEDROCK, path: seen.path, body: seen.body },
        new Map(Object.entries(seen.headers).map(([name, value]) => [name, String(value)])),
        secrets["aws.secret"],
      );
      assert.deepEqual([id, signature], [secrets["aws.id"], expected]);
    });

  test("whose certificate is of another name get nothing", async () => {
    reply(MESSAGE);
    const before = server.seen.length;
    const response = await stage.post(JSON.stringify(chat("stranger-model", "Hello.")));
    assert.deepEqual(
      [response.status, response.headers.get("x-regent-reason")],
      [503, "upstream_unavailable"],
      await response.text(),
    );
    assert.equal(server.seen.length, before);
  });

  test("that fail hand over to the next, each with its own name, dialect and key, and one charge", async () => {
    server.answer = ({ headers }, response) => {
      response.setHeader("content-type", "application/json");
      if (headers.host === FIRST) response.writeHead(503).end('{"error":{"message":"Not now."}}');
      else response.end(JSON.stringify(headers.host === BEDROCK ? CONVERSED : MESSAGE));
    };
    const before = server.seen.length;
    const { data, response } = await ask("either-model");
    assert.equal(data.choices[0]?.message.content, "Hello from outside.");
    const seen = server.seen.slice(before);
    assert.deepEqual(
      seen.map(({ sni, path, headers }) => [
        sni,
        headers.host,
        path,
        headers.authorization,
        headers["x-api-key"],
      ]),
      [
        [FIRST, FIRST, "/v1/chat/completions", `Bearer ${secrets["first.key"]}`, undefined],
        [CLAUDE, CLAUDE, "/v1/messages", undefined, secrets["claude.key"]],
      ],
    );
    const record = (await stage.record(
      response.headers.get("x-regent-decision-id"),
    )) as unknown as RegentRecord;
    assert.deepEqual(
      record.attempts?.map(({ target, status }) => [target, status]),
      [
        ["first", 503],
        ["claude", 200],
      ],
    );
    assert.equal(record.charge?.tokens, 7);
  });

  test("that policy does not permit get nothing as the next either", async () => {
    server.answer = (_, response) => void response.writeHead(503).end();
    const before = server.seen.length;
    const response = await stage.post(JSON.stringify(chat("first-or-bedrock", "Hello.")));
    assert.deepEqual(
      [response.status, response.headers.get("x-regent-reason")],
      [503, "no_permitted_target"],
      await response.text(),
    );
    assert.deepEqual(
      server.seen.slice(before).map(({ headers }) => headers.host),
      [FIRST],
    );
  });
});
