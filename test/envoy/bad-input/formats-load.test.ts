/**
 * Answers that are too fast, too large or never read, clients that leave, and more at once than there is time for, through a
 * real Envoy that translates: Envoy and Regent live on, nothing stays open, and what was said is charged.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import type { JsonValue } from "../../../src/exchange/json.ts";
import { STREAM_BURST_BYTES_MAX } from "../../../src/pipeline/attempt/translated-stream.ts";
import { SSE_EVENT_BYTES_MAX } from "../../../src/wire/sse.ts";
import { tell } from "../../support/answer-streams.ts";
import { eventually } from "../governed/records.ts";
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
let pids: readonly number[];
before(async () => {
  formats = await startFormats();
  pids = pidsNow();
});
after(() => formats?.stop());

const pidsNow = () => [formats.stack.envoy.pid, formats.stack.regent.pid];

/** Asserts that neither process has ended, and that nothing is open any more. */
async function assertAlive(what: string): Promise<void> {
  for (const part of [formats.stack.envoy, formats.stack.regent])
    assert.equal(
      await Promise.race([part.ended, Promise.resolve("alive")]),
      "alive",
      `${what}: ${part.log()}`,
    );
  assert.deepEqual(pidsNow(), pids);
  await formats.quiet();
}

const streamTypeOf = (dialect: ChatDialect) =>
  dialect === "bedrock-converse" ? "application/vnd.amazon.eventstream" : "text/event-stream";
const PAIRS = CHAT_DIALECTS.flatMap((from) => CHAT_DIALECTS.map((to) => [from, to] as const));

/** What a target has sent so far, and whether it was closed. */
type Flood = { bytes: number; closed: boolean };

/** Some 50 MB a second: faster than a stream is translated, and slow enough for Envoy to get to anything else. */
const PIECE_EVERY_MS = 5;

/** Begins a stream and then sends the same words, for ever. */
function flood(dialect: ChatDialect, flooded: Flood, everyMs = PIECE_EVERY_MS): Answer {
  const next = (pour: () => void) => (everyMs === 0 ? setImmediate(pour) : setTimeout(pour, everyMs));
  const { open } = tell(dialect, [""]);
  const piece = tell(dialect, Array<string>(2_000).fill("word ".repeat(10))).open.subarray(open.length);
  return (_request, response) => {
    response.on("error", () => {});
    response.on("close", () => {
      flooded.closed = true;
    });
    response.writeHead(200, { "content-type": streamTypeOf(dialect) });
    response.write(open);
    const pour = () => {
      if (flooded.closed) return;
      flooded.bytes += piece.length;
      if (response.write(piece)) next(pour);
      else response.once("drain", () => next(pour));
    };
    pour();
  };
}

/** Asks on a connection of its own and reads nothing. */
function askUnread(from: ChatDialect, to: ChatDialect) {
  const { path, body } = chatIn(from, modelOn(to), true);
  const text = JSON.stringify(body);
  const socket = connect(formats.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
  return socket;
}

const closedOf = (flooded: Flood) =>
  eventually("the target's connection to be closed", () => (flooded.closed ? true : undefined), 30_000);

describe("a target that is faster than its answer can be translated", () => {
  /** More than Envoy would hold of a stream to Regent before its window was raised. */
  const BACKLOG = 160_000_000;

  test("is cut off at the largest stream, with an error event", async () => {
    for (const [from, to] of [
      ["openai-chat", "anthropic-messages"],
      ["anthropic-messages", "openai-chat"],
    ] as const) {
      const flooded = { bytes: 0, closed: false };
      formats.play(flood(to, flooded));
      const got = await formats.ask(chatIn(from, modelOn(to), true));
      await closedOf(flooded);
      assert.ok(flooded.bytes > STREAM_BURST_BYTES_MAX);
      if (got.end === "clean") assert.match(got.text.slice(-400), /upstream_invalid/);
      await assertAlive(`${from} from ${to}`);
    }
  });

  test("whose answer policy ends early, or whose client leaves, ends nobody else", async () => {
    const endings: readonly (readonly [what: string, decide: JsonValue])[] = [
      ["a bound of tokens", { allow: true, response: { max_output_tokens: 50 } }],
      ["inspection", { allow: true, response: { inspect: true } }],
    ];
    for (const [what, decide] of endings) {
      const flooded = { bytes: 0, closed: false };
      formats.play(flood("anthropic-messages", flooded));
      const got = await formats.ask({
        ...chatIn("openai-chat", modelOn("anthropic-messages"), true),
        decide,
      });
      assert.ok(!got.text.includes("[DONE]"));
      await closedOf(flooded);
      await assertAlive(what);
    }
    const flooded = { bytes: 0, closed: false };
    formats.play(flood("anthropic-messages", flooded));
    await formats.ask({
      ...chatIn("openai-chat", modelOn("anthropic-messages"), true),
      abortWhen: () => flooded.bytes > BACKLOG || flooded.closed,
    });
    await closedOf(flooded);
    await assertAlive("a client that leaves");
  });

  test("and whose client reads nothing is held back, and ends with its client", async () => {
    const flooded = { bytes: 0, closed: false };
    formats.play(flood("anthropic-messages", flooded));
    const socket = askUnread("openai-chat", "anthropic-messages");
    let last = -1;
    await eventually(
      "the target to be held back",
      () => {
        const still = flooded.closed || (flooded.bytes > 0 && flooded.bytes === last);
        last = flooded.bytes;
        return still ? true : undefined;
      },
      30_000,
    );
    socket.destroy();
    await closedOf(flooded);
    await assertAlive("a client that reads nothing");
  });
});

describe("an answer", () => {
  test("of 100,000 events of one word is passed on whole", async () => {
    const said = Array<string>(100_000).fill("a");
    for (const [from, to] of [
      ["openai-chat", "anthropic-messages"],
      ["bedrock-converse", "openai-chat"],
    ] as const) {
      const { whole } = tell(to, said);
      formats.play(
        (_request, response) => void response.writeHead(200, { "content-type": streamTypeOf(to) }).end(whole),
      );
      const got = await formats.ask(chatIn(from, modelOn(to), true));
      assert.deepEqual([got.status, got.end], [200, "clean"]);
      assert.ok(got.text.split('"a"').length > said.length, `${got.text.split('"a"').length}`);
    }
  });

  test("with an event that is too large ends with an error event", async () => {
    for (const [from, to] of PAIRS.filter(([, dialect]) => dialect !== "bedrock-converse")) {
      const { whole } = tell(to, ["x".repeat(2 * SSE_EVENT_BYTES_MAX)]);
      formats.play(
        (_request, response) => void response.writeHead(200, { "content-type": streamTypeOf(to) }).end(whole),
      );
      const got = await formats.ask(chatIn(from, modelOn(to), true));
      assert.match(got.text.slice(-600), /upstream_(incomplete|invalid)/, `${from} from ${to}`);
      assert.ok(got.body.length < SSE_EVENT_BYTES_MAX);
    }
  });

  test("whose client leaves anywhere is settled by what was said, and stays nowhere", async () => {
    const ids: string[] = [];
    for (const [from, to] of PAIRS) {
      const { whole } = tell(
        to,
        Array.from({ length: 400 }, (_, index) => `word${index} `),
      );
      for (const at of [1, 700, 9_000]) {
        const left = Promise.withResolvers<void>();
        formats.play((_request, response) => {
          response.on("error", () => {});
          response.on("close", () => left.resolve());
          // Without its end: only the client's leaving ends it.
          response.writeHead(200, { "content-type": streamTypeOf(to) }).write(whole.subarray(0, -1));
        });
        const asked = { ...chatIn(from, modelOn(to), true), abortWhen: (bytes: number) => bytes >= at };
        const { id, end } = await formats.ask(asked);
        await left.promise;
        assert.equal(end, "aborted", `${from} from ${to}`);
        ids.push(id ?? "");
      }
    }
    await assertAlive("clients that leave");
    for (const id of ids) {
      const { end, charge } = await formats.recordOf(id);
      assert.equal(end, "aborted");
      assert.ok((charge?.tokens ?? 0) > 0);
    }
  });
});

describe("more large requests at once than can be translated in time", () => {
  const CONNECTIONS = 50;
  /** Bytes of each text; with the rest of its body it is just below what the gateway takes. */
  const TEXT_BYTES = 4 * 1024 ** 2 - 1_024;
  /** Of each process: some times what all the bodies have. */
  const MEMORY_BYTES_MAX = 1024 ** 3;

  test("are served or refused, within bounds of memory, and the next one is served", async () => {
    formats.play(
      (_request, response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end(
          JSON.stringify({
            id: "m",
            type: "message",
            role: "assistant",
            model: "m",
            content: [{ type: "text", text: "Yes." }],
            stop_reason: "end_turn",
            usage: { input_tokens: 1, output_tokens: 1 },
          }),
        ),
    );
    const asked = (bytes: number) =>
      chatIn("openai-chat", modelOn("anthropic-messages"), false, "x".repeat(bytes));
    const answers = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => formats.ask(asked(TEXT_BYTES))),
    );
    for (const { status, text } of answers) assert.ok([200, 503].includes(status), text.slice(0, 200));
    assert.ok(answers.some(({ status }) => status === 200));
    await assertAlive("overload");
    for (const pid of pids) assert.ok(peakBytes(pid) < MEMORY_BYTES_MAX, `${peakBytes(pid)} bytes`);
    assert.equal((await formats.ask(asked(10))).status, 200);
  });
});

// The last one: the most memory that Envoy has had is that of this, from here on.
describe("a target that never pauses", () => {
  test("is cut off before 2 GiB of it wait in Envoy, which would end it", async () => {
    const flooded = { bytes: 0, closed: false };
    formats.play(flood("anthropic-messages", flooded, 0));
    const got = await formats.ask(chatIn("openai-chat", modelOn("anthropic-messages"), true));
    await closedOf(flooded);
    assert.ok(flooded.bytes > STREAM_BURST_BYTES_MAX);
    if (got.end === "clean") assert.match(got.text.slice(-400), /upstream_invalid/);
    await assertAlive("a target that never pauses");
  });
});

/** The most memory that a process had, of Linux. */
function peakBytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

test("everything that reached a target had been let through", () => formats.settle());
