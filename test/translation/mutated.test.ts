import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { Headers } from "../../src/exchange/headers.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { readingOf } from "../../src/formats/reading.ts";
import {
  type AnswerFacts,
  TRANSLATIONS,
  type TranslationWarning,
  type Translator,
  translatorOf,
} from "../../src/translation/index.ts";
import { mutated, mutations } from "../contract/mutations.ts";
import { type Seed, seedsOf } from "../contract/seeds.ts";

/**
 * Every translator against mutations of every recorded body: what is translated is a body that the target's own reader
 * understands, what is not is refused, and a stream that breaks off gets nothing that looks like its regular end.
 */

/** Bodies of a pair and kind. `HOSTILE_RUNS=20000 HOSTILE_SEED=1` tries more of them, and others. */
const RUNS = Number(process.env.HOSTILE_RUNS ?? 150);
/** The same mutations in every run, so that a failure is one for everybody. */
const SEED = Number(process.env.HOSTILE_SEED ?? 20260302);
/** Longer recordings say the same at greater length. */
const SEED_BYTES_MAX = 20_000;

for (const { from, to } of TRANSLATIONS) {
  const translator = translatorOf(from, to) ?? assert.fail();
  const seeds = seedsOf(from).filter(({ body }) => body.length <= SEED_BYTES_MAX);
  for (const kind of ["request", "response", "stream"] as const) {
    const ofKind = seeds.filter((seed) => seed.kind === kind);
    if (ofKind.length === 0 || translator[kind] === undefined) continue;
    test(`${from} -> ${to}: a ${kind} mutated at will is translated or refused`, (context) => {
      const fates = { translated: 0, refused: 0 };
      const changed = fc.tuple(fc.constantFrom(...ofKind), mutations, fc.array(fc.nat(), { maxLength: 4 }));
      fc.assert(
        fc.property(changed, ([seed, changes, cuts]) => {
          const hostile = mutated(seed, changes, seeds);
          fates[CHECKS[kind](translator, hostile, cuts) ? "translated" : "refused"]++;
        }),
        { seed: SEED, numRuns: RUNS },
      );
      assert.deepEqual(Object.keys(Object.prototype), []);
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      context.diagnostic(
        `${from} -> ${to} ${kind}: ${fates.translated} translated, ${fates.refused} refused`,
      );
      assert.ok(fates.translated > 0);
    });
  }
}

/** Whether it was translated. */
type Check = (translator: Translator, seed: Seed, cuts: readonly number[]) => boolean;

const CHECKS: { readonly [kind in Seed["kind"]]: Check } = {
  request: checkRequest,
  response: checkResponse,
  stream: checkStream,
};

function checkRequest(translator: Translator, { body, headers }: Seed): boolean {
  const warnings: TranslationWarning[] = [];
  const facts = { headers, urlModel: "some-model" };
  const translated = orRefused(["body_invalid", "translation_unsupported"], () =>
    translator.request?.(body, facts, (warning) => void warnings.push(warning)),
  );
  for (const { member, message } of warnings) assert.ok(member.length <= 2000 && message !== "", member);
  if (translated === undefined) return false;
  const { bytes, path, headers: described } = translated;
  const format = FORMATS[translator.to];
  const endpoints = Object.values(FORMATS).flatMap((known) => known.endpoints);
  assert.ok(
    endpoints.some((endpoint) => isPathOf(endpoint.path, path)),
    path,
  );
  // Before a request is translated it was read.
  const source = FORMATS[translator.from];
  const message = { bytes: body, headers, endpoint: endpointOf(source, { model: "some-model" }) };
  if (orRefused(["body_invalid", "body_too_large"], () => source.readRequest(message)) === undefined)
    return false;
  const endpoint = endpointOf(format, { model: "some-model" });
  // Throws where it is none of the target.
  format.readRequest({ bytes, headers: headersOf(described), endpoint });
  return true;
}

function isPathOf(template: string, path: string): boolean {
  const pieces = template.split(/\{[a-z]+\}/);
  const plain = path.replace(/\?.*$/, "");
  return plain.startsWith(pieces[0] as string) && plain.endsWith(pieces.at(-1) as string);
}

function checkResponse(translator: Translator, { body, headers, status }: Seed): boolean {
  const facts: AnswerFacts = { ...FACTS, headers, status };
  const translated = orRefused(["upstream_invalid"], () => translator.response?.(body, facts, () => {}));
  if (translated === undefined) return false;
  const { bytes, headers: described } = translated;
  const reading = readingOf(FORMATS[translator.to], "response", bytes, {
    status,
    headers: headersOf(described),
  });
  assert.equal(reading.invalid, undefined, bytes.toString("utf8", 0, 500));
  return true;
}

function checkStream(translator: Translator, { body, headers }: Seed, cuts: readonly number[]): boolean {
  const facts = { ...FACTS, headers };
  const whole = streamed(translator, facts, body, []);
  const places = cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b);
  assert.deepEqual(streamed(translator, facts, body, places), whole);
  const { bytes, complete, fault } = whole;
  const format = FORMATS[translator.to];
  const text = complete ? bytes : Buffer.concat([bytes, format.refuseInStream(REFUSAL)]);
  const reading = readingOf(format, "stream", text);
  assert.equal(reading.invalid, undefined, text.toString("utf8").slice(-500));
  assert.equal(reading.truncated, false);
  if (complete) {
    const state = format.stream.initial({ hideUsage: false, keepText: false });
    assert.equal(format.stream.finish(format.stream.step(state, bytes).state).complete, true);
  } else {
    assert.equal((reading.error as { message: string } | null)?.message, REFUSAL.message);
    assert.notEqual(reading.done_marker, true);
  }
  return complete && fault === undefined;
}

function streamed(translator: Translator, facts: AnswerFacts, body: Buffer, cuts: readonly number[]) {
  const stream = translator.stream?.(facts, () => {}) ?? assert.fail();
  const pieces: Buffer[] = [];
  let fault: string | undefined;
  let from = 0;
  for (const cut of [...cuts, body.length]) {
    const step = stream.push(body.subarray(from, cut));
    pieces.push(step.bytes);
    if (fault !== undefined) assert.equal(step.bytes.length, 0);
    fault ??= step.fault;
    from = cut;
  }
  const end = stream.end();
  if (fault !== undefined) assert.deepEqual([end.bytes.length, end.complete], [0, false]);
  return { bytes: Buffer.concat([...pieces, end.bytes]), complete: end.complete, fault };
}

const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "some-model",
  includeUsage: true,
  nowS: 1,
  id: "0",
};
const REFUSAL = { status: 502, code: "upstream_incomplete", message: "The model broke off." };

function headersOf(fields: readonly (readonly [string, string])[]): Headers {
  return new Map(fields.map(([name, value]) => [name, [value]]));
}

/** Undefined where it is refused, with a reason. */
function orRefused<T>(codes: readonly string[], translate: () => T): T | undefined {
  try {
    return translate();
  } catch (error) {
    if (!(error instanceof RegentError)) throw error;
    assert.ok(codes.includes(error.code) && error.detail !== "", String(error));
    return undefined;
  }
}
