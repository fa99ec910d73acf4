import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import type { Headers } from "../../src/exchange/headers.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import type {
  Endpoint,
  Format,
  ReadRequest,
  RequestChanges,
  RewrittenRequest,
} from "../../src/formats/format.ts";
import { type Reading, readingOf, streamReading } from "../../src/formats/reading.ts";
import { type JsonDocument, readJson } from "../../src/wire/json/index.ts";
import { assertReading, type Fixture, fixturesMissing, loadFixtures } from "./fixtures.ts";
import { type Position, plant, positionsOf } from "./markers.ts";

/**
 * What every format keeps to, on the recorded bodies of its dialect and on one request that has every member of its
 * schema.
 */
export function testFormat(format: Format, wholeRequest: unknown): void {
  const skip = fixturesMissing(format.name) ?? false;
  /** Of dialects that are no JSON, which have tests of their own for the places of texts. */
  const wholeJson = Buffer.isBuffer(wholeRequest) ? [] : [wholeRequest];
  const fixtures = loadFixtures(format.name);
  const requests = fixtures.filter(
    ({ kind, expected }) => kind === "request" && expected.invalid === undefined,
  );
  /** Those whose body is one JSON text. */
  const jsonRequests = requests.filter(({ file }) => file.endsWith(".json"));
  const streams = fixtures.filter(
    ({ kind, expected }) => kind === "stream" && expected.invalid === undefined,
  );
  const named = (title: string) => `${format.name}: ${title}`;

  test(named("reads every recorded body as the oracle does"), { skip }, (context) => {
    for (const { name, kind, body, expected, ...facts } of fixtures) {
      assertReading(plain(readingOf(format, kind, body, facts)), expected, name);
    }
    context.diagnostic(`${format.name}: ${fixtures.length} of ${fixtures.length} bodies read as expected`);
    assert.ok(fixtures.length > 0);
  });

  test(named("reads a stream alike wherever it is cut, and gives back its bytes"), {
    skip: skip || streams.length === 0,
  }, (context) => {
    let cuts = 0;
    for (const fixture of streams) cuts += everyCut(format, fixture);
    context.diagnostic(`${format.name}: ${cuts} cuts of ${streams.length} streams`);
    assert.ok(cuts > 0);
  });

  test(named("reads a stream alike in random pieces"), { skip: skip || streams.length === 0 }, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(fc.nat(), { maxLength: 20 }),
        ({ name, body }, picks) => {
          assertSame(
            format,
            name,
            body,
            picks.map((pick) => pick % (body.length + 1)).sort((a, b) => a - b),
          );
        },
      ),
      { numRuns: 1500 },
    );
  });

  test(named("a stream that breaks off is incomplete, and what is given out of it are whole events"), {
    skip: skip || streams.length === 0,
  }, () => {
    for (const { name, body } of streams) {
      const end = body.length;
      for (const length of [0, 1, Math.floor(end / 10), Math.floor(end / 3)]) {
        const { bytes, end: ended } = run(format, body, [length], length);
        assert.equal(ended.complete, false, `${name} after ${length} bytes`);
        const after = Buffer.concat([bytes, format.refuseInStream(REFUSAL)]);
        assert.deepEqual(
          readingOf(format, "stream", after).error,
          readingOf(format, "stream", format.refuseInStream(REFUSAL)).error,
          `${name} after ${length} bytes`,
        );
      }
    }
  });

  test(named("finds every string of a request, or says that a part is opaque, or refuses"), {
    skip: wholeJson.length === 0,
  }, (context) => {
    const fates = { "in a text part": 0, "in an opaque part": 0, "the model": 0, refused: 0 };
    const members = { found: new Set<string>(), refused: new Set<string>() };
    const bodies = [...wholeJson, ...jsonRequests.map(({ body }) => parse(body).value)];
    for (const body of bodies) {
      for (const position of positionsOf(body)) {
        const fate = fateOf(format, plant(body, position));
        assert.ok(fate !== undefined, `${position.pointer} is lost`);
        fates[fate]++;
        members[fate === "refused" ? fate : "found"].add(memberOf(position));
      }
    }
    const counts = Object.entries(fates).map(([fate, count]) => `${count} ${fate}`);
    context.diagnostic(`${format.name}: markers in ${bodies.length} requests: ${counts.join(", ")}`);
    // Refusing is for the few members that Regent acts on. Were it the fate of many, the rest would show little.
    assert.ok(members.found.size > 3 * members.refused.size, [...members.refused].join(" "));
  });

  test(named("every text part names its text, and only that changes when it is replaced"), {
    skip: skip || requests.length === 0,
  }, () => {
    for (const { name, body } of jsonRequests) {
      const request = read(format, body);
      const { inference, document } = request;
      assert.ok(document !== undefined);
      for (const part of inference.textParts) {
        assert.equal(JSON.parse(document.raw(part.pointer) as string), part.text, `${name} ${part.pointer}`);
        const span = document.span(part.pointer) as { start: number; end: number };
        const edited = request
          .rewrite({ ...UNCHANGED, texts: [{ part, text: "[MASKED]" }] })
          .bytes.toString("latin1");
        const text = body.toString("latin1");
        assert.equal(
          edited,
          `${text.slice(0, span.start)}"[MASKED]"${text.slice(span.end)}`,
          `${name} ${part.pointer}`,
        );
      }
    }
  });

  test(named("puts any texts in the place of any parts, and no byte beside them changes"), {
    skip: wholeJson.length === 0,
  }, () => {
    const bodies = [
      ...wholeJson.map((body) => Buffer.from(JSON.stringify(body, null, 3))),
      ...jsonRequests.map(({ body }) => body),
    ];
    const replacements = fc.array(fc.tuple(fc.nat(), fc.string({ unit: "grapheme" })), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...bodies), replacements, (body, picks) =>
        assertReplaced(format, body, picks),
      ),
      { numRuns: 300 },
    );
  });

  test(named("names another model and changes nothing else"), { skip: skip || requests.length === 0 }, () => {
    for (const { name, body, ...fixture } of requests) {
      const before = read(format, body, fixture);
      const changed = before.rewrite({ ...UNCHANGED, model: "another-model" });
      const { path } = format.endpoints[0] as Endpoint;
      const facts = { ...fixture, headers: headersOf(fixture, changed) };
      const inPath = path.includes("{model}");
      if (inPath) assert.equal(changed.pathname, path.replace("{model}", "another-model"));
      // Some bodies name the model that the path names.
      if (inPath && !body.includes(JSON.stringify(before.inference.model))) {
        assert.ok(changed.bytes === body, name);
        continue;
      }
      const after = read(format, changed.bytes, inPath ? { ...facts, urlModel: "another-model" } : facts);
      assert.deepEqual(after.inference, { ...before.inference, model: "another-model" }, name);
    }
  });

  test(named("words a refusal that names its code and reads as an error"), () => {
    const { contentType, body } = format.refuse(REFUSAL);
    assert.match(contentType, /^application\//);
    assert.deepEqual(readingOf(format, "response", body, { status: REFUSAL.status }).error, errorOf(format));
  });

  test(named("ends a stream with a refusal that nothing takes for a regular end"), () => {
    const reading = readingOf(format, "stream", format.refuseInStream(REFUSAL));
    // Some dialects have fewer types of errors in a stream.
    const { type: _, ...error } = errorOf(format);
    assert.partialDeepStrictEqual(reading.error, error);
    assert.notEqual(reading.done_marker, true);
    assert.equal(reading.truncated, false);
  });
}

/** Replaces parts by texts, by one edit of all and by splicing the bytes by hand, and compares. */
function assertReplaced(format: Format, body: Buffer, picks: readonly (readonly [number, string])[]): void {
  const request = read(format, body);
  const { inference, document } = request;
  if (document === undefined) throw new TypeError("the body is no JSON text");
  // A key that is renamed to another one's name would be there twice; keys are renamed one by one elsewhere.
  const parts = inference.textParts.filter(({ pointer }) => !pointer.endsWith("~#"));
  const chosen = new Map(picks.map(([pick, text]) => [parts[pick % parts.length], text]));
  const edits = [...chosen].flatMap(([part, text]) => (part === undefined ? [] : { part, text }));
  const spliced = edits
    .map(({ part, text }) => ({ ...(document.span(part.pointer) as { start: number; end: number }), text }))
    .sort((a, b) => b.start - a.start)
    .reduce(
      (bytes, { start, end, text }) =>
        Buffer.concat([bytes.subarray(0, start), Buffer.from(JSON.stringify(text)), bytes.subarray(end)]),
      body,
    );
  const edited = request.rewrite({ ...UNCHANGED, texts: edits }).bytes;
  assert.equal(edited.toString(), spliced.toString());
}

const REFUSAL = { status: 403, code: "model_not_permitted", message: 'Not "yours" \u2014 ask\nsomebody.' };

function errorOf(format: Format): { type: string; message: string; code: string | null } {
  const { body, grpcStatus } = format.refuse(REFUSAL);
  const { error } = readingOf(format, "response", body, {
    status: REFUSAL.status,
  }) as {
    error: { type: string };
  };
  // A status of gRPC has no code of ours: that stands in a header.
  return { type: error.type, message: REFUSAL.message, code: grpcStatus === undefined ? REFUSAL.code : null };
}

const UNCHANGED: RequestChanges = { texts: [], askForUsage: false };

/** What {@link Fixture} says of a request besides its body. */
type RequestFacts = { readonly headers?: Headers | undefined; readonly urlModel?: string | undefined };

function read(format: Format, bytes: Buffer, facts: RequestFacts = {}): ReadRequest {
  const endpoint = endpointOf(format, { model: facts.urlModel ?? "some-model" });
  return format.readRequest({ bytes, headers: facts.headers ?? new Map(), endpoint });
}

/** The headers of a request whose body was changed. */
function headersOf({ headers = new Map() }: RequestFacts, changed: RewrittenRequest): Headers {
  return new Map([...headers, ...(changed.headers ?? []).map(([name, value]) => [name, [value]] as const)]);
}

function parse(body: Buffer): JsonDocument {
  const result = readJson(body);
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

/** Readings as JSON would carry them. */
function plain(reading: Reading): { readonly [member: string]: unknown } {
  return JSON.parse(JSON.stringify(reading)) as { [member: string]: unknown };
}

type Run = {
  readonly reading: string;
  readonly bytes: Buffer;
  readonly end: ReturnType<Format["stream"]["finish"]>;
};

function run(format: Format, body: Buffer, cuts: readonly number[], length = body.length): Run {
  let state = format.stream.initial({ hideUsage: false, keepText: true });
  const bytes: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, length]) {
    const step = format.stream.step(state, body.subarray(from, cut));
    assert.equal(step.fault, undefined);
    bytes.push(...step.outputs);
    state = step.state;
    from = cut;
  }
  const end = format.stream.finish(state);
  return {
    reading: JSON.stringify(streamReading(format, state, undefined)),
    bytes: Buffer.concat(bytes),
    end,
  };
}

function assertSame(format: Format, name: string, body: Buffer, cuts: readonly number[]): void {
  const whole = run(format, body, []);
  const cut = run(format, body, cuts);
  assert.equal(cut.reading, whole.reading, `${name} cut at ${cuts}`);
  assert.ok(Buffer.concat([cut.bytes, cut.end.rest]).equals(body), `${name} cut at ${cuts}: bytes`);
}

/** Longer streams are cut in pieces of whole events up to this, so that trying every cut stays linear. */
const PIECE_BYTES_MAX = 2048;

/** Cuts a stream at every byte, in two and in many; gives the number of cuts. */
function everyCut(format: Format, { name, body, splits }: Fixture): number {
  assertSame(format, name, body, splits);
  let cuts = splits.length;
  for (const stride of [1, 7, 64]) {
    for (let first = 1; first <= stride; first++) {
      const places: number[] = [];
      for (let at = first; at < body.length; at += stride) places.push(at);
      assertSame(format, name, body, places);
      cuts += places.length;
    }
  }
  for (const piece of piecesOf(format, body)) {
    const whole = run(format, piece, []);
    for (let at = 1; at < piece.length; at++) {
      const { reading, bytes, end } = run(format, piece, [at]);
      if (reading !== whole.reading || !Buffer.concat([bytes, end.rest]).equals(piece)) {
        assertSame(format, name, piece, [at]);
      }
    }
    cuts += piece.length - 1;
  }
  return cuts;
}

/** Pieces of whole events, as the format's reducer gives them out, that make up a stream. */
function piecesOf(format: Format, body: Buffer): Buffer[] {
  let state = format.stream.initial({ hideUsage: false, keepText: false });
  const pieces: Buffer[] = [];
  let from = 0;
  let end = 0;
  for (let at = 0; at < body.length; at++) {
    const step = format.stream.step(state, body.subarray(at, at + 1));
    state = step.state;
    const next = end + step.outputs.reduce((sum, { length }) => sum + length, 0);
    if (next - from > PIECE_BYTES_MAX && end > from) {
      pieces.push(body.subarray(from, end));
      from = end;
    }
    end = next;
  }
  pieces.push(body.subarray(from));
  return pieces;
}

/** The member at or above a place, as a value or as a key. */
function memberOf({ path, isKey }: Position): string {
  const name = path.findLast((key) => !/^[0-9]+$/.test(key)) ?? "";
  return isKey ? `${name}:` : name;
}

type Fate = "in a text part" | "in an opaque part" | "the model" | "refused";

/** Where a planted marker shows; undefined when it is lost. */
function fateOf(format: Format, planted: ReturnType<typeof plant>): Fate | undefined {
  try {
    const { inference } = read(format, Buffer.from(planted.text));
    if (inference.model.includes(planted.marker)) return "the model";
    if (inference.textParts.some(({ text }) => text.includes(planted.marker))) return "in a text part";
    const isOpaque = inference.opaqueParts.some(({ pointer }) =>
      `${planted.pointer}/`.startsWith(`${pointer}/`),
    );
    return isOpaque ? "in an opaque part" : undefined;
  } catch (error) {
    if (error instanceof RegentError && error.code === "body_invalid") return "refused";
    throw error;
  }
}
