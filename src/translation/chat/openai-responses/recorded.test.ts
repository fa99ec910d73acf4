/** Recorded bodies of responses, read into conversations and written again: what they say is still the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fixturesMissing, loadFixtures } from "../../../../test/contract/fixtures.ts";
import { RegentError } from "../../../exchange/errors.ts";
import { openaiResponses as format } from "../../../formats/openai-responses/index.ts";
import { type BodyKind, type Reading, readingOf } from "../../../formats/reading.ts";
import type { TranslationWarning } from "../../translation.ts";
import { openaiResponses } from "./index.ts";
import { FACTS, streamed, writtenStream } from "./testing.ts";

const skip = fixturesMissing("openai-responses") ?? false;
const fixtures = loadFixtures("openai-responses");
const of = (kind: BodyKind) => fixtures.filter((fixture) => fixture.kind === kind);

/** What another dialect cannot have: tools that the provider runs, and free-form calls. */
const reading = (kind: BodyKind, body: Buffer, status = 200): Reading =>
  readingOf(format, kind, body, { status });

describe("recorded bodies", { skip }, () => {
  test("of streams say the same after they were read and written", (context) => {
    for (const { name, body } of of("stream")) {
      const { events, warnings, fault } = streamed(body);
      assert.equal(fault, undefined, name);
      const written = reading("stream", writtenStream(events));
      assertSame(name, written, reading("stream", body), warnings);
    }
    context.diagnostic(`${of("stream").length} streams`);
    assert.ok(of("stream").length > 10);
  });

  test("of streams give the same events wherever they are cut", () => {
    for (const { name, body, splits } of of("stream")) {
      const whole = JSON.stringify(streamed(body).events);
      for (const cuts of [splits, everyNth(body.length, 1), everyNth(body.length, 97)]) {
        assert.equal(JSON.stringify(streamed(body, cuts).events), whole, name);
      }
    }
  });

  test("of whole answers say the same after they were read and written", (context) => {
    const ended = of("response").filter(({ expected }) => !String(expected.finish_reasons).match(WAITING));
    for (const { name, body, status = 200 } of ended) {
      const warnings: TranslationWarning[] = [];
      const reply = openaiResponses.readReply(body, { ...FACTS, status }, (warning) =>
        warnings.push(warning),
      );
      const { bytes } =
        "failure" in reply
          ? openaiResponses.writeFailure(reply.failure, FACTS)
          : openaiResponses.writeReply(reply, FACTS, (warning) => warnings.push(warning));
      assertSame(name, reading("response", bytes, status), reading("response", body, status), warnings);
    }
    context.diagnostic(`${ended.length} answers`);
    assert.ok(ended.length > 10);
  });

  test("of answers that are still to come are none", () => {
    const waiting = of("response").filter(({ expected }) => String(expected.finish_reasons).match(WAITING));
    assert.ok(waiting.length > 0);
    for (const { name, body } of waiting) {
      assert.throws(() => openaiResponses.readReply(body, FACTS, () => {}), /upstream_invalid/, name);
    }
  });

  test("of requests say the same after they were read and written, or are refused", (context) => {
    let refused = 0;
    for (const { name, body } of of("request")) {
      const before = reading("request", body);
      const warnings: TranslationWarning[] = [];
      try {
        const conversation = openaiResponses.readRequest(body, NO_FACTS, (warning) => warnings.push(warning));
        const { bytes } = openaiResponses.writeRequest(conversation, (warning) => warnings.push(warning));
        const after = reading("request", bytes);
        assert.deepEqual(after.model, before.model, name);
        const lost = warnings.some(
          ({ code, member }) => code === "dropped" && /^\/(input|tools)/.test(member),
        );
        if (!lost) {
          assert.deepEqual(textsOf(after), textsOf(before), name);
          assert.deepEqual(after.tool_calls, before.tool_calls, name);
          assert.deepEqual(after.tools, before.tools, name);
          assert.deepEqual(after.media, before.media, name);
        }
        assert.equal(after.stream, before.stream, name);
        assert.equal(after.max_tokens, before.max_tokens, name);
      } catch (error) {
        assert.ok(error instanceof RegentError && error.code === "translation_unsupported", String(error));
        refused++;
      }
    }
    context.diagnostic(`${of("request").length} requests, ${refused} refused`);
    assert.ok(refused < of("request").length);
  });
});

const WAITING = /^(queued|in_progress)$/;
const NO_FACTS = { headers: new Map() };

function textsOf({ messages }: Reading): readonly string[] {
  return (messages as { text: string | null }[]).map(({ text }) => text ?? "");
}

function everyNth(length: number, step: number): number[] {
  return Array.from({ length: Math.floor((length - 1) / step) }, (_, index) => (index + 1) * step);
}

function assertSame(
  name: string,
  written: Reading,
  read: Reading,
  warnings: readonly TranslationWarning[],
): void {
  const lostItems = warnings.some(({ member }) => /^\/(item|output\/\d+)$/.test(member));
  assert.equal(written.model ?? null, read.model ?? null, name);
  assert.equal(written.text || null, read.text || null, name);
  assert.equal(written.refusal, read.refusal, name);
  if (!lostItems) assert.deepEqual(written.tool_calls, read.tool_calls, name);
  assert.deepEqual(withoutZeros(written.usage), withoutZeros(read.usage), name);
  assert.deepEqual(written.finish_reasons, read.finish_reasons, name);
  const [error, original] = [written.error, read.error] as ({ message: string } | null)[];
  assert.equal(error?.message, original?.message, name);
}

/** Counts that clients must find are 0 where they were not told apart. */
function withoutZeros(usage: unknown): object {
  return Object.fromEntries(
    Object.entries(usage as object).filter(([, count]) => count !== 0 && count !== null),
  );
}
