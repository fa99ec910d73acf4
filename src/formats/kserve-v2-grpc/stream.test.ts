import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { base64, encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import { headersFrom } from "../../exchange/headers.ts";
import type { StreamReducer } from "../format.ts";
import { readingOf } from "../reading.ts";
import { FRAME_HEAD_BYTES, GRPC_MESSAGE_BYTES_MAX } from "./frames.ts";
import { kserveV2Grpc } from "./index.ts";
import { refuseInAnswer, refuseInStream } from "./refuse.ts";
import { answer, INFER_RESPONSE, KEPT_FIELDS_MAX, stream } from "./stream.ts";
import { lengthDelimited } from "./wire.ts";

const RESPONSE = {
  modelName: "m",
  id: "7",
  outputs: [{ name: "said", datatype: "BYTES", shape: ["1"], contents: { bytesContents: [base64("é")] } }],
};
const ONE = encodeMessage("response", RESPONSE);
const STREAM = framed(
  encodeMessage("streamed", { inferResponse: RESPONSE }),
  encodeMessage("streamed", { inferResponse: { ...RESPONSE, id: "8" } }),
  encodeMessage("streamed", { errorMessage: "out of memory" }),
);

function run(reducer: StreamReducer, pieces: readonly Buffer[], keepText = true) {
  let state = reducer.initial({ hideUsage: false, keepText });
  const outputs: Buffer[] = [];
  let fault: string | undefined;
  for (const piece of pieces) {
    const step = reducer.step(state, piece);
    state = step.state;
    outputs.push(...step.outputs);
    fault ??= step.fault;
  }
  return { bytes: Buffer.concat(outputs), fault, end: reducer.finish(state) };
}

test("reads a stream of answers and its error", () => {
  const { bytes, fault, end } = run(stream, [STREAM]);
  assert.deepEqual([bytes.equals(STREAM), fault, end.complete, end.events], [true, undefined, true, 3]);
  const { model, outputBytes, error, details } = end.answer;
  assert.deepEqual([model, outputBytes, error?.message], ["m", 4, "out of memory"]);
  const said = { name: "said", datatype: "BYTES", shape: [1], count: 1, data: ["é"] };
  assert.deepEqual(details, {
    responses: [
      { id: "7", tensors: [said] },
      { id: "8", tensors: [said] },
    ],
  });
  assert.equal(run(stream, [STREAM], false).end.answer.details, undefined);
});

test("reads a stream of MLServer's, whose answers are in no wrapper", () => {
  const answers = framed(ONE, encodeMessage("response", { ...RESPONSE, modelVersion: "v1", id: "8" }));
  const { bytes, fault, end } = run(stream, [answers]);
  assert.deepEqual([bytes.equals(answers), fault, end.complete, end.events], [true, undefined, true, 2]);
  const { model, outputBytes, error, details } = end.answer;
  assert.deepEqual([model, outputBytes, error], ["m", 4, undefined]);
  assert.equal((details as { responses: unknown[] }).responses.length, 2);
});

test("takes no answer without a wrapper in whose version clients of Triton may find another one", () => {
  const hidden = encodeMessage("response", {
    outputs: [{ name: "said", datatype: "BYTES", shape: ["1"], contents: { bytesContents: [base64("x")] } }],
  });
  const group = Buffer.from([0x63, 0x64]);
  for (const version of [
    hidden,
    Buffer.concat([group, hidden]),
    encodeMessage("response", { id: "said" }),
    encodeMessage("response", { parameters: { said: { stringParam: "x" } } }),
    Buffer.from([0xaa, 0x80, 0x00, 0x00]),
  ]) {
    const message = Buffer.concat([
      encodeMessage("response", { modelName: "m", id: "7" }),
      lengthDelimited(INFER_RESPONSE, version),
    ]);
    const { bytes, fault } = run(stream, [framed(message)]);
    assert.deepEqual(
      [bytes.length, fault],
      [0, "the version of the model may be an answer"],
      version.toString("hex"),
    );
  }
  for (const modelVersion of ["", "1", "v1.0 (beta)", "1.0.0-rc1", "2024-11-21", "sha256:0f@main/latest"]) {
    const answers = framed(encodeMessage("response", { ...RESPONSE, modelVersion }));
    assert.equal(run(stream, [answers]).fault, undefined, modelVersion);
  }
});

test("reads a stream alike wherever it is cut, gives back its bytes, and only in whole frames", () => {
  const whole = JSON.stringify(run(stream, [STREAM]).end.answer);
  const ends = new Set([0]);
  for (let at = 0; at < STREAM.length; ) {
    at += FRAME_HEAD_BYTES + STREAM.readUInt32BE(at + 1);
    ends.add(at);
  }
  const check = (cuts: readonly number[]) => {
    const places = [0, ...cuts, STREAM.length];
    const pieces = places.slice(1).map((place, index) => STREAM.subarray(places[index], place));
    let state = stream.initial({ hideUsage: false, keepText: true });
    let given = 0;
    for (const piece of pieces) {
      const step = stream.step(state, piece);
      state = step.state;
      given += Buffer.concat(step.outputs).length;
      assert.ok(ends.has(given));
    }
    assert.equal(given, STREAM.length);
    assert.equal(JSON.stringify(stream.finish(state).answer), whole);
  };
  for (let at = 1; at < STREAM.length; at++) check([at]);
  check(Array.from({ length: STREAM.length - 1 }, (_, at) => at + 1));
  fc.assert(
    fc.property(fc.array(fc.nat({ max: STREAM.length }), { maxLength: 12 }), (cuts) =>
      check(cuts.sort((a, b) => a - b)),
    ),
    { numRuns: 1000 },
  );
});

test("is complete only where no frame is begun", () => {
  assert.equal(run(stream, []).end.complete, true);
  for (const length of [1, 4, 5, STREAM.length - 1]) {
    const { end, fault } = run(stream, [STREAM.subarray(0, length)]);
    assert.deepEqual([end.complete, end.truncated, fault], [false, true, undefined]);
  }
});

test("a message that is too large ends the stream before it is held", () => {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(GRPC_MESSAGE_BYTES_MAX + 1, 1);
  const { bytes, fault, end } = run(stream, [STREAM, head]);
  assert.equal(fault, `a message is larger than ${GRPC_MESSAGE_BYTES_MAX} bytes`);
  assert.deepEqual([bytes.equals(STREAM), end.complete], [true, false]);
  head.writeUInt32BE(GRPC_MESSAGE_BYTES_MAX, 1);
  assert.equal(run(stream, [head]).fault, undefined);
});

test("ends a stream of more answers than are kept, and only where they are kept", () => {
  // Two fields each: the answer, and the id in it.
  const one = framed(encodeMessage("streamed", { inferResponse: { id: "1" } }));
  const batch = Buffer.concat(Array.from({ length: 1000 }, () => one));
  const most = Array.from({ length: KEPT_FIELDS_MAX / 2000 }, () => batch);
  assert.equal(run(stream, most).fault, undefined);
  assert.equal(run(stream, [...most, one]).fault, `the answer has more than ${KEPT_FIELDS_MAX} fields`);
  assert.equal(run(stream, [...most, one], false).fault, undefined);
});

test("what is no message ends the stream", () => {
  for (const frame of [
    framed(Buffer.from("no protobuf")),
    Buffer.from([2, 0, 0, 0, 0]),
    Buffer.from([1, 0, 0, 0, 0]),
  ]) {
    const { bytes, fault } = run(stream, [STREAM, frame]);
    assert.ok(fault !== undefined);
    assert.ok(bytes.equals(STREAM));
  }
});

test("a compressed message is read, though none was asked for", () => {
  const frame = framed(gzipSync(encodeMessage("streamed", { inferResponse: RESPONSE })));
  frame[0] = 1;
  const { bytes, end } = run(stream, [frame]);
  assert.deepEqual([bytes.equals(frame), end.answer.model], [true, "m"]);
});

test("a call that takes one answer gets one or none", () => {
  const { bytes, fault, end } = run(answer, [framed(ONE)]);
  assert.deepEqual(
    [bytes.equals(framed(ONE)), fault, end.complete, end.answer.model],
    [true, undefined, true, "m"],
  );
  assert.equal(run(answer, []).end.complete, true);
  const two = run(answer, [framed(ONE, ONE)]);
  assert.equal(two.fault, "The answer has more than one message.");
  assert.ok(two.bytes.equals(framed(ONE)));
});

test("a refusal in a stream is read as an error, and one in an answer as no message at all", () => {
  const refusal = { status: 502, code: "upstream_incomplete", message: "It broke off." };
  const reading = readingOf(
    kserveV2Grpc,
    "stream",
    Buffer.concat([STREAM.subarray(0, 0), refuseInStream(refusal)]),
  );
  assert.deepEqual(reading.error, { type: null, message: "It broke off.", code: null });
  assert.ok(run(answer, [refuseInAnswer(refusal)]).fault !== undefined);
});

test("members that are not known pass", () => {
  const message = Buffer.concat([
    lengthDelimited(99, Buffer.from("x")),
    encodeMessage("streamed", { inferResponse: RESPONSE }),
  ]);
  assert.deepEqual([run(stream, [framed(message)]).fault], [undefined]);
});

test("a whole answer, an error in the head, and the words of a proxy are read apart", () => {
  const read = (bytes: Buffer, status = 200, headers: readonly (readonly [string, string])[] = []) =>
    readingOf(kserveV2Grpc, "response", bytes, { status, headers: headersFrom(headers) });
  assert.deepEqual(read(framed(ONE)).id, "7");
  assert.deepEqual(
    read(Buffer.alloc(0), 200, [
      ["grpc-status", "8"],
      ["grpc-message", "no more memory: 100%25 %E2%80%94"],
    ]).error,
    { type: null, message: "no more memory: 100% —", code: "RESOURCE_EXHAUSTED" },
  );
  assert.deepEqual(
    read(Buffer.alloc(0), 200, [
      ["grpc-status", "99"],
      ["grpc-message", "100%"],
    ] as const).error,
    { type: null, message: "100%", code: "99" },
  );
  assert.deepEqual(read(Buffer.from("no route"), 404).error, { type: null, message: "no route", code: null });
  assert.equal(read(Buffer.alloc(0)).invalid, "The body has 0 messages, and an answer is one.");
  assert.equal(read(framed(ONE, ONE)).invalid, "The body has 2 messages, and an answer is one.");
  assert.match(String(read(framed(ONE).subarray(1)).invalid), /^The body has a frame/);
});
