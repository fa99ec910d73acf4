/**
 * What targets of every dialect answer when they are broken or hostile, to clients of every dialect through a real Envoy: a
 * client gets an error it can see, never an answer that looks whole.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { DECODED_PIECE_BYTES_MAX } from "../../../src/pipeline/answer/streamed-answer.ts";
import { tell } from "../../support/answer-streams.ts";
import type { Answer } from "../support/witness.ts";
import {
  CHAT_DIALECTS,
  type ChatDialect,
  chatIn,
  type FormatsStack,
  type Got,
  modelOn,
  startFormats,
} from "./formats-stack.ts";

let formats: FormatsStack;
before(async () => {
  formats = await startFormats();
});
after(() => formats?.stop());

const PAIRS = CHAT_DIALECTS.flatMap((from) => CHAT_DIALECTS.map((to) => [from, to] as const));
const TRANSLATED = PAIRS.filter(([from, to]) => from !== to);

const streamTypeOf = (dialect: ChatDialect) =>
  dialect === "bedrock-converse" ? "application/vnd.amazon.eventstream" : "text/event-stream";

const CODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

/** A bomb need not be the smallest. */
const FAST = { level: 1 };

/** What the end of a whole stream says in each dialect, and the end of a refused one does not. */
const REGULAR_END: { readonly [dialect in ChatDialect]: RegExp } = {
  "openai-chat": /data: \[DONE\]/,
  "openai-responses": /response\.(completed|incomplete)/,
  "anthropic-messages": /message_stop/,
  "gemini-generate": /"finishReason":"STOP"/,
  "bedrock-converse": /messageStop/,
};

function reply(status: number, type: string | undefined, body: string | Buffer, more: object = {}): Answer {
  return (_request, response) => {
    response
      .writeHead(status, { ...(type === undefined ? {} : { "content-type": type }), ...more })
      .end(body);
  };
}

function ask(from: ChatDialect, to: ChatDialect, stream: boolean, answer: Answer): Promise<Got> {
  formats.play(answer);
  return formats.ask(chatIn(from, modelOn(to), stream));
}

function assertNoRegularEnd(from: ChatDialect, to: ChatDialect, got: Got): void {
  const what = `${from} from ${to}: ${got.status} ${got.end} ${got.text.slice(-300)}`;
  assert.doesNotMatch(got.text, REGULAR_END[from], what);
  if (got.end === "clean") assert.match(got.text, /upstream_(incomplete|invalid)/, what);
}

describe("a stream", () => {
  test("that is whole is the client's own, whole", async () => {
    for (const [from, to] of PAIRS) {
      const got = await ask(from, to, true, reply(200, streamTypeOf(to), tell(to, ["Hello ", "you."]).whole));
      assert.deepEqual([got.status, got.end], [200, "clean"]);
      assert.match(got.text, REGULAR_END[from], `${from} from ${to}`);
      assert.equal(got.headers["content-type"], streamTypeOf(from));
    }
  });

  test("that says nothing at all is an error, however its end is framed", async () => {
    for (const [from, to] of PAIRS)
      for (const more of [{}, { "content-length": "0" }]) {
        const got = await ask(from, to, true, reply(200, streamTypeOf(to), "", more));
        assertNoRegularEnd(from, to, got);
        assert.notEqual(got.text, "");
      }
  });

  test("that stops anywhere, also within an event, ends in an error event or a broken transfer", async () => {
    for (const [from, to] of PAIRS) {
      const { whole, open } = tell(to, ["Hello ", "you."]);
      // What ends a stream comes in several events, after the first of which some dialects are complete.
      for (const cut of [1, Math.floor(open.length / 2), open.length - 1, open.length, open.length + 7]) {
        const head = { "content-length": String(whole.length) };
        assertNoRegularEnd(
          from,
          to,
          await ask(from, to, true, reply(200, streamTypeOf(to), whole.subarray(0, cut))),
        );
        const got = await ask(from, to, true, (_request, response) => {
          response.writeHead(200, { "content-type": streamTypeOf(to), ...head });
          response.write(whole.subarray(0, cut), () => response.destroy());
        });
        assert.notEqual(got.end === "clean" && REGULAR_END[from].test(got.text), true, `${from} from ${to}`);
      }
    }
  });

  test("that is coded, though nobody asked for it, is the client's own, whole and plain", async () => {
    const pieces = Array.from({ length: 100 }, (_, index) => `word${index} `);
    for (const [from, to] of TRANSLATED) {
      const { whole } = tell(to, pieces);
      for (const [coding, code] of Object.entries(CODERS)) {
        const answer = reply(200, streamTypeOf(to), code(whole), { "content-encoding": coding });
        const got = await ask(from, to, true, answer);
        const what = `${coding}: ${from} from ${to}`;
        assert.deepEqual(
          [got.status, got.end, got.headers["content-encoding"]],
          [200, "clean", undefined],
          what,
        );
        assert.match(got.text, REGULAR_END[from], what);
        assert.ok(got.text.includes("word99 "), what);
      }
    }
  });

  test("that lies about its coding, is cut short in it, or is a bomb ends in an error event", async () => {
    for (const [from, to] of TRANSLATED) {
      const { whole, open } = tell(to, ["Hello ", "you."]);
      const bomb = gzipSync(Buffer.concat([open, Buffer.alloc(2 * DECODED_PIECE_BYTES_MAX, "\n")]), FAST);
      for (const [coding, bytes] of [
        ["gzip", whole],
        ["br", gzipSync(whole)],
        ["gzip", gzipSync(whole).subarray(0, -1)],
        ["zstd", zstdCompressSync(whole).subarray(0, -1)],
        ["gzip", bomb],
      ] as const) {
        const answer = reply(200, streamTypeOf(to), bytes, { "content-encoding": coding });
        const got = await ask(from, to, true, answer);
        assert.deepEqual([got.status, got.end], [200, "clean"]);
        assertNoRegularEnd(from, to, got);
      }
    }
  });

  test("in a coding that is not read, or in two of them, is refused before it begins", async () => {
    for (const [from, to] of TRANSLATED) {
      const twice = gzipSync(gzipSync(tell(to, ["Hello."]).whole));
      for (const coding of ["gzip, gzip", "compress"]) {
        const answer = reply(200, streamTypeOf(to), twice, { "content-encoding": coding });
        const got = await ask(from, to, true, answer);
        assert.deepEqual([got.status, got.headers["x-regent-reason"]], [502, "upstream_invalid"]);
      }
    }
  });

  test("of another dialect than the target's is no whole stream", async () => {
    for (const [from, to] of TRANSLATED)
      for (const said of CHAT_DIALECTS.filter((dialect) => dialect !== to)) {
        const got = await ask(from, to, true, reply(200, streamTypeOf(to), tell(said, ["Hello."]).whole));
        assertNoRegularEnd(from, to, got);
      }
  });
});

describe("an answer", () => {
  test("without a body is not passed on as one that was translated", async () => {
    for (const [from, to] of TRANSLATED)
      for (const answer of [
        reply(200, "application/json", "", { "content-length": "0" }),
        reply(200, "application/json", ""),
        reply(200, undefined, "", { "content-length": "0" }),
        reply(204, undefined, ""),
      ]) {
        const got = await ask(from, to, false, answer);
        assert.deepEqual([got.status, got.headers["x-regent-reason"]], [502, "upstream_invalid"]);
      }
  });

  test("that is no answer of the target's dialect is an error to the client", async () => {
    for (const [from, to] of TRANSLATED)
      for (const [type, body, more] of [
        ["application/json", "{}", {}],
        ["application/json", "[]", {}],
        ["application/json", "{", {}],
        ["text/plain", "Hello.", {}],
        ["application/json", "{}", { "content-encoding": "gzip" }],
        ["application/json", gzipSync("{}"), { "content-encoding": "br" }],
        ["application/json", `{"a":${"[".repeat(100_000)}`, {}],
      ] as const) {
        const got = await ask(from, to, false, reply(200, type, body, more));
        assert.deepEqual([got.status, got.headers["x-regent-reason"]], [502, "upstream_invalid"], got.text);
      }
  });

  test("that is an error is none under a status of success", async () => {
    const error = { message: "no", type: "api_error", code: 429, status: "RESOURCE_EXHAUSTED" };
    const body = JSON.stringify({ type: "error", error, message: "no", __type: "ThrottlingException" });
    for (const [from, to] of TRANSLATED)
      for (const stream of [false, true]) {
        const got = await ask(from, to, stream, reply(200, "application/json", body));
        assert.ok(got.status >= 400, `${from} from ${to}: ${got.status} ${got.text}`);
      }
  });
});

describe("a stream with a secret that is cut over events", () => {
  /** The domain and the number are reserved for examples and tests. */
  const SECRETS = { EMAIL_ADDRESS: "jane.doe@example.com", CREDIT_CARD: "4111111111111111" } as const;

  /** What a stream says, its pieces put together: no string of JSON in these streams has an escape in it. */
  const saidIn = (text: string) =>
    [...text.matchAll(/"(?:content|delta|text)":"([^"]*)"/g)].map(([, said]) => said).join("");

  /** The secret in two events and one for each further character, behind this much text. */
  function cutAt(secret: string, at: number, before: number): string[] {
    return ["a ".repeat(before), secret.slice(0, at), ...secret.slice(at), " and no more."];
  }

  for (const [how, decide] of [
    ["masks", (type: string) => ({ allow: true, redact: [{ type, action: "mask", where: "response" }] })],
    ["denies", () => ({ allow: true, response: { inspect: true } })],
  ] as const)
    test(`never says the beginning of it where policy ${how} it, translated or not`, async () => {
      for (const [from, to] of PAIRS)
        for (const [type, secret] of Object.entries(SECRETS))
          for (const [at, before] of [
            [1, 1],
            [8, 700],
            [secret.length - 1, 700],
          ] as const) {
            formats.play(reply(200, streamTypeOf(to), tell(to, cutAt(secret, at, before)).whole));
            const asked = chatIn(from, modelOn(to), true);
            const { text } = await formats.ask({
              ...asked,
              decide: decide(type),
              ...(how === "denies" ? { deny: type } : {}),
            });
            const said = saidIn(text);
            const what = `${from} from ${to}, cut at ${at}: ${text.slice(-300)}`;
            assert.ok(!said.includes(secret.slice(0, 6)) && !text.includes(secret), what);
            if (how === "masks") assert.ok(said.includes(`<${type}>`) && REGULAR_END[from].test(text), what);
            else assert.ok(text.includes("found_in_answer") && !REGULAR_END[from].test(text), what);
          }
    });
});

test("everything that reached a target had been let through", () => formats.settle());
