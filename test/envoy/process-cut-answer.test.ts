/**
 * What a client sees when the upstream goes away in the middle of an answer, measured with Envoy 1.40.
 *
 * | the upstream                                   | ext_proc sees                | the client can be given               |
 * |------------------------------------------------|------------------------------|---------------------------------------|
 * | ends the chunked body too early (last chunk)   | end of stream                | Regent's error event, a clean end     |
 * | closes a body that only the close delimits     | end of stream                | Regent's error event, a clean end     |
 * | resets a body that only the close delimits     | end of stream                | Regent's error event, a clean end     |
 * | closes or resets inside a chunked body         | the gRPC stream half-closed, | a broken transfer: no last chunk, and |
 * | closes or resets before its content-length     | then reset: no message       | the connection closed after Envoy's   |
 * | HTTP/2: RST_STREAM                             |                              | delayed_close_timeout (1 s by default)|
 * | any of the last three, body read whole         | the same                     | Envoy's own 502 or 503, whole         |
 *
 * In the fourth to sixth case no error event can reach the client. Envoy's router resets the client's stream in the same
 * turn of its loop, before any filter could add a byte: response headers have left, so its local reply becomes a reset
 * (FilterManager::sendLocalReply), retries are over, and what ext_proc says afterwards goes to a filter that is gone.
 * Tried without success: a second hop (another listener of the same Envoy) passes the break on; the HTTP/1 codec takes an
 * end of file for the end of a body only where no framing was announced, and none of its options changes that; the
 * answer to an upgrade, which has no framing, is reset at the end of file as well. The client is never given a clean
 * end: fetch throws, and so do the SDKs built on it. A shorter delayed_close_timeout lets HTTP/1 clients know sooner.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { createProcessHandler } from "../../src/envoy/process/process.ts";
import { type Received, send } from "./support/client.ts";
import { gateway, http2Cluster } from "./support/config.ts";
import { type RunningEnvoy, startEnvoy } from "./support/envoy.ts";
import { type Account, type FakeGovernor, fakeGovernor, pass, plan } from "./support/fake-governor.ts";
import { startGoverned } from "./support/gateway.ts";
import { type RunningProcessor, startProcessor } from "./support/processor.ts";
import { type Answer, startWitness, type Witness } from "./support/witness.ts";

const EVENT = "data: 1\n\n";
const ERROR_EVENT = 'data: {"error":{"code":"upstream_incomplete"}}\n\n';
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
/** Milliseconds between the event and the cut, so that the event is on its way alone. */
const CUT_AFTER_MS = 30;

type Cut = "end" | "close" | "reset";

/** Sends one event in a framing of one's own, then cuts the connection. */
function cut(head: string, body: string, how: Cut, last = ""): Answer {
  return (request) => {
    const { socket } = request;
    socket.write(head + body);
    setTimeout(() => {
      if (how === "reset") (socket as Socket & { resetAndDestroy(): void }).resetAndDestroy();
      else socket.end(last);
    }, CUT_AFTER_MS);
  };
}

const chunked = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const chunk = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n`;
const delimitedByClose = `${HEAD}connection: close\r\n\r\n`;
const withLength = `${HEAD}content-length: 1000\r\n\r\n`;

const TOLD: readonly (readonly [string, Answer])[] = [
  ["ends its chunked stream too early", cut(chunked, chunk, "end", "0\r\n\r\n")],
  ["closes a stream that only the close delimits", cut(delimitedByClose, EVENT, "close")],
  ["resets a stream that only the close delimits", cut(delimitedByClose, EVENT, "reset")],
];
const UNTOLD: readonly (readonly [string, Answer])[] = [
  ["closes in the middle of a chunked stream", cut(chunked, chunk, "close")],
  ["resets in the middle of a chunked stream", cut(chunked, chunk, "reset")],
  ["closes in the middle of a chunk", cut(chunked, `ff\r\n${EVENT}`, "close")],
  ["closes before the length it announced", cut(withLength, EVENT, "close")],
];

describe("an upstream that goes away in the middle of an answer", () => {
  let upstream: Answer;
  let read: "stream" | "buffered";
  let governor: FakeGovernor;
  let processor: RunningProcessor;
  let witness: Witness;
  let envoy: RunningEnvoy;

  before(async () => {
    governor = fakeGovernor({
      requestHead: () => pass(),
      responseHead: () => ({ kind: "pass", plan: plan(), body: read }),
      // As a format does that knows its last event: what ends without it gets an error event.
      responseChunk: (piece, endOfStream) => ({
        bytes: Buffer.concat([piece, Buffer.from(endOfStream ? ERROR_EVENT : "")]),
        end: false,
      }),
    });
    processor = await startProcessor(createProcessHandler(governor, { nowMs: Date.now, onBroken: () => {} }));
    witness = await startWitness((...given) => upstream(...given));
    const manager = { delayed_close_timeout: "0.1s" };
    envoy = await startEnvoy(gateway({ processorPort: processor.port, upstreamPort: witness.port, manager }));
  });
  after(async () => {
    await envoy.stop();
    processor.stop();
    await witness.stop();
  });

  async function receive(answer: Answer, how: "stream" | "buffered"): Promise<[Received, Account]> {
    upstream = answer;
    read = how;
    const received = await send(envoy.port("gateway"), {});
    return [received, await governor.nextEnd()];
  }

  for (const [name, answer] of TOLD)
    test(`${name}: the client gets the error event of its dialect and a clean end`, async () => {
      const [received, account] = await receive(answer, "stream");
      assert.deepEqual([received.body, received.end], [EVENT + ERROR_EVENT, "clean"]);
      assert.deepEqual(account.ends, ["complete"]);
    });

  for (const [name, answer] of UNTOLD)
    test(`${name}: the client gets a broken transfer, never a clean end`, async () => {
      const [received, account] = await receive(answer, "stream");
      assert.equal(received.end, "broken");
      assert.ok(EVENT.startsWith(received.body) || received.body === EVENT);
      assert.deepEqual(account.ends, ["aborted"]);
    });

  for (const [name, answer] of UNTOLD)
    test(`${name}, read whole: the client gets Envoy's 502 and none of it`, async () => {
      const [received, account] = await receive(answer, "buffered");
      assert.deepEqual([received.status, received.end], [502, "clean"]);
      assert.ok(!received.body.includes(EVENT.trim()));
      assert.deepEqual(account.ends, ["aborted"]);
    });

  test("fetch throws where the transfer is broken, as the SDKs built on it do", async () => {
    upstream = cut(chunked, chunk, "close");
    read = "stream";
    const answer = await fetch(`http://127.0.0.1:${envoy.port("gateway")}/`);
    await assert.rejects(answer.text(), TypeError);
    await governor.nextEnd();
  });
});

test("an HTTP/2 upstream that resets its stream breaks the client's transfer", async (t) => {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {}); // Its own reset.
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    stream.write(EVENT);
    setTimeout(() => stream.destroy(new Error("cut")), CUT_AFTER_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { port: gatewayPort, governor } = await startGoverned(
    t,
    { responseHead: () => ({ kind: "pass", plan: plan(), body: "stream" }) },
    { upstream: http2Cluster("upstream", port), manager: { delayed_close_timeout: "0.1s" } },
  );
  const received = await send(gatewayPort, {});
  assert.equal(received.end, "broken");
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
});
