import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { descriptorSet, enumeration, message } from "../../../../test/support/descriptors.ts";
import { RequestParseError } from "../request-parse-error.ts";
import { MESSAGE_BYTES_MAX, readGrpcBody } from "./body.ts";
import { parseDescriptors } from "./descriptors.ts";
import { messageJson, NESTING_MAX, VALUES_MAX } from "./message-json.ts";

const entry = (name: string, key: string, value: string) =>
  message({
    name,
    mapEntry: true,
    fields: { 1: { name: "key", type: key }, 2: { name: "value", type: value } },
  });

const ALL = message({
  name: "All",
  nested: [entry("NotesEntry", "string", "string"), entry("PartsEntry", "int64", "message:.t.All")],
  fields: {
    1: { name: "a_double", type: "double" },
    2: { name: "a_float", type: "float" },
    3: { name: "an_int32", type: "int32" },
    4: { name: "an_int64", type: "int64" },
    5: { name: "a_uint64", type: "uint64" },
    6: { name: "a_sint32", type: "sint32" },
    7: { name: "a_fixed32", type: "fixed32" },
    8: { name: "a_sfixed64", type: "sfixed64" },
    9: { name: "a_bool", type: "bool" },
    10: { name: "a_string", type: "string" },
    11: { name: "a_bytes", type: "bytes" },
    12: { name: "an_enum", type: "enum:.t.Kind" },
    13: { name: "maybe", type: "int32", oneof: "_maybe", optional: true },
    14: { name: "numbers", type: "int32", label: "repeated" },
    15: { name: "names", type: "string", label: "repeated" },
    16: { name: "child", type: "message:.t.All" },
    17: { name: "children", type: "message:.t.All", label: "repeated" },
    18: { name: "notes", type: "message:.t.All.NotesEntry", label: "repeated" },
    19: { name: "parts", type: "message:.t.All.PartsEntry", label: "repeated" },
    20: { name: "by_name", type: "string", oneof: "who" },
    21: { name: "by_id", type: "int32", oneof: "who" },
    22: { name: "group", type: "group:.t.All" },
    23: { name: "at", type: "message:.google.protobuf.Timestamp" },
    24: { name: "took", type: "message:.google.protobuf.Duration" },
    25: { name: "count", type: "message:.google.protobuf.Int64Value" },
    26: { name: "data", type: "message:.google.protobuf.Struct" },
    27: { name: "any", type: "message:.google.protobuf.Any" },
    28: { name: "mask", type: "message:.google.protobuf.FieldMask" },
  },
});

const WELL_KNOWN = [
  message({
    name: "Timestamp",
    fields: { 1: { name: "seconds", type: "int64" }, 2: { name: "nanos", type: "int32" } },
  }),
  message({
    name: "Duration",
    fields: { 1: { name: "seconds", type: "int64" }, 2: { name: "nanos", type: "int32" } },
  }),
  message({ name: "Int64Value", fields: { 1: { name: "value", type: "int64" } } }),
  message({
    name: "Any",
    fields: { 1: { name: "type_url", type: "string" }, 2: { name: "value", type: "bytes" } },
  }),
  message({ name: "FieldMask", fields: { 1: { name: "paths", type: "string", label: "repeated" } } }),
  message({
    name: "Struct",
    nested: [entry("FieldsEntry", "string", "message:.google.protobuf.Value")],
    fields: { 1: { name: "fields", type: "message:.google.protobuf.Struct.FieldsEntry", label: "repeated" } },
  }),
  message({
    name: "Value",
    fields: {
      1: { name: "null_value", type: "enum:.google.protobuf.NullValue", oneof: "kind" },
      2: { name: "number_value", type: "double", oneof: "kind" },
      3: { name: "string_value", type: "string", oneof: "kind" },
      4: { name: "bool_value", type: "bool", oneof: "kind" },
      5: { name: "struct_value", type: "message:.google.protobuf.Struct", oneof: "kind" },
      6: { name: "list_value", type: "message:.google.protobuf.ListValue", oneof: "kind" },
    },
  }),
  message({
    name: "ListValue",
    fields: { 1: { name: "values", type: "message:.google.protobuf.Value", label: "repeated" } },
  }),
];

const OLD = message({
  name: "Old",
  fields: { 1: { name: "must", type: "int32", label: "required" }, 2: { name: "zero", type: "int32" } },
});

const TYPES = parseDescriptors(
  descriptorSet([
    {
      name: "known.proto",
      package: "google.protobuf",
      syntax: "proto3",
      messageType: WELL_KNOWN,
      enumType: [enumeration("NullValue", [["NULL_VALUE", 0]])],
    },
    {
      name: "all.proto",
      package: "t",
      syntax: "proto3",
      dependency: ["known.proto"],
      messageType: [ALL],
      enumType: [
        enumeration("Kind", [
          ["NONE", 0],
          ["ONE", 1],
        ]),
      ],
      service: [
        {
          name: "S",
          method: [
            { name: "Go", inputType: ".t.All", outputType: ".t.All" },
            { name: "Stream", inputType: ".t.All", outputType: ".t.All", clientStreaming: true },
          ],
        },
      ],
    },
    { name: "old.proto", package: "o", messageType: [OLD] },
  ]),
);
const SHAPE = TYPES.message("t.All") ?? assert.fail();

function json(bytes: Buffer, shape = SHAPE): unknown {
  return JSON.parse(messageJson(bytes, shape, TYPES));
}

type Write = (writer: protobuf.Writer) => unknown;

function wire(write: Write): Buffer {
  const writer = new protobuf.Writer();
  write(writer);
  return Buffer.from(writer.finish());
}

const tag = (number: number, type: number) => number * 8 + type;
/** A field of bytes, texts and messages. */
const part = (number: number, bytes: Buffer) => wire((w) => w.uint32(tag(number, 2)).bytes(bytes));

test("shows each kind of field as protojson does", () => {
  const bytes = wire((w) => {
    w.uint32(tag(1, 1)).double(1e21).uint32(tag(2, 5)).float(0.1).uint32(tag(3, 0)).int32(-1);
    w.uint32(tag(4, 0)).int64("-9223372036854775808").uint32(tag(5, 0)).uint64("18446744073709551615");
    w.uint32(tag(6, 0)).sint32(-3).uint32(tag(7, 5)).fixed32(4294967295).uint32(tag(8, 1)).sfixed64(-5);
    w.uint32(tag(9, 0))
      .bool(true)
      .uint32(tag(10, 2))
      .string('a"\u0001é')
      .uint32(tag(11, 2))
      .bytes(Buffer.from([255]));
    w.uint32(tag(12, 0)).int32(1).uint32(tag(13, 0)).int32(0);
  });
  assert.deepEqual(json(bytes), {
    aDouble: 1e21,
    aFloat: 0.1,
    anInt32: -1,
    anInt64: "-9223372036854775808",
    aUint64: "18446744073709551615",
    aSint32: -3,
    aFixed32: 4294967295,
    aSfixed64: "-5",
    aBool: true,
    aString: 'a"\u0001é',
    aBytes: "/w==",
    anEnum: "ONE",
    maybe: 0,
  });
  const notFinite = wire((w) => w.uint32(tag(1, 1)).double(Number.NaN).uint32(tag(2, 5)).float(-Infinity));
  assert.deepEqual(json(notFinite), { aDouble: "NaN", aFloat: "-Infinity" });
});

test("leaves out what was not sent and zeros that are not told from it, but shows zeros that were chosen", () => {
  const zeros = wire((w) =>
    w.uint32(tag(3, 0)).int32(0).uint32(tag(10, 2)).string("").uint32(tag(9, 0)).bool(false),
  );
  assert.deepEqual(json(zeros), {});
  assert.deepEqual(json(wire((w) => w.uint32(tag(21, 0)).int32(0))), { byId: 0 });
  assert.deepEqual(json(part(16, Buffer.alloc(0))), { child: {} });
  assert.deepEqual(json(part(14, Buffer.alloc(0))), {});
});

test("reads lists packed or not, maps, messages in pieces, groups, and the last member of a oneof", () => {
  const lists = Buffer.concat([
    wire((w) => w.uint32(tag(14, 0)).int32(1)),
    part(14, Buffer.from([2, 3])),
    part(15, Buffer.from("a")),
    part(15, Buffer.alloc(0)),
    part(17, part(10, Buffer.from("in"))),
  ]);
  assert.deepEqual(json(lists), { numbers: [1, 2, 3], names: ["a", ""], children: [{ aString: "in" }] });
  const key = (text: string) => part(1, Buffer.from(text));
  const maps = Buffer.concat([
    part(18, Buffer.concat([key("k"), part(2, Buffer.from("old"))])),
    part(18, Buffer.concat([key("k"), part(2, Buffer.from("new"))])),
    part(18, key("__proto__")),
    part(
      19,
      wire((w) => w.uint32(tag(1, 0)).int64(-7)),
    ),
  ]);
  assert.equal(messageJson(maps, SHAPE, TYPES), '{"notes":{"k":"new","__proto__":""},"parts":{"-7":{}}}');
  const pieces = Buffer.concat([
    part(16, part(10, Buffer.from("a"))),
    part(
      16,
      wire((w) => w.uint32(tag(3, 0)).int32(4)),
    ),
  ]);
  assert.deepEqual(json(pieces), { child: { anInt32: 4, aString: "a" } });
  const group = wire((w) => w.uint32(tag(22, 3)).uint32(tag(3, 0)).int32(5).uint32(tag(22, 4)));
  assert.deepEqual(json(group), { group: { anInt32: 5 } });
  const both = Buffer.concat([part(20, Buffer.from("me")), wire((w) => w.uint32(tag(21, 0)).int32(9))]);
  assert.deepEqual(json(both), { byId: 9 });
});

test("leaves out unknown fields and those of another wire type", () => {
  const bytes = Buffer.concat([
    part(1000, Buffer.from("x")),
    wire((w) => w.uint32(tag(10, 0)).int32(7)),
    wire((w) => w.uint32(tag(1001, 3)).uint32(tag(1, 0)).int32(1).uint32(tag(1001, 4))),
    wire((w) => w.uint32(tag(12, 0)).int32(99)),
  ]);
  assert.deepEqual(json(bytes), { anEnum: 99 });
});

test("shows Google's well-known types in their own forms", () => {
  const time = (seconds: number | string, nanos: number) =>
    wire((w) => w.uint32(tag(1, 0)).int64(seconds).uint32(tag(2, 0)).int32(nanos));
  const field = (name: string, value: Buffer) =>
    part(1, Buffer.concat([part(1, Buffer.from(name)), part(2, value)]));
  const struct = Buffer.concat([
    field(
      "n",
      wire((w) => w.uint32(tag(2, 1)).double(1.5)),
    ),
    field(
      "l",
      part(
        6,
        Buffer.concat([
          part(
            1,
            wire((w) => w.uint32(tag(1, 0)).int32(0)),
          ),
        ]),
      ),
    ),
  ]);
  const any = (type: string, value: Buffer) => Buffer.concat([part(1, Buffer.from(type)), part(2, value)]);
  assert.deepEqual(
    json(
      Buffer.concat([
        part(23, time(1_700_000_000, 5_000)),
        part(24, time(-1, -500_000_000)),
        part(25, Buffer.alloc(0)),
        part(26, struct),
        part(27, any("type.googleapis.com/google.protobuf.Duration", time(3, 0))),
        part(28, Buffer.concat([part(1, Buffer.from("a.foo_bar")), part(1, Buffer.from("b"))])),
      ]),
    ),
    {
      at: "2023-11-14T22:13:20.000005Z",
      took: "-1.500s",
      count: "0",
      data: { n: 1.5, l: [null] },
      any: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "3s" },
      mask: "a.fooBar,b",
    },
  );
  const refused: [number, Buffer][] = [
    [23, time("253402300800", 0)],
    [23, time(0, -1)],
    [24, time("315576000001", 0)],
    [24, time(1, -1)],
    [26, field("empty", Buffer.alloc(0))],
    [
      26,
      field(
        "nan",
        wire((w) => w.uint32(tag(2, 1)).double(Number.NaN)),
      ),
    ],
    [27, any("x/t.All", Buffer.alloc(0))],
    [27, any("", Buffer.from("x"))],
    [28, part(1, Buffer.from("fooBar"))],
  ];
  for (const [number, bytes] of refused)
    assert.throws(() => json(part(number, bytes)), RequestParseError, bytes.toString("hex"));
});

test("holds proto2 to what it requires, and shows its zeros", () => {
  const shape = TYPES.message("o.Old") ?? assert.fail();
  assert.throws(() => json(Buffer.alloc(0), shape), /required field o\.Old\.must not set/);
  const bytes = wire((w) => w.uint32(tag(1, 0)).int32(0).uint32(tag(2, 0)).int32(0));
  assert.deepEqual(json(bytes, shape), { must: 0, zero: 0 });
});

test("refuses bytes that are no message", () => {
  const bad = [
    Buffer.from([0x00]),
    Buffer.from([0x1a]),
    Buffer.from([0x52, 0x05, 0x61]),
    Buffer.from([0x18, 0x80]),
    Buffer.concat([Buffer.from([0x18]), Buffer.alloc(9, 0xff), Buffer.from([0x02])]),
    Buffer.from([0x0c]),
    wire((w) => w.uint32(tag(22, 3)).uint32(tag(23, 4))),
    wire((w) => w.uint32(tag(22, 3))),
    part(10, Buffer.from([0xff])),
    part(14, Buffer.from([0x80])),
    Buffer.concat([part(20, Buffer.from([0xff])), part(20, Buffer.from("ok"))]),
  ];
  for (const bytes of bad) assert.throws(() => json(bytes), RequestParseError, bytes.toString("hex"));
});

test("takes messages as deep as its limit and none deeper, in messages, groups and unknown groups", () => {
  const nested = (levels: number, around: (bytes: Buffer) => Buffer) => {
    let bytes: Buffer = Buffer.alloc(0);
    for (let level = 0; level < levels; level++) bytes = around(bytes);
    return bytes;
  };
  const group = (number: number) => (bytes: Buffer) =>
    Buffer.concat([wire((w) => w.uint32(tag(number, 3))), bytes, wire((w) => w.uint32(tag(number, 4)))]);
  const ways = [(bytes: Buffer) => part(16, bytes), group(22), group(999)];
  for (const around of ways) {
    json(nested(NESTING_MAX, around));
    assert.throws(() => json(nested(NESTING_MAX + 2, around)), /max recursion depth/);
    assert.throws(() => json(nested(2_000, around)), /max recursion depth/);
  }
});

test("takes as many values as its limit and no more, wherever they stand", () => {
  const unknown = Buffer.from([0x08 | 0x80, 0x7d, 0x01]);
  assert.deepEqual(json(part(14, Buffer.alloc(VALUES_MAX, 1))), { numbers: Array(VALUES_MAX).fill(1) });
  const tooMany = [
    part(14, Buffer.alloc(VALUES_MAX + 1, 1)),
    Buffer.concat(Array.from({ length: VALUES_MAX + 1 }, () => part(15, Buffer.alloc(0)))),
    Buffer.concat(Array.from({ length: VALUES_MAX + 1 }, () => part(18, Buffer.alloc(0)))),
    Buffer.concat(Array.from({ length: VALUES_MAX + 1 }, () => unknown)),
  ];
  for (const bytes of tooMany) assert.throws(() => json(bytes), /more than 100000 values/);
});

test("gives JSON or an error of its own for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        json(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof RequestParseError, String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

const PATH = ["t.S", "Go"];
/** A gRPC message on the wire. */
function frame(bytes: Buffer, { flag = 0, length = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

test("reads the first message of a body", () => {
  const first = part(10, Buffer.from("one"));
  const body = Buffer.concat([frame(first), frame(part(10, Buffer.from("two")))]);
  assert.deepEqual(readGrpcBody(body, PATH, TYPES), { json: '{"aString":"one"}' });
  assert.deepEqual(readGrpcBody(frame(Buffer.alloc(0)), PATH, TYPES), { json: "{}" });
});

test("does not read what is compressed, streamed or not described, and knows what was cut", () => {
  const body = frame(part(10, Buffer.from("x")));
  assert.equal(readGrpcBody(frame(Buffer.from("x"), { flag: 1 }), PATH, TYPES), "unknown");
  for (const path of [
    ["t.S", "Stream"],
    ["t.S", "Nope"],
    ["t.Nope", "Go"],
    ["t.All", "Go"],
  ])
    assert.equal(readGrpcBody(body, path, TYPES), "unknown");
  for (let length = 5; length < body.length; length++)
    assert.equal(readGrpcBody(body.subarray(0, length), PATH, TYPES), "truncated");
  assert.equal(readGrpcBody(frame(Buffer.alloc(0), { length: 2 ** 32 - 1 }), PATH, TYPES), "truncated");
  for (let length = 1; length < 5; length++)
    assert.throws(() => readGrpcBody(body.subarray(0, length), PATH, TYPES), /less than 5 bytes/);
  for (const path of [["t.S"], ["t.S", "Go", ""], []])
    assert.throws(() => readGrpcBody(body, path, TYPES), /invalid parsed path/);
});

test("reads messages up to its limit and refuses larger ones", () => {
  const sized = (bytes: number) => part(1000, Buffer.alloc(bytes - 6));
  const most = sized(MESSAGE_BYTES_MAX);
  assert.equal(most.length, MESSAGE_BYTES_MAX);
  assert.deepEqual(readGrpcBody(frame(most), PATH, TYPES), { json: "{}" });
  assert.throws(
    () => readGrpcBody(frame(sized(MESSAGE_BYTES_MAX + 1)), PATH, TYPES),
    /more than 4194304 bytes/,
  );
});
