import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMATS } from "../../src/formats/index.ts";
import { readingOf } from "../../src/formats/reading.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { type AnswerFacts, translatorOf } from "../../src/translation/index.ts";
import { loadTranslations, type TranslationFixture, translationsMissing } from "./fixtures.ts";
import { eventsOf, FACTS, replyMeaning, replyOfEvents, SILENT, turnsOf } from "./meaning.ts";

const FIXTURES = loadTranslations();
const PAIRS = [...new Set(FIXTURES.map(({ from, to }) => `${from} -> ${to}`))];

for (const pair of PAIRS) {
  const fixtures = FIXTURES.filter(({ from, to }) => `${from} -> ${to}` === pair);
  const [{ from, to }] = fixtures as [TranslationFixture];
  const skip =
    translatorOf(from, to) === undefined ? `no translator ${pair}: ${fixtures.length} NOT TESTED` : false;

  test(`${pair}: translations mean what others expect of theirs`, { skip }, async (context) => {
    let agreeing = 0;
    for (const fixture of fixtures) {
      await context.test(fixture.name, () => {
        compare(fixture);
        agreeing++;
      });
    }
    context.diagnostic(`${pair}: ${agreeing} of ${fixtures.length} recorded translations agree in meaning`);
  });
}

test("there are recorded translations", { skip: translationsMissing ?? false }, () => {
  assert.ok(FIXTURES.length > 0);
});

function compare(fixture: TranslationFixture): void {
  if (fixture.kind === "request") compareRequests(fixture);
  else compareAnswers(fixture);
}

function dialectOf(name: string) {
  const dialect = CHAT_DIALECTS.find((candidate) => candidate.name === name);
  assert.ok(dialect !== undefined);
  return dialect;
}

function compareRequests({ from, to, input, expected, agrees }: TranslationFixture): void {
  const facts = { headers: new Map() };
  const { bytes, path } = translatorOf(from, to)?.request?.(input, facts, SILENT) ?? assert.fail();
  const reader = dialectOf(to);
  const got = reader.readRequest(bytes, { ...facts, urlModel: modelIn(path) }, SILENT);
  const wanted = reader.readRequest(expected, { ...facts, urlModel: modelIn(path) }, SILENT);
  if (agrees.text && agrees.tool_calls) assert.deepEqual(turnsOf(got), turnsOf(wanted));
  else if (agrees.text) assert.deepEqual(texts(got), texts(wanted));
  if (agrees.tools === true) assert.deepEqual(toolsOf(got), toolsOf(wanted));
  // Some invent a bound where the other dialect demands none.
  const given = dialectOf(from).readRequest(input, facts, SILENT);
  if (given.maxOutputTokens !== undefined) assert.equal(got.maxOutputTokens, wanted.maxOutputTokens);
}

/** Of a path that names the model; any name else, since a request without one is none. */
function modelIn(path: string): string {
  return decodeURIComponent(/models?\/([^/:]+)/.exec(path)?.[1] ?? "model");
}

type Read = ReturnType<ReturnType<typeof dialectOf>["readRequest"]>;

function texts(conversation: Read): unknown {
  return turnsOf(conversation).flatMap(({ role, said }) =>
    said.filter((piece) => typeof piece === "string").map((text) => ({ role, text })),
  );
}

function toolsOf({ tools }: Read): unknown {
  return tools.map(({ name, description, parameters }) => ({ name, description, parameters }));
}

function compareAnswers(fixture: TranslationFixture): void {
  const { to, kind, expected, agrees, status, requestModel } = fixture;
  const facts: AnswerFacts = { ...FACTS, status, model: requestModel };
  const reader = dialectOf(to);
  const readStream = (bytes: Buffer) => replyMeaning(replyOfEvents(eventsOf(reader, bytes, facts)));
  const readWhole = (bytes: Buffer) => replyMeaning(reader.readReply(bytes, facts, SILENT));
  const read = kind === "stream" ? readStream : readWhole;
  const bytes = translated(fixture, facts);
  const got = read(bytes);
  const wanted = read(expected);
  assert.equal(got.error, wanted.error);
  // Some expect a reason that the dialect does not have, which means nothing.
  if (wanted.finish !== "other") assert.equal(got.finish, wanted.finish);
  if (agrees.text) assert.equal(got.text, wanted.text);
  if (agrees.tool_calls) assert.deepEqual(got.calls, wanted.calls);
  if (agrees.usage === true) assert.deepEqual(got.usage, wanted.usage);
  sameReading(fixture, bytes, expected);
}

/** The same once more by the readers of the formats, which know nothing of translation. */
function sameReading(
  { from, to, kind, agrees, status, input }: TranslationFixture,
  bytes: Buffer,
  expected: Buffer,
) {
  const got = readingOf(FORMATS[to], kind, bytes, { status });
  const wanted = readingOf(FORMATS[to], kind, expected, { status });
  const source = readingOf(FORMATS[from], kind, input, { status });
  assert.equal(got.invalid, undefined);
  if (agrees.text) assert.equal(got.text || null, wanted.text || null);
  if (agrees.text) assert.equal(got.text || null, source.text || null);
  if (agrees.tool_calls) assert.deepEqual(got.tool_calls, wanted.tool_calls);
  if (agrees.tool_calls) assert.deepEqual(got.tool_calls, source.tool_calls);
}

function translated({ from, to, kind, input }: TranslationFixture, facts: AnswerFacts): Buffer {
  const translator = translatorOf(from, to) ?? assert.fail();
  if (kind === "response") return (translator.response?.(input, facts, SILENT) ?? assert.fail()).bytes;
  const stream = translator.stream?.(facts, SILENT) ?? assert.fail();
  const { bytes, fault } = stream.push(input);
  assert.equal(fault, undefined);
  const end = stream.end();
  assert.ok(end.complete);
  return Buffer.concat([bytes, end.bytes]);
}
