import assert from "node:assert/strict";
import { test } from "node:test";
import { headersFrom } from "../../exchange/headers.ts";
import { readingOf } from "../reading.ts";
import { joinElements } from "../tensors/index.ts";
import { kserveV2 } from "./index.ts";

function reading(body: unknown, tail?: Buffer, length?: number) {
  const json = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const headers = headersFrom(
    tail === undefined ? [] : [["inference-header-content-length", String(length ?? json.length)]],
  );
  const bytes = Buffer.concat([json, tail ?? Buffer.alloc(0)]);
  return {
    shown: readingOf(kserveV2, "response", bytes, { headers }),
    answer: kserveV2.readResponse({ status: 200, headers, bytes }),
  };
}

const OUT = { name: "y", datatype: "BYTES", shape: [2] };

test("counts the text of an answer, in JSON and behind it", () => {
  assert.equal(reading({ outputs: [{ ...OUT, data: ["é", "ab"] }] }).answer.outputBytes, 4);
  const raw = joinElements([Buffer.from("é"), Buffer.from("ab")]);
  const sized = { ...OUT, parameters: { binary_data_size: raw.length } };
  const { shown, answer } = reading({ model_name: "m", outputs: [sized] }, raw);
  assert.equal(answer.outputBytes, 4);
  assert.equal(answer.model, "m");
  assert.deepEqual((shown.tensors as readonly unknown[])[0], {
    name: "y",
    datatype: "BYTES",
    shape: [2],
    count: 2,
    data: ["é", "ab"],
  });
  assert.deepEqual([shown.binary_tensors, shown.binary_bytes], [["y"], raw.length]);
});

test("reads an error, and nothing of tensors in it", () => {
  const { shown } = reading({ error: "boom" });
  assert.deepEqual(shown.error, { type: null, message: "boom", code: null });
  assert.equal(shown.tensors, undefined);
  assert.equal(shown.invalid, undefined);
});

test("keeps every digit of an integer of 64 bits", () => {
  const { shown } = reading(
    '{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}',
  );
  assert.deepEqual((shown.tensors as { data: unknown }[])[0]?.data, [{ int: "9007199254740993" }]);
});

test("an output in shared memory has no values here", () => {
  const shared = { ...OUT, parameters: { shared_memory_region: "r", shared_memory_byte_size: 9 } };
  assert.deepEqual(reading({ outputs: [shared] }).shown.tensors, [
    { name: "y", datatype: "BYTES", shape: [2], count: null, data: null },
  ]);
});

for (const [body, tail, length, invalid] of [
  ["<html>", undefined, undefined, "body is not JSON"],
  [{}, undefined, undefined, "no outputs"],
  [{ outputs: [{ ...OUT, data: ["a"] }] }, undefined, undefined, "y: shape [2] wants 2 elements, 1 given"],
  [{ outputs: [{ ...OUT, data: [1, 2] }] }, undefined, undefined, "y: number given for BYTES"],
  [{ outputs: [] }, Buffer.alloc(3), undefined, "3 bytes behind the last tensor"],
  [{ outputs: [] }, Buffer.alloc(3), 99, "Inference-Header-Content-Length is larger than the body"],
] as const) {
  test(`says that an answer is none: ${invalid}`, () => {
    assert.equal(reading(body, tail, length).shown.invalid, invalid);
  });
}

test("an event stream is none of the dialect's, unless it says an error", () => {
  const { stream } = kserveV2;
  const open = () => stream.initial({ hideUsage: false, keepText: true });
  const event = Buffer.from('data: {"outputs": []}\n\n');
  const { outputs, fault } = stream.step(open(), event);
  assert.deepEqual([Buffer.concat(outputs).length, fault], [0, "the dialect has no streams"]);
  const failed = stream.step(open(), Buffer.from('data: {"error": "boom"}\n\n'));
  const end = stream.finish(failed.state);
  assert.deepEqual([end.complete, end.answer.error?.message], [true, "boom"]);
});
