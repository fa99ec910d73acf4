import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import {
  AWS_HEADERS_BYTES_MAX,
  AWS_MESSAGE_BYTES_MAX,
  type AwsHeader,
  type AwsHeaders,
  encodeAwsMessage,
  initialAwsStream,
  restOfAwsStream,
  stepAwsStream,
} from "./aws-event-stream.ts";

type Read = {
  messages: { headers: [string, AwsHeader][]; payload: string }[];
  raw: string;
  rest: string;
  fault: string | undefined;
};

/** Feeds chunks one after the other. Each is overwritten afterwards: nothing may depend on it but what was given out. */
function read(...chunks: readonly Buffer[]): Read {
  const state = initialAwsStream();
  const messages: Read["messages"] = [];
  const raw: Buffer[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    const step = stepAwsStream(state, copy);
    for (const { headers, payload, start, end } of step.messages) {
      assert.ok(step.raw.subarray(start, end).includes(payload));
      messages.push({ headers: structuredClone([...headers]), payload: payload.toString("latin1") });
    }
    raw.push(Buffer.from(step.raw));
    fault ??= step.fault;
  }
  return {
    messages,
    raw: Buffer.concat(raw).toString("latin1"),
    rest: restOfAwsStream(state).toString("latin1"),
    fault,
  };
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

const text = (value: string): AwsHeader => ({ type: "string", value });

/** Made by other implementations (aws-c-event-stream's test vectors). */
const VECTORS: readonly (readonly [name: string, hex: string, headers: AwsHeaders, payload: string])[] = [
  ["an empty message", "000000100000000005c248eb7d98c8ff", new Map(), ""],
  [
    "a payload alone",
    "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
    new Map(),
    "{'foo':'bar'}",
  ],
  [
    "a header with a number",
    "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0",
    new Map([["event-type", { type: "integer", value: 40972 }]]),
    "{'foo':'bar'}",
  ],
];
for (const [name, hex, headers, payload] of VECTORS) {
  test(`reads and writes ${name} as others do`, () => {
    const bytes = Buffer.from(hex, "hex");
    assert.deepEqual(read(bytes), {
      messages: [{ headers: [...headers], payload }],
      raw: bytes.toString("latin1"),
      rest: "",
      fault: undefined,
    });
    assert.equal(encodeAwsMessage(headers, Buffer.from(payload)).toString("hex"), hex);
  });
}

const header = fc.oneof<fc.Arbitrary<AwsHeader>[]>(
  fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("byte" as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant("short" as const), value: fc.integer({ min: -32768, max: 32767 }) }),
  fc.record({ type: fc.constant("integer" as const), value: fc.integer() }),
  fc.record({
    type: fc.constant("long" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({
    type: fc.constant("bytes" as const),
    value: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ type: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
  fc.record({
    type: fc.constant("timestamp" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ type: fc.constant("uuid" as const), value: fc.uuid() }),
);
const message = fc.tuple(
  fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), header), {
    selector: ([name]) => name,
    maxLength: 6,
  }),
  fc.uint8Array({ maxLength: 300 }),
);

test("reads what it wrote, every type of header, wherever the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (all, places) => {
      const bytes = Buffer.concat(
        all.map(([headers, payload]) => encodeAwsMessage(new Map(headers), Buffer.from(payload))),
      );
      const found = read(...cutAt(bytes, places));
      assert.deepEqual(
        found.messages,
        all.map(([headers, payload]) => ({
          headers: structuredClone(headers),
          payload: Buffer.from(payload).toString("latin1"),
        })),
      );
      assert.deepEqual([found.raw, found.rest, found.fault], [bytes.toString("latin1"), "", undefined]);
    }),
    { numRuns: 500 },
  );
});

test("reads any bytes alike wherever they are cut, and never throws", () => {
  const spoilt = fc
    .tuple(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    )
    .map(([all, flips]) => {
      const bytes = Buffer.concat(
        all.map(([headers, payload]) => encodeAwsMessage(new Map(headers), Buffer.from(payload))),
      );
      for (const [at, value] of flips) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(spoilt, fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
      const whole = read(bytes);
      const cut = read(...cutAt(bytes, places));
      // What follows a fault is not looked at, so how much of it is kept depends on the cut.
      assert.deepEqual({ ...cut, rest: "" }, { ...whole, rest: "" });
      if (whole.fault === undefined) assert.equal(whole.raw + whole.rest, bytes.toString("latin1"));
    }),
    { numRuns: 1000 },
  );
});

/** A frame around anything, with right checksums. */
function frame(total: number, headersBytes: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(total, 0);
  lengths.writeUInt32BE(headersBytes, 4);
  const prelude = Buffer.concat([lengths, checksum(lengths)]);
  const bytes = Buffer.concat([prelude, rest]);
  return Buffer.concat([bytes, checksum(bytes)]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

function withHeaders(hex: string): Buffer {
  const headers = Buffer.from(hex, "hex");
  return frame(16 + headers.length, headers.length, headers);
}

const GOOD = encodeAwsMessage(new Map([[":event-type", text("a")]]), Buffer.from("{}"));
const flipped = (at: number) => {
  const bytes = Buffer.from(GOOD);
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
};

const FAULTS: readonly (readonly [name: string, bytes: Buffer, fault: RegExp])[] = [
  ["a bit of the lengths is wrong", flipped(3), /checksum of the lengths/],
  ["the checksum of the lengths is wrong", flipped(9), /checksum of the lengths/],
  ["a bit of the headers is wrong", flipped(14), /checksum of a message/],
  ["a bit of the payload is wrong", flipped(GOOD.length - 5), /checksum of a message/],
  ["the checksum is wrong", flipped(GOOD.length - 1), /checksum of a message/],
  ["a message is shorter than its frame", frame(15, 0), /contradict/],
  ["headers are longer than their message", frame(40, 25, Buffer.alloc(24)), /contradict/],
  ["headers are too large", frame(AWS_MESSAGE_BYTES_MAX, AWS_HEADERS_BYTES_MAX + 1), /headers .* larger/],
  ["a message is too large", frame(AWS_MESSAGE_BYTES_MAX + 1, 0), /larger/],
  ["a length is the largest number", frame(0xffffffff, 0), /larger/],
  ["a header has no name", withHeaders("0000"), /no name/],
  ["a name is cut off", withHeaders("0561"), /cut off/],
  ["a header has no type", withHeaders("0161"), /cut off/],
  ["a number is cut off", withHeaders("016104000000"), /cut off/],
  ["the length of a text is cut off", withHeaders("01610700"), /cut off/],
  ["a text is cut off", withHeaders("0161070002aa"), /cut off/],
  ["a type is not known", withHeaders("01610a"), /unknown type/],
  ["a header is there twice", withHeaders("016100016101"), /twice/],
];
for (const [name, bytes, fault] of FAULTS) {
  test(`gives the messages before a fault and nothing after it: ${name}`, () => {
    const stream = Buffer.concat([GOOD, bytes, GOOD]);
    for (let at = 0; at <= GOOD.length + bytes.length; at += 3) {
      const found = read(...cutAt(stream, [at]));
      assert.match(found.fault ?? "none", fault);
      assert.deepEqual([found.messages.length, found.raw], [1, GOOD.toString("latin1")]);
    }
  });
}

test("refuses an oversized message before it has come", () => {
  assert.match(read(frame(AWS_MESSAGE_BYTES_MAX + 1, 0).subarray(0, 12)).fault ?? "none", /larger/);
  assert.equal(read(frame(AWS_MESSAGE_BYTES_MAX, 0).subarray(0, 12)).fault, undefined);
});

test("reads and writes a message of the largest size, byte by byte as fast as whole", () => {
  const payload = Buffer.alloc(AWS_MESSAGE_BYTES_MAX - 16, 0x61);
  const bytes = encodeAwsMessage(new Map(), payload);
  const pieces = Array.from({ length: bytes.length / 64 }, (_, at) => bytes.subarray(64 * at, 64 * at + 64));
  assert.equal(read(...pieces).messages[0]?.payload.length, payload.length);
  assert.throws(() => encodeAwsMessage(new Map(), Buffer.alloc(payload.length + 1)), RangeError);
});

const UNWRITABLE: readonly (readonly [name: string, headers: AwsHeaders])[] = [
  ["a name is empty", new Map([["", text("a")]])],
  ["a name is too long", new Map([["n".repeat(256), text("a")]])],
  ["a text is too long", new Map([["n", text("a".repeat(65_536))]])],
  ["bytes are too long", new Map([["n", { type: "bytes", value: Buffer.alloc(65_536) }]])],
  ["a number is out of range", new Map([["n", { type: "byte", value: 128 }]])],
  ["a UUID is none", new Map([["n", { type: "uuid", value: "abc" }]])],
  [
    "all headers are too large",
    new Map(Array.from({ length: 3 }, (_, at) => [`n${at}`, text("a".repeat(60_000))] as const)),
  ],
];
for (const [name, headers] of UNWRITABLE) {
  test(`does not write a message of which ${name}`, () => {
    assert.throws(() => encodeAwsMessage(headers, Buffer.alloc(0)), RangeError);
  });
}
