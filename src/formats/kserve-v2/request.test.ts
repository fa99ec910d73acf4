import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import { type Headers, headersFrom } from "../../exchange/headers.ts";
import { endpointOf } from "../endpoints.ts";
import { joinElements } from "../tensors/index.ts";
import { kserveV2 } from "./index.ts";
import { TENSORS_MAX } from "./tensors.ts";

type Json = { readonly [member: string]: unknown };

/** A body with bytes behind its JSON, and the header that says so. */
function binary(json: Json | string, ...tail: readonly Buffer[]): { bytes: Buffer; headers: Headers } {
  const head = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
  return {
    bytes: Buffer.concat([head, ...tail]),
    headers: headersFrom([["Inference-Header-Content-Length", String(head.length)]]),
  };
}

function read({ bytes, headers }: { bytes: Buffer; headers: Headers }, model?: string) {
  const endpoint = endpointOf(kserveV2, model === undefined ? {} : { model });
  return kserveV2.readRequest({ bytes, headers, endpoint });
}

function readJson(body: Json, model?: string) {
  return read({ bytes: Buffer.from(JSON.stringify(body)), headers: new Map() }, model).inference;
}

function refuses(run: () => unknown, detail: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError && error.code === "body_invalid");
    assert.equal(error.detail, detail);
    return true;
  });
}

const BYTES = { name: "x", datatype: "BYTES" };

test("reads a plain request", () => {
  const body = {
    id: "7",
    inputs: [
      { ...BYTES, shape: [2], data: ["Bonjour é", "b"] },
      { name: "ids", datatype: "INT64", shape: [1, 2], data: [[1, 2]] },
    ],
    parameters: { priority: 1, sequence_start: true },
  };
  assert.deepEqual(readJson(body, "sim-tensor"), {
    format: "kserve-v2",
    operation: "infer",
    model: "sim-tensor",
    stream: false,
    textParts: [
      { pointer: "/id", text: "7", role: "id" },
      { pointer: "/inputs/0/name", text: "x", role: "id" },
      { pointer: "/inputs/0/data/0", text: "Bonjour é", role: "user" },
      { pointer: "/inputs/0/data/1", text: "b", role: "user" },
      { pointer: "/inputs/1/name", text: "ids", role: "id" },
    ],
    opaqueParts: [],
    textBytes: 16,
    maxOutputTokens: undefined,
    choices: 1,
    tools: [],
    tensors: [
      { name: "x", datatype: "BYTES", shape: [2] },
      { name: "ids", datatype: "INT64", shape: [1, 2] },
    ],
    modalities: ["text", "tensor"],
    parameters: { priority: 1, sequence_start: true },
    user: undefined,
    usageInStream: false,
  });
});

test("texts of a binary tensor stand at the same pointers as those of a flat one in JSON, and what is no text is opaque", () => {
  const raw = joinElements([Buffer.from("naïve"), Buffer.from([0xff, 0xfe]), Buffer.alloc(0)]);
  const body = binary(
    { inputs: [{ ...BYTES, shape: [3], parameters: { binary_data_size: raw.length } }] },
    raw,
  );
  const { inference, document, isWhole, contentType } = read(body, "m");
  assert.deepEqual(
    inference.textParts.filter(({ role }) => role === "user"),
    [{ pointer: "/inputs/0/data/0", text: "naïve", role: "user" }],
  );
  assert.deepEqual(inference.opaqueParts, [{ pointer: "/inputs/0/data/1", modality: "unknown", bytes: 2 }]);
  assert.equal(inference.textBytes, 7);
  assert.equal(document?.bytes.length, body.bytes.length - raw.length);
  assert.deepEqual({ isWhole, contentType }, { isWhole: false, contentType: "application/octet-stream" });
});

test("tensors in shared memory are opaque, wherever they come in", () => {
  const shared = { shared_memory_region: "r", shared_memory_byte_size: 16 };
  const { opaqueParts, modalities } = readJson({
    inputs: [{ name: "x", datatype: "FP32", shape: [4], parameters: shared }],
    outputs: [{ name: "y", parameters: shared }],
  });
  assert.deepEqual(opaqueParts, [
    { pointer: "/outputs/0", modality: "context" },
    { pointer: "/inputs/0", modality: "context", bytes: 16 },
  ]);
  assert.deepEqual(modalities, ["tensor", "context"]);
});

test("texts that stand for bytes are opaque too", () => {
  const encoded = { ...BYTES, shape: [2], parameters: { content_type: "base64" }, data: ["aGk=", "AAAA"] };
  assert.deepEqual(readJson({ inputs: [encoded] }).opaqueParts, [
    { pointer: "/inputs/0/data", modality: "unknown", bytes: 5 },
  ]);
});

test("the tensors that bound an answer are its limit, and the largest counts", () => {
  const limit = (name: string, datatype: string, data: readonly unknown[]) => ({
    name,
    datatype,
    shape: [data.length],
    data,
  });
  assert.equal(readJson({ inputs: [limit("max_tokens", "INT32", [5, 20])] }).maxOutputTokens, 20);
  assert.equal(
    readJson({ inputs: [limit("sampling_parameters", "BYTES", ['{"max_tokens": 7}'])] }).maxOutputTokens,
    7,
  );
  const raw = Buffer.from([9, 0, 0, 0]);
  const inputs = [
    { name: "request_output_len", datatype: "INT32", shape: [1], parameters: { binary_data_size: 4 } },
  ];
  assert.equal(read(binary({ inputs }, raw), "m").inference.maxOutputTokens, 9);
});

test("a bound for each row of a large batch is one bound, however large the batch is", () => {
  const rows = 1_000_000;
  const data = Buffer.alloc(4 * rows, Buffer.from([3, 0, 0, 0]));
  data.writeInt32LE(8, 4 * 7);
  const inputs = [
    {
      name: "max_tokens",
      datatype: "INT32",
      shape: [rows, 1],
      parameters: { binary_data_size: data.length },
    },
  ];
  assert.equal(read(binary({ inputs }, data), "m").inference.maxOutputTokens, 8);
});

test("policy sees every digit of a parameter", () => {
  const bytes = Buffer.from('{"inputs": [], "parameters": {"sequence_id": 18446744073709551615}}');
  assert.deepEqual(read({ bytes, headers: new Map() }).inference.parameters, {
    sequence_id: "18446744073709551615",
  });
});

test("the model of the path may stand in the body too, and no other", () => {
  assert.equal(readJson({ model_name: "m", inputs: [] }, "m").model, "m");
  assert.equal(readJson({ model_name: "m", inputs: [] }).model, "m");
  refuses(
    () => readJson({ model_name: "other", inputs: [] }, "m"),
    "model_name is another model than the one in the path.",
  );
});

const ONE = { name: "a", datatype: "INT32", shape: [1] };
const SIZED = { ...ONE, parameters: { binary_data_size: 4 } };
const FOUR = Buffer.alloc(4);

for (const [title, body, detail] of [
  ["data and bytes", { inputs: [{ ...SIZED, data: [1] }] }, "a: both data and binary_data_size"],
  ["neither data nor bytes", { inputs: [ONE] }, "a: no data"],
  [
    "shared memory and data",
    { inputs: [{ ...ONE, data: [1], parameters: { shared_memory_region: "r" } }] },
    "a: both in shared memory and in the body",
  ],
  [
    "shared memory and bytes",
    { inputs: [{ ...ONE, parameters: { shared_memory_region: "r", binary_data_size: 4 } }] },
    "a: both in shared memory and in the body",
  ],
  [
    "a size that is no number",
    { inputs: [{ ...ONE, parameters: { binary_data_size: "4" } }] },
    "a: binary_data_size must be a whole number",
  ],
  [
    "a size that is not the shape's",
    { inputs: [{ ...ONE, parameters: { binary_data_size: 3 } }] },
    "a: 1 elements of INT32 take 4 bytes, 3 given",
  ],
  [
    "a size past the end",
    { inputs: [{ ...ONE, shape: [2], parameters: { binary_data_size: 8 } }] },
    "a: 8 bytes announced, 4 left",
  ],
  ["bytes that no tensor has", { inputs: [{ ...ONE, data: [1] }] }, "4 bytes behind the last tensor"],
  ["one name twice", { inputs: [SIZED, { ...ONE, data: [1] }] }, "a: given twice"],
  ["an open shape of bytes", { inputs: [{ ...SIZED, shape: -1 }] }, "a: shape must be a list"],
] as const) {
  test(`refuses ${title}`, () => refuses(() => read(binary(body, FOUR), "m"), detail));
}

test("refuses bytes that no header announces", () => {
  refuses(
    () => readJson({ inputs: [SIZED] }),
    "a: binary_data_size without the header Inference-Header-Content-Length",
  );
  const { bytes } = binary({ inputs: [SIZED] }, FOUR);
  assert.throws(() => read({ bytes, headers: new Map() }), RegentError);
});

for (const [value, problem] of [
  [["1", "1"], "is repeated"],
  [["0"], "is 0, which leaves out what the tensors are"],
  [["-1"], "is not a number"],
  [["1e2"], "is not a number"],
  [["+9"], "is not a number"],
  [["9999999999999999"], "is not a number"],
  [["99999"], "is larger than the body"],
] as const) {
  test(`refuses a body whose header says ${value}`, () => {
    const { bytes } = binary({ inputs: [SIZED] }, FOUR);
    const headers = new Map([["inference-header-content-length", value]]);
    refuses(() => read({ bytes, headers }), `Inference-Header-Content-Length ${problem}`);
  });
}

for (const body of [
  [],
  {},
  { inputs: {} },
  { inputs: [1] },
  { inputs: [{ ...ONE, name: "", data: [1] }] },
  { inputs: [{ ...ONE, name: 7, data: [1] }] },
  { inputs: [{ ...ONE, datatype: "int32", data: [1] }] },
  { inputs: [{ ...ONE, datatype: undefined, data: [1] }] },
  { inputs: [{ ...ONE, shape: undefined, data: [1] }] },
  { inputs: [{ ...ONE, shape: [2], data: [1] }] },
  { inputs: [{ ...ONE, shape: [-1], data: [1] }] },
  { inputs: [{ ...ONE, data: [2147483648] }] },
  { inputs: [{ ...ONE, data: ["1"] }] },
  { inputs: [{ ...ONE, data: [1], parameters: [] }] },
  { inputs: [{ ...ONE, Data: [1], data: [1] }] },
  { inputs: [{ ...ONE, data: [1], parameters: { Binary_Data_Size: 4 } }] },
  { inputs: [], Inputs: [] },
  { inputs: [], outputs: {} },
  { inputs: [], outputs: [{ parameters: {} }] },
  { inputs: [], outputs: [{ name: "y", parameters: { binary_data: "yes" } }] },
  { inputs: [], parameters: [] },
  { inputs: [], model_name: 7 },
  { inputs: Array.from({ length: TENSORS_MAX + 1 }, (_, i) => ({ ...ONE, name: `${i}`, data: [1] })) },
  { inputs: [], outputs: Array.from({ length: TENSORS_MAX + 1 }, (_, i) => ({ name: `${i}` })) },
]) {
  test(`refuses ${JSON.stringify(body).slice(0, 80)}`, () =>
    assert.throws(
      () => readJson(body as Json),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    ));
}

test("takes as many tensors as its limit says", () => {
  const inputs = Array.from({ length: TENSORS_MAX }, (_, i) => ({ ...ONE, name: `${i}`, data: [1] }));
  assert.equal(readJson({ inputs }).tensors?.length, TENSORS_MAX);
});
