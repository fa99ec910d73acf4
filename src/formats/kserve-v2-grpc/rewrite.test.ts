import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inferRequest, kserveV2GrpcRequest } from "../../../test/contract/requests/kserve-v2-grpc.ts";
import { base64, decodeMessage, encodeMessage, framed, unframed } from "../../../test/support/infer-proto.ts";
import type { TextPart } from "../../exchange/inference.ts";
import { endpointOf } from "../endpoints.ts";
import { joinElements } from "../tensors/index.ts";
import { kserveV2Grpc } from "./index.ts";
import { fieldBudget, lengthDelimited, readFields, replaceFields } from "./wire.ts";

const UNCHANGED = { texts: [], askForUsage: false };

function read(bytes: Buffer, isStream = false) {
  const endpoint = endpointOf(kserveV2Grpc, {}, isStream);
  return kserveV2Grpc.readRequest({ bytes, headers: new Map(), endpoint });
}

test("a body in which nothing changes is the very same buffer, and asks for no compressed answer", () => {
  const { bytes, headers } = read(kserveV2GrpcRequest).rewrite(UNCHANGED);
  assert.equal(bytes, kserveV2GrpcRequest);
  assert.deepEqual(headers, [["grpc-accept-encoding", "identity"]]);
});

test("any texts in the place of any parts change these parts for every reader, and nothing besides", () => {
  const { inference, rewrite } = read(kserveV2GrpcRequest);
  // A key that is renamed to another one's name would be there twice.
  const parts = inference.textParts.filter(
    ({ pointer }) => !pointer.endsWith("~#") && !pointer.endsWith("/name"),
  );
  const before = decodeMessage("request", encodeMessage("request", inferRequest));
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...parts), text), { maxLength: 8 }), (picks) => {
      const chosen = new Map(picks);
      const { bytes } = rewrite({
        ...UNCHANGED,
        texts: [...chosen].map(([part, words]) => ({ part, text: words })),
      });
      const expected = structuredClone(before) as object;
      for (const [{ pointer }, words] of chosen) setAt(expected, pointer, words);
      assert.deepEqual(decodeMessage("request", unframed(bytes)[0] as Buffer), expected);
    }),
    { numRuns: 300 },
  );
});

/** Sets a text in the JSON form of a message at a pointer of the format. */
function setAt(message: object, pointer: string, text: string): void {
  const path = pointer.slice(1).replace("model_version", "modelVersion").split("/");
  const isData = path.at(-2) === "data";
  const at = isData ? [...path.slice(0, -2), "contents", "bytesContents", path.at(-1) as string] : path;
  if (at.includes("parameters")) at.push("stringParam");
  const last = at.pop() as string;
  let place = message as { [key: string]: object };
  for (const key of at) place = place[key] as { [key: string]: object };
  (place as unknown as { [key: string]: string })[last] = isData ? base64(text) : text;
}

test("what is not known survives an edit around it, byte for byte and in its place", () => {
  const unknown = lengthDelimited(77, Buffer.from("kept"));
  const input = Buffer.concat([
    unknown,
    lengthDelimited(5, lengthDelimited(8, Buffer.from("old"))),
    lengthDelimited(2, Buffer.from("BYTES")),
    Buffer.from([0x18, 0x01]),
    lengthDelimited(1, Buffer.from("x")),
  ]);
  const parts = [
    unknown,
    lengthDelimited(5, input),
    Buffer.from([0x98, 0x06, 0x81, 0x00]),
    lengthDelimited(1, Buffer.from("m")),
  ];
  const { inference, rewrite } = read(framed(Buffer.concat(parts)));
  const part = inference.textParts.find(({ text }) => text === "old") as TextPart;
  const { bytes } = rewrite({ ...UNCHANGED, texts: [{ part, text: "n".repeat(300) }], model: "other" });
  const changed = Buffer.concat([
    unknown,
    lengthDelimited(5, lengthDelimited(8, Buffer.from("n".repeat(300)))),
    lengthDelimited(2, Buffer.from("BYTES")),
    Buffer.from([0x18, 0x01]),
    lengthDelimited(1, Buffer.from("x")),
  ]);
  const expected = [
    unknown,
    lengthDelimited(5, changed),
    parts[2] as Buffer,
    lengthDelimited(1, Buffer.from("other")),
  ];
  assert.deepEqual(bytes, framed(Buffer.concat(expected)));
});

test("elements of raw contents are replaced where they stand, each by its own length", () => {
  const elements = fc.array(fc.string({ unit: "grapheme", maxLength: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(elements, fc.nat(), fc.string({ unit: "grapheme" }), (texts, pick, text) => {
      const raw = joinElements(texts.map((element) => Buffer.from(element)));
      const message = encodeMessage("request", {
        modelName: "m",
        inputs: [
          { name: "x", datatype: "BYTES", shape: [String(texts.length)] },
          { name: "n", datatype: "INT32", shape: ["1"] },
        ],
        rawInputContents: [raw.toString("base64"), "BwAAAA=="],
      });
      const { inference, rewrite } = read(framed(message));
      const parts = inference.textParts.filter(({ role }) => role === "user");
      const part = parts[pick % Math.max(1, parts.length)];
      if (part === undefined) return;
      const index = Number(part.pointer.split("/").at(-1));
      const { bytes } = rewrite({ ...UNCHANGED, texts: [{ part, text }] });
      const expected = joinElements(texts.with(index, text).map((element) => Buffer.from(element)));
      const after = decodeMessage("request", unframed(bytes)[0] as Buffer);
      assert.deepEqual(after.rawInputContents, [expected.toString("base64"), "BwAAAA=="]);
    }),
  );
});

test("in a stream only the messages that change get other frames, and all get the other model", () => {
  const message = (text: string) =>
    encodeMessage("request", {
      modelName: "m",
      inputs: [{ name: "x", datatype: "BYTES", shape: ["1"], contents: { bytesContents: [base64(text)] } }],
    });
  const body = framed(message("a"), message("b"), message("c"));
  const { inference, rewrite } = read(body, true);
  const part = inference.textParts.find(({ text }) => text === "b") as TextPart;
  assert.deepEqual(
    rewrite({ ...UNCHANGED, texts: [{ part, text: "B" }] }).bytes,
    framed(message("a"), message("B"), message("c")),
  );
  const renamed = unframed(rewrite({ ...UNCHANGED, model: "other" }).bytes);
  assert.deepEqual(
    renamed.map((bytes) => decodeMessage("request", bytes).modelName),
    ["other", "other", "other"],
  );
});

test("fields in one another are replaced with the lengths around them, however these grow", () => {
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.nat({ max: 40000 }), fc.uint8Array(), (before, after, rest) => {
      const nest = (value: Buffer) =>
        Buffer.concat([
          lengthDelimited(
            1,
            lengthDelimited(
              2,
              Buffer.concat([lengthDelimited(3, value), lengthDelimited(4, Buffer.from(rest))]),
            ),
          ),
          lengthDelimited(5, Buffer.from(rest)),
        ]);
      const bytes = nest(Buffer.alloc(before, 1));
      const budget = fieldBudget();
      const outer = readFields(bytes, 0, bytes.length, budget)[0] as never as { start: number; end: number };
      const middle = readFields(bytes, outer.start, outer.end, budget)[0] as never as typeof outer;
      const inner = readFields(bytes, middle.start, middle.end, budget)[0];
      const value = Buffer.alloc(after, 2);
      const path = [outer, middle, inner] as never;
      assert.deepEqual(replaceFields(bytes, [{ path, value }]), nest(value));
    }),
  );
});
