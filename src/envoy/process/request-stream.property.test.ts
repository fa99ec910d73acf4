/** Streams of requests from Envoy's messages to the record, in random orders of everything that may happen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeCall } from "../../../test/envoy/support/fake-call.ts";
import { fakePolicies } from "../../../test/envoy/support/fake-policies.ts";
import { base64, encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import { createStage, onlyRecord, REQUEST_ENTRYPOINT, type Stage } from "../../../test/support/pipeline.ts";
import type { JsonObject } from "../../exchange/json.ts";
import type { PolicyEngine } from "../../policy/engine.ts";
import { BodySendMode, type Init, type ProcessingRequest } from "../codec.ts";
import { createProcessHandler, type ProcessCall } from "./process.ts";

const RUNS = 400;
/** More than the budget holds. */
const REQUESTS_MAX = 6;
const BUDGET = 4;
const LIMITS = [{ key: "tenant:acme", unit: "requests", amount: BUDGET, window: "1h" }];
const DENIAL = { code: "no", kind: "permission", message: "No.", policy: "a/b", severity: "error" };

/** What a request is, and whether it may leave. */
const KINDS = { good: true, slow: true, denied: false, failing: false, junk: false, "other model": false };
type Kind = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as Kind[];

/** Decides by the parameter `kind`. */
const policy = {
  for: () =>
    fakePolicies(async (entrypoint, input) => {
      if (entrypoint !== REQUEST_ENTRYPOINT) return { result: { allow: true }, revision: "r" };
      const { inference } = JSON.parse(input.toString()) as { inference: { parameters: JsonObject } };
      const kind = NAMES[Number(inference.parameters.kind)];
      if (kind === "failing") throw new Error("a trap");
      if (kind === "slow") await turns(3);
      if (kind === "denied") return { result: { allow: false, reasons: [DENIAL] }, revision: "r" };
      return { result: { allow: true, limits: LIMITS }, revision: "r" };
    }),
} as unknown as PolicyEngine;

const requestOf = (kind: Kind, index: number) =>
  kind === "junk"
    ? framed(Buffer.from("junk"))
    : framed(
        encodeMessage("request", {
          modelName: kind === "other model" && index > 0 ? "large" : "small",
          parameters: { kind: { int64Param: String(NAMES.indexOf(kind)) } },
          inputs: [
            {
              name: "text",
              datatype: "BYTES",
              shape: ["1"],
              contents: { bytesContents: [base64(`${index}`)] },
            },
          ],
        }),
      );
const ANSWER = framed(encodeMessage("streamed", { inferResponse: { modelName: "small", id: "1" } }));

type Message = Init<ProcessingRequest>;
const headers = (fields: Record<string, string>) => ({
  headers: Object.entries(fields).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
});
const answers: readonly Message[] = [
  { responseHeaders: { headers: headers({ ":status": "200", "content-type": "application/grpc" }) } },
  { responseBody: { body: ANSWER, endOfStream: false } },
  { responseBody: { body: ANSWER.subarray(0, 7), endOfStream: false } },
  { responseBody: { body: ANSWER.subarray(7), endOfStream: false } },
  { responseTrailers: { trailers: headers({ "grpc-status": "0" }) } },
];
const bodyOf = (body: Buffer, endOfStream = false): Message => ({ requestBody: { body, endOfStream } });
/** What no Envoy should send. */
const ODD: readonly Message[] = [
  { requestTrailers: {} },
  { requestHeaders: { endOfStream: false } },
  { responseHeaders: { headers: headers({ ":status": "200" }), endOfStream: true } },
  bodyOf(Buffer.alloc(0), true),
];

type Move = "request" | "answer" | "turn" | "cancel" | { readonly odd: number };
const conversation = fc.record({
  kinds: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant<Kind>("good") }, fc.constantFrom(...NAMES)), {
    maxLength: REQUESTS_MAX,
  }),
  cuts: fc.array(fc.nat({ max: 600 }), { maxLength: 12 }),
  isCut: fc.boolean(),
  moves: fc.array(
    fc.oneof<fc.WeightedArbitrary<Move>[]>(
      { weight: 12, arbitrary: fc.constantFrom<Move>("request", "request", "answer", "turn") },
      { weight: 1, arbitrary: fc.constant<Move>("cancel") },
      { weight: 1, arbitrary: fc.nat({ max: ODD.length - 1 }).map((odd) => ({ odd })) },
    ),
    { maxLength: 40 },
  ),
});
type Conversation = typeof conversation extends fc.Arbitrary<infer T> ? T : never;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

type Played = { readonly stage: Stage; readonly call: FakeCall; readonly frames: readonly Buffer[] };

async function play({ kinds, cuts, isCut, moves }: Conversation): Promise<Played> {
  const stage = createStage({ policy });
  const call = new FakeCall(false);
  createProcessHandler(stage.governor, { nowMs: Date.now, onBroken() {} })(call as unknown as ProcessCall);
  call.receive({
    requestHeaders: {
      headers: headers({
        ":method": "POST",
        ":path": "/inference.GRPCInferenceService/ModelStreamInfer",
        "content-type": "application/grpc",
        authorization: `Bearer ${stage.keys.analyst}`,
      }),
    },
    protocolConfig: {
      requestBodyMode: BodySendMode.FULL_DUPLEX_STREAMED,
      responseBodyMode: BodySendMode.STREAMED,
    },
  });
  await turns(2);
  const frames = kinds.map(requestOf);
  const whole = Buffer.concat(frames);
  const body = isCut ? whole.subarray(0, -1) : whole;
  const at = [0, ...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
  const pieces = at.slice(1).map((end, i) => bodyOf(body.subarray(at[i], end), end === body.length));
  const rest = [...answers];
  // An answer comes only to what has left.
  const asked = () => call.written.some((reply) => "requestHeaders" in reply);
  for (const move of [...moves, ...pieces.map(() => "request"), ...answers.map(() => "answer")]) {
    if (call.destroyed || call.over !== undefined) break;
    const next = typeof move === "object" ? ODD[move.odd] : undefined;
    const message = move === "request" ? pieces.shift() : move === "answer" && asked() ? rest.shift() : next;
    if (message !== undefined) call.receive(message);
    else if (move === "cancel") call.cancel();
    else await turns(4);
  }
  await turns(40);
  if (!call.destroyed) call.cancel();
  await turns(10);
  return { stage, call, frames };
}

/** What left of the body. */
function released({ written }: FakeCall): Buffer {
  const pieces = written.flatMap((reply) => {
    if (!("requestBody" in reply)) return [];
    const mutation = reply.requestBody?.response?.bodyMutation ?? {};
    return ["streamedResponse" in mutation ? mutation.streamedResponse : undefined];
  });
  assert.ok(pieces.every((piece) => piece !== undefined && piece !== null));
  const end = pieces.findIndex((piece) => piece?.endOfStream === true);
  assert.ok(end === -1 || end === pieces.length - 1, "something left behind the end");
  return Buffer.concat(pieces.map((piece) => piece?.body as Buffer));
}

test("whatever happens, whole requests that were let through leave, in order, and one record settles them", async () => {
  const ends = new Set<string>();
  let left = 0;
  await fc.assert(
    fc.asyncProperty(conversation, async (given) => {
      const played = await play(given);
      const { stage, call, frames } = played;
      const bad = given.kinds.findIndex(
        (kind, index) => !KINDS[kind] && !(kind === "other model" && index === 0),
      );
      const good = frames.slice(0, Math.min(bad === -1 ? frames.length : bad, BUDGET));
      const bytes = released(call);
      const borders = good.map((_, i) => Buffer.concat(good.slice(0, i + 1)).length);
      assert.ok([0, ...borders].includes(bytes.length), `${bytes.length} bytes left`);
      assert.ok(Buffer.concat(good).subarray(0, bytes.length).equals(bytes));
      if (bytes.length > 0) left += 1;
      const own = call.written.findIndex((reply) => "immediateResponse" in reply);
      assert.ok(own === -1 || own === call.written.length - 1, "something was said behind an own answer");
      assert.equal(stage.governor.open(), 0);
      const { verdict, end, reasons } = onlyRecord(stage);
      assert.ok(verdict !== "deny" || reasons.length > 0);
      assert.ok(stage.meter.budgets("acme").every(({ reserved }) => reserved === 0));
      ends.add(`${verdict} ${end}`);
    }),
    { numRuns: RUNS },
  );
  assert.ok(left > 0);
  for (const one of ["allow complete", "deny refused", "allow aborted"]) assert.ok(ends.has(one), one);
});
