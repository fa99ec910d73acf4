import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../exchange/errors.ts";
import { headersFrom } from "../../exchange/headers.ts";
import { ANSWER_TEXTS_MAX } from "../answer-texts.ts";
import { joinElements } from "../tensors/index.ts";
import { describeResponse } from "./response.ts";
import { takeApart } from "./texts.ts";

const uninspectable = (error: unknown) =>
  error instanceof RegentError && error.code === "answer_uninspectable";

const FLOATS = Buffer.from("0000c03f", "hex");

/** An answer with texts in the JSON, numbers behind it, and texts behind these. */
function binary(texts: readonly Buffer[], inJson: readonly string[] = ["in JSON"]) {
  const raw = joinElements(texts);
  const json = Buffer.from(
    `{ "model_name": "m","outputs":[{"name":"j","datatype":"BYTES","shape":[1,${inJson.length}],"data":[${JSON.stringify(inJson)}]},
 {"name":"f","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}},
 {"name":"t","datatype":"BYTES","shape":[${texts.length}],"parameters":{"binary_data_size": ${raw.length} }}], "n": 1.50}`,
  );
  return message(json, Buffer.concat([FLOATS, raw]));
}

function message(json: Buffer, tail: Buffer) {
  return {
    bytes: Buffer.concat([json, tail]),
    headers: headersFrom([["inference-header-content-length", String(json.length)]]),
  };
}

test("finds texts in the JSON and behind it, and none in numbers", () => {
  const { texts } = takeApart(binary([Buffer.from("one"), Buffer.from("zwei €")]));
  const words = new Set(["m", "j", "f", "t", "BYTES", "FP32"]);
  assert.deepEqual(
    texts.filter(({ text }) => !words.has(text)),
    [
      { pointer: "/outputs/0/data/0/0", text: "in JSON" },
      { pointer: "/outputs/2/data/0", text: "one" },
      { pointer: "/outputs/2/data/1", text: "zwei €" },
    ],
  );
});

test("any texts in the place of any others give an answer that says them, with the sizes that they have", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  const change = fc.option(text, { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, change), { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(text, change), { minLength: 1, maxLength: 5 }),
      (behind, inside) => {
        const before = binary(
          behind.map(([said]) => Buffer.from(said)),
          inside.map(([said]) => said),
        );
        const part = takeApart(before);
        const edits = [
          ...behind.map(([, value], index) => ({ pointer: `/outputs/2/data/${index}`, value })),
          ...inside.map(([, value], index) => ({ pointer: `/outputs/0/data/0/${index}`, value })),
        ].filter((edit): edit is { pointer: string; value: string } => edit.value !== undefined);
        const bytes = part.rewrite(edits) as Buffer;
        const { tensors } = describeResponse({
          status: 200,
          bytes,
          headers: headersFrom(part.headers?.() ?? []),
        });
        assert.deepEqual(
          (tensors as { data: unknown }[]).map(({ data }) => data),
          [inside.map(([said, value]) => value ?? said), [1.5], behind.map(([said, value]) => value ?? said)],
        );
        assert.ok(bytes.includes('"n": 1.50}'));
      },
    ),
    { numRuns: 200 },
  );
});

test("reads an error whose header says where its JSON ends", () => {
  const { texts } = takeApart(message(Buffer.from('{"error":"no such jane"}'), Buffer.alloc(0)));
  assert.deepEqual(texts, [{ pointer: "/error", text: "no such jane" }]);
});

test("splits no tensor into more texts than an answer may have", () => {
  const of = (count: number) => binary(Array.from({ length: count }, () => Buffer.alloc(0)));
  takeApart(of(ANSWER_TEXTS_MAX));
  assert.throws(() => takeApart(of(ANSWER_TEXTS_MAX + 1)), uninspectable);
});

test("refuses what no text can be found in", () => {
  const json = (outputs: object[]) => Buffer.from(JSON.stringify({ outputs }));
  const bytes = { name: "t", datatype: "BYTES", shape: [1] };
  const raw = joinElements([Buffer.from("a")]);
  const size = { binary_data_size: raw.length };
  for (const asked of [
    binary([Buffer.from([0xff])]),
    message(json([{ ...bytes, parameters: { ...size, content_type: "base64" } }]), raw),
    message(json([{ ...bytes, parameters: size }]), raw.subarray(1)),
    message(json([{ ...bytes, shape: [2], parameters: size }]), raw),
    message(json([]), raw),
    message(Buffer.from('{"error":"no"}'), raw),
    message(Buffer.from("{"), Buffer.alloc(0)),
    { ...binary([]), headers: headersFrom([["inference-header-content-length", "x"]]) },
    {
      bytes: json([{ ...bytes, parameters: { content_type: "base64" }, data: ["YQ=="] }]),
      headers: new Map(),
    },
    { bytes: json([{ ...bytes, parameters: { shared_memory_region: "r" } }]), headers: new Map() },
  ])
    assert.throws(() => takeApart(asked), uninspectable, asked.bytes.toString());
});
