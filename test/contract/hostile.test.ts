import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { Usage } from "../../src/exchange/inference.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import type { Format, ReadAnswer, RequestMessage, StreamFraming } from "../../src/formats/format.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { type BodyKind, readingOf } from "../../src/formats/reading.ts";
import { JsonEditError, readJson } from "../../src/wire/json/index.ts";
import { initialSse, stepSse } from "../../src/wire/sse.ts";
import { mutated, mutations } from "./mutations.ts";
import { type Seed, seedsOf } from "./seeds.ts";

/**
 * Every reader against mutations of every recorded body: a request is understood or refused as what it is, an answer is
 * understood or said to be none, and nothing else is ever thrown.
 */

/** Bodies of a format and kind. `HOSTILE_RUNS=20000 HOSTILE_SEED=1` tries more of them, and others. */
const RUNS = Number(process.env.HOSTILE_RUNS ?? 300);

/** Longer recordings say the same at greater length. */
const SEED_BYTES_MAX = 20_000;

/** What a body may be refused as. */
const REFUSALS: ReadonlySet<string> = new Set(["body_invalid", "body_too_large", "encoding_unsupported"]);

for (const format of Object.values(FORMATS)) {
  const seeds = seedsOf(format.name);
  for (const kind of ["request", "response", "stream"] as const) {
    const ofKind = seeds.filter((seed) => seed.kind === kind && seed.body.length <= SEED_BYTES_MAX);
    if (ofKind.length === 0) continue;
    test(`${format.name}: a ${kind} mutated at will is understood or refused`, (context) => {
      const fates = { understood: 0, refused: 0 };
      const changed = fc.tuple(fc.constantFrom(...ofKind), mutations, fc.array(fc.nat(), { maxLength: 6 }));
      fc.assert(
        fc.property(changed, ([seed, changes, cuts]) => {
          const hostile = mutated(seed, changes, seeds);
          fates[CHECKS[kind](format, hostile, cuts) ? "understood" : "refused"]++;
        }),
        { seed: SEED, numRuns: RUNS },
      );
      assertUnpolluted();
      context.diagnostic(`${format.name} ${kind}: ${fates.understood} understood, ${fates.refused} refused`);
      assert.ok(fates.understood > 0);
    });
  }
}

/** The same mutations in every run, so that a failure is one for everybody. */
const SEED = Number(process.env.HOSTILE_SEED ?? 20260301);

/** Whether it was understood. */
type Check = (format: Format, seed: Seed, cuts: readonly number[]) => boolean;

const CHECKS: { readonly [kind in BodyKind]: Check } = {
  request: checkRequest,
  response: checkResponse,
  stream: checkStream,
};

function checkRequest(format: Format, { body, headers }: Seed): boolean {
  const message: RequestMessage = {
    bytes: body,
    headers,
    endpoint: endpointOf(format, { model: "some-model" }),
  };
  const reading = readingOf(format, "request", body, { headers, urlModel: "some-model" });
  JSON.stringify(reading);
  const request = orRefused(() => format.readRequest(message));
  if (request === undefined) {
    assert.equal(typeof reading.invalid, "string");
    return false;
  }
  orRefused(() => format.describeRequest(message));
  const { inference, document } = request;
  for (const { pointer, text } of inference.textParts) {
    if (document !== undefined && request.isWhole)
      assert.equal(JSON.parse(document.raw(pointer) as string), text, pointer);
  }
  const bytes = inference.textParts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  assert.equal(inference.textBytes, bytes);
  const { maxOutputTokens = 0, choices } = inference;
  assert.ok(Number.isSafeInteger(maxOutputTokens) && maxOutputTokens >= 0, String(maxOutputTokens));
  assert.ok(Number.isSafeInteger(choices) && choices >= 1, String(choices));
  assert.ok(inference.model.length <= 256);
  assert.equal(request.rewrite({ texts: [], askForUsage: false }).bytes, body);
  const texts = inference.textParts.map((part) => ({ part, text: "[MASKED]" }));
  orUnchangeable(() => request.rewrite({ texts, model: "other", askForUsage: true }));
  return true;
}

function checkResponse(format: Format, { body, headers, status }: Seed): boolean {
  const answer = format.readResponse({ bytes: body, headers, status });
  assertAnswer(answer);
  JSON.stringify(readingOf(format, "response", body, { headers, status }));
  const document = readJson(body);
  if (document.ok) format.answerTexts?.whole(document.document.value);
  return answer.invalid === undefined;
}

function checkStream(format: Format, { body }: Seed, cuts: readonly number[]): boolean {
  JSON.stringify(readingOf(format, "stream", body));
  const reduced = checkReducer(format, body, cuts);
  for (const framing of Object.values(format.framings ?? {})) checkReducer(framing, body, cuts);
  if (format.answerTexts?.event !== undefined) {
    for (const { data, type } of stepSse(initialSse(), body).events) {
      const document = readJson(Buffer.from(data));
      if (document.ok) format.answerTexts.event(document.document.value, type);
    }
  }
  return reduced;
}

function checkReducer({ stream }: StreamFraming, body: Buffer, cuts: readonly number[]): boolean {
  const whole = reduce(stream, body, [], false);
  const places = cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b);
  assert.deepEqual(reduce(stream, body, places, false), whole);
  if (whole.fault === undefined) assert.ok(Buffer.concat([whole.bytes, whole.rest]).equals(body));
  const kept = reduce(stream, body, places, true);
  assertAnswer(kept.answer);
  assertAnswer(whole.answer);
  return whole.fault === undefined && whole.complete;
}

function reduce(stream: Format["stream"], body: Buffer, cuts: readonly number[], keepText: boolean) {
  let state = stream.initial({ hideUsage: keepText, keepText });
  const outputs: Buffer[] = [];
  let fault: string | undefined;
  let from = 0;
  for (const cut of [...cuts, body.length]) {
    const step = stream.step(state, body.subarray(from, cut));
    outputs.push(...step.outputs);
    if (fault !== undefined) assert.deepEqual(step.outputs, []);
    fault ??= step.fault;
    state = step.state;
    const progress = stream.progress?.(state);
    if (progress !== undefined) assert.ok(Number.isSafeInteger(progress.outputBytes));
    from = cut;
  }
  const end = stream.finish(state);
  if (fault !== undefined) assert.equal(end.complete, false);
  const bytes = Buffer.concat(outputs);
  // What is left behind a fault belongs to nobody, and depends on the cuts.
  return fault === undefined
    ? { ...end, fault, bytes }
    : { ...end, rest: Buffer.alloc(0), truncated: true, fault, bytes };
}

function assertAnswer({ usage = {}, outputBytes, finishReasons, model }: ReadAnswer): void {
  for (const value of Object.values(usage as Usage)) assert.ok(Number.isSafeInteger(value) && value >= 0);
  assert.ok(Number.isSafeInteger(outputBytes) && outputBytes >= 0);
  assert.ok(
    finishReasons.every((reason) => reason === null || (typeof reason === "string" && reason.length <= 256)),
  );
  assert.ok(model === undefined || (typeof model === "string" && model.length <= 256));
}

/** Undefined where it is refused, with a reason. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RegentError)) throw error;
    assert.ok(REFUSALS.has(error.code) && error.detail !== undefined, String(error));
    return undefined;
  }
}

function orUnchangeable(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof JsonEditError) && !(error instanceof RegentError)) throw error;
  }
}

function assertUnpolluted(): void {
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.deepEqual(Object.keys(Array.prototype), []);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
}
