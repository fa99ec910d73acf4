import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, type ClientDuplexStream, credentials, type StatusObject } from "@grpc/grpc-js";
import { FakeCall } from "../../../test/envoy/support/fake-call.ts";
import {
  answer,
  fakeGovernor,
  PERMIT,
  pass,
  plan,
  type Script,
} from "../../../test/envoy/support/fake-governor.ts";
import { PROCESS, startProcessor } from "../../../test/envoy/support/processor.ts";
import type { Governor } from "../../pipeline/governor.ts";
import {
  BodySendMode,
  encodeProcessingRequest,
  type Init,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../codec.ts";
import type { Fault } from "./events.ts";
import {
  createProcessHandler,
  DEADLINE_MARGIN_MS,
  type ProcessCall,
  QUEUED_MESSAGES_MAX,
  SETTLE_MS_MAX,
  WRITE_STALL_MS_MAX,
} from "./process.ts";
import { REQUEST_MS_MAX } from "./request-stream.ts";

type Message = Init<ProcessingRequest>;

const MODES = { requestBodyMode: BodySendMode.BUFFERED, responseBodyMode: BodySendMode.STREAMED };
const POST: Message = { requestHeaders: { endOfStream: false }, protocolConfig: MODES };
const GET: Message = { requestHeaders: { endOfStream: true }, protocolConfig: MODES };
const BODY: Message = { requestBody: { body: Buffer.from("hello"), endOfStream: true } };
const ANSWER: Message = {
  responseHeaders: { headers: { headers: [{ key: ":status", rawValue: Buffer.from("200") }] } },
};
const chunk = (text: string, endOfStream = false): Message => ({
  responseBody: { body: Buffer.from(text), endOfStream },
});

const GOVERNED: Script = {
  requestHead: (_, endOfStream) => (endOfStream ? pass() : { kind: "need_body" }),
  responseHead: () => ({ kind: "pass", plan: plan(), body: "stream" }),
};

/** A client of one stream: Envoy, as far as gRPC goes. */
type Peer = {
  readonly call: ClientDuplexStream<Message, ProcessingResponse>;
  /** The next reply, or the word `over` when the stream ended before. */
  next(): Promise<ProcessingResponse["response"] | "over">;
  readonly status: Promise<StatusObject>;
};

async function connect(
  t: TestContext,
  governor: Governor,
  options: { deadlineMs?: number; serialize?: (message: Message) => Buffer } = {},
): Promise<{ open(): Peer; broken: { fault: Fault; cause: unknown }[] }> {
  const broken: { fault: Fault; cause: unknown }[] = [];
  const onBroken = (_: unknown, fault: Fault, cause: unknown) => broken.push({ fault, cause });
  const processor = await startProcessor(createProcessHandler(governor, { nowMs: Date.now, onBroken }));
  const client = new Client(`127.0.0.1:${processor.port}`, credentials.createInsecure());
  t.after(() => {
    client.close();
    processor.stop();
  });
  const open = (): Peer => {
    const call = client.makeBidiStreamRequest(
      PROCESS.path,
      options.serialize ?? encodeProcessingRequest,
      PROCESS.responseDeserialize,
      options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs },
    );
    call.on("error", () => {}); // Every status but OK is one; the tests look at the status.
    const status = new Promise<StatusObject>((resolve) => call.once("status", resolve));
    const replies = call[Symbol.asyncIterator]();
    const next = async () => {
      try {
        const { done, value } = await replies.next();
        return done ? "over" : (value as ProcessingResponse).response;
      } catch {
        return "over";
      }
    };
    return { call, next, status };
  };
  return { open, broken };
}

test("answers message by message and ends with OK once all was answered", async (t) => {
  const governor = fakeGovernor(GOVERNED);
  const { open } = await connect(t, governor);
  const peer = open();
  const replies: unknown[] = [];
  for (const message of [POST, BODY, ANSWER, chunk("a"), chunk("b", true)]) {
    peer.call.write(message);
    replies.push(await peer.next());
  }
  peer.call.end();
  assert.deepEqual(replies, [
    "requestHeaders",
    "requestBody",
    "responseHeaders",
    "responseBody",
    "responseBody",
  ]);
  assert.equal((await peer.status).code, 0);
  assert.deepEqual((await governor.nextEnd()).ends, ["complete"]);
});

test("ends with an error status when Envoy leaves before a governed phase was answered", async (t) => {
  const governor = fakeGovernor(GOVERNED);
  const { open } = await connect(t, governor);
  const peer = open();
  peer.call.write(POST);
  await peer.next();
  peer.call.end();
  assert.notEqual((await peer.status).code, 0);
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
});

test("A.22: a stream reset at any message ends its account once and leaves the others alone", async (t) => {
  const governor = fakeGovernor(GOVERNED);
  const { open } = await connect(t, governor);
  const messages = [POST, BODY, ANSWER, chunk("a"), chunk("b"), chunk("c", true)];
  const witness = open();
  witness.call.write(POST);
  await witness.next();
  for (let count = 1; count <= messages.length; count++) {
    const peer = open();
    for (const message of messages.slice(0, count)) {
      peer.call.write(message);
      await peer.next();
    }
    peer.call.cancel();
    const account = await governor.nextEnd();
    assert.deepEqual(account.ends, [count === messages.length ? "complete" : "aborted"]);
  }
  witness.call.write(BODY);
  assert.equal(await witness.next(), "requestBody");
  assert.equal(governor.accounts.filter(({ ends }) => ends.length !== 1).length, 1);
});

const THROWING: readonly (readonly [string, Script])[] = [
  ["requestHead", { requestHead: () => Promise.reject(new Error("boom")) }],
  ["requestBody", { ...GOVERNED, requestBody: () => Promise.reject(new Error("boom")) }],
  [
    "responseChunk",
    {
      ...GOVERNED,
      responseChunk() {
        throw new Error("boom");
      },
    },
  ],
];

for (const [where, script] of THROWING)
  test(`a throw in ${where} costs its stream an INTERNAL status and no other stream anything`, async (t) => {
    let healthy = true;
    const governor = fakeGovernor({
      ...GOVERNED,
      requestHead: (exchange, endOfStream) =>
        healthy
          ? { kind: "need_body" }
          : (script.requestHead?.(exchange, endOfStream) ?? { kind: "need_body" }),
      requestBody: (body, exchange) => script.requestBody?.(body, exchange) ?? pass(),
      responseChunk: (piece, endOfStream) =>
        script.responseChunk?.(piece, endOfStream) ?? { bytes: piece, end: false },
    });
    const { open, broken } = await connect(t, governor);
    const witness = open();
    witness.call.write(POST);
    await witness.next();
    healthy = false;
    const peer = open();
    for (const message of [POST, BODY, ANSWER, chunk("a")]) {
      peer.call.write(message);
      if ((await peer.next()) === "over") break;
    }
    assert.equal((await peer.status).code, 13);
    assert.deepEqual((await governor.nextEnd()).ends, ["failed"]);
    assert.match(String(broken[0]?.cause), /boom/);
    witness.call.end();
    assert.equal((await witness.status).code, 1);
  });

test("a throw in begin or end is reported and ends with an error status or nothing worse", async (t) => {
  const throwing: Governor = {
    ...fakeGovernor({}),
    begin() {
      throw new Error("no begin");
    },
  };
  const first = await connect(t, throwing);
  const peer = first.open();
  peer.call.write(GET);
  assert.equal((await peer.status).code, 13);
  assert.match(String(first.broken[0]?.cause), /no begin/);

  const inner = fakeGovernor({});
  const endThrows: Governor = {
    ...inner,
    begin: (exchange) => ({
      ...inner.begin(exchange),
      end() {
        throw new Error("no end");
      },
    }),
  };
  const second = await connect(t, endThrows);
  const other = second.open();
  other.call.write(GET);
  assert.equal(await other.next(), "requestHeaders");
  other.call.end();
  await other.status;
  assert.match(String(second.broken[0]?.cause), /no end/);
});

test("A.7: answers a message that it does not know with UNIMPLEMENTED, and bytes that are none with an error", async (t) => {
  const unknown = await connect(t, fakeGovernor({}), { serialize: () => Buffer.from([0xa2, 0x06, 0x00]) });
  const peer = unknown.open();
  peer.call.write({});
  const status = await peer.status;
  assert.equal(status.code, 12);
  assert.match(status.details, /100/);
  const garbage = await connect(t, fakeGovernor({}), { serialize: () => Buffer.from([0xff, 0xff]) });
  const other = garbage.open();
  other.call.write({});
  assert.notEqual((await other.status).code, 0);
});

test("A.8: writes nothing in observability mode, whatever it is shown", async (t) => {
  const governor = fakeGovernor(GOVERNED);
  const { open } = await connect(t, governor);
  const peer = open();
  for (const message of [
    { requestHeaders: {} },
    BODY,
    ANSWER,
    ...Array.from({ length: 200 }, () => chunk("x")),
  ])
    peer.call.write({ ...message, observabilityMode: true });
  peer.call.end();
  assert.equal(await peer.next(), "over");
  assert.equal((await peer.status).code, 0);
  const account = await governor.nextEnd();
  assert.deepEqual([account.calls, account.ends], [[], ["observed"]]);
});

test("A.26: refuses before the gRPC deadline what Governance has not decided", async (t) => {
  const undecided = Promise.withResolvers<never>();
  const governor = fakeGovernor({ requestHead: () => undecided.promise });
  const { open } = await connect(t, governor, { deadlineMs: DEADLINE_MARGIN_MS + 100 });
  const peer = open();
  peer.call.write(GET);
  assert.equal(await peer.next(), "immediateResponse");
  assert.deepEqual(
    governor.accounts[0]?.refusals.map(({ code }) => code),
    ["policy_timeout"],
  );
  undecided.reject(new Error("too late"));
  assert.deepEqual((await governor.nextEnd()).ends, ["refused"]);
});

function serve(governor: Governor, stuck = false): { call: FakeCall; faults: Fault[] } {
  const call = new FakeCall(stuck);
  const faults: Fault[] = [];
  const options = { nowMs: Date.now, onBroken: (_: unknown, fault: Fault) => faults.push(fault) };
  createProcessHandler(governor, options)(call as unknown as ProcessCall);
  return { call, faults };
}

/** Lets everything that is already possible happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("takes in no more than QUEUED_MESSAGES_MAX messages while a step runs", async () => {
  const decided = Promise.withResolvers<ReturnType<typeof pass>>();
  const governor = fakeGovernor({ ...GOVERNED, requestHead: () => decided.promise });
  const { call } = serve(governor);
  call.receive(POST);
  await settle();
  const before = call.taken;
  // A network that sends as long as it is asked for more.
  for (let asked = -1; asked !== call.taken; ) {
    asked = call.taken;
    if (call.readableLength < call.readableHighWaterMark) call.receive(chunk("x"));
    await settle();
  }
  assert.ok(call.readableLength <= QUEUED_MESSAGES_MAX, `${call.readableLength} messages wait`);
  assert.ok(call.taken - before <= QUEUED_MESSAGES_MAX);
  decided.resolve(pass());
  call.cancel();
  await governor.nextEnd();
});

test("A.30: reads nothing more while replies are not read, and goes on when they are", async () => {
  const governor = fakeGovernor(GOVERNED);
  const { call } = serve(governor, true);
  for (const message of [POST, BODY, ANSWER]) call.receive(message);
  for (let i = 0; i < 40; i++) call.receive(chunk("x"));
  await settle();
  const pending = call.writableLength;
  assert.ok(pending <= call.writableHighWaterMark, `${pending} replies wait`);
  const calls = governor.accounts[0]?.calls.length ?? 0;
  assert.ok(calls < 40);
  call.release();
  await settle();
  assert.equal(governor.accounts[0]?.calls.length, 43);
  call.cancel();
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
});

test("A.30: gives a stream up whose replies stay unread for WRITE_STALL_MS_MAX", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const governor = fakeGovernor(GOVERNED);
  const { call, faults } = serve(governor, true);
  for (const message of [POST, BODY, ANSWER]) call.receive(message);
  for (let i = 0; i < 40; i++) call.receive(chunk("x"));
  await settle();
  t.mock.timers.tick(WRITE_STALL_MS_MAX - 1);
  await settle();
  assert.deepEqual(faults, []);
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual(
    faults.map(({ code }) => code),
    [8],
  );
  assert.deepEqual((await governor.nextEnd()).ends, ["failed"]);
});

test("closes the account of a cancelled stream only after the step that still runs", async () => {
  const decided = Promise.withResolvers<ReturnType<typeof pass>>();
  const governor = fakeGovernor({ ...GOVERNED, requestBody: () => decided.promise });
  const { call } = serve(governor);
  call.receive(POST);
  call.receive(BODY);
  await settle();
  call.cancel();
  await settle();
  assert.deepEqual(governor.accounts[0]?.ends, []);
  decided.resolve(pass());
  assert.deepEqual((await governor.nextEnd()).ends, ["aborted"]);
  assert.equal(call.written.length, 1, "nothing is said to a stream that is gone");
});

test("tells Governance that the stream is gone before the step that still runs has ended", async () => {
  const decided = Promise.withResolvers<ReturnType<typeof pass>>();
  const governor = fakeGovernor({ ...GOVERNED, requestBody: () => decided.promise });
  const said: string[] = [];
  const { call } = serve({
    ...governor,
    begin: (exchange) => ({
      ...governor.begin(exchange),
      stop: () => void said.push("stop"),
      end: (how) => void said.push(how),
    }),
  });
  call.receive(POST);
  call.receive(BODY);
  await settle();
  assert.deepEqual(said, []);
  call.cancel();
  await settle();
  assert.deepEqual(said, ["stop"]);
  decided.resolve(pass());
  await settle();
  assert.deepEqual(said, ["stop", "aborted"]);
});

test("hears of a time that is over while replies were not read", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const late: string[] = [];
  const governor = fakeGovernor({
    ...GOVERNED,
    requestHead: () => ({ kind: "need_body", streams: true }),
  });
  const { call } = serve(
    {
      ...governor,
      begin: (exchange) => ({
        ...governor.begin(exchange),
        requestChunk: async (bytes) => ({
          ...(bytes.length > 1 ? { head: plan() } : {}),
          requests: bytes.length > 1 ? [{ permit: PERMIT, bytes }] : [],
          isPartial: bytes.length === 1,
        }),
        refuseRequest: ({ code }) => {
          late.push(code);
          return { answer: answer(408, {}), last: Buffer.alloc(0), trailers: [] };
        },
      }),
    },
    true,
  );
  const piece = (text: string): Message => ({ requestBody: { body: Buffer.from(text), endOfStream: false } });
  const streams = { ...MODES, requestBodyMode: BodySendMode.FULL_DUPLEX_STREAMED };
  call.receive({ ...POST, protocolConfig: streams });
  for (const message of [piece("whole"), ANSWER, piece("p")]) call.receive(message);
  await settle();
  t.mock.timers.tick(REQUEST_MS_MAX - 1);
  // As many pieces of the answer as it takes until Envoy would have to read them.
  for (let i = 0; i < call.writableHighWaterMark && call.writableNeedDrain === false; i++) {
    call.receive(chunk("x"));
    await settle();
  }
  assert.ok(call.writableNeedDrain);
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual(late, []);
  call.release();
  await settle();
  assert.deepEqual(late, ["request_timeout"]);
  call.cancel();
  await governor.nextEnd();
});

test("closes the account after SETTLE_MS_MAX when the step never ends", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const governor = fakeGovernor({ ...GOVERNED, requestBody: () => new Promise(() => {}) });
  const { call } = serve(governor);
  call.receive(POST);
  call.receive(BODY);
  await settle();
  call.cancel();
  await settle();
  t.mock.timers.tick(SETTLE_MS_MAX - 1);
  await settle();
  assert.deepEqual(governor.accounts[0]?.ends, []);
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual(governor.accounts[0]?.ends, ["aborted"]);
});

test("calls one step at a time, in the order of the messages", async () => {
  let running = 0;
  const step = async <T>(given: T): Promise<T> => {
    running += 1;
    assert.equal(running, 1);
    await settle();
    running -= 1;
    return given;
  };
  const governor = fakeGovernor({
    requestHead: () => step({ kind: "need_body" as const }),
    requestBody: () => step(pass()),
    responseHead: () => step({ kind: "pass" as const, plan: plan(), body: "buffered" as const }),
    responseBody: () => step({ kind: "pass" as const, plan: plan() }),
  });
  const { call } = serve(governor);
  for (const message of [POST, BODY, ANSWER, chunk("{}", true)]) call.receive(message);
  const account = await governor.nextEnd();
  assert.deepEqual(account.calls, ["requestHead", "requestBody", "responseHead", "responseBody"]);
  assert.deepEqual(account.ends, ["complete"]);
});

test("sends Regent's own answer as an immediate response with its status, headers and details", async () => {
  const governor = fakeGovernor({ requestHead: () => ({ kind: "answer", answer: answer(403, { a: 1 }) }) });
  const { call } = serve(governor);
  call.receive(GET);
  await governor.nextEnd();
  const [reply] = call.written as {
    immediateResponse?: { status: { code: number }; body: Buffer; details: string };
  }[];
  assert.equal(reply?.immediateResponse?.status.code, 403);
  assert.equal(reply.immediateResponse.body.toString(), '{"a":1}');
  assert.equal(reply.immediateResponse.details, "regent_test");
});
