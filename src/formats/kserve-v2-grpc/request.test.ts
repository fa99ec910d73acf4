import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { plant, positionsOf } from "../../../test/contract/markers.ts";
import { inferRequest } from "../../../test/contract/requests/kserve-v2-grpc.ts";
import { base64, encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import { RegentError } from "../../exchange/errors.ts";
import { type Headers, headersFrom } from "../../exchange/headers.ts";
import { endpointOf } from "../endpoints.ts";
import { readingOf } from "../reading.ts";
import { type DataTensor, encodeRaw } from "../tensors/index.ts";
import { GRPC_MESSAGE_BYTES_MAX, GRPC_MESSAGES_MAX } from "./frames.ts";
import { kserveV2Grpc } from "./index.ts";
import { lengthDelimited, PROTOBUF_FIELDS_MAX, varint } from "./wire.ts";

const NO_HEADERS: Headers = new Map();

function read(bytes: Buffer, isStream = false, headers = NO_HEADERS) {
  return kserveV2Grpc.readRequest({ bytes, headers, endpoint: endpointOf(kserveV2Grpc, {}, isStream) });
}

function readMessage(message: object) {
  return read(framed(encodeMessage("request", message))).inference;
}

function refuses(run: () => unknown, detail: string | RegExp, code = "body_invalid"): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError && error.code === code, String(error));
    if (typeof detail === "string") assert.equal(error.detail, detail);
    else assert.match(error.detail ?? "", detail);
    return true;
  });
}

const ONE = { name: "a", datatype: "INT32", shape: ["1"] };
const NUMBER = { ...ONE, contents: { intContents: [1] } };
const TEXT = {
  name: "x",
  datatype: "BYTES",
  shape: ["2"],
  contents: { bytesContents: [base64("Bonjour é"), base64("b")] },
};

test("reads a plain request", () => {
  const { tensors, textParts, ...inference } = readMessage({
    modelName: "m",
    inputs: [TEXT, NUMBER],
    parameters: { priority: { int64Param: "2" } },
  });
  assert.deepEqual(inference, {
    format: "kserve-v2-grpc",
    operation: "infer",
    model: "m",
    stream: false,
    opaqueParts: [],
    textBytes: 13,
    maxOutputTokens: undefined,
    choices: 1,
    tools: [],
    modalities: ["text", "tensor"],
    parameters: { priority: 2 },
    user: undefined,
    usageInStream: false,
  });
  assert.deepEqual(tensors, [
    { name: "x", datatype: "BYTES", shape: [2] },
    { name: "a", datatype: "INT32", shape: [1] },
  ]);
  assert.deepEqual(textParts, [
    { pointer: "/inputs/0/name", text: "x", role: "id" },
    { pointer: "/inputs/0/data/0", text: "Bonjour é", role: "user" },
    { pointer: "/inputs/0/data/1", text: "b", role: "user" },
    { pointer: "/inputs/1/name", text: "a", role: "id" },
  ]);
});

const INTEGERS = new Set(["shape", "int64Param", "uint64Param", "int64Contents", "uint64Contents"]);

test("finds every string of a message, or says that a part is opaque, or refuses", () => {
  const fates = { found: 0, refused: 0 };
  for (const position of positionsOf(inferRequest)) {
    const { path, isKey, pointer } = position;
    // The names of fields are numbers on the wire; those of parameters are strings.
    if (isKey && path.at(-2) !== "parameters") continue;
    // Integers of 64 bits are strings in this form.
    if (path.some((key) => INTEGERS.has(key))) continue;
    const planted = plant(inferRequest, position);
    const message = JSON.parse(planted.text, (key, value) =>
      key === "bytesContents"
        ? value.map((text: string) => (text === planted.marker ? base64(text) : text))
        : value,
    ) as object;
    try {
      const { model, textParts } = readMessage(message);
      const texts = [model, ...textParts.map(({ text }) => text)];
      assert.ok(
        texts.some((text) => text.includes(planted.marker)),
        `${pointer} is lost`,
      );
      fates.found++;
    } catch (error) {
      if (!(error instanceof RegentError)) throw error;
      assert.ok(path.at(-1) === "datatype" || path.at(-1) === "shared_memory_region", pointer);
      fates.refused++;
    }
  }
  assert.ok(fates.found > 20, `${fates.found}`);
});

test("texts in raw contents are those in typed ones, and what is no text is opaque", () => {
  const data = [Buffer.from("Bonjour é"), Buffer.from([0xff]), Buffer.from("b")];
  const tensor: DataTensor = { name: "x", datatype: "BYTES", shape: [3], data };
  const { contents: _, ...input } = TEXT;
  const { textParts, opaqueParts } = readMessage({
    modelName: "m",
    inputs: [{ ...input, shape: ["3"] }, ONE],
    rawInputContents: [encodeRaw(tensor).toString("base64"), "AQAAAA=="],
  });
  const texts = textParts.filter(({ role }) => role === "user");
  assert.deepEqual(
    texts.map(({ pointer, text }) => [pointer, text]),
    [
      ["/inputs/0/data/0", "Bonjour é"],
      ["/inputs/0/data/2", "b"],
    ],
  );
  assert.deepEqual(opaqueParts, [{ pointer: "/inputs/0/data/1", modality: "unknown", bytes: 1 }]);
});

test("raw contents belong to the inputs in order, but for those in shared memory", () => {
  const shared = { ...ONE, name: "s", parameters: { shared_memory_region: { stringParam: "r" } } };
  const message = { modelName: "m", inputs: [shared, ONE], rawInputContents: ["BwAAAA=="] };
  const { tensors } = readingOf(kserveV2Grpc, "request", framed(encodeMessage("request", message)));
  assert.deepEqual(tensors, [
    { name: "s", datatype: "INT32", shape: [1], count: null, data: null },
    { name: "a", datatype: "INT32", shape: [1], count: 1, data: [7] },
  ]);
});

test("a field that is not of the protocol is opaque, wherever it stands", () => {
  const unknown = lengthDelimited(99, Buffer.from("hidden"));
  const input = encodeMessage("request", { modelName: "m", inputs: [] });
  const message = Buffer.concat([
    input,
    unknown,
    lengthDelimited(5, Buffer.concat([innerOf(NUMBER), unknown])),
  ]);
  assert.deepEqual(read(framed(message)).inference.opaqueParts, [
    { pointer: "/inputs/0/unknown/99", modality: "unknown", bytes: 6 },
    { pointer: "/unknown/99", modality: "unknown", bytes: 6 },
  ]);
});

/** The bytes of an input, without what leads to it. */
function innerOf(input: object): Buffer {
  const message = encodeMessage("request", { inputs: [input] });
  return message.subarray(message[1] === message.length - 2 ? 2 : 3);
}

test("every request of a stream is read, and all ask for one model", () => {
  const messages = [
    encodeMessage("request", { modelName: "m", inputs: [TEXT] }),
    encodeMessage("request", { modelName: "m", inputs: [NUMBER] }),
  ];
  const { stream, choices, tensors, textParts } = read(framed(...messages), true).inference;
  assert.deepEqual([stream, choices, tensors?.length], [true, 2, 2]);
  assert.ok(textParts.some(({ pointer }) => pointer === "/requests/0/inputs/0/data/1"));
  const other = encodeMessage("request", { modelName: "n", inputs: [] });
  refuses(() => read(framed(...messages, other), true), "The requests of a stream must ask for one model.");
});

test("a body must have the messages of its method, whole and within bounds", () => {
  const message = encodeMessage("request", { modelName: "m", inputs: [NUMBER] });
  refuses(() => read(Buffer.alloc(0)), "The body has no message.");
  refuses(() => read(Buffer.alloc(0), true), "The body has no message.");
  refuses(() => read(framed(message, message)), "The body has 2 messages, and the method takes one.");
  refuses(() => read(framed(message).subarray(0, -1)), /^The body has a frame of/);
  refuses(
    () => read(Buffer.concat([framed(message), Buffer.alloc(4)])),
    "The body has a frame that is cut short.",
  );
  const flagged = framed(message);
  flagged[0] = 2;
  refuses(() => read(flagged), "The body has a frame with a flag that is none.");
  const many = framed(...Array<Buffer>(GRPC_MESSAGES_MAX).fill(message));
  assert.equal(read(many, true).inference.choices, GRPC_MESSAGES_MAX);
  refuses(
    () => read(Buffer.concat([many, framed(message)]), true),
    `The body has more than ${GRPC_MESSAGES_MAX} messages.`,
  );
});

test("compressed messages are read within bounds, and in no other coding than gzip", () => {
  const message = encodeMessage("request", { modelName: "m", inputs: [TEXT] });
  const zipped = (bytes: Buffer) => {
    const frame = framed(gzipSync(bytes));
    frame[0] = 1;
    return frame;
  };
  const gzip = headersFrom([["grpc-encoding", "gzip"]]);
  assert.equal(read(zipped(message), false, gzip).inference.textParts.length, 3);
  refuses(
    () => read(zipped(message)),
    "The request has a message in a coding other than gzip.",
    "encoding_unsupported",
  );
  const damaged = zipped(message);
  damaged[damaged.length - 1] = 1;
  refuses(() => read(damaged, false, gzip), "The body has a gzip body with a wrong checksum.");
  const tooMuch = `The request has more than ${GRPC_MESSAGE_BYTES_MAX} bytes of messages.`;
  refuses(
    () => read(zipped(Buffer.alloc(GRPC_MESSAGE_BYTES_MAX + 1)), false, gzip),
    tooMuch,
    "body_too_large",
  );
  // Many that are small each are bounded together.
  const half = zipped(Buffer.concat([message, lengthDelimited(99, fill(GRPC_MESSAGE_BYTES_MAX / 2))]));
  refuses(() => read(Buffer.concat([half, half]), true, gzip), tooMuch, "body_too_large");
});

/** Bytes that do not compress beyond the ratio that is allowed. */
function fill(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 32) bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  return bytes;
}

test("fields are bounded, however small they are", () => {
  const empty = Buffer.from([(8 << 3) | 2, 0]);
  const elements = (count: number) => {
    const contents = Buffer.concat(Array<Buffer>(count).fill(empty));
    const input = Buffer.concat([
      lengthDelimited(1, Buffer.from("x")),
      lengthDelimited(2, Buffer.from("BYTES")),
      lengthDelimited(3, varint(count)),
      lengthDelimited(5, contents),
    ]);
    return framed(Buffer.concat([lengthDelimited(1, Buffer.from("m")), lengthDelimited(5, input)]));
  };
  // Model, input, and the four members of it.
  const most = PROTOBUF_FIELDS_MAX - 6;
  assert.deepEqual(read(elements(most)).inference.tensors, [{ name: "x", datatype: "BYTES", shape: [most] }]);
  refuses(() => read(elements(most + 1)), `The message has more than ${PROTOBUF_FIELDS_MAX} fields.`);
});

for (const [title, message, detail] of [
  ["no model", { inputs: [] }, "model must have at least"],
  ["a tensor without a name", { inputs: [{ ...NUMBER, name: "" }] }, "tensor without a name"],
  ["a tensor twice", { inputs: [NUMBER, NUMBER] }, "a: given twice"],
  [
    "an unknown datatype",
    { inputs: [{ ...NUMBER, datatype: "FLOAT" }] },
    "a: FLOAT is not a datatype of the protocol",
  ],
  [
    "a count that is not the shape's",
    { inputs: [{ ...NUMBER, shape: ["2"] }] },
    "a: shape [2] wants 2 elements, 1 given",
  ],
  ["a negative size", { inputs: [{ ...NUMBER, shape: ["-1"] }] }, "a: shape [-1] has a negative size"],
  [
    "a size past all",
    { inputs: [{ ...NUMBER, shape: ["9223372036854775807"] }] },
    "a: a size that is too large",
  ],
  [
    "values of another type",
    { inputs: [{ ...ONE, contents: { fp32Contents: [1] } }] },
    "a: contents that are not of INT32",
  ],
  [
    "values of two types",
    { inputs: [{ ...ONE, contents: { intContents: [1], fp32Contents: [1] } }] },
    "a: contents that are not of INT32",
  ],
  [
    "FP16 in typed contents",
    { inputs: [{ ...NUMBER, datatype: "FP16" }] },
    "a: contents that are not of FP16",
  ],
  [
    "a value out of range",
    { inputs: [{ ...ONE, datatype: "INT8", contents: { intContents: [128] } }] },
    "a: 128 is out of range for INT8",
  ],
  [
    "an unsigned value out of range",
    { inputs: [{ ...ONE, datatype: "UINT8", contents: { uintContents: [256] } }] },
    "a: 256 is out of range for UINT8",
  ],
  [
    "raw and typed contents",
    { inputs: [NUMBER], rawInputContents: ["AQAAAA=="] },
    "a: both contents and raw contents",
  ],
  [
    "too few raw contents",
    { inputs: [ONE, { ...ONE, name: "b" }], rawInputContents: ["AQAAAA=="] },
    "b: no raw contents",
  ],
  [
    "too many raw contents",
    { inputs: [ONE], rawInputContents: ["AQAAAA==", "AQAAAA=="] },
    "The message has 2 raw contents for 1 tensors.",
  ],
  [
    "raw contents of another size",
    { inputs: [ONE], rawInputContents: ["AQAA"] },
    "a: 1 elements of INT32 take 4 bytes, 3 given",
  ],
  [
    "raw texts that do not add up",
    { inputs: [{ ...ONE, datatype: "BYTES" }], rawInputContents: ["CQAAAGE="] },
    "a: element 0 has 9 bytes, 1 left",
  ],
  [
    "contents in shared memory",
    { inputs: [{ ...NUMBER, parameters: { shared_memory_region: { stringParam: "r" } } }] },
    "a: both in shared memory and in the body",
  ],
  ["an output without a name", { inputs: [], outputs: [{}] }, "output without a name"],
] as const) {
  test(`refuses ${title}`, () => {
    const whole = title === "no model" ? message : { modelName: "m", ...message };
    refuses(() => readMessage(whole), title === "no model" ? /^model must/ : detail);
  });
}

for (const [title, bytes] of [
  ["no protobuf", Buffer.from("no protobuf")],
  ["a field that is cut short", Buffer.from([0x0a, 9, 65])],
  ["a length that is cut short", Buffer.from([0x0a, 0x80])],
  ["a group", Buffer.from([0x0b])],
  ["a field without a number", Buffer.from([0x02, 0])],
  ["a number of more than 64 bits", Buffer.from([0x18, ...Array(10).fill(0xff), 0x01])],
  ["a model of another wire type", Buffer.from([0x08, 1])],
  ["a model that is not UTF-8", lengthDelimited(1, Buffer.from([0xff]))],
  ["two models", Buffer.concat([lengthDelimited(1, Buffer.from("m")), lengthDelimited(1, Buffer.from("n"))])],
  ["a parameter twice", parameterTwice()],
] as const) {
  test(`refuses ${title} in a message`, () => {
    assert.throws(
      () => read(framed(bytes)),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    );
  });
}

function parameterTwice(): Buffer {
  const entry = lengthDelimited(4, lengthDelimited(1, Buffer.from("k")));
  return Buffer.concat([lengthDelimited(1, Buffer.from("m")), entry, entry]);
}

test("never throws anything but a refusal, whatever the bytes", () => {
  const message = encodeMessage("request", inferRequest);
  fc.assert(
    fc.property(
      fc.nat({ max: message.length - 1 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: 3 }),
      (at, byte, more) => {
        const bytes = Buffer.from(message);
        for (let i = 0; i <= more; i++) bytes[(at + i * 7) % bytes.length] = (byte + i * 31) & 0xff;
        try {
          readingOf(kserveV2Grpc, "request", framed(bytes));
          read(framed(bytes));
        } catch (error) {
          assert.ok(error instanceof RegentError && error.kind === "content", String(error));
        }
      },
    ),
    { numRuns: 3000 },
  );
});
