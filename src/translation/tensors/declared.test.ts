import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { TensorInterface } from "../../exchange/model-interface.ts";
import type { AnswerHints } from "../translation.ts";
import { tensorTranslator } from "./index.ts";

/** Translates a request; every warning fails it. */
function translated(from: FormatName, to: FormatName, body: object, declared: TensorInterface) {
  const there = tensorTranslator(from, to, declared)?.request?.(
    Buffer.from(JSON.stringify(body)),
    { headers: new Map(), urlModel: "m" },
    ({ code, member }) => assert.fail(`${code} ${member}`),
  );
  assert.ok(there !== undefined);
  return there;
}

function request(...translation: Parameters<typeof translated>) {
  return JSON.parse(translated(...translation).bytes.toString()) as unknown;
}

function reply(
  from: FormatName,
  to: FormatName,
  body: object,
  declared: TensorInterface,
  hints: AnswerHints = {},
) {
  const facts = {
    ...{ status: 200, headers: new Map(), model: "m", includeUsage: false, nowS: 0, id: "1", hints },
  };
  const warned: string[] = [];
  const back = tensorTranslator(from, to, declared)?.response?.(
    Buffer.from(JSON.stringify(body)),
    facts,
    ({ code, member }) => warned.push(`${code} ${member}`),
  );
  return { body: JSON.parse(back?.bytes.toString() ?? "") as unknown, warned };
}

function assertRefused(run: () => unknown, detail: string, code = "body_invalid"): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError);
    assert.deepEqual([error.code, error.detail], [code, detail]);
    return true;
  });
}

const ROWS: TensorInterface = {
  inputs: [{ name: "features", datatype: "FP32", shape: [-1, 2] }],
  outputs: [{ name: "label", datatype: "INT32" }],
};
const TWO: TensorInterface = {
  inputs: [
    { name: "a", datatype: "INT32" },
    { name: "b", datatype: "BYTES", optional: true },
  ],
};
const row = (name: string, datatype: string, data: readonly unknown[], shape = [data.length]) => ({
  ...{ name, shape, datatype, data },
});

describe("declared tensors", () => {
  for (const from of ["tfserving", "kserve-v1"] as const) {
    test(`of a ${from} request have their name and datatype, and nothing is made up`, () => {
      const body = request(from, "kserve-v2", { instances: [[1, 2.5]] }, ROWS);
      assert.deepEqual(body, { inputs: [row("features", "FP32", [1, 2.5], [1, 2])] });
    });

    test(`of a ${from} request are refused where it contradicts them`, () => {
      const refused = (instances: readonly unknown[], detail: string, declared = ROWS) =>
        assertRefused(() => request(from, "kserve-v2", { instances }, declared), detail);
      refused([{ x: [1, 2] }], "x: the model has no such input");
      refused([[1, 2, 3]], "features: shape [1,3] does not fit [-1,2]");
      refused([["a", "b"]], "features: text given for FP32");
      refused([1], "the inputs have no names, and the model has a, b", TWO);
      refused([{ b: "t" }], "a: missing", TWO);
      refused([{ a: 2 ** 31 }], "a: 2147483648 is out of range for INT32", TWO);
    });
  }

  test("may be left out where they are optional", () => {
    const body = request("tfserving", "kserve-v2", { instances: [{ a: 1 }] }, TWO);
    assert.deepEqual(body, { inputs: [row("a", "INT32", [1])] });
  });

  test("are those of a KServe v2 request too", () => {
    const ask = (inputs: readonly object[], more: object = {}) =>
      request("kserve-v2", "tfserving", { inputs, ...more }, ROWS);
    assert.deepEqual(ask([row("features", "FP32", [1, 2], [1, 2])]), { instances: [[1, 2]] });
    assertRefused(() => ask([row("x", "FP32", [1, 2], [1, 2])]), "x: the model has no such input");
    assertRefused(() => ask([row("features", "FP64", [1, 2], [1, 2])]), "features: FP64 given for FP32");
    assertRefused(() => ask([row("features", "FP32", [1, 2])]), "features: shape [2] does not fit [-1,2]");
    assertRefused(
      () => ask([row("features", "FP32", [1, 2], [1, 2])], { outputs: [{ name: "score" }] }),
      "score: the model has no such output",
    );
  });

  test("are looked through once, however many outputs a request asks for", () => {
    let reads = 0;
    const output = {
      datatype: "FP32",
      get name() {
        reads += 1;
        return "score";
      },
    } as const;
    const asked = Array.from({ length: 1000 }, () => ({ name: "score" }));
    const body = { inputs: [row("x", "FP32", [1])], outputs: asked };
    request("kserve-v2", "tfserving", body, { outputs: [output] });
    assert.ok(reads > 0 && reads < asked.length, String(reads));
  });

  test("in half precision go behind the JSON, in which Triton takes no such numbers", () => {
    for (const [datatype, raw] of [
      ["FP16", "003c0045"],
      ["BF16", "803fa040"],
    ] as const) {
      const declared: TensorInterface = { inputs: [{ name: "x", datatype }] };
      const { bytes, headers } = translated("tfserving", "kserve-v2", { instances: [1, 5] }, declared);
      const length = Number(new Map(headers).get("inference-header-content-length"));
      const { data: _behind, ...tensor } = row("x", datatype, [1, 5]);
      assert.deepEqual(JSON.parse(bytes.toString("utf8", 0, length)), {
        inputs: [{ ...tensor, parameters: { binary_data_size: 4 } }],
      });
      assert.equal(bytes.toString("hex", length), raw);
    }
  });

  test("bind values between dialects that have no datatypes", () => {
    const ask = (instances: readonly unknown[]) => request("kserve-v1", "tfserving", { instances }, ROWS);
    assert.deepEqual(ask([[1, 2]]), { instances: [[1, 2]] });
    assertRefused(() => ask([["a", "b"]]), "features: text given for FP32");
  });

  test("give an answer its datatype, and an empty list its shape", () => {
    const { body, warned } = reply("tfserving", "kserve-v2", { predictions: [7, 8] }, ROWS);
    assert.deepEqual(body, { model_name: "m", outputs: [row("label", "INT32", [7, 8])] });
    assert.deepEqual(warned, []);
    assert.deepEqual(request("tfserving", "kserve-v2", { instances: [] }, ROWS), {
      inputs: [row("features", "FP32", [], [0, 2])],
    });
    assertRefused(
      () => reply("tfserving", "kserve-v2", { predictions: [{ other: 1 }] }, ROWS),
      "other: the model has no such output",
      "upstream_invalid",
    );
  });

  test("do not change what a server says of its own answer", () => {
    const outputs = [row("score", "FP64", [0.5]), row("label", "INT64", [1])];
    const { body } = reply("kserve-v2", "tfserving", { outputs }, ROWS);
    assert.deepEqual(body, { predictions: [{ score: 0.5, label: 1 }] });
  });
});

describe("a declared layout and signature of TensorFlow Serving", () => {
  const inputs = [row("x", "FP32", [1, 2])];

  test("are those of the request", () => {
    const declared: TensorInterface = { layout: "columnar", signatureName: 'by "x"' };
    assert.deepEqual(request("kserve-v2", "tfserving", { inputs }, declared), {
      signature_name: 'by "x"',
      inputs: [1, 2],
    });
    assert.deepEqual(request("kserve-v1", "tfserving", { instances: [1, 2] }, { layout: "row" }), {
      instances: [1, 2],
    });
  });

  test("are no business of a server that has neither", () => {
    const declared: TensorInterface = { layout: "columnar", signatureName: "s" };
    assert.deepEqual(request("kserve-v2", "kserve-v1", { inputs }, declared), { instances: [1, 2] });
  });

  test("are refused where the tensors have no rows", () => {
    const scalar = { inputs: [row("x", "FP32", [1], [])] };
    assertRefused(
      () => request("kserve-v2", "tfserving", scalar, { layout: "row" }),
      "x: a scalar has no rows",
    );
  });

  test("bind the signature that a client names", () => {
    const ask = (name: unknown) =>
      request("tfserving", "kserve-v1", { signature_name: name, instances: [1] }, { signatureName: "s" });
    assert.deepEqual(ask("s"), { instances: [1] });
    for (const other of ["S", "serving_default", ""])
      assertRefused(() => ask(other), "signature_name: the model is served by its signature s");
  });

  test("leave an answer in the layout of its request", () => {
    const answer = { outputs: [row("y", "FP32", [1, 2])] };
    const declared: TensorInterface = { layout: "columnar" };
    assert.deepEqual(reply("kserve-v2", "tfserving", answer, declared, { layout: "row" }).body, {
      predictions: [1, 2],
    });
    assert.deepEqual(reply("kserve-v2", "tfserving", answer, declared).body, { outputs: [1, 2] });
  });
});

describe("declared bytes", () => {
  const declared = (bytes: "text" | "base64"): TensorInterface => ({
    inputs: [{ name: "x", datatype: "BYTES", bytes }],
    outputs: [{ name: "y", datatype: "BYTES", bytes }],
  });
  const image = Buffer.from([0xff, 0xd8, 0x00]);
  const b64 = image.toString("base64");

  test("go to TensorFlow Serving as base64, or as texts and nothing else", () => {
    const inputs = [row("x", "BYTES", ["é"])];
    assert.deepEqual(request("kserve-v2", "tfserving", { inputs }, declared("base64")), {
      instances: [{ b64: "w6k=" }],
    });
    assert.deepEqual(request("kserve-v1", "tfserving", { instances: ["é"] }, declared("base64")), {
      instances: [{ b64: "w6k=" }],
    });
    assert.deepEqual(request("kserve-v1", "tfserving", { instances: [{ b64: "w6k=" }] }, declared("text")), {
      instances: ["é"],
    });
    assertRefused(
      () => request("kserve-v1", "tfserving", { instances: [{ b64 }] }, declared("text")),
      "x: bytes that are no text, and the model takes texts",
    );
  });

  test("go to KServe v2 as base64 in its JSON, as MLServer decodes it", () => {
    assert.deepEqual(request("tfserving", "kserve-v2", { instances: [{ b64 }] }, declared("base64")), {
      inputs: [{ ...row("x", "BYTES", [b64]), parameters: { content_type: "base64" } }],
    });
    assertRefused(
      () => request("tfserving", "kserve-v2", { instances: [{ b64 }] }, declared("text")),
      "x: bytes that are no text, and the model takes texts",
    );
  });

  test("come back from KServe v2 as the bytes that they are", () => {
    const outputs = [row("y", "BYTES", [b64])];
    const { body } = reply("kserve-v2", "tfserving", { outputs }, declared("base64"));
    assert.deepEqual(body, { predictions: [{ b64 }] });
    assertRefused(
      () =>
        reply("kserve-v2", "tfserving", { outputs: [row("y", "BYTES", ["no base64"])] }, declared("base64")),
      "y: no base64, which the model is declared to give",
      "upstream_invalid",
    );
  });
});
