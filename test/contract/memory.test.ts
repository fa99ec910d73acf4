import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { KEPT_BYTES_MAX } from "../../src/formats/bounds.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { type AnswerFacts, TRANSLATIONS, translatorOf } from "../../src/translation/index.ts";
import { SHAPES } from "./shapes.ts";

/**
 * Upstreams that never end. What an open stream takes does not grow with what went through it, and where texts are kept it
 * ends at a limit.
 */

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const STREAMED_BYTES = 1.5 * 1024 * 1024;
/** Of a stream whose texts are not kept: names of calls, an event that is still open, and what is yet to be given back. */
const OPEN_GROWTH_MAX = 8 * 1024 * 1024;
/** Of one whose texts are. The most is taken by what comes in the smallest pieces, up to its limit. */
const KEPT_GROWTH_MAX = 48 * 1024 * 1024;

/** What a translator holds some of until there is more. */
const HELD: ReadonlySet<string> = new Set([
  "pieces of the first of many calls",
  "pieces of the first of many blocks",
  "blocks begun again",
  "signatures",
  "places of arguments",
  "deep places of arguments",
  "pieces of arguments",
  "deltas of one part",
  "text and thoughts in turns",
]);

const streams = SHAPES.filter(({ kind }) => kind === "stream");

for (const shape of streams) {
  const name = `${shape.format}: ${shape.name}`;

  test(`a stream that goes on and on takes no more memory: ${name}`, () => {
    const body = shape.bytes(STREAMED_BYTES);
    const { stream } = FORMATS[shape.format];
    for (const keepText of [false, true]) {
      let state = stream.initial({ hideUsage: false, keepText });
      const grown = growth(body, (piece) => {
        const step = stream.step(state, piece);
        state = step.state;
        return step.fault !== undefined;
      });
      assert.ok(grown <= (keepText ? KEPT_GROWTH_MAX : OPEN_GROWTH_MAX), `${grown} bytes, kept: ${keepText}`);
      stream.finish(state);
    }
  });

  for (const { to } of TRANSLATIONS.filter(({ from }) => from === shape.format && HELD.has(shape.name))) {
    const open = translatorOf(shape.format, to)?.stream;
    if (open === undefined) continue;
    test(`a stream that is translated on and on takes no more memory: ${name}, to ${to}`, () => {
      const translated = open(FACTS, () => {});
      const body = shape.bytes(STREAMED_BYTES);
      const grown = growth(body, (piece) => translated.push(piece).fault !== undefined);
      assert.ok(grown <= KEPT_GROWTH_MAX, `${grown} bytes`);
      translated.end();
    });
  }
}

test("two hundred megabytes of arguments are counted and not kept, and where they are kept they end the stream", () => {
  const { stream } = FORMATS["openai-chat"];
  const event = (delta: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
  const begin = Buffer.from(event({ tool_calls: [{ index: 0, id: "c", function: { name: "f" } }] }));
  const text = "x".repeat(60 * 1024);
  const piece = Buffer.from(event({ tool_calls: [{ index: 0, function: { arguments: text } }] }));
  const pieces = Math.ceil((200 * 1024 * 1024) / piece.length);
  let state = stream.step(stream.initial({ hideUsage: false, keepText: false }), begin).state;
  const grown = growth(piece, () => {
    for (let sent = 0; sent < pieces; sent++) {
      const step = stream.step(state, piece);
      state = step.state;
      assert.equal(step.fault, undefined);
    }
    return false;
  });
  assert.ok(grown <= OPEN_GROWTH_MAX, `${grown} bytes`);
  assert.equal(stream.progress?.(state)?.outputBytes, pieces * text.length);

  let kept = stream.step(stream.initial({ hideUsage: false, keepText: true }), begin).state;
  let taken = 0;
  let fault: string | undefined;
  for (; fault === undefined && taken < pieces; taken++) {
    const step = stream.step(kept, piece);
    kept = step.state;
    fault = step.fault;
  }
  assert.equal(taken, Math.floor(KEPT_BYTES_MAX / text.length) + 1);
  assert.match(fault ?? "", new RegExp(`more than ${KEPT_BYTES_MAX} bytes`));
});

const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "m",
  includeUsage: true,
  nowS: 1,
  id: "0",
};

/** By how many bytes more is held when all pieces went through, or when the stream has ended. */
function growth(body: Buffer, take: (piece: Buffer) => boolean): number {
  const before = heldBytes();
  const size = 64 * 1024;
  for (let at = 0; at < body.length; at += size) {
    // A copy, as each comes from the network: who keeps a part of it keeps all of it.
    if (take(Buffer.from(body.subarray(at, at + size)))) break;
  }
  return heldBytes() - before;
}

function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
