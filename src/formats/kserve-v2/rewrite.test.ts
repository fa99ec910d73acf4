import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { headersFrom } from "../../exchange/headers.ts";
import type { TextPart } from "../../exchange/inference.ts";
import { endpointOf } from "../endpoints.ts";
import type { RewrittenRequest } from "../format.ts";
import { joinElements } from "../tensors/index.ts";
import { kserveV2 } from "./index.ts";

const UNCHANGED = { texts: [], askForUsage: false };

/** Two BYTES tensors behind the JSON with numbers between them, and one in it. */
function body(first: readonly Buffer[], second: readonly Buffer[]): { json: string; parts: Buffer[] } {
  const parts = [joinElements(first), Buffer.from("0a0000000b000000", "hex"), joinElements(second)];
  const json = `{ "inputs" : [
   {"name":"a","shape":[${first.length}],"datatype":"BYTES","parameters":{"binary_data_size" : ${parts[0]?.length} ,"n":1e0}},
   {"name":"n","datatype":"INT32","shape":[2],"parameters":{"binary_data_size":8}},
   {"name":"j","shape":[1],"datatype":"BYTES","data":["in JSON"]},
   {"parameters":{"binary_data_size":${parts[2]?.length}},"name":"b","shape":[1,${second.length}],"datatype":"BYTES"}],
   "unknown": 1.50 }  `;
  return { json, parts };
}

function read(json: string, parts: readonly Buffer[]) {
  const head = Buffer.from(json);
  return kserveV2.readRequest({
    bytes: Buffer.concat([head, ...parts]),
    headers: headersFrom([["inference-header-content-length", String(head.length)]]),
    endpoint: endpointOf(kserveV2, { model: "m" }),
  });
}

function user(parts: readonly TextPart[]): readonly TextPart[] {
  return parts.filter(({ role }) => role === "user");
}

/** The JSON and the bytes behind it, by the header that the rewritten request has. */
function split({ bytes, headers = [] }: RewrittenRequest): { json: string; tail: Buffer } {
  const length = Number(new Map(headers).get("inference-header-content-length"));
  return { json: bytes.toString("utf8", 0, length), tail: bytes.subarray(length) };
}

const element = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const elements = fc.array(element, { minLength: 1, maxLength: 6 });

test("any texts in the place of any elements change these elements, their sizes, and no byte besides", () => {
  const picks = fc.array(fc.tuple(fc.nat(), fc.string({ unit: "grapheme" })), { maxLength: 6 });
  fc.assert(
    fc.property(elements, elements, picks, (first, second, chosen) => {
      const before = body(first, second);
      const { inference, rewrite } = read(before.json, before.parts);
      const parts = user(inference.textParts);
      const texts = new Map(chosen.map(([pick, text]) => [parts[pick % parts.length] as TextPart, text]));
      const changed = rewrite({ ...UNCHANGED, texts: [...texts].map(([part, text]) => ({ part, text })) });
      const lists = [[...first], [...second]];
      let json = before.json;
      for (const [{ pointer }, text] of texts) {
        const [, , input, , index] = pointer.split("/");
        if (input === "2") json = json.replace('"in JSON"', () => JSON.stringify(text));
        else (lists[input === "0" ? 0 : 1] as Buffer[])[Number(index)] = Buffer.from(text);
      }
      const [a, b] = lists.map(joinElements) as [Buffer, Buffer];
      json = json.replace(
        `"binary_data_size" : ${before.parts[0]?.length} `,
        `"binary_data_size" : ${a.length} `,
      );
      json = json.replace(
        `"binary_data_size":${before.parts[2]?.length}},"name":"b"`,
        `"binary_data_size":${b.length}},"name":"b"`,
      );
      if (texts.size === 0) {
        assert.deepEqual(changed.bytes, Buffer.concat([Buffer.from(before.json), ...before.parts]));
        assert.equal(changed.headers, undefined);
        return;
      }
      const after = split(changed);
      assert.equal(after.json, json);
      assert.ok(after.tail.equals(Buffer.concat([a, before.parts[1] as Buffer, b])));
      const again = user(read(after.json, [after.tail]).inference.textParts);
      assert.deepEqual(
        again,
        user(inference.textParts).flatMap((part) => {
          const text = texts.get(part) ?? part.text;
          return text === "" ? [] : { ...part, text };
        }),
      );
    }),
    { numRuns: 500 },
  );
});

test("a body in which nothing changes is the very same buffer", () => {
  const bytes = Buffer.from('{"inputs":[]}');
  const request = { bytes, headers: new Map(), endpoint: endpointOf(kserveV2, { model: "m" }) };
  const { rewrite } = kserveV2.readRequest(request);
  assert.equal(rewrite(UNCHANGED).bytes, bytes);
  const renamed = rewrite({ ...UNCHANGED, model: "an/other" });
  assert.equal(renamed.bytes, bytes);
  assert.equal(renamed.pathname, "/v2/models/an%2Fother/infer");
});

test("another model is named in the path, its version kept, and in the body where that names one", () => {
  const bytes = Buffer.from('{"model_name" : "m", "inputs":[]}');
  const endpoint = { ...endpointOf(kserveV2, { model: "m" }), pathFor: () => "/new" };
  const { rewrite } = kserveV2.readRequest({ bytes, headers: new Map(), endpoint });
  const renamed = rewrite({ ...UNCHANGED, model: "other" });
  assert.equal(renamed.bytes.toString(), '{"model_name" : "other", "inputs":[]}');
  assert.equal(renamed.pathname, "/new");
});
