import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFixtures } from "../../../test/contract/fixtures.ts";
import { encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import { inputData, parseRequest } from "../kserve-v2/message.ts";
import { readingOf } from "../reading.ts";
import { DATATYPES, type Datatype, encodeRaw } from "../tensors/index.ts";
import { kserveV2Grpc } from "./index.ts";
import { lengthDelimited } from "./wire.ts";

const MEMBER: { readonly [D in Datatype]?: string } = {
  BOOL: "boolContents",
  INT8: "intContents",
  INT16: "intContents",
  INT32: "intContents",
  INT64: "int64Contents",
  UINT8: "uintContents",
  UINT16: "uintContents",
  UINT32: "uintContents",
  UINT64: "uint64Contents",
  FP32: "fp32Contents",
  FP64: "fp64Contents",
  BYTES: "bytesContents",
};

function tensorsOf(bytes: Buffer): unknown {
  const reading = readingOf(kserveV2Grpc, "request", framed(bytes));
  assert.equal(reading.invalid, undefined);
  return JSON.parse(JSON.stringify(reading.tensors));
}

test("recorded requests say the same over gRPC, in typed contents and in raw ones", {
  skip: loadFixtures("kserve-v2").length === 0 && "no fixtures: NOT TESTED",
}, () => {
  const seen = new Set<Datatype>();
  for (const { name, body, headers, kind, expected } of loadFixtures("kserve-v2")) {
    if (kind !== "request" || expected.invalid !== undefined) continue;
    const request = parseRequest({ bytes: body, headers });
    const tensors = request.inputs
      .map((input) => inputData(request, input))
      .filter((tensor) => tensor !== undefined);
    const inputs = tensors.map(({ name: input, datatype, shape }) => ({
      name: input,
      datatype,
      shape: shape.map(String),
    }));
    const raw = encodeMessage("request", {
      modelName: "m",
      inputs,
      rawInputContents: tensors.map((tensor) => encodeRaw(tensor).toString("base64")),
    });
    // Over gRPC a shape is always a list.
    const wanted = (expected.tensors as { shape: unknown; count: number }[]).map((tensor) => ({
      ...tensor,
      shape: Array.isArray(tensor.shape) ? tensor.shape : [tensor.count],
    }));
    assert.deepEqual(tensorsOf(raw), wanted, name);
    if (tensors.some(({ datatype }) => MEMBER[datatype] === undefined)) continue;
    const typed = encodeMessage("request", {
      modelName: "m",
      inputs: tensors.map(({ datatype, data }, index) => ({
        ...inputs[index],
        contents: { [MEMBER[datatype] as string]: plainOf(datatype, data) },
      })),
    });
    assert.deepEqual(tensorsOf(typed), wanted, name);
    for (const { datatype } of tensors) seen.add(datatype);
  }
  assert.ok(seen.size >= 9, [...seen].join(" "));
});

/** Values as protobufjs takes them. */
function plainOf(datatype: Datatype, data: Iterable<unknown>): unknown[] {
  return Array.from(data, (value) => {
    if (Buffer.isBuffer(value)) return value.toString("base64");
    return DATATYPES[datatype].kind === "bool"
      ? value === 1
      : typeof value === "bigint"
        ? String(value)
        : value;
  });
}

test("values that stand one by one are those that are packed", () => {
  const input = (contents: Buffer) =>
    Buffer.concat([
      lengthDelimited(1, Buffer.from("m")),
      lengthDelimited(
        5,
        Buffer.concat([
          lengthDelimited(1, Buffer.from("a")),
          lengthDelimited(2, Buffer.from("INT32")),
          lengthDelimited(3, Buffer.from([3])),
          lengthDelimited(5, contents),
        ]),
      ),
    ]);
  const minusOne = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  const packed = lengthDelimited(2, Buffer.concat([Buffer.from([7]), minusOne, Buffer.from([8])]));
  const single = Buffer.concat([Buffer.from([0x10, 7, 0x10]), minusOne, Buffer.from([0x10, 8])]);
  const mixed = Buffer.concat([
    Buffer.from([0x10, 7]),
    lengthDelimited(2, Buffer.concat([minusOne, Buffer.from([8])])),
  ]);
  for (const contents of [packed, single, mixed])
    assert.deepEqual(tensorsOf(input(contents)), [
      { name: "a", datatype: "INT32", shape: [3], count: 3, data: [7, -1, 8] },
    ]);
});
