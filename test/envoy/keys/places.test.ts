/**
 * Targets of Vertex AI and Azure OpenAI behind a real Envoy, asked by official clients: each request is at the target's own
 * project, location, deployment and version, with the target's key where the provider looks for it, and nothing else.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { CREDENTIAL_HEADERS } from "../../../src/exchange/names.ts";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { send } from "../support/client.ts";
import { type Keyed, startKeyed, VERSION } from "./stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const timeout = 30_000;

const secrets = Object.fromEntries(
  ["vertex", "dated", "plain", "entra", "openai"].map((name) => [name, randomBytes(24).toString("hex")]),
) as { readonly [name in "vertex" | "dated" | "plain" | "entra" | "openai"]: string };
const keyOf = (name: keyof typeof secrets) => ({ key: { file: `${name}.key` } });
const OPENAI_DIALECTS = ["openai-completions", "openai-embeddings", "openai-responses"];
const TARGETS = [
  {
    name: "vertex",
    format: "gemini-generate",
    vertex: { project: "own-project", location: "europe-west1" },
    ...keyOf("vertex"),
  },
  {
    name: "dated",
    format: "openai-chat",
    speaks: OPENAI_DIALECTS,
    azure: { apiVersion: "2024-10-21" },
    fallbacks: ["openai"],
    ...keyOf("dated"),
  },
  { name: "plain", format: "openai-chat", speaks: OPENAI_DIALECTS, azure: {}, ...keyOf("plain") },
  { name: "entra", format: "openai-chat", azure: {}, keyAs: "bearer", ...keyOf("entra") },
  { name: "openai", format: "openai-chat", speaks: OPENAI_DIALECTS, ...keyOf("openai") },
];
const VERTEX_PLACE = `/v1/projects/own-project/locations/europe-west1/publishers/google/models/${VERSION}`;

describe("a target at a place of its own", () => {
  let keyed: Keyed;
  before(async () => {
    keyed = await startKeyed(TARGETS, (dir) => {
      for (const [name, key] of Object.entries(secrets)) writeFileSync(join(dir, `${name}.key`), `${key}\n`);
    });
  });
  after(() => keyed?.stop());

  const base = () => `http://127.0.0.1:${keyed.stack.port}`;
  const openai = () =>
    new OpenAI({ apiKey: KEYS.acmeAnalyst, baseURL: `${base()}/v1`, maxRetries: 0, timeout });
  const messages = [{ role: "user" as const, content: "Hello." }];

  /** Asserts where the last request was, and that this is all that it carries of credentials. */
  function assertAsked(path: string, header: string, value: string): void {
    const { path: asked, headers } = keyed.last();
    assert.equal(asked, path);
    const carried = CREDENTIAL_HEADERS.filter((name) => headers[name] !== undefined);
    assert.deepEqual(carried, [header]);
    assert.equal(headers[header], value);
  }

  test("of Vertex AI is asked by OpenAI's client, translated, whole and as a stream", async () => {
    const asked = { model: "on-vertex", max_completion_tokens: 50, messages };
    const { data, response } = await openai().chat.completions.create(asked).withResponse();
    assert.equal(data.choices[0]?.message.content, "Hello.");
    assertAsked(`${VERTEX_PLACE}:generateContent`, "authorization", `Bearer ${secrets.vertex}`);
    let said = "";
    for await (const { choices } of await openai().chat.completions.create({ ...asked, stream: true }))
      said += choices[0]?.delta.content ?? "";
    assert.equal(said, "Hello.");
    assertAsked(`${VERTEX_PLACE}:streamGenerateContent?alt=sse`, "authorization", `Bearer ${secrets.vertex}`);
    const record = await recordOf(keyed.stack, response.headers.get("x-regent-decision-id") ?? undefined);
    assert.equal(record.charge?.tokens, 14);
    assert.ok(!JSON.stringify(record).includes(secrets.vertex));
  });

  test("of Vertex AI is asked by Google's client, whichever project and location the client names", async () => {
    const gemini = new GoogleGenAI({ apiKey: KEYS.acmeAnalyst, httpOptions: { baseUrl: base(), timeout } });
    const answer = await gemini.models.generateContent({ model: "on-vertex", contents: "Hello." });
    assert.equal(answer.text, "Hello.");
    assertAsked(`${VERTEX_PLACE}:generateContent`, "authorization", `Bearer ${secrets.vertex}`);
    for (const place of [
      "/v1/projects/theirs/locations/us-east1/publishers/google/models",
      "/v1beta1/projects/theirs/locations/us-east1/endpoints",
      "/v1/publishers/theirs/models",
    ])
      for (const method of ["generateContent", "streamGenerateContent?alt=sse", "countTokens"]) {
        const { status, body } = await send(keyed.stack.port, {
          path: `${place}/on-vertex:${method}`,
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${KEYS.acmeAnalyst}`,
            "x-goog-user-project": "theirs",
          },
          body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hello." }] }] }),
        });
        assert.equal(status, 200, body);
        assertAsked(`${VERTEX_PLACE}:${method}`, "authorization", `Bearer ${secrets.vertex}`);
      }
  });

  test("of Azure is asked at a deployment by a dated version of its API, or by version 1", async () => {
    for (const [target, chat, responses, embeddings] of [
      [
        "dated",
        `/openai/deployments/${VERSION}/chat/completions?api-version=2024-10-21`,
        "/openai/responses?api-version=2024-10-21",
        `/openai/deployments/${VERSION}/embeddings?api-version=2024-10-21`,
      ],
      ["plain", "/openai/v1/chat/completions", "/openai/v1/responses", "/openai/v1/embeddings"],
    ] as const) {
      const model = `on-${target}`;
      await openai().chat.completions.create({ model, max_completion_tokens: 50, messages });
      assertAsked(chat, "api-key", secrets[target]);
      assert.equal(JSON.parse(String(keyed.last().body)).model, VERSION);
      await openai().responses.create({ model, max_output_tokens: 50, input: "Hello." });
      assertAsked(responses, "api-key", secrets[target]);
      await openai().embeddings.create({ model, input: "Hello.", encoding_format: "float" });
      assertAsked(embeddings, "api-key", secrets[target]);
    }
  });

  test("gets its key as the registry says", async () => {
    await openai().chat.completions.create({ model: "on-entra", max_completion_tokens: 50, messages });
    assertAsked("/openai/v1/chat/completions", "authorization", `Bearer ${secrets.entra}`);
  });

  test("that fails leaves nothing of its place and key to the next", async () => {
    const before = keyed.witness.seen.length;
    await openai().chat.completions.create(
      { model: "on-dated", max_completion_tokens: 50, messages },
      { headers: { "x-fail-at": "/deployments/" } },
    );
    assert.equal(keyed.witness.seen.length, before + 2);
    assertAsked("/v1/chat/completions", "authorization", `Bearer ${secrets.openai}`);
  });
});
