import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../exchange/errors.ts";
import { fromBfloat, fromHalf, toBfloat, toHalf } from "./float16.ts";
import {
  assertCount,
  DATATYPES,
  type DataTensor,
  type Datatype,
  dataReading,
  decodeJson,
  decodeRaw,
  elementCount,
  encodeJson,
  encodeRaw,
  flatten,
  isDatatype,
  joinElements,
  nest,
  readShape,
  splitElements,
  TENSOR_DIMENSIONS_MAX,
  TENSOR_ELEMENTS_MAX,
} from "./index.ts";

function fromJson(datatype: Datatype, text: string, shape?: readonly number[]): DataTensor {
  const value = JSON.parse(text);
  const size = shape ?? flatten("x", value).shape;
  return { name: "x", datatype, shape: size, data: decodeJson("x", datatype, size, value, () => text) };
}

function jsonOf(tensor: DataTensor): string {
  return nest(encodeJson(tensor, "tokens"), tensor.shape);
}

function throwsInvalid(run: () => unknown, detail: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError && error.code === "body_invalid");
    assert.equal(error.detail, detail);
    return true;
  });
}

test("names of datatypes are those of the protocol, and nothing that an object inherits", () => {
  assert.equal(isDatatype("FP32"), true);
  for (const name of ["fp32", "FLOAT32", "toString", "__proto__", "", 7, null])
    assert.equal(isDatatype(name), false);
});

for (const [datatype, text] of [
  ["BOOL", "[[true,false],[false,true]]"],
  ["INT8", "[-128,0,127]"],
  ["UINT8", "[0,255]"],
  ["INT16", "[-32768,32767]"],
  ["UINT16", "[0,65535]"],
  ["INT32", "[[-2147483648],[2147483647]]"],
  ["UINT32", "[0,4294967295]"],
  ["INT64", "[-9223372036854775808,9223372036854775807,9007199254740993,-1]"],
  ["UINT64", "[0,18446744073709551615]"],
  ["FP16", "[0.1,-0.0,65504,6e-8,2.5]"],
  ["BF16", "[1,-2.5,3.14]"],
  ["FP32", "[7.4,0.1,-0.0,16777216,1e-45,3.4028235e+38]"],
  ["FP64", "[0.1,5e-324,1.7976931348623157e+308,-0.0]"],
  ["BYTES", '["a","","naïve 🚀","\\u0000\\""]'],
] as const) {
  test(`${datatype} in JSON and raw is the same tensor in both directions, to the last digit`, () => {
    const tensor = fromJson(datatype, text);
    assert.equal(jsonOf(tensor), text);
    const data = decodeRaw("x", datatype, tensor.shape, encodeRaw(tensor));
    assert.deepEqual(data, tensor.data);
  });
}

test("a value that its datatype does not have is refused, naming the tensor", () => {
  throwsInvalid(() => fromJson("INT8", "[300]"), "x: 300 is out of range for INT8");
  throwsInvalid(
    () => fromJson("INT64", "[9223372036854775808]"),
    "x: 9223372036854775808 is out of range for INT64",
  );
  throwsInvalid(() => fromJson("UINT64", "[-1]"), "x: -1 is out of range for UINT64");
  throwsInvalid(
    () => fromJson("INT64", "[1, 1e300]"),
    "x: an integer past 2^53 must be spelt with its digits alone",
  );
  throwsInvalid(
    () => fromJson("INT64", `[${"9".repeat(65)}]`),
    "x: an integer past 2^53 must be spelt with its digits alone",
  );
  throwsInvalid(() => fromJson("INT32", "[1e999]"), "x: Infinity is out of range for INT32");
  throwsInvalid(() => fromJson("INT32", "[1.5]"), "x: 1.5 is no whole number");
  throwsInvalid(() => fromJson("INT64", "[1.5]"), "x: 1.5 is no whole number");
  throwsInvalid(() => fromJson("INT32", "[true]"), "x: boolean given for INT32");
  throwsInvalid(() => fromJson("INT64", '["1"]'), "x: text given for INT64");
  throwsInvalid(() => fromJson("BOOL", "[1]"), "x: number given for BOOL");
  throwsInvalid(() => fromJson("FP32", "[null]"), "x: null given for FP32");
  throwsInvalid(() => fromJson("FP32", "[1e39]"), "x: 1e+39 is out of range for FP32");
  throwsInvalid(() => fromJson("FP16", "[65520]"), "x: 65520 is out of range for FP16");
  throwsInvalid(() => fromJson("BYTES", '[{"b64":"AA=="}]'), "x: object given for BYTES");
  throwsInvalid(() => fromJson("BYTES", "[1]"), "x: number given for BYTES");
});

test("nested lists are taken apart in row-major order, and ragged ones refused", () => {
  assert.deepEqual(
    flatten("x", [
      [
        [1, 2],
        [3, 4],
      ],
    ]),
    { shape: [1, 2, 2], leaves: [1, 2, 3, 4] },
  );
  assert.deepEqual(flatten("x", []), { shape: [0], leaves: [] });
  assert.deepEqual(flatten("x", [[], []]), { shape: [2, 0], leaves: [] });
  assert.deepEqual(flatten("x", 7), { shape: [], leaves: [7] });
  for (const ragged of [
    [[1], [1, 2]],
    [[1], 2],
    [1, [2]],
    [[[1]], [2]],
    [[], [1]],
  ])
    throwsInvalid(() => flatten("x", ragged), "x: ragged");
});

test("values are nested by their shape", () => {
  assert.equal(nest(["1", "2", "3", "4", "5", "6"], [1, 3, 2]), "[[[1,2],[3,4],[5,6]]]");
  assert.equal(nest(["1"], []), "1");
  assert.equal(nest([], [2, 0]), "[[],[]]");
  assert.equal(nest([], [0, 2]), "[]");
});

test("a shape wants the product of its sizes, within limits", () => {
  assert.equal(elementCount("x", []), 1);
  assert.equal(elementCount("x", [2, 3]), 6);
  assert.equal(elementCount("x", [0, 4]), 0);
  assert.equal(elementCount("x", [TENSOR_ELEMENTS_MAX]), TENSOR_ELEMENTS_MAX);
  assert.equal(elementCount("x", [0, TENSOR_ELEMENTS_MAX, TENSOR_ELEMENTS_MAX]), 0);
  assert.equal(elementCount("x", Array(TENSOR_DIMENSIONS_MAX).fill(1)), 1);
  const large = `x: more than ${TENSOR_ELEMENTS_MAX} elements`;
  throwsInvalid(() => elementCount("x", [TENSOR_ELEMENTS_MAX + 1]), large);
  throwsInvalid(() => elementCount("x", [2, TENSOR_ELEMENTS_MAX]), large);
  throwsInvalid(() => elementCount("x", Array(30).fill(1_000_000)), large);
  throwsInvalid(() => elementCount("x", [2, -1]), "x: shape [2,-1] has a negative size");
  throwsInvalid(() => elementCount("x", [-1, -1]), "x: shape [-1,-1] has a negative size");
  throwsInvalid(
    () => elementCount("x", Array(33).fill(1)),
    `x: more than ${TENSOR_DIMENSIONS_MAX} dimensions`,
  );
  throwsInvalid(() => assertCount("x", [2, 3], 5), "x: shape [2,3] wants 6 elements, 5 given");
});

test("a shape in JSON is a list of whole numbers", () => {
  assert.deepEqual(readShape("x", [2, 3]), [2, 3]);
  throwsInvalid(() => readShape("x", undefined), "x: shape is missing");
  throwsInvalid(() => readShape("x", -1), "x: shape must be a list");
  for (const shape of [["2"], [1.5], [null], [true], [2 ** 53]])
    throwsInvalid(() => readShape("x", shape), "x: shape must hold whole numbers");
});

test("raw bytes must be exactly those of the tensor", () => {
  throwsInvalid(
    () => decodeRaw("x", "INT32", [2], Buffer.alloc(9)),
    "x: 2 elements of INT32 take 8 bytes, 9 given",
  );
  throwsInvalid(
    () => decodeRaw("x", "BYTES", [2], Buffer.alloc(7)),
    "x: 2 elements of BYTES take at least 8 bytes, 7 given",
  );
  throwsInvalid(() => decodeRaw("x", "BYTES", [1], Buffer.alloc(5)), "x: 1 bytes behind the last element");
  throwsInvalid(
    () => decodeRaw("x", "BYTES", [1], Buffer.from([2, 0, 0, 0, 65])),
    "x: element 0 has 2 bytes, 1 left",
  );
  throwsInvalid(
    () => decodeRaw("x", "BYTES", [2], Buffer.from([2, 0, 0, 0, 65, 66, 0, 0])),
    "x: element 1 has no length, 2 bytes left",
  );
  throwsInvalid(
    () => decodeRaw("x", "BYTES", [1], Buffer.from([255, 255, 255, 255])),
    "x: element 0 has 4294967295 bytes, 0 left",
  );
});

test("raw bytes may begin anywhere", () => {
  const bytes = Buffer.from([9, 1, 0, 0, 0, 255, 255, 255, 255]).subarray(1);
  assert.deepEqual(decodeRaw("x", "INT32", [2], bytes), Int32Array.of(1, -1));
});

test("a reading has a form of its own for what JSON cannot say", () => {
  const reading = (datatype: Datatype, shape: number[], bytes: Buffer) =>
    JSON.stringify(dataReading({ name: "x", datatype, shape, data: decodeRaw("x", datatype, shape, bytes) }));
  const doubles = encodeRaw({
    name: "x",
    datatype: "FP64",
    shape: [4],
    data: Float64Array.of(Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.5),
  });
  assert.equal(reading("FP64", [4], doubles), '[{"float":"NaN"},{"float":"-Infinity"},-0.0,0.5]');
  assert.equal(
    reading("INT64", [1], Buffer.from("0000000000000080", "hex")),
    '[{"int":"-9223372036854775808"}]',
  );
  assert.equal(
    reading("BYTES", [2], joinElements([Buffer.from([255]), Buffer.from("é")])),
    '[{"b64":"/w=="},"é"]',
  );
  assert.equal(reading("BOOL", [2], Buffer.from([1, 0])), "[true,false]");
});

test("what JSON cannot say is refused where it is to be JSON", () => {
  const text: DataTensor = { name: "x", datatype: "BYTES", shape: [1], data: [Buffer.from([255])] };
  throwsInvalid(() => encodeJson(text, "tokens"), "x: bytes that are no text have no place in JSON");
  const nan: DataTensor = { name: "x", datatype: "FP32", shape: [1], data: Float32Array.of(Number.NaN) };
  throwsInvalid(() => encodeJson(nan, "refused"), "x: NaN has no place in JSON");
  assert.deepEqual(encodeJson(nan, "tokens"), ["NaN"]);
});

test("every float of 16 bits survives the way through 32 bits", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    if (!Number.isNaN(fromHalf(bits))) assert.equal(toHalf(fromHalf(bits)), bits);
    if (!Number.isNaN(fromBfloat(bits))) assert.equal(toBfloat(fromBfloat(bits)), bits);
  }
});

test("a float of 16 bits is the nearest one, and of two the even one", () => {
  assert.equal(toHalf(1 + 2 ** -11), 0x3c00);
  assert.equal(toHalf(1 + 3 * 2 ** -11), 0x3c02);
  assert.equal(toHalf(2 ** -25), 0);
  assert.equal(toHalf(2 ** -25 + 2 ** -30), 1);
  assert.equal(toHalf(65519.9), 0x7bff);
  assert.equal(toBfloat(1 + 2 ** -8), 0x3f80);
  assert.equal(toBfloat(1 + 3 * 2 ** -8), 0x3f82);
});

test("any floats and integers keep every bit through JSON", () => {
  const sameThroughJson = (tensor: DataTensor) => {
    const text = jsonOf(tensor);
    assert.deepEqual(
      decodeJson("x", tensor.datatype, tensor.shape, JSON.parse(text), () => text),
      tensor.data,
    );
  };
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1 }), (data) =>
      sameThroughJson({ name: "x", datatype: "FP32", shape: [data.length], data }),
    ),
  );
  fc.assert(
    fc.property(fc.bigInt64Array({ minLength: 1 }), (data) =>
      sameThroughJson({ name: "x", datatype: "INT64", shape: [data.length], data }),
    ),
  );
});

test("any bytes are split as they were joined, and no other bytes are elements", () => {
  const elements = fc.array(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(elements, (parts) => {
      const joined = joinElements(parts);
      assert.deepEqual(splitElements("x", [parts.length], joined), parts);
      assert.throws(() => splitElements("x", [parts.length + 1], joined), RegentError);
      if (parts.length > 0) assert.throws(() => splitElements("x", [parts.length - 1], joined), RegentError);
    }),
  );
});

test("every datatype says how long its elements are, but BYTES", () => {
  for (const [name, { elementBytes, range }] of Object.entries(DATATYPES)) {
    if (name === "BYTES") assert.equal(elementBytes, undefined);
    else
      assert.equal(
        encodeRaw({
          name: "x",
          datatype: name as Datatype,
          shape: [1],
          data: decodeRaw("x", name as Datatype, [1], Buffer.alloc(elementBytes as number)),
        }).length,
        elementBytes,
      );
    if (range !== undefined)
      assert.equal(range[1] - range[0], 2n ** BigInt(8 * (elementBytes as number)) - 1n);
  }
});
