import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { renderFault } from "../document/fault.ts";
import { packageFile } from "../document/package-root.ts";
import { DECLARED_TENSORS_MAX, DIMENSIONS_MAX } from "./interface-schema.ts";
import { parseRegistry } from "./registry.ts";

/** A registry with one version that declares something, from line 11 on. */
function registryText(declared: string, formats: readonly string[] = ["kserve-v2"]): string {
  const targets = formats.map(
    (format, index) => `{ name: t${index}, region: us, provider: p, format: ${format} }`,
  );
  return `version: 1
targets: [${targets.join(", ")}]
models:
  - name: m
    stage: active
    versions:
      - name: v
        weight: 1
        targets: [${formats.map((_, index) => `t${index}`).join(", ")}]
${declared.replaceAll(/^/gm, "        ")}
`;
}

function declaredOf(declared: string, formats?: readonly string[]) {
  const parsed = parseRegistry(registryText(declared, formats), "registry.yaml", {});
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.faults.map(renderFault).join("\n"));
  const { tensors, completions, embeddings } = parsed.value.resolve("m")?.versions[0] ?? assert.fail();
  return { tensors, completions, embeddings };
}

function faults(declared: string, formats?: readonly string[]): string[] {
  const parsed = parseRegistry(registryText(declared, formats), "registry.yaml", {});
  assert.ok(!parsed.ok, "the document must not pass");
  return parsed.faults.map((fault) =>
    renderFault(fault)
      .replace("registry.yaml:", "")
      .replace(" error config/", " ")
      .replaceAll("models[0].versions[0].", ""),
  );
}

describe("what a version declares of its inputs and outputs", () => {
  test("is kept as it is written", () => {
    const { tensors, completions, embeddings } = declaredOf(
      `tensors:
  layout: row
  signatureName: serving_default
  inputs:
    - { name: "dense_1_input:0", datatype: FP32, shape: [-1, 4] }
    - { name: note, datatype: BYTES, bytes: base64, optional: true }
  outputs: [{ name: label, datatype: INT64 }]
completions:
  textInput: prompt
  shape: list
  maxTokens: 256
  inputs: { max_tokens: { name: request_output_len, datatype: UINT32 }, seed: false, stop: words }
embeddings: { input: text, output: vector, shape: rows }`,
      ["kserve-v2", "tfserving"],
    );
    assert.deepEqual(tensors, {
      layout: "row",
      signatureName: "serving_default",
      inputs: [
        { name: "dense_1_input:0", datatype: "FP32", shape: [-1, 4] },
        { name: "note", datatype: "BYTES", bytes: "base64", optional: true },
      ],
      outputs: [{ name: "label", datatype: "INT64" }],
    });
    assert.deepEqual(completions, {
      textInput: "prompt",
      shape: "list",
      maxTokens: 256,
      inputs: {
        max_tokens: { name: "request_output_len", datatype: "UINT32" },
        seed: false,
        stop: "words",
      },
    });
    assert.deepEqual(embeddings, { input: "text", output: "vector", shape: "rows" });
  });

  test("is refused where it means nothing, every fault at its line", () => {
    assert.deepEqual(
      faults(`tensors:
  signaturename: s
  inputs:
    - { name: x, datatype: FP46, shape: [-2, 1.5] }
    - { name: x, datatype: FP32, bytes: base64 }
  outputs:
    - { name: y, datatype: INT64, optional: true }`),
      [
        '11:11 unknown-field tensors.signaturename: unknown field; did you mean "signatureName"?',
        '13:36 value tensors.inputs[0].datatype: must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES; did you mean "FP16"?',
        "13:50 value tensors.inputs[0].shape[0]: must be at least -1",
        "13:54 type tensors.inputs[0].shape[1]: must be a whole number, not 1.5",
        "14:49 value tensors.inputs[1].bytes: only a tensor of BYTES has bytes",
        "16:43 unknown-field tensors.outputs[0].optional: unknown field; allowed here: name, datatype, shape, bytes",
      ],
    );
    assert.deepEqual(faults("tensors: { inputs: [], outputs: [{ datatype: FP32 }] }"), [
      "10:28 value tensors.inputs: must have at least 1 entries",
      "10:42 missing-field tensors.outputs[0].name: required (a string)",
    ]);
    assert.deepEqual(
      faults("completions: { inputs: { temperature: { name: t, datatype: BYTES }, stop: true } }"),
      [
        "10:68 value completions.inputs.temperature.datatype: must be one of UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64",
        "10:83 value completions.inputs.stop: must be the name of an input, or false where the model has none",
      ],
    );
  });

  test("is refused where a name occurs twice", () => {
    assert.deepEqual(
      faults("tensors: { inputs: [{ name: x, datatype: FP32 }, { name: x, datatype: FP64 }] }"),
      ['10:66 duplicate tensors.inputs[1].name: another tensor is called "x"'],
    );
    assert.deepEqual(faults("completions: { textInput: max_tokens }"), [
      '10:35 duplicate completions.textInput: the input "max_tokens" is that of max_tokens',
    ]);
    assert.deepEqual(faults("completions: { inputs: { max_tokens: top_p, stop: text_input } }"), [
      '10:46 duplicate completions.inputs.max_tokens: the input "top_p" is that of top_p',
      '10:59 duplicate completions.inputs.stop: the input "text_input" is that of the prompt',
    ]);
  });

  test("is refused where the model cannot have it", () => {
    assert.deepEqual(faults("completions: { settings: json, inputs: { seed: s, stream: streaming } }"), [
      "10:56 value completions.inputs.seed: where settings are json the model has no such input",
    ]);
    assert.deepEqual(faults("completions: { settings: none, maxTokens: 5, inputs: { stop: s } }"), [
      "10:51 value completions.maxTokens: a model without settings takes no bound",
      "10:70 value completions.inputs.stop: where settings are none the model has no such input",
    ]);
    assert.deepEqual(faults("completions: { maxTokens: 5, inputs: { max_tokens: false } }"), [
      "10:35 value completions.maxTokens: a model without an input for it takes no bound",
    ]);
  });

  test("is refused where no target of the version has a use for it", () => {
    assert.deepEqual(faults("tensors: { layout: row }"), [
      "10:28 useless tensors.layout: no target of this version has the format tfserving",
    ]);
    assert.deepEqual(
      faults("tensors: { inputs: [{ name: x, datatype: FP32 }] }\ncompletions: {}\nembeddings: {}", [
        "openai-chat",
      ]),
      [
        "10:18 useless tensors: no target of this version has the format kserve-v2 or kserve-v1 or tfserving",
        "11:22 useless completions: no target of this version has the format triton-generate or kserve-v2",
        "12:21 useless embeddings: no target of this version has the format kserve-v2",
      ],
    );
    assert.deepEqual(declaredOf("tensors: { layout: row }", ["kserve-v2", "tfserving"]).tensors, {
      layout: "row",
    });
  });

  test("has as many tensors and dimensions as a model has, and no more", () => {
    const tensors = (count: number) =>
      `tensors:\n  inputs:\n${Array.from({ length: count }, (_, index) => `    - { name: x${index}, datatype: FP32 }`).join("\n")}`;
    assert.equal(declaredOf(tensors(DECLARED_TENSORS_MAX)).tensors?.inputs?.length, DECLARED_TENSORS_MAX);
    assert.match(
      faults(tensors(DECLARED_TENSORS_MAX + 1)).join("\n"),
      /tensors\.inputs: must have at most 1000/,
    );
    const shaped = (dimensions: number) =>
      `tensors: { inputs: [{ name: x, datatype: FP32, shape: [${Array.from({ length: dimensions }, () => 1).join(", ")}] }] }`;
    assert.equal(declaredOf(shaped(DIMENSIONS_MAX)).tensors?.inputs?.[0]?.shape?.length, DIMENSIONS_MAX);
    assert.match(faults(shaped(DIMENSIONS_MAX + 1)).join("\n"), /inputs\[0\]\.shape: must have at most 64/);
  });

  test("may be what docs/registry.md shows", () => {
    const page = readFileSync(packageFile("docs", "registry.md"), "utf8");
    const [, section = ""] = page.split("## Inputs and outputs\n");
    const [, example = ""] = section.split(/```(?:yaml)?\n/);
    const targets = ["tf: tfserving", "triton: kserve-v2"].map((target) => {
      const [name, format] = target.split(": ");
      return `  - { name: ${name}, region: us, provider: p, format: ${format} }`;
    });
    const text = [
      "version: 1",
      "targets:",
      ...targets,
      "models:",
      "  - name: m",
      "    stage: active",
      example,
    ];
    const parsed = parseRegistry(text.join("\n"), "registry.yaml", {});
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.faults.map(renderFault).join("\n"));
    const [churn, llama] = parsed.value.resolve("m")?.versions ?? [];
    assert.equal(churn?.tensors?.inputs?.length, 2);
    assert.equal(llama?.completions?.inputs?.seed, false);
  });
});
