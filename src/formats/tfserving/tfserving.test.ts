import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import { endpointOf } from "../endpoints.ts";
import { kserveV1 } from "../kserve-v1/index.ts";
import { readingOf } from "../reading.ts";
import { tfserving } from "./index.ts";

function read(body: string, format = tfserving) {
  const endpoint = endpointOf(format, { model: "m" });
  return format.readRequest({ bytes: Buffer.from(body), headers: new Map(), endpoint });
}

const NONFINITE =
  '{ "instances": [ {"t": "NaN \\" Infinity", "x": [NaN, -Infinity, 1.50]}, {"t": "b", "x": [Inf, -NaN, 2]} ] }';

test("a request with NaN and infinities is read, and policy sees null in their place", () => {
  const { inference, document, isWhole } = read(NONFINITE);
  assert.deepEqual(inference.tensors, [
    { name: "t", shape: [2] },
    { name: "x", shape: [2, 3] },
  ]);
  assert.equal(isWhole, false);
  assert.equal(document?.raw("/instances/1/x"), "[null, null, 2]");
  const reading = readingOf(tfserving, "request", Buffer.from(NONFINITE));
  assert.deepEqual([reading.nonfinite, reading.layout, reading.instances], [4, "row", 2]);
});

test("an edit of such a request changes the text that is named, and no token", () => {
  const { inference, rewrite } = read(NONFINITE);
  const part = inference.textParts.find(({ text }) => text === "b");
  assert.ok(part !== undefined);
  const { bytes, pathname } = rewrite({ texts: [{ part, text: "c" }], model: "other", askForUsage: false });
  assert.equal(bytes.toString(), NONFINITE.replace('"b"', '"c"'));
  assert.equal(pathname, "/v1/models/other:predict");
});

for (const body of [
  '{"instances":[NaN],"instances":[1]}',
  '{"instances":[xNaN]}',
  '{"instances":[NaNNaN]}',
  "NaN",
  '{NaN:1,"instances":[1]}',
]) {
  test(`${body} is refused`, () => {
    assert.throws(
      () => read(body),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    );
  });
}

test("answers with NaN and infinities are read, and those that are no JSON besides are not", () => {
  const answer = (body: string) => readingOf(tfserving, "response", Buffer.from(body));
  const reading = answer('{"predictions": [NaN, 1, "NaN"]}');
  assert.deepEqual([reading.nonfinite, reading.predictions, reading.invalid], [1, 3, undefined]);
  assert.equal(answer('{"predictions": [NaN, }').invalid, "body is not JSON");
});

test("bytes are opaque with their size, and what only looks like bytes is text", () => {
  const { inference } = read('{"instances":[{"b64":"aGk="},{"b64":"no base64!"},{"b64":"aGk=","x":"t"}]}');
  assert.deepEqual(inference.opaqueParts, [{ pointer: "/instances/0", modality: "file", bytes: 2 }]);
  const texts = inference.textParts.map(({ text }) => text);
  assert.deepEqual(texts, ["b64", "no base64!", "b64", "aGk=", "x", "t"]);
});

test("a ragged tensor has the sizes that all of its lists share", () => {
  for (const format of [tfserving, kserveV1]) {
    const { inference } = read('{"instances":[[[1,2],[3]],[[4],[5]]]}', format);
    assert.deepEqual(inference.tensors, [{ name: "", shape: [2, 2] }]);
  }
});

test("a request to classify has the features of its examples, and its context", () => {
  const body = '{"signature_name":"s","context":{"c":[1,2]},"examples":[{"f":"a"},{"f":"b"}]}';
  assert.deepEqual(read(body).inference.tensors, [
    { name: "c", shape: [2] },
    { name: "f", shape: [2] },
  ]);
  const { examples, names, signature } = readingOf(tfserving, "request", Buffer.from(body));
  assert.deepEqual([examples, names, signature], [2, ["c", "f"], "s"]);
});

test("a signature that is no text is refused", () => {
  assert.throws(() => read('{"signature_name":5,"instances":[1]}'), /signature_name must be a text/);
});

test("a request with text has no bound of output tokens, and one with numbers alone has no output tokens", () => {
  assert.equal(read('{"instances":["text"]}', kserveV1).inference.maxOutputTokens, undefined);
  assert.equal(read('{"inputs":{"x":[1]}}').inference.maxOutputTokens, 0);
});

test("what models say in strings counts as what they wrote", () => {
  const bytesOf = (body: string) =>
    tfserving.readResponse({ status: 200, headers: new Map(), bytes: Buffer.from(body) }).outputBytes;
  assert.equal(bytesOf('{"predictions":[{"t":"né"},["b",1.5]]}'), 4);
  assert.equal(bytesOf('{"error":"boom"}'), 0);
});

test("an answer may be nested as deep as an upstream likes", () => {
  const deep = `{"predictions":${"[".repeat(200_000)}"t"${"]".repeat(200_000)}}`;
  const answer = tfserving.readResponse({ status: 200, headers: new Map(), bytes: Buffer.from(deep) });
  assert.deepEqual([answer.invalid, answer.outputBytes], [undefined, 1]);
});

test("numbers and switches are tensors to policy, as they are in KServe v2; texts and bytes are not", () => {
  const modalitiesOf = (instances: unknown) =>
    tfserving.readRequest({
      bytes: Buffer.from(JSON.stringify({ instances })),
      headers: new Map(),
      endpoint: endpointOf(tfserving, { model: "m" }),
    }).inference.modalities;
  for (const numbers of [[[1, 2]], [true], [[[0.5]]]])
    assert.deepEqual(modalitiesOf(numbers), ["tensor"], JSON.stringify(numbers));
  assert.deepEqual(modalitiesOf(["a", "b"]), ["text"]);
  assert.ok(modalitiesOf([{ n: 1 }]).includes("tensor"));
  assert.ok(modalitiesOf([{ t: "a", n: 1 }]).includes("tensor"));
  assert.ok(!modalitiesOf([{ b64: "aGk=" }]).includes("tensor"));
});
