import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { base64, decodeMessage, encodeMessage, framed, unframed } from "../../../test/support/infer-proto.ts";
import { RegentError } from "../../exchange/errors.ts";
import { ANSWER_TEXTS_MAX } from "../answer-texts.ts";
import { joinElements } from "../tensors/index.ts";
import { OPEN_REQUESTS_MAX, openAnswer, openStream } from "./splitter.ts";
import { INFER_RESPONSE } from "./stream.ts";
import { lengthDelimited } from "./wire.ts";

const bytes = (name: string, values: readonly string[]) => ({
  name,
  datatype: "BYTES",
  shape: [String(values.length)],
  contents: { bytesContents: values.map(base64) },
});
const FINAL = { triton_final_response: { boolParam: true } };
const uninspectable = (error: unknown) =>
  error instanceof RegentError && error.code === "answer_uninspectable";

/** A response with a text of its own at every place that can hold one. */
const FULL = {
  modelName: "text of model_name",
  modelVersion: "text of model_version",
  id: "text of id",
  parameters: { "Key 1": { stringParam: "text of parameter" } },
  outputs: [
    {
      ...bytes("text of name", ["first", "second"]),
      parameters: { codec: { stringParam: "text of codec" }, "Key 2": { int64Param: "3" } },
    },
    { name: "numbers", datatype: "FP32", shape: ["1"], contents: { fp32Contents: [1.5] } },
  ],
};
const FULL_TEXTS = [
  ["/model_name", "text of model_name"],
  ["/model_version", "text of model_version"],
  ["/id", "text of id"],
  ["/parameters/Key 1~#", "Key 1"],
  ["/parameters/Key 1", "text of parameter"],
  ["/outputs/0/name", "text of name"],
  ["/outputs/0/parameters/codec", "text of codec"],
  ["/outputs/0/parameters/Key 2~#", "Key 2"],
  ["/outputs/0/data/0", "first"],
  ["/outputs/0/data/1", "second"],
  ["/outputs/1/name", "numbers"],
];

test("finds every text of an answer, and changes each by itself", () => {
  const message = encodeMessage("response", FULL);
  const [part] = openAnswer().split(framed(message), true);
  assert.deepEqual(
    part?.texts.map(({ pointer, text }) => [pointer, text]),
    FULL_TEXTS,
  );
  const spelled = JSON.stringify(decodeMessage("response", message));
  for (const [pointer = "", text = ""] of FULL_TEXTS) {
    const changed = unframed(part?.rewrite([{ pointer, value: "[MASKED]" }]) as Buffer);
    assert.equal(changed.length, 1);
    const isData = pointer.includes("/data/");
    const [from, to] = isData ? [base64(text), base64("[MASKED]")] : [text, "[MASKED]"];
    assert.equal(
      JSON.stringify(decodeMessage("response", changed[0] as Buffer)),
      spelled.replace(JSON.stringify(from), JSON.stringify(to)),
      pointer,
    );
  }
});

test("finds and changes the texts of MLServer's streams, which go on in the next answer", () => {
  const [first, second] = ["jane", ".doe"].map((text) => ({
    modelName: "m",
    outputs: [bytes("said", [text])],
  }));
  const frames = framed(
    encodeMessage("response", first as object),
    encodeMessage("response", second as object),
  );
  const parts = openStream().split(frames, true);
  const texts = parts.map((part) => part.texts.find(({ pointer }) => pointer === "/outputs/0/data/0"));
  assert.deepEqual(
    texts.map((text) => text?.text),
    ["jane", ".doe"],
  );
  assert.deepEqual(texts[0]?.continues, texts[1]?.continues);
  assert.ok(texts[0]?.continues !== undefined);
  const [changed] = unframed(parts[0]?.rewrite([{ pointer: "/outputs/0/data/0", value: "x" }]) as Buffer);
  const { outputs } = decodeMessage("response", changed as Buffer) as { outputs: unknown };
  assert.deepEqual(outputs, [bytes("said", ["x"])]);
});

test("finds and changes the texts of raw contents, and keeps the numbers beside them", () => {
  const numbers = Buffer.from("0a0000000b000000", "hex");
  const raw = joinElements([Buffer.from("one"), Buffer.from("two")]);
  const message = encodeMessage("response", {
    outputs: [
      { name: "n", datatype: "INT32", shape: ["2"] },
      { name: "t", datatype: "BYTES", shape: ["2"] },
    ],
    rawOutputContents: [numbers.toString("base64"), raw.toString("base64")],
  });
  const [part] = openAnswer().split(framed(message), true);
  assert.deepEqual(part?.texts.slice(-2), [
    { pointer: "/outputs/1/data/0", text: "one" },
    { pointer: "/outputs/1/data/1", text: "two" },
  ]);
  const [changed] = unframed(part?.rewrite([{ pointer: "/outputs/1/data/1", value: "longer" }]) as Buffer);
  assert.deepEqual(decodeMessage("response", changed as Buffer).rawOutputContents, [
    numbers.toString("base64"),
    joinElements([Buffer.from("one"), Buffer.from("longer")]).toString("base64"),
  ]);
});

const streamed = (...responses: readonly object[]) =>
  framed(...responses.map((inferResponse) => encodeMessage("streamed", { inferResponse })));

test("the responses to one request go on with its texts until the last, each beside those to others", () => {
  const said = (id: string, text: string, more: object = {}) => ({
    id,
    outputs: [bytes("out", [text])],
    ...more,
  });
  const parts = openStream().split(
    streamed(
      said("a", "1"),
      said("b", "2"),
      said("a", "3", { parameters: FINAL }),
      said("a", "4", { parameters: FINAL }),
      said("a", "5"),
    ),
    true,
  );
  const lanes = parts.map(({ texts, ended }) => {
    const { continues } = texts.find(({ pointer }) => pointer === "/outputs/0/data/0") ?? {};
    return [continues?.lane, continues?.name, ended];
  });
  assert.deepEqual(lanes, [
    ["0", "out/0", []],
    ["1", "out/0", []],
    ["0", "out/0", ["0"]],
    // The only one to its request: it stands for itself.
    [undefined, undefined, []],
    ["2", "out/0", []],
  ]);
});

test("keeps apart as many requests as a stream may have, and no more", () => {
  const splitter = openStream();
  const answered = (id: number, more: object = {}) => streamed({ id: String(id), outputs: [], ...more });
  for (let id = 0; id < OPEN_REQUESTS_MAX; id++) splitter.split(answered(id), false);
  splitter.split(answered(0), false);
  assert.throws(() => splitter.split(answered(OPEN_REQUESTS_MAX), false), uninspectable);
  splitter.split(answered(0, { parameters: FINAL }), false);
  splitter.split(answered(OPEN_REQUESTS_MAX), false);
});

test("splits no tensor into more texts than an answer may have", () => {
  const of = (count: number) =>
    framed(
      encodeMessage("response", {
        outputs: [{ name: "t", datatype: "BYTES", shape: [String(count)] }],
        rawOutputContents: [Buffer.alloc(4 * count).toString("base64")],
      }),
    );
  openAnswer().split(of(ANSWER_TEXTS_MAX), true);
  assert.throws(() => openAnswer().split(of(ANSWER_TEXTS_MAX + 1), true), uninspectable);
});

test("an error in a stream is a text, and changed as one", () => {
  const body = framed(encodeMessage("streamed", { errorMessage: "no jane", inferResponse: FULL }));
  const [part] = openStream().split(body, true);
  assert.deepEqual(part?.texts[0], { pointer: "/error_message", text: "no jane" });
  const edits = [
    { pointer: "/error_message", value: "no <NAME>" },
    { pointer: "/outputs/0/data/0", value: "1st" },
  ];
  const [changed] = unframed(part?.rewrite(edits) as Buffer);
  const { errorMessage, inferResponse } = decodeMessage("streamed", changed as Buffer);
  assert.equal(errorMessage, "no <NAME>");
  assert.ok(JSON.stringify(inferResponse).includes(base64("1st")));
  const [alone] = openStream().split(framed(encodeMessage("streamed", { errorMessage: "no jane" })), true);
  const [other] = unframed(alone?.rewrite(edits.slice(0, 1)) as Buffer);
  assert.deepEqual(decodeMessage("streamed", other as Buffer), { errorMessage: "no <NAME>" });
});

test("a message that is compressed is read, and keeps its bytes unless something in it changes", () => {
  const zipped = gzipSync(encodeMessage("response", { outputs: [bytes("out", ["text"])] }));
  const frame = framed(zipped);
  frame[0] = 1;
  const [part] = openAnswer().split(frame, true);
  assert.ok(part !== undefined);
  assert.ok(part.bytes.equals(frame));
  assert.deepEqual(part.texts.at(-1), { pointer: "/outputs/0/data/0", text: "text" });
  const changed = part.rewrite([{ pointer: "/outputs/0/data/0", value: "other" }]) as Buffer;
  assert.equal(changed[0], 0);
  assert.ok(
    JSON.stringify(decodeMessage("response", unframed(changed)[0] as Buffer)).includes(base64("other")),
  );
});

test("refuses what no text can be found in", () => {
  const output = { ...bytes("out", ["text"]), contents: { bytesContents: ["/w=="] } };
  const shared = {
    name: "out",
    datatype: "BYTES",
    shape: ["1"],
    parameters: { shared_memory_region: { stringParam: "r" } },
  };
  const coded = { ...bytes("out", ["dGV4dA=="]), parameters: { content_type: { stringParam: "base64" } } };
  const whole = (message: object) => encodeMessage("response", message);
  const answers = [
    whole({ outputs: [output] }),
    whole({ outputs: [shared] }),
    whole({ outputs: [coded] }),
    Buffer.concat([whole(FULL), lengthDelimited(99, Buffer.from("text"))]),
    Buffer.from([0xff]),
  ];
  for (const message of answers)
    assert.throws(() => openAnswer().split(framed(message), true), uninspectable);
  const streams = [
    Buffer.concat([encodeMessage("streamed", {}), lengthDelimited(3, Buffer.from("text"))]),
    Buffer.concat([
      encodeMessage("streamed", { errorMessage: "a" }),
      encodeMessage("streamed", { errorMessage: "b" }),
    ]),
    encodeMessage("streamed", { inferResponse: { outputs: [output] } }),
    Buffer.concat([whole({ modelName: "m", id: "7" }), lengthDelimited(INFER_RESPONSE, whole(FULL))]),
  ];
  for (const message of streams)
    assert.throws(() => openStream().split(framed(message), true), uninspectable);
  assert.throws(() => openAnswer().split(framed(whole(FULL)).subarray(0, -1), true), uninspectable);
});
