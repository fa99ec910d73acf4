/**
 * Targets that count the tokens of an answer before they write it, as some servers do and others pretend: neither the bound of
 * an answer nor its charge goes by a count of what came later.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { tell } from "../../support/answer-streams.ts";
import type { Answer } from "../support/witness.ts";
import {
  CHAT_DIALECTS,
  type ChatDialect,
  chatIn,
  type FormatsStack,
  modelOn,
  startFormats,
} from "./formats-stack.ts";

let formats: FormatsStack;
before(async () => {
  formats = await startFormats();
});
after(() => formats?.stop());

const PIECES = Array.from({ length: 100 }, (_, index) => `word ${index} and on `);
const SAID_BYTES = Buffer.byteLength(PIECES.join(""));

/** An event of each dialect that counts one token and says nothing. */
const COUNTS: { readonly [dialect in Exclude<ChatDialect, "bedrock-converse">]: string } = {
  "openai-chat": dataOf({
    id: "c",
    model: "any",
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 1 },
  }),
  "openai-responses": dataOf({
    type: "response.in_progress",
    response: { id: "r", status: "in_progress", output: [], usage: { input_tokens: 9, output_tokens: 1 } },
  }),
  "anthropic-messages": dataOf({ type: "message_delta", delta: {}, usage: { output_tokens: 1 } }),
  "gemini-generate": dataOf({
    candidates: [{ index: 0, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1 },
  }),
};

function dataOf(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** A stream that begins with a count; `isOpen`: it breaks off before its end, and so before its true count. */
function countedFirst(dialect: ChatDialect, isOpen: boolean): Buffer {
  if (dialect === "bedrock-converse") {
    // What ends a stream of Bedrock's is its count.
    const { open, end } = tell(dialect, PIECES);
    return Buffer.concat([tell(dialect, []).end, open, ...(isOpen ? [] : [end])]);
  }
  const { open, end } = tell(dialect, PIECES);
  const begin = tell(dialect, []).open;
  const rest = [Buffer.from(COUNTS[dialect]), open.subarray(begin.length), ...(isOpen ? [] : [end])];
  return Buffer.concat([begin, ...rest]);
}

function reply(dialect: ChatDialect, body: Buffer): Answer {
  const type = dialect === "bedrock-converse" ? "application/vnd.amazon.eventstream" : "text/event-stream";
  return (_request, response) => void response.writeHead(200, { "content-type": type }).end(body);
}

describe("a stream that counts itself before it is written", () => {
  for (const dialect of CHAT_DIALECTS) {
    test(`is held to its bound all the same in ${dialect}`, async () => {
      formats.play(reply(dialect, countedFirst(dialect, false)));
      const { id, text, body } = await formats.ask({
        ...chatIn(dialect, modelOn(dialect), true),
        decide: { allow: true, response: { max_output_tokens: 50 } },
      });
      assert.match(text, /output_limit/);
      assert.ok(!text.includes("word 60 ") && body.length > 0, text.slice(-300));
      const { verdict, reasons } = await formats.recordOf(id);
      assert.deepEqual([verdict, reasons.map(({ code }) => code)], ["deny", ["output_limit"]]);
    });

    test(`is charged for what it said when it breaks off in ${dialect}`, async () => {
      formats.play(reply(dialect, countedFirst(dialect, true)));
      const { id, text } = await formats.ask(chatIn(dialect, modelOn(dialect), true));
      assert.ok(text.includes("word 99 "));
      const { charge } = await formats.recordOf(id);
      assert.equal(charge?.source, "estimated");
      assert.ok(charge.tokens >= SAID_BYTES / 4, String(charge.tokens));
    });

    test(`is charged by its own count when that comes again at its end in ${dialect}`, async () => {
      formats.play(reply(dialect, countedFirst(dialect, false)));
      const { id } = await formats.ask(chatIn(dialect, modelOn(dialect), true));
      const { charge } = await formats.recordOf(id);
      assert.deepEqual([charge?.source, charge?.tokens], ["reported", 49]);
    });
  }
});

test("everything that reached a target had been let through", () => formats.settle());
