import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { ModelInterface } from "../../exchange/model-interface.ts";
import { readModel } from "../../formats/members.ts";
import { DATATYPES, encodeJson, encodeRaw } from "../../formats/tensors/index.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { blamingUpstream } from "../blame.ts";
import type { Translator, Warn } from "../translation.ts";
import { failure } from "./answer.ts";
import { inferRequest, type OutputTensor, outputsOf } from "./kserve.ts";
import { dropped, objectOf, textsOf } from "./request.ts";

/** Texts to embed as a tensor of KServe v2. */
export function embeddingsToInfer({ embeddings = {} }: ModelInterface): Translator {
  const { input: name = DEFAULT_INPUT, output, shape = "list" } = embeddings;
  return {
    from: "openai-embeddings",
    to: "kserve-v2",
    request(bytes, _facts, warn) {
      const body = objectOf(bytes);
      for (const [key, value] of Object.entries(body))
        if (!READ.has(key) && value !== null) warn(dropped(`/${pointerToken(key)}`));
      const texts = textsOf("input", body.input);
      const text = {
        name,
        datatype: "BYTES" as const,
        shape: shape === "rows" ? [texts.length, 1] : [texts.length],
        data: texts as readonly JsonValue[],
      };
      return {
        ...inferRequest(readModel(body), [text], output === undefined ? [] : [output]),
        hints: { encoding: encodingOf(body.encoding_format) },
      };
    },
  };
}

const DEFAULT_INPUT = "input";

const READ: ReadonlySet<string> = new Set(["model", "input", "encoding_format"]);

function encodingOf(value: JsonValue | undefined): "float" | "base64" {
  const encoding = value ?? "float";
  if (encoding !== "float" && encoding !== "base64")
    throw new RegentError("translation_unsupported", "encoding_format: float and base64 are known");
  return encoding;
}

/** A tensor of vectors for a client of OpenAI's embeddings. */
export function embeddingsFromInfer({ embeddings = {} }: ModelInterface): Translator {
  return {
    from: "kserve-v2",
    to: "openai-embeddings",
    response(bytes, facts, warn) {
      const answer = outputsOf(bytes, facts, warn);
      if ("failure" in answer) return failure(answer.failure, facts);
      const output = vectorOutput(answer.outputs, embeddings.output, warn);
      const vectors = blamingUpstream(() => vectorsIn(output, facts.hints?.encoding ?? "float"));
      const data = vectors.map(
        (vector, index) => `{"object":"embedding","index":${index},"embedding":${vector}}`,
      );
      const model = JSON.stringify(facts.model ?? answer.model ?? "");
      return {
        bytes: Buffer.from(`{"object":"list","data":[${data.join(",")}],"model":${model}}`),
        contentType: "application/json",
        headers: [],
      };
    },
  };
}

function vectorOutput(
  outputs: readonly OutputTensor[],
  declared: string | undefined,
  warn: Warn,
): OutputTensor {
  const [only, ...others] = outputs.filter(({ name }) => declared === undefined || name === declared);
  if (only === undefined || others.length > 0) {
    const problem =
      only === undefined ? "missing" : "one of several outputs, and none is named as the vectors";
    throw new RegentError("upstream_invalid", `${declared ?? only?.name ?? "outputs"}: ${problem}`);
  }
  for (const { pointer } of outputs.filter((output) => output !== only))
    warn(dropped(pointer, "it is no vector"));
  return only;
}

/** The JSON of each vector: numbers, or FP32 with the little end first in base64, as OpenAI sends them. */
function vectorsIn(output: OutputTensor, encoding: "float" | "base64"): string[] {
  const { name, shape, datatype, data } = output;
  const [count, size, ...rest] = shape;
  if (DATATYPES[datatype].kind !== "float" || count === undefined || size === undefined || rest.length > 0)
    throw new RegentError("upstream_invalid", `${name}: vectors are floats in two dimensions`);
  if (encoding === "float") {
    const texts = encodeJson(output, "refused");
    return rows(count, size, (from, to) => `[${texts.slice(from, to).join(",")}]`);
  }
  const singles = Float32Array.from(data as Float32Array);
  const bytes = encodeRaw({ name, shape, datatype: "FP32", data: singles });
  return rows(count, size, (from, to) => JSON.stringify(bytes.toString("base64", from * 4, to * 4)));
}

function rows(count: number, size: number, row: (from: number, to: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => row(index * size, (index + 1) * size));
}
