/** Streams of every dialect through a real Envoy: whole, cut, oversized, aborted. The answers are recorded ones. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { ERRORS } from "../../../src/exchange/errors.ts";
import { FORMATS, type Format } from "../../../src/formats/index.ts";
import { readingOf } from "../../../src/formats/reading.ts";
import { AWS_MESSAGE_BYTES_MAX } from "../../../src/wire/aws-event-stream.ts";
import { SSE_EVENT_BYTES_MAX } from "../../../src/wire/sse.ts";
import { fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import type { Answer } from "../support/witness.ts";
import { type AnswersStack, STREAMING, type StreamingDialect, startAnswers } from "./stack.ts";

let answers: AnswersStack;
before(async () => {
  answers = await startAnswers();
});
after(() => answers?.stop());

/** Milliseconds between the last bytes and the cut, so that they are on their way alone. */
const CUT_AFTER_MS = 30;

const typeOf = ({ name }: StreamingDialect) => FORMATS[name].streamType ?? "text/event-stream";

/** Recorded streams that end as their dialect ends, with no error in them. */
function recorded({ name }: StreamingDialect): readonly Buffer[] {
  return loadFixtures(name)
    .filter(
      ({ kind, expected }) => kind === "stream" && expected.invalid === undefined && expected.error === null,
    )
    .filter(({ body }) => isComplete(FORMATS[name], body))
    .map(({ body }) => body);
}

function isComplete({ stream }: Format, body: Buffer): boolean {
  return stream.finish(stream.step(stream.initial({ hideUsage: false, keepText: false }), body).state)
    .complete;
}

function serve(dialect: StreamingDialect, body: Buffer): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": typeOf(dialect) });
    response.end(body);
  };
}

type Cut = "ends its chunks too early" | "closes" | "resets";

/** The last two in a body that only the close delimits: inside any other framing nobody can say more. */
function serveCut(dialect: StreamingDialect, body: Buffer, how: Cut): Answer {
  if (how === "ends its chunks too early") return serve(dialect, body);
  return ({ socket }: IncomingMessage) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${typeOf(dialect)}\r\nconnection: close\r\n\r\n`);
    socket.write(body);
    setTimeout(() => {
      if (how === "closes") socket.end();
      else (socket as Socket & { resetAndDestroy(): void }).resetAndDestroy();
    }, CUT_AFTER_MS);
  };
}

function refusal({ name }: StreamingDialect, code: "upstream_incomplete"): Buffer {
  const { status, message } = ERRORS[code];
  return FORMATS[name].refuseInStream({ status, code, message });
}

/** The beginning of an event that is larger than anybody reads. */
function oversized({ name }: StreamingDialect): Buffer {
  if (name !== "bedrock-converse") return Buffer.from(`data: {"x":"${"x".repeat(SSE_EVENT_BYTES_MAX)}`);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(AWS_MESSAGE_BYTES_MAX + 1, 0);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  return prelude;
}

for (const dialect of STREAMING)
  describe(dialect.name, { skip: fixturesMissing(dialect.name) ?? false }, () => {
    test("every recorded stream comes byte for byte, and is accounted for", async (t) => {
      const streams = recorded(dialect);
      assert.ok(streams.length > 0);
      for (const body of streams) {
        const got = await answers.ask({ dialect, answer: serve(dialect, body) });
        assert.deepEqual([got.status, got.end], [200, "clean"], got.body.toString());
        assert.ok(got.body.equals(body), `${got.body.length} of ${body.length} bytes`);
        const record = await answers.recordOf(got.id);
        assert.deepEqual(
          [record.verdict, record.end, record.upstreamError],
          ["allow", "complete", undefined],
        );
        assert.ok((record.charge?.tokens ?? 0) > 0);
      }
      t.diagnostic(`${dialect.name}: ${streams.length} recorded streams`);
    });

    for (const how of ["ends its chunks too early", "closes", "resets"] as const)
      test(`an upstream that ${how} reaches the client as an error event, never as a clean end`, async () => {
        const [whole] = recorded(dialect);
        assert.ok(whole !== undefined);
        const cut = whole.subarray(0, Math.floor(whole.length / 3));
        const got = await answers.ask({ dialect, answer: serveCut(dialect, cut, how) });
        const last = refusal(dialect, "upstream_incomplete");
        assert.equal(got.end, "clean");
        assert.ok(got.body.subarray(-last.length).equals(last), got.body.subarray(-600).toString());
        const before = got.body.subarray(0, -last.length);
        assert.ok(cut.subarray(0, before.length).equals(before));
        assert.notEqual(readingOf(FORMATS[dialect.name], "stream", got.body).error, null);
        const record = await answers.recordOf(got.id);
        assert.deepEqual([record.upstreamError, record.charge?.source], ["upstream_incomplete", "estimated"]);
      });

    test("an event that is larger than any ends the stream with an error event, and the upstream's too", async () => {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const got = await answers.ask({
        dialect,
        answer: (_request, response) => {
          void once(response, "close").then(() => resolve());
          response.writeHead(200, { "content-type": typeOf(dialect) });
          // It never ends by itself.
          response.write(oversized(dialect));
        },
      });
      const last = refusal(dialect, "upstream_incomplete");
      assert.equal(got.end, "clean");
      assert.ok(got.body.subarray(-last.length).equals(last));
      assert.ok(!got.body.includes("xxxxxxxxxx"));
      await closed;
    });

    test("a client that aborts is charged for what was written until then, and the upstream is closed", async () => {
      const [whole] = recorded(dialect);
      assert.ok(whole !== undefined);
      const half = whole.subarray(0, Math.floor(whole.length / 2));
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const got = await answers.ask({
        dialect,
        answer: (_request, response) => {
          void once(response, "close").then(() => resolve());
          response.writeHead(200, { "content-type": typeOf(dialect) });
          response.write(half);
        },
        abortWhen: (received) => received.length > 0,
      });
      assert.equal(got.end, "aborted");
      await closed;
      const record = await answers.recordOf(got.id);
      assert.deepEqual([record.end, record.charge?.source], ["aborted", "estimated"]);
      assert.ok((record.charge?.tokens ?? 0) > 0);
    });
  });
