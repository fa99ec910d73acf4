import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FORMATS } from "../../src/formats/index.ts";
import { readingOf } from "../../src/formats/reading.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { type AnswerFacts, type TranslationWarning, translatorOf } from "../../src/translation/index.ts";
import { fixturesMissing, loadFixtures } from "../contract/fixtures.ts";
import { FACTS } from "./meaning.ts";

const NAMES = CHAT_DIALECTS.map(({ name }) => name);

for (const from of NAMES) {
  const skip = fixturesMissing(from) ?? false;
  const streams = loadFixtures(from).filter(({ kind }) => kind === "stream");

  for (const to of NAMES.filter((name) => name !== from)) {
    const named = (title: string) => `${from} -> ${to}: ${title}`;
    const factsOf = (model: string | undefined): AnswerFacts => ({ ...FACTS, model });

    test(named("a stream comes out alike wherever it is cut"), { skip }, (context) => {
      let cuts = 0;
      for (const { name, body, urlModel } of streams) {
        const whole = run(factsOf(urlModel), body, []);
        for (let at = 1; at < body.length; at += stepOf(body)) {
          assert.deepEqual(run(factsOf(urlModel), body, [at]), whole, `${name} cut at ${at}`);
          cuts++;
        }
        assert.deepEqual(run(factsOf(urlModel), body, everyByte(body)), whole, `${name} byte by byte`);
      }
      context.diagnostic(`${from} -> ${to}: ${cuts} cuts of ${streams.length} streams`);
      assert.ok(cuts > 0);
    });

    test(named("a stream comes out alike in random pieces"), { skip }, () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...streams),
          fc.array(fc.nat(), { maxLength: 20 }),
          ({ name, body, urlModel }, picks) => {
            const cuts = picks.map((pick) => pick % (body.length + 1)).sort((a, b) => a - b);
            assert.deepEqual(run(factsOf(urlModel), body, cuts), run(factsOf(urlModel), body, []), name);
          },
        ),
        { numRuns: 150 },
      );
    });

    test(named("what a recorded stream says is said again"), { skip }, (context) => {
      let said = 0;
      for (const { name, body, expected, urlModel } of streams) {
        const { text, fault, complete, warnings } = run(factsOf(urlModel), body, []);
        // A second start discards what was delivered, which nobody can take back from another dialect's client.
        if (fault !== undefined || expected.message_starts !== undefined) continue;
        const got = readingOf(FORMATS[to], "stream", Buffer.from(text, "latin1"));
        assert.equal(got.invalid, undefined, name);
        if (expected.refusal === undefined) assert.equal(got.text || null, expected.text || null, name);
        // Calls that are no functions' are dropped, and a cut stream has only what was certain up to there.
        const isTold = warnings.some(({ code, member }) => code === "dropped" && /tool|item/.test(member));
        if (complete && !isTold) assert.deepEqual(got.tool_calls, expected.tool_calls, name);
        if (complete && expected.error !== null)
          assert.equal((got.error as { message: string }).message, messageOf(expected.error), name);
        else assert.equal(got.error, null, name);
        said++;
      }
      context.diagnostic(`${from} -> ${to}: ${said} of ${streams.length} recorded streams say the same`);
      assert.ok(said > 0);
    });

    test(named("a stream that breaks off gets no regular end"), { skip }, () => {
      for (const { name, body, urlModel } of streams) {
        for (const length of [0, 1, Math.floor(body.length / 10), Math.floor(body.length / 3)]) {
          const { text, complete } = run(factsOf(urlModel), body.subarray(0, length), []);
          assert.equal(complete, false, `${name} after ${length} bytes`);
          const after = Buffer.concat([Buffer.from(text, "latin1"), FORMATS[to].refuseInStream(REFUSAL)]);
          const { error, done_marker: done, invalid } = readingOf(FORMATS[to], "stream", after);
          assert.equal(invalid, undefined, `${name} after ${length} bytes`);
          assert.equal(
            (error as { message: string } | null)?.message,
            REFUSAL.message,
            `${name} after ${length} bytes`,
          );
          assert.notEqual(done, true, `${name} after ${length} bytes`);
        }
      }
    });

    function run(facts: AnswerFacts, body: Buffer, cuts: readonly number[]) {
      const warnings: TranslationWarning[] = [];
      const warn = (warning: TranslationWarning) => void warnings.push(warning);
      const stream = translatorOf(from, to)?.stream?.(facts, warn) ?? assert.fail();
      const pieces: Buffer[] = [];
      let fault: string | undefined;
      const borders = [0, ...cuts, body.length];
      for (let at = 1; at < borders.length; at++) {
        const step = stream.push(body.subarray(borders[at - 1], borders[at]));
        pieces.push(step.bytes);
        fault ??= step.fault;
      }
      const end = stream.end();
      pieces.push(end.bytes);
      return {
        text: Buffer.concat(pieces).toString("latin1"),
        fault,
        complete: end.complete,
        warnings: warnings.sort(byMember),
      };
    }
  }
}

/** What is told does not depend on cuts, but in which order it is. */
function byMember(a: TranslationWarning, b: TranslationWarning): number {
  return a.member < b.member ? -1 : 1;
}

const REFUSAL = { status: 502, code: "upstream_incomplete", message: "The model broke off." };

/** Every byte of a short stream; some hundred places of a long one, at every remainder of what it is framed by. */
function stepOf(body: Buffer): number {
  return Math.max(1, Math.floor(body.length / 150) | 1);
}

function everyByte(body: Buffer): number[] {
  return Array.from({ length: body.length }, (_, at) => at);
}

function messageOf(error: unknown): unknown {
  return (error as { message: unknown }).message;
}
