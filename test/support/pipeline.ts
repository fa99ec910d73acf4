import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exchange, ExchangeEnd, RequestHead } from "../../src/exchange/exchange.ts";
import { headersFrom } from "../../src/exchange/headers.ts";
import { FORMAT_NAMES } from "../../src/exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import type { OwnAnswer, Plan } from "../../src/exchange/plan.ts";
import { READS_EVERYTHING, type Reads } from "../../src/exchange/reads.ts";
import type { Record } from "../../src/exchange/record.ts";
import { createIdentifier, hashApiKey, parseApiKeys } from "../../src/identity/index.ts";
import { createMeter, estimate, type Meter, tokensOf } from "../../src/metering/index.ts";
import { createGovernor } from "../../src/pipeline/governance.ts";
import type { Governance, Governor, RequestAnswer, ResponseAnswer } from "../../src/pipeline/governor.ts";
import type { Rooms } from "../../src/pipeline/rooms.ts";
import { parseDecision } from "../../src/policy/decision.ts";
import { createPolicyEngine, type PolicyEngine } from "../../src/policy/engine.ts";
import { parseRegistry } from "../../src/registry/index.ts";
import { candidatesOf, choose } from "../../src/routing/index.ts";
import { awsHeaders } from "../../src/services/aws.ts";
import { translatorOf } from "../../src/translation/index.ts";
import { compileBundle, type Sources, withFolder } from "./rego.ts";

export const REQUEST_ENTRYPOINT = "regent/request/decision";
export const RESPONSE_ENTRYPOINT = "regent/response/decision";
/** An entrypoint that traps: its rule has two values. */
export const TRAP_ENTRYPOINT = "trap/decision";

/** Headers in which a test says what {@link ANSWERING} is to decide, as JSON. */
const DECIDE_REQUEST = "x-decide-request";
const DECIDE_ANSWER = "x-decide-answer";

/** Policies that decide what the request says. Without the header they are undefined. */
const ANSWERING: Sources = {
  "request.rego": `package regent.request\n\ndecision := json.unmarshal(input.request.headers["${DECIDE_REQUEST}"][0])\n`,
  "response.rego": `package regent.response\n\ndecision := json.unmarshal(input.request.headers["${DECIDE_ANSWER}"][0])\n`,
  "trap.rego": "package trap\n\ndecision := x if some x in [1, 2]\n",
};

/** A real policy engine on sources that are compiled now. */
export function compilePolicies(sources: Sources, entrypoints: readonly string[]): Promise<PolicyEngine> {
  return withFolder(async (folder) => {
    const path = join(folder, "bundle.tar.gz");
    await writeFile(path, await compileBundle(sources, entrypoints, "r1"));
    const log = { info() {}, warn() {}, error() {} };
    return createPolicyEngine({ bundles: [{ name: "test", path }], log, watch: false });
  });
}

/** The engine whose decisions are in the headers of each request. */
export function compileAnswering(): Promise<PolicyEngine> {
  return compilePolicies(ANSWERING, [REQUEST_ENTRYPOINT, RESPONSE_ENTRYPOINT, TRAP_ENTRYPOINT]);
}

/** Targets that take every dialect. */
const SPEAKS = FORMAT_NAMES.join(", ");

const REGISTRY = `
version: 1
aliases: { default: small }
targets:
  - { name: us, region: us, provider: sim, format: openai-chat, speaks: [${SPEAKS}] }
  - { name: eu, region: eu, provider: sim, format: openai-chat, speaks: [${SPEAKS}] }
models:
  - name: small
    stage: active
    owner: platform
    roles: [analyst, admin]
    dataClasses: [public]
    contextWindow: 4096
    maxOutputTokens: 100
    price: { input: 1, output: 2 }
    versions:
      - { name: small, weight: 1, targets: [us, eu] }
  - name: large
    stage: deprecated
    deprecatedSince: "2026-01-01"
    sunset: "2099-01-01"
    successor: small
    maxOutputTokens: 1000
    versions:
      - { name: large-1, weight: 1, targets: [eu] }
  - name: gone
    stage: retired
`;

/** The keys of a stage, made for it: nothing that looks like a secret stands in a file. */
export type Keys = { readonly analyst: string; readonly admin: string };

/** Real rooms joined to a governor, with what they keep in reach of a test. */
export type Stage = {
  readonly governor: Governor;
  readonly rooms: Rooms;
  readonly meter: Meter;
  readonly keys: Keys;
  /** What the audit log got, in order. */
  readonly records: Record[];
  /** What telemetry got. */
  readonly observed: Record[];
  /** Lines of the process log. */
  readonly logged: { readonly facts: { readonly [key: string]: unknown }; readonly message: string }[];
  /** What policy was asked, in order: the documents as Rego got them. */
  readonly asked: { readonly entrypoint: string; readonly text: string }[];
  readonly clock: { nowMs: number; monotonicMs: number };
  readonly audit: { fault: string | undefined };
};

export type StageOptions = {
  readonly policy: PolicyEngine;
  readonly registry?: string;
  readonly requestEntrypoint?: string;
  readonly responseEntrypoint?: string;
  readonly maxBodyBytes?: number;
  readonly passesAnswers?: boolean;
  readonly strictTranslation?: boolean;
  /** Translators in the place of the product's. */
  readonly translatorOf?: Rooms["translation"]["translatorOf"];
  /** What policy says that it reads. Everything unless said otherwise, so that a test sees whole documents. */
  readonly reads?: Reads;
  /** Runs before each evaluation: to let time pass, or to let it fail. */
  readonly beforePolicy?: (stage: Stage, entrypoint: string) => void | Promise<void>;
  /** Where decisions are logged; nowhere unless said otherwise. */
  readonly decisionLog?: Rooms["decisionLog"];
};

/** 2026-03-04T05:06:07.890Z, in the middle of an hour. */
export const NOW_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 890);

export function createStage(options: StageOptions): Stage {
  const clock = { nowMs: NOW_MS, monotonicMs: 1_000 };
  const audit = { fault: undefined as string | undefined };
  const records: Record[] = [];
  const observed: Record[] = [];
  const logged: Stage["logged"] = [];
  const asked: Stage["asked"] = [];
  const { keys, file } = createKeys();
  const meter = createMeter({ nowMs: () => clock.nowMs });
  const rooms: Rooms = {
    identity: createIdentifier({
      apiKeys: file,
      spiffe: [{ match: "spiffe://mesh.test/ns/{tenant}/sa/{subject}", roles: ["analyst"] }],
    }),
    registry: parsed(parseRegistry(options.registry ?? REGISTRY, "registry.yaml")),
    policy: {
      for(subject) {
        const policies = options.policy.for(subject);
        return {
          ...policies,
          reads: () => options.reads ?? READS_EVERYTHING,
          async evaluate(entrypoint, input) {
            asked.push({
              entrypoint,
              text: Buffer.isBuffer(input) ? input.toString("utf8") : JSON.stringify(input),
            });
            await options.beforePolicy?.(stage, entrypoint);
            return policies.evaluate(entrypoint, input);
          },
        };
      },
      parseDecision,
    },
    routing: { candidates: candidatesOf, choose },
    translation: { translatorOf: options.translatorOf ?? translatorOf },
    sign: ({ region, service, ...keys }, request) =>
      awsHeaders({ keys: { from: "explicit", ...keys }, region, service }, request),
    metering: { estimate, tokensOf, ...meter },
    audit: { fault: () => audit.fault, append: (record) => void records.push(record) },
    telemetry: { observe: (record) => void observed.push(record) },
    decisionLog: options.decisionLog,
    clock: { nowMs: () => clock.nowMs, monotonicMs: () => clock.monotonicMs },
    log: { error: (facts, message) => void logged.push({ facts: { ...facts }, message }) },
  };
  const governor = createGovernor(rooms, {
    requestEntrypoint: options.requestEntrypoint ?? REQUEST_ENTRYPOINT,
    responseEntrypoint: options.responseEntrypoint ?? RESPONSE_ENTRYPOINT,
    maxBodyBytes: () => options.maxBodyBytes ?? 64 * 1024,
    passesAnswers: () => options.passesAnswers ?? false,
    strictTranslation: options.strictTranslation ?? false,
  });
  const stage: Stage = { governor, rooms, meter, keys, records, observed, logged, asked, clock, audit };
  return stage;
}

function createKeys() {
  const salt = randomBytes(16).toString("hex");
  const keys = { analyst: randomBytes(24).toString("hex"), admin: randomBytes(24).toString("hex") };
  const entry = (id: string, key: string, roles: string) =>
    `  - { id: ${id}, hash: "${hashApiKey(salt, key)}", subject: ${id}, tenant: acme, roles: ${roles} }`;
  const lines = [
    entry("acme-analyst", keys.analyst, "[analyst]"),
    entry("acme-admin", keys.admin, "[analyst, admin]"),
  ];
  const text = `version: 1\nsalt: ${JSON.stringify(salt)}\nkeys:\n${lines.join("\n")}\n`;
  return { keys, file: parsed(parseApiKeys(text, "keys.yaml")) };
}

function parsed<T>(result: { ok: true; value: T } | { ok: false; faults: readonly unknown[] }): T {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.faults));
}

/** What a client sends, and what policy is to decide about it. */
export type Ask = {
  readonly method?: string;
  readonly path?: string;
  /** `authorization` with the analyst's key is sent unless they have one, or `credentials` is false. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly credentials?: boolean;
  /** An object is sent as JSON; undefined: no body. */
  readonly body?: Buffer | string | JsonObject | undefined;
  /** What policy answers to the request; `{"allow": true}` unless said otherwise, null: nothing. */
  readonly decide?: JsonValue;
  /** What policy answers to the answer; `{"allow": true}` unless said otherwise. */
  readonly decideAnswer?: JsonValue;
  readonly principal?: string;
  readonly handOver?: NonNullable<Exchange["handOver"]>;
  readonly protocol?: Exchange["protocol"];
};

export const CHAT_PATH = "/v1/chat/completions";

/** A chat completion request with what a test wants in it. */
export function chatBody(more: JsonObject = {}): JsonObject {
  return { model: "small", messages: [{ role: "user", content: "Hello there" }], ...more };
}

/** The exchange that `src/envoy` would make of it. */
export function exchangeOf(stage: Stage, ask: Ask): Exchange {
  const { path = CHAT_PATH, decide = ALLOW, decideAnswer = ALLOW, handOver } = ask;
  const mark = path.indexOf("?");
  const headers = headersFrom([
    ...(ask.credentials === false ? [] : [["authorization", `Bearer ${stage.keys.analyst}`] as const]),
    ...(decide === null ? [] : [[DECIDE_REQUEST, JSON.stringify(decide)] as const]),
    [DECIDE_ANSWER, JSON.stringify(decideAnswer)],
    ...(ask.headers ?? []),
  ]);
  const request: RequestHead = {
    method: ask.method ?? (ask.body === undefined && path !== CHAT_PATH ? "GET" : "POST"),
    scheme: "https",
    host: "models.test",
    path,
    pathname: mark < 0 ? path : path.slice(0, mark),
    query: mark < 0 ? undefined : path.slice(mark + 1),
    headers,
    clientRequestId: headers.get("x-request-id")?.[0],
  };
  return {
    id: handOver?.decisionId ?? randomUUID(),
    protocol: ask.protocol ?? "ext_proc",
    startedAtMs: stage.clock.nowMs,
    request,
    source: {
      address: "10.0.0.1:4711",
      port: 4711,
      ...(ask.principal === undefined ? {} : { principal: ask.principal }),
    },
    destination: { address: "10.0.0.2:8080", port: 8080 },
    ...(handOver === undefined ? {} : { handOver }),
  };
}

const ALLOW = { allow: true };

export function bytesOf(body: Buffer | string | JsonObject): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** A request that was decided: what came of it, and its governance for what follows. */
export type Sent = {
  readonly exchange: Exchange;
  readonly governance: Governance;
  readonly answer: RequestAnswer;
};

/** Drives a request as `src/envoy/process` does: the head, then the whole body; an own answer ends the exchange. */
export async function send(stage: Stage, ask: Ask = { body: chatBody() }): Promise<Sent> {
  const exchange = exchangeOf(stage, ask);
  const governance = stage.governor.begin(exchange);
  const head = await governance.requestHead(ask.body === undefined);
  if (head.kind !== "need_body") return ended({ exchange, governance, answer: head });
  if (ask.body === undefined) throw new Error("a body is needed where there is none");
  return ended({ exchange, governance, answer: await governance.requestBody(bytesOf(ask.body)) });
}

function ended(sent: Sent): Sent {
  if (sent.answer.kind === "answer") sent.governance.end("refused");
  return sent;
}

/** What an upstream answers. */
export type Upstream = {
  readonly status?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** One piece: a whole body; several: as they come in. Undefined: the head is all. */
  readonly body?: Buffer | string | JsonObject | readonly (Buffer | string)[];
};

/** What the client got of an answer. */
export type Delivered = {
  /** What was said to its head. */
  readonly mode: "none" | "buffered" | "stream" | "chunks" | "refused";
  readonly plan?: Plan;
  /** Regent's own, in place of the upstream's. */
  readonly own?: OwnAnswer;
  readonly bytes: Buffer;
};

/** Drives an answer as `src/envoy/process` does, to its end. */
export async function answer(
  { governance }: Pick<Sent, "governance">,
  upstream: Upstream,
): Promise<Delivered> {
  const pieces = piecesOf(upstream.body);
  const contentType =
    pieces.length > 0 && !Array.isArray(upstream.body) ? "application/json" : "text/event-stream";
  const headers = headersFrom(upstream.headers ?? [["content-type", contentType]]);
  const head = await governance.responseHead(
    { status: upstream.status ?? 200, headers },
    pieces.length === 0,
  );
  if (head.kind === "answer") return refused(governance, head.answer);
  const { plan, body: mode } = head;
  if (mode === "buffered") return whole(governance, Buffer.concat(pieces));
  if (mode === "stream" || mode === "chunks")
    return { mode, plan, bytes: await streamed(governance, pieces) };
  return finished(governance, { mode, plan, bytes: Buffer.concat(pieces) });
}

function piecesOf(body: Upstream["body"]): Buffer[] {
  if (body === undefined) return [];
  return Array.isArray(body) ? body.map(bytesOf) : [bytesOf(body as Buffer | string | JsonObject)];
}

async function whole(governance: Governance, bytes: Buffer): Promise<Delivered> {
  const decided: ResponseAnswer = await governance.responseBody(bytes);
  if (decided.kind === "answer") return refused(governance, decided.answer);
  return finished(governance, { mode: "buffered", plan: decided.plan, bytes });
}

async function streamed(governance: Governance, pieces: readonly Buffer[]): Promise<Buffer> {
  const given: Buffer[] = [];
  for (const [index, piece] of pieces.entries()) {
    const { bytes, end } = await governance.responseChunk(piece, index === pieces.length - 1);
    given.push(bytes);
    if (end) break;
  }
  governance.end("complete");
  return Buffer.concat(given);
}

function refused(governance: Governance, own: OwnAnswer): Delivered {
  governance.end("refused");
  return { mode: "refused", own, bytes: own.body };
}

function finished(governance: Governance, delivered: Delivered, how: ExchangeEnd = "complete"): Delivered {
  governance.end(how);
  return delivered;
}

/** A chat completion with its usage, as an upstream writes it. */
export function completion(more: JsonObject = {}): JsonObject {
  return {
    id: "c1",
    object: "chat.completion",
    model: "small",
    choices: [{ index: 0, message: { role: "assistant", content: "Hi." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
    ...more,
  };
}

/** One event of a stream. */
export function event(data: JsonObject | "[DONE]"): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** A chunk with a piece of text, or with a reason to finish. */
export function delta(content: string | undefined, finishReason: string | null = null): JsonObject {
  const choice = { index: 0, delta: content === undefined ? {} : { content }, finish_reason: finishReason };
  return { id: "c1", object: "chat.completion.chunk", model: "small", choices: [choice] };
}

export const USAGE_EVENT: JsonObject = {
  id: "c1",
  object: "chat.completion.chunk",
  model: "small",
  choices: [],
  usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
};

/** The one record of a stage. */
export function onlyRecord(stage: Stage): Record {
  const [record, ...others] = stage.records;
  if (record === undefined || others.length > 0) throw new Error(`${stage.records.length} records`);
  return record;
}

/** What a denial says: its status, and code and message as an OpenAI client reads them. */
export type Refusal = { readonly status: number; readonly code: string; readonly message: string };

export function refusalOf(answered: { readonly kind: string; readonly answer?: OwnAnswer }): Refusal {
  if (answered.kind !== "answer" || answered.answer === undefined)
    throw new Error(`it is no refusal: ${answered.kind}`);
  return refusalIn(answered.answer);
}

export function refusalIn(own: OwnAnswer): Refusal {
  const { error } = JSON.parse(own.body.toString("utf8")) as { error: { code: string; message: string } };
  return { status: own.status, code: error.code, message: error.message };
}

/** The plan of a request that passes. */
export function planOf(answered: RequestAnswer | ResponseAnswer): Plan {
  if (answered.kind === "pass") return answered.plan;
  throw new Error(`it was refused: ${answered.answer.status} ${answered.answer.body.toString("utf8")}`);
}
