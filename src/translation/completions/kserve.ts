import { RegentError } from "../../exchange/errors.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { parseResponse, spelling } from "../../formats/kserve-v2/response.ts";
import { dataTensor } from "../../formats/kserve-v2/tensors.ts";
import { readPlainError } from "../../formats/plain-error.ts";
import type { DataTensor, Datatype } from "../../formats/tensors/index.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { bareFailure, blamingUpstream, FIRST_ERROR_STATUS } from "../blame.ts";
import type { AnswerFacts, TranslatedRequest, Warn } from "../translation.ts";
import { dropped } from "./request.ts";

/** An input whose values JSON can say. */
export type InputTensor = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly JsonValue[];
};

/** @param outputs the names of those that the answer is made of; none for all */
export function inferRequest(
  model: string,
  inputs: readonly InputTensor[],
  outputs: readonly string[],
): TranslatedRequest {
  const asked = outputs.length === 0 ? {} : { outputs: outputs.map((name) => ({ name })) };
  return {
    bytes: Buffer.from(JSON.stringify({ inputs, ...asked })),
    contentType: "application/json",
    headers: [],
    path: `/v2/models/${encodeURIComponent(model)}/infer`,
  };
}

export type OutputTensor = DataTensor & { readonly pointer: string };

/** An answer taken apart. */
type Outputs = { readonly model: string | undefined; readonly outputs: readonly OutputTensor[] };

/**
 * The outputs of an answer, or what the server says is wrong.
 *
 * @throws RegentError upstream_invalid
 */
export function outputsOf(
  bytes: Buffer,
  { status, headers }: AnswerFacts,
  warn: Warn,
): Outputs | { readonly failure: string } {
  try {
    return blamingUpstream(() => readOutputs(bytes, headers, warn));
  } catch (error) {
    const { code } = RegentError.from(error);
    if (code !== "upstream_invalid" || status < FIRST_ERROR_STATUS) throw error;
    return { failure: bareFailure(status) };
  }
}

function readOutputs(bytes: Buffer, headers: Headers, warn: Warn): Outputs | { readonly failure: string } {
  const { body, json, outputs } = parseResponse({ bytes, headers });
  const error = readPlainError(body);
  if (error !== undefined) return { failure: error.error.message };
  for (const name of Object.keys(body))
    if (name !== "outputs" && name !== "model_name")
      warn(dropped(`/${pointerToken(name)}`, "OpenAI has no such member"));
  const tensors = outputs.flatMap((output) => {
    const tensor = dataTensor(output, () => spelling(json, output));
    return tensor === undefined ? [] : { ...tensor, pointer: `/outputs/${output.index}` };
  });
  return { model: typeof body.model_name === "string" ? body.model_name : undefined, outputs: tensors };
}
