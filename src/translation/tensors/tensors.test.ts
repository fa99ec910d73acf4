import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { TensorInterface } from "../../exchange/model-interface.ts";
import { inputData, parseRequest } from "../../formats/kserve-v2/message.ts";
import {
  DATATYPES,
  type DataTensor,
  type Datatype,
  decodeRaw,
  elementCount,
  joinElements,
} from "../../formats/tensors/index.ts";
import type { AnswerFacts, AnswerHints, TranslationWarning } from "../translation.ts";
import { parseSignature, tensorTranslator } from "./index.ts";
import { kserveV2Tensors } from "./kserve-v2.ts";
import { typedValue } from "./value.ts";

const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "m",
  includeUsage: false,
  nowS: 0,
  id: "1",
};

function request(from: FormatName, to: FormatName, body: object | string, declared: TensorInterface = {}) {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const facts = { headers: new Map(), urlModel: "m", urlVersion: undefined };
  const there = tensorTranslator(from, to, declared)?.request?.(bytes, facts, (warning) =>
    warnings.push(warning),
  );
  assert.ok(there !== undefined);
  return { ...there, text: there.bytes.toString(), warnings: told(warnings) };
}

function reply(
  from: FormatName,
  to: FormatName,
  body: object | string,
  hints: AnswerHints = {},
  status = 200,
) {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const back = tensorTranslator(from, to)?.response?.(bytes, { ...FACTS, hints, status }, (warning) =>
    warnings.push(warning),
  );
  assert.ok(back !== undefined);
  return { text: back.bytes.toString(), warnings: told(warnings) };
}

function told(warnings: readonly TranslationWarning[]): string[] {
  return warnings.map(({ code, member }) => `${code} ${member}`);
}

function signature(inputs: {
  [name: string]: { datatype: Datatype; shape?: readonly number[] };
}): TensorInterface {
  return parseSignature(Buffer.from(JSON.stringify({ inputs })));
}

function assertRefused(run: () => unknown, detail: RegExp, code = "body_invalid"): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError);
    assert.equal(error.code, code);
    assert.match(error.detail ?? "", detail);
    return true;
  });
}

const x = (datatype: string, shape: readonly number[], data: readonly unknown[], name = "x") => ({
  name,
  datatype,
  shape,
  data,
});

/** Any values of a datatype, from any bytes. */
function tensorsOf(name: string, datatype: Datatype, batch: number): fc.Arbitrary<DataTensor> {
  return fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }).chain((inner) => {
    const shape = [batch, ...inner];
    const count = elementCount(name, shape);
    const { elementBytes } = DATATYPES[datatype];
    const raw =
      elementBytes === undefined
        ? fc
            .array(fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array()), {
              minLength: count,
              maxLength: count,
            })
            .map((elements) => joinElements(elements.map((element) => Buffer.from(element as string))))
        : fc
            .uint8Array({ minLength: count * elementBytes, maxLength: count * elementBytes })
            .map((bytes) => Buffer.from(bytes));
    return raw.map((bytes) => ({ name, datatype, shape, data: decodeRaw(name, datatype, shape, bytes) }));
  });
}

/** Names that look like indices come first in JSON's objects, so the order of tensors may change. */
function byName(tensors: readonly DataTensor[]): unknown[] {
  return tensors
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, datatype, shape, data }) => ({
      ...{ name, datatype, shape },
      data: Array.isArray(data)
        ? (data as readonly Buffer[]).map((bytes) => bytes.toString("hex"))
        : Array.from(data as ArrayLike<number | bigint>),
    }));
}

const ANY_TENSORS = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.uniqueArray(fc.string({ minLength: 1, unit: "grapheme" }), { minLength: 1, maxLength: 3 }),
  )
  .chain(([batch, names]) =>
    fc.tuple(
      ...names.map((name) =>
        fc
          .constantFrom(...(Object.keys(DATATYPES) as Datatype[]))
          .chain((datatype) => tensorsOf(name, datatype, batch)),
      ),
    ),
  );

describe("tensors of KServe v2", () => {
  for (const layout of ["row", "columnar"] as const) {
    test(`come back from TensorFlow Serving's ${layout} layout with every value, whatever the datatype`, () => {
      fc.assert(
        fc.property(ANY_TENSORS, (tensors) => {
          const typed = tensors.map((tensor, index) => typedValue(tensor, `/inputs/${index}`));
          const common = {
            model: "m",
            version: undefined,
            layout: undefined,
            id: undefined,
            outputs: undefined,
          };
          const whole = kserveV2Tensors.writeRequest(
            { ...common, tensors: typed, parameters: {} },
            {},
            () => {},
          );
          const options = {
            layout,
            ...signature(
              Object.fromEntries(tensors.map(({ name, datatype, shape }) => [name, { datatype, shape }])),
            ),
          };
          const run = (
            from: FormatName,
            to: FormatName,
            { bytes, headers }: Pick<typeof whole, "bytes" | "headers">,
          ) => {
            const facts = {
              headers: new Map(headers.map(([name, value]) => [name, [value]])),
              urlModel: "m",
            };
            const there = tensorTranslator(from, to, options)?.request?.(bytes, facts, ({ member }) =>
              assert.fail(member),
            );
            assert.ok(there !== undefined);
            return there;
          };
          const back = run("tfserving", "kserve-v2", run("kserve-v2", "tfserving", whole));
          const headers = new Map(back.headers.map(([name, value]) => [name, [value]]));
          const parsed = parseRequest({ bytes: back.bytes, headers });
          const read = parsed.inputs.flatMap((input) => inputData(parsed, input) ?? []);
          assert.deepEqual(byName(read), byName(tensors));
        }),
        { numRuns: 300 },
      );
    });
  }

  test("tell of everything that rows cannot carry", () => {
    const body = {
      id: "i",
      parameters: { p: 1, binary_data_output: true },
      inputs: [{ ...x("INT32", [1], [1]), parameters: { content_type: "np" } }],
      outputs: [{ name: "y", parameters: { classification: 2, binary_data: false } }],
      unknown: 1,
    };
    const { warnings, hints } = request("kserve-v2", "tfserving", body);
    assert.deepEqual(
      new Set(warnings),
      new Set([
        "dropped /parameters/p",
        "dropped /inputs/0/parameters/content_type",
        "dropped /outputs/0/parameters/classification",
        "dropped /unknown",
      ]),
    );
    assert.deepEqual(hints, { requestId: "i", outputs: ["y"] });
  });

  test("tell of members and ways that are none of the protocol", () => {
    const body = {
      id: { text: "i" },
      parameters: { binary_data_output: { text: "p" } },
      inputs: [{ ...x("INT32", [1], [1]), note: "n", parameters: { binary_data: "b" } }],
      outputs: [{ name: "y", note: { text: "n" }, parameters: { binary_data: false } }],
    };
    const lost = [
      "/id",
      "/inputs/0/note",
      "/inputs/0/parameters/binary_data",
      "/outputs/0/note",
      "/parameters/binary_data_output",
    ];
    const { warnings } = request("kserve-v2", "tfserving", body);
    assert.deepEqual(
      warnings.toSorted(),
      lost.map((member) => `dropped ${member}`),
    );
    const answer = { outputs: [{ ...x("INT32", [1], [1], "y"), note: "n" }] };
    assert.deepEqual(reply("kserve-v2", "tfserving", answer).warnings, ["dropped /outputs/0/note"]);
  });

  test("are not taken from shared memory", () => {
    const input = { name: "x", datatype: "FP32", shape: [1], parameters: { shared_memory_region: "r" } };
    assertRefused(
      () => request("kserve-v2", "tfserving", { inputs: [input] }),
      /^x: /,
      "translation_unsupported",
    );
  });

  test("do not fit rows when their batches differ, and the one that differs is named", () => {
    const inputs = [x("INT32", [2], [1, 2], "a"), x("INT32", [3], [1, 2, 3], "b")];
    assertRefused(() => request("kserve-v2", "tfserving", { inputs }, { layout: "row" }), /^b: /);
    assertRefused(() => request("kserve-v2", "kserve-v1", { inputs }), /^b: /);
    assertRefused(() => request("kserve-v2", "kserve-v1", { inputs: [x("INT32", [], [1])] }), /^x: a scalar/);
  });

  test("that are not finite go to TensorFlow Serving as its tokens, and not at all to KServe v1", () => {
    const marked = '{"inputs":{"x":[NaN,-Infinity,Infinity,-0.0,1e-45]}}';
    const typed = signature({ x: { datatype: "FP32", shape: [-1] } });
    const there = request("tfserving", "kserve-v2", marked, typed);
    assert.equal(there.contentType, "application/octet-stream");
    const headers = new Map(there.headers.map(([name, value]) => [name, [value]]));
    const back = tensorTranslator("kserve-v2", "tfserving", { layout: "columnar" })?.request?.(
      there.bytes,
      { headers, urlModel: "m" },
      () => {},
    );
    assert.equal(back?.bytes.toString(), '{"inputs":[NaN,-Infinity,Infinity,-0.0,1e-45]}');
    assertRefused(() => request("tfserving", "kserve-v1", '{"instances":[NaN]}'), /^instances: NaN/);
  });
});

describe("nested lists", () => {
  for (const [title, body, datatype, detail] of [
    ["text for a number", { instances: ["a"] }, "INT32", /^x: text given for INT32/],
    ["bytes for a number", { instances: [{ b64: "AA==" }] }, "FP32", /^x: bytes given for FP32/],
    ["a number for bytes", { instances: [1] }, "BYTES", /^x: number given for BYTES/],
    ["an integer out of range", { instances: [300] }, "INT8", /^x: 300 is out of range/],
    ["a fraction for an integer", { instances: [1.5] }, "INT64", /^x: 1.5/],
    ["null", { instances: [null] }, "FP32", /^x: null given/],
    ["NaN for an integer", '{"instances":[NaN]}', "INT32", /^x: NaN given for INT32/],
    ["ragged columns", { inputs: { x: [[1], [2, 3]] } }, "FP32", /^x: ragged/],
    ["an input that the model has not", { inputs: { y: [1] } }, "FP32", /^y: the model has no such input/],
    ["no input of the model", { inputs: {} }, "FP32", /^x: missing/],
    ["both layouts", { instances: [1], inputs: [1] }, "FP32", /instances, inputs/],
    ["rows that are no list", { instances: 5 }, "FP32", /instances must be a list/],
  ] as const) {
    test(`are refused with ${title}, which is named`, () => {
      assertRefused(() => request("tfserving", "kserve-v2", body, signature({ x: { datatype } })), detail);
    });
  }

  test("are refused where rows differ in their names", () => {
    assertRefused(
      () => request("tfserving", "kserve-v2", { instances: [{ a: 1 }, { b: 1 }] }),
      /^a: row 1 has none/,
    );
    assertRefused(
      () => request("tfserving", "kserve-v2", { instances: [{ a: 1 }, 5] }),
      /^a: row 1 names no tensors/,
    );
    assertRefused(
      () => request("tfserving", "kserve-v2", { instances: [{ a: 1 }, { a: 1, b: 2 }] }),
      /^b: row 0/,
    );
  });

  test("without names are refused where the model has several inputs", () => {
    const two = signature({ a: { datatype: "FP32" }, b: { datatype: "FP32" } });
    assertRefused(() => request("tfserving", "kserve-v2", { instances: [1] }, two), /a, b/);
  });

  test("are refused where they are to classify or to regress", () => {
    const body = { examples: [{ a: 1 }] };
    assertRefused(() => request("tfserving", "kserve-v2", body), /^examples: /, "translation_unsupported");
  });

  for (const [values, datatype] of [
    ["[1,-2]", "INT64"],
    ["[18446744073709551615]", "UINT64"],
    ["[99999999999999999999]", "FP64"],
    ["[1.0,2]", "FP32"],
    ["[0.1]", "FP32"],
    ["[0.12345678901]", "FP64"],
    ["[true]", "BOOL"],
    ['["a",{"b64":"YQ=="}]', "BYTES"],
    ["[NaN,1]", "FP32"],
  ] as const) {
    test(`of ${values} are taken for ${datatype} where nobody says what they are, with a warning`, () => {
      const { bytes, headers, warnings } = request("tfserving", "kserve-v2", `{"instances":${values}}`);
      const parsed = parseRequest({
        bytes,
        headers: new Map(headers.map(([name, value]) => [name, [value]])),
      });
      assert.equal(parsed.inputs[0]?.datatype, datatype);
      assert.deepEqual(warnings, ["invented /instances", "invented /instances"]);
    });
  }

  test("keep the spelling of their numbers between TensorFlow Serving and KServe v1", () => {
    const body = '{"signature_name":"s","instances":[{"a":1.50,"t":"é1"},{"a":1e3,"t":"2"}]}';
    const { text, warnings, path } = request("tfserving", "kserve-v1", body);
    assert.equal(text, '{"instances":[{"a":1.50,"t":"é1"},{"a":1e3,"t":"2"}]}');
    assert.deepEqual(warnings, ["dropped /signature_name"]);
    assert.equal(path, "/v1/models/m:predict");
  });

  test("of KServe v1 are read under its other name too", () => {
    const { text } = request("kserve-v1", "tfserving", { inputs: [[1, 2]], parameters: {} });
    assert.equal(text, '{"instances":[[1,2]]}');
  });
});

describe("answers", () => {
  const outputs = [x("FP32", [1, 2], [0.5, 1], "y"), x("INT64", [1], [7], "z")];

  test("come in the layout of the request, and tell what it cannot carry", () => {
    const body = { model_name: "other", model_version: "3", id: "i", parameters: { p: 1 }, outputs };
    const columnar = reply("kserve-v2", "tfserving", body, { layout: "columnar" });
    assert.equal(columnar.text, '{"outputs":{"y":[[0.5,1]],"z":[7]}}');
    assert.deepEqual(columnar.warnings, [
      "dropped /parameters/p",
      "dropped /model_name",
      "dropped /model_version",
      "dropped /id",
    ]);
    const row = reply("kserve-v2", "kserve-v1", body, { layout: "row" });
    assert.equal(row.text, '{"predictions":[{"y":[0.5,1],"z":7}]}');
  });

  test("repeat the id of the request, and have the outputs that were asked for", () => {
    const hints = { requestId: "i", outputs: ["z"] };
    const { text } = reply("tfserving", "kserve-v2", { predictions: [{ y: 0.5, z: 7 }] }, hints);
    assert.deepEqual(JSON.parse(text), { model_name: "m", id: "i", outputs: [x("INT64", [1], [7], "z")] });
    const unnamed = reply("tfserving", "kserve-v2", { predictions: [7] }, hints);
    assert.deepEqual(JSON.parse(unnamed.text).outputs, [x("INT64", [1], [7], "z")]);
  });

  test("that are none of the dialect are the upstream's fault", () => {
    for (const body of ["<html>", '{"outputs":[{"name":"y"}]}', '{"model_name":"m"}'])
      assertRefused(() => reply("kserve-v2", "tfserving", body), /./, "upstream_invalid");
    for (const body of ["[]", "{}", '{"predictions":[[1],[2,3]]}', '{"predictions":5}'])
      assertRefused(() => reply("tfserving", "kserve-v2", body), /./, "upstream_invalid");
  });

  test("of an error that is none of the dialect say its status", () => {
    const { text } = reply("kserve-v2", "tfserving", "Bad Gateway", {}, 502);
    assert.equal(text, '{"error":"The server answered with status 502."}');
  });
});

test("a signature is read from the metadata of a model too, and named where it is wrong", () => {
  const metadata = { name: "m", platform: "p", inputs: [{ name: "x", datatype: "FP32", shape: [-1, 4] }] };
  const read = parseSignature(Buffer.from(JSON.stringify(metadata)));
  assert.deepEqual(read.inputs, [{ name: "x", datatype: "FP32", shape: [-1, 4] }]);
  for (const inputs of [
    { x: {} },
    { x: { datatype: "FP32", shape: [-2] } },
    { x: { datatype: "F" } },
    [{}],
    5,
  ])
    assertRefused(() => parseSignature(Buffer.from(JSON.stringify({ inputs }))), /^(x: |inputs )/);
});
