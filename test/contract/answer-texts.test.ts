/**
 * What an answer says is found, wherever it stands: a marker is planted at every string of every recorded answer and
 * event, names of members included.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import type { AnswerTexts } from "../../src/formats/answer-texts.ts";
import { textIn } from "../../src/formats/bedrock-converse/stream.ts";
import { FORMATS, type Format } from "../../src/formats/index.ts";
import { initialAwsStream, stepAwsStream } from "../../src/wire/aws-event-stream.ts";
import { editJson, type JsonDocument, readJson } from "../../src/wire/json/index.ts";
import { initialSse, stepSse } from "../../src/wire/sse.ts";
import { fixturesMissing, loadFixtures } from "./fixtures.ts";
import { plant, positionsOf } from "./markers.ts";

/** What says nothing of the model's, by the format whose documentation says so. */
const SILENT: { readonly [name in FormatName]?: RegExp } = {
  // What a response repeats of its request.
  "openai-responses":
    /^(?:\/response)?\/(?:instructions|tools|tool_choice|metadata|user|safety_identifier|prompt|prompt_cache_key|text)(?:\/|$)/,
  // Counts, lists of numbers, and what only the provider can read.
  "gemini-generate": /\/(?:usageMetadata|thoughtSignature|groundingChunkIndices|confidenceScores)(?:\/|$)/,
  // What only the provider can read.
  "bedrock-converse": /\/(?:reasoningContent|reasoningText)\/signature$/,
  // A vector, as numbers or as their bytes.
  "openai-embeddings": /\/embedding$/,
};

/** Events of one stream that are tried: the first have all kinds but those of the end. */
const EVENTS_TRIED = 30;

type Event = { readonly data: string; readonly type: string };

function eventsOf(name: FormatName, body: Buffer): readonly Event[] {
  if (name !== "bedrock-converse")
    return stepSse(initialSse(), Buffer.concat([body, Buffer.from("\n\n")])).events;
  return stepAwsStream(initialAwsStream(), body).messages.map((message) => ({
    data: message.payload.toString(),
    type: textIn(message, ":event-type"),
  }));
}

const tried = (events: readonly Event[]) =>
  events.length <= EVENTS_TRIED ? events : [...events.slice(0, EVENTS_TRIED - 5), ...events.slice(-5)];

function documentOf(text: string): JsonDocument | undefined {
  const result = readJson(Buffer.from(text));
  return result.ok ? result.document : undefined;
}

for (const format of Object.values(FORMATS)) {
  const { answerTexts, name } = format;
  if (answerTexts === undefined) continue;
  const skip = fixturesMissing(name) ?? false;

  /** Every recorded answer and event, and how it is taken apart. */
  function* said(): Generator<{
    document: JsonDocument;
    read: (value: JsonDocument["value"]) => AnswerTexts;
  }> {
    for (const { kind, body } of loadFixtures(name)) {
      if (kind === "response") {
        const document = documentOf(body.toString());
        if (document !== undefined)
          yield { document, read: (value) => answerTexts?.whole(value) as AnswerTexts };
      }
      const event = answerTexts?.event;
      if (kind !== "stream" || event === undefined) continue;
      for (const { data, type } of tried(eventsOf(name, body))) {
        const document = documentOf(data);
        if (document !== undefined) yield { document, read: (value) => event(value, type) };
      }
    }
  }

  test(`${name}: finds every string of an answer, or says that it cannot be read`, { skip }, (context) => {
    const fates = { found: 0, opaque: 0, silent: 0 };
    for (const { document, read } of said()) {
      for (const position of positionsOf(document.value)) {
        const { text, pointer, marker } = plant(document.value, position);
        const { texts, opaque } = read(JSON.parse(text));
        if (texts.some((one) => one.text === marker)) fates.found++;
        else if (opaque !== undefined) fates.opaque++;
        else if (SILENT[name]?.test(pointer) === true) fates.silent++;
        else assert.fail(`${pointer} is lost in ${text.slice(0, 300)}`);
      }
    }
    context.diagnostic(`${name}: markers ${JSON.stringify(fates)}`);
    assert.ok(fates.found > 0);
  });

  test(`${name}: every text names its place, and only that changes when it is replaced`, { skip }, () => {
    for (const { document, read } of said()) {
      for (const { pointer, text } of read(document.value).texts) {
        const span = document.span(pointer);
        assert.ok(span !== undefined, pointer);
        const { bytes } = document;
        assert.equal(JSON.parse(bytes.toString("utf8", span.start, span.end)), text, pointer);
        const edited = editJson(document, [{ pointer, value: "[MASKED]" }]);
        const expected = Buffer.concat([
          bytes.subarray(0, span.start),
          Buffer.from('"[MASKED]"'),
          bytes.subarray(span.end),
        ]);
        assert.ok(edited.equals(expected), pointer);
      }
    }
  });

  test(`${name}: what the running texts of a stream say together is what the model said`, { skip }, () => {
    for (const { kind, body, expected } of loadFixtures(name)) {
      const { event } = answerTexts;
      if (kind !== "stream" || event === undefined || typeof expected.text !== "string") continue;
      if (expected.message_starts !== undefined) continue;
      const running = new Map<string, string>();
      for (const { data, type } of eventsOf(name, body)) {
        const document = documentOf(data);
        if (document === undefined) continue;
        for (const { text, continues } of event(document.value, type).texts) {
          const key = JSON.stringify(continues);
          if (continues !== undefined) running.set(key, (running.get(key) ?? "") + text);
        }
      }
      const whole = [...running.values()];
      assert.ok(
        whole.includes(expected.text) || whole.join("").includes(expected.text) || expected.text === "",
        `${JSON.stringify(expected.text).slice(0, 200)} is not in ${JSON.stringify(whole).slice(0, 400)}`,
      );
    }
  });
}

/** What the parts of a stream say together and what bytes they have, or why they cannot be told. */
function taken({ openSplitter }: Format, pieces: readonly Buffer[]): unknown {
  const splitter = openSplitter?.();
  assert.ok(splitter !== undefined);
  try {
    const parts = pieces.flatMap((piece, index) => splitter.split(piece, index === pieces.length - 1));
    return {
      bytes: Buffer.concat(parts.map(({ bytes }) => bytes)).toString("hex"),
      said: parts.flatMap(({ texts }) => texts.filter(({ continues }) => continues !== undefined)),
      ended: parts.flatMap(({ ended }) => ended),
    };
  } catch (error) {
    assert.ok(error instanceof RegentError && error.code === "answer_uninspectable", String(error));
    return error.message;
  }
}

for (const format of Object.values(FORMATS)) {
  if (format.openSplitter === undefined || format.answerTexts === undefined) continue;
  const skip = fixturesMissing(format.name) ?? false;

  test(`${format.name}: a stream is taken apart alike wherever it is cut, and its parts are its bytes`, {
    skip,
  }, (context) => {
    let streams = 0;
    for (const { kind, body, name } of loadFixtures(format.name)) {
      if (kind !== "stream") continue;
      const whole = taken(format, [body]);
      if (typeof whole === "object") {
        const { bytes } = whole as { bytes: string };
        assert.ok(bytes.startsWith(body.toString("hex")), name);
        streams++;
      }
      fc.assert(
        fc.property(fc.array(fc.nat({ max: body.length }), { maxLength: 8 }), (cuts) => {
          const places = [0, ...cuts.sort((a, b) => a - b), body.length];
          const pieces = places.slice(1).map((place, index) => body.subarray(places[index], place));
          assert.deepEqual(taken(format, pieces), whole, name);
        }),
        { numRuns: 30 },
      );
    }
    context.diagnostic(`${format.name}: ${streams} recorded streams taken apart`);
    assert.ok(streams > 0);
  });
}
