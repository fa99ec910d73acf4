import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../src/exchange/errors.ts";
import { endpointOf } from "../../src/formats/endpoints.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { type AnswerFacts, TRANSLATIONS, translatorOf } from "../../src/translation/index.ts";
import { SHAPES, type Shape } from "./shapes.ts";

/**
 * Bodies that were chosen to keep a reader or a translator busy. Nothing else is served meanwhile, so the time of each grows
 * with its size and no faster, and is short.
 */

const SIZE = 64 * 1024;
const LARGE = 4 * SIZE;

/** CPU time. The slowest takes some 50 ms for a large body; what looks at all of it for each of its parts takes seconds. */
const LARGE_MS_MAX = 500;

/** Four times a body takes four times as long, or some more where it leaves the caches. Below this it is not told apart. */
const GROWTH_MAX = 9;
const MEASURABLE_MS = 80;

/** A pause of somebody else's is no fault: the best of these counts. */
const ATTEMPTS = 3;

for (const kind of ["request", "response", "stream"] as const) {
  const shapes = SHAPES.filter((shape) => shape.kind === kind);

  test(`the time to read a ${kind} grows with its size, whatever it holds`, () => {
    for (const shape of shapes)
      assertBounded(shape, `${shape.format}: ${shape.name}`, (body) => read(shape, body));
  });

  test(`the time to translate a ${kind} grows with its size, whatever it holds`, () => {
    for (const shape of shapes)
      for (const { to } of TRANSLATIONS.filter(({ from }) => from === shape.format)) {
        const translate = translation(shape, to);
        if (translate !== undefined)
          assertBounded(shape, `${shape.format} -> ${to}: ${shape.name}`, translate);
      }
  });
}

function assertBounded({ bytes }: Shape, name: string, run: (body: Buffer) => void): void {
  const small = bytes(SIZE);
  const large = bytes(LARGE);
  let took = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const smallMs = cpuMs(() => run(small));
    const largeMs = cpuMs(() => run(large));
    if (largeMs < MEASURABLE_MS || (largeMs < LARGE_MS_MAX && largeMs < GROWTH_MAX * smallMs)) return;
    took = `${smallMs} ms, and ${largeMs} ms for a large one`;
  }
  assert.fail(`${name}: ${took}`);
}

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function read({ format: name, kind }: Shape, body: Buffer): void {
  const format = FORMATS[name];
  const headers = new Map();
  if (kind === "request") {
    const message = { bytes: body, headers, endpoint: endpointOf(format, { model: "m" }) };
    orRefused(() => {
      const request = format.readRequest(message);
      const texts = request.inference.textParts.map((part) => ({ part, text: "x" }));
      request.rewrite({ texts, model: "other", askForUsage: true });
      format.describeRequest(message);
    });
  } else if (kind === "response") format.readResponse({ bytes: body, headers, status: 200 });
  else {
    const { stream } = format;
    const step = stream.step(stream.initial({ hideUsage: false, keepText: true }), body);
    stream.finish(step.state);
  }
}

function translation({ format, kind }: Shape, to: Shape["format"]): ((body: Buffer) => void) | undefined {
  const { request, response, stream } = translatorOf(format, to) ?? {};
  const facts = { headers: new Map(), urlModel: "m" };
  if (kind === "request" && request !== undefined)
    return (body) => orRefused(() => request(body, facts, () => {}));
  if (kind === "response" && response !== undefined)
    return (body) => orRefused(() => response(body, FACTS, () => {}));
  if (kind !== "stream" || stream === undefined) return undefined;
  return (body) => {
    const translated = stream(FACTS, () => {});
    translated.push(body);
    translated.end();
  };
}

const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "m",
  includeUsage: true,
  nowS: 1,
  id: "0",
};

function orRefused(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof RegentError)) throw error;
  }
}
