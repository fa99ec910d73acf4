/** What Envoy answers by itself in Istio's proxies: in the client's words where it is Regent's business, else as Istio has it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { FORMAT_NAMES } from "../../src/exchange/inference.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { ENVOY_ERRORS, type EnvoyErrorCode } from "../../src/local/envoy/local-replies.ts";
import { KEYS } from "../../src/local/scenes/stage.ts";
import { ASKING, wordsOf } from "../envoy/own-answers/stack.ts";
import { type Received, send } from "../envoy/support/client.ts";
import type { OwnTargets } from "./behind.ts";
import { WITH_FIXTURES } from "./fixtures.ts";
import { type Mesh, startGatewayMesh, startSidecarMesh } from "./mesh.ts";
import { WORKLOAD_TARGET } from "./render-envoy-filter.ts";

const MODEL = "small";
const CLIENT = "outside";
const BODY_BYTES_MAX = 4 * 1024 ** 2;
/** What a client may send for an id, which Istio's proxies keep where they do not stand at the edge. */
const HOSTILE_ID = '"}],"x":[{"%REQ(authorization)%';

/** One model on one target that takes every dialect as it is. */
function everyDialect(target: string, others: readonly string[]): OwnTargets {
  const registry = {
    version: 1,
    targets: [{ name: target, region: "us", provider: "test", format: "openai-chat", speaks: FORMAT_NAMES }],
    models: [
      {
        name: MODEL,
        stage: "active",
        dataClasses: ["public", "internal", "personal"],
        maxOutputTokens: 256,
        versions: [{ name: MODEL, weight: 1, targets: [target] }],
      },
    ],
  };
  return { registry, keys: {}, targets: [target, ...others] };
}

const PLACES: readonly (readonly [string, () => Promise<Mesh>])[] = [
  ["at the ingress gateway", () => startGatewayMesh(everyDialect("sim-us", ["sim-eu", "sim-messages"]))],
  [
    "in front of a workload",
    () =>
      startSidecarMesh(
        new Map([[CLIENT, "spiffe://cluster.local/portal"]]),
        everyDialect(WORKLOAD_TARGET, []),
      ),
  ],
];

for (const [place, start] of PLACES)
  describe(`${place} of a mesh`, WITH_FIXTURES, () => {
    let mesh: Mesh;
    before(async () => {
      mesh = await start();
    });
    after(() => mesh?.stop());

    const ask = (path: string, body: string, more: { readonly [name: string]: string } = {}) =>
      send(Number(new URL(mesh.origin(CLIENT)).port), {
        method: "POST",
        path,
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${KEYS.acmeAnalyst}`,
          "x-request-id": HOSTILE_ID,
          ...more,
        },
        body,
      });

    /** Asserts that every dialect is answered in its words. */
    async function assertWords(code: EnvoyErrorCode, bodyOf: (body: object) => string): Promise<void> {
      for (const [name, asking] of ASKING) {
        const { path, body } = asking(MODEL);
        const answer = await ask(path, bodyOf(body));
        const format = FORMATS[name as keyof typeof FORMATS];
        assert.deepEqual(
          [answer.status, answer.headers["x-regent-reason"]],
          [ENVOY_ERRORS[code].status, code],
          path,
        );
        const id = idIn(answer, wordsOf(format, { ...ENVOY_ERRORS[code], code }, MARK));
        assert.match(id, isAfterDecision(code) ? DECISION_ID : REQUEST_ID, path);
        const words = wordsOf(format, { ...ENVOY_ERRORS[code], code }, id);
        assert.equal(answer.headers["content-type"], words.contentType);
        assert.deepEqual(JSON.parse(answer.body), words.body, path);
        for (const [header, value] of words.headers) assert.equal(answer.headers[header], value);
      }
    }

    test("a target that cannot be reached is worded in the client's dialect", async () => {
      await mesh.behind.stopModels();
      await assertWords("upstream_unavailable", (body) => JSON.stringify(body));
    });

    test("a body over the limit is worded in the client's dialect", async () => {
      await assertWords("body_too_large", () => "x".repeat(BODY_BYTES_MAX + 1));
    });

    test("official clients raise their own exceptions", async () => {
      const asked = { model: MODEL, messages: [{ role: "user" as const, content: "Hi." }] };
      const openai = new OpenAI({
        baseURL: `${mesh.origin(CLIENT)}/v1`,
        apiKey: KEYS.acmeAnalyst,
        maxRetries: 0,
      });
      await assert.rejects(openai.chat.completions.create(asked), (error) => {
        assert.ok(error instanceof OpenAI.InternalServerError);
        return error.code === "upstream_unavailable";
      });
      const anthropic = new Anthropic({
        baseURL: mesh.origin(CLIENT),
        apiKey: KEYS.acmeAnalyst,
        maxRetries: 0,
      });
      await assert.rejects(anthropic.messages.create({ ...asked, max_tokens: 5 }), (error) => {
        assert.ok(error instanceof Anthropic.InternalServerError);
        return (error.error as { error: { type: string } }).error.type === "api_error";
      });
    });

    test("without the sidecar every dialect is told so in its words", async () => {
      await mesh.behind.stopRegent();
      await assertWords("policy_unreachable", (body) => JSON.stringify(body));
    });
  });

const MARK = "the id";
const DECISION_ID = /^(?:|[0-9a-f-]{36})$/;
/** Empty where the dialect has no id, one of the proxy's where it stands at the edge, else the client's. */
const REQUEST_ID = new RegExp(`${DECISION_ID.source}|^${HOSTILE_ID.replaceAll(/\W/g, "\\$&")}$`);

function isAfterDecision(code: EnvoyErrorCode): boolean {
  return code === "upstream_unavailable";
}

/** What an answer has in the place in which words have the mark; empty where they have none. */
function idIn(answer: Received, { headers, body }: ReturnType<typeof wordsOf>): string {
  for (const [name, value] of headers) if (value === MARK) return String(answer.headers[name]);
  return memberAt(JSON.parse(answer.body), body);
}

function memberAt(told: unknown, marked: unknown): string {
  if (marked === MARK) return String(told);
  if (typeof marked !== "object" || marked === null) return "";
  return Object.entries(marked)
    .map(([key, member]) =>
      memberAt((told as { readonly [key: string]: unknown } | undefined)?.[key], member),
    )
    .join("");
}
