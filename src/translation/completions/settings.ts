import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { DATATYPES, type Datatype } from "../../formats/tensors/index.ts";
import type { Warn } from "../translation.ts";
import { type CompletionsOptions, MAX_TOKENS_DEFAULT } from "./options.ts";
import { type Completion, dropped } from "./request.ts";

/** An input of a model besides the prompt. Texts may be several for one prompt. */
export type Setting = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly values: readonly JsonValue[];
};

/** The settings of a completion as the inputs of a model. */
export function settingsOf(
  completion: Completion,
  { settings }: CompletionsOptions,
  warn: Warn,
): readonly Setting[] {
  return settings === "json" ? vllmSettings(completion) : tensorrtSettings(completion, warn);
}

/**
 * Inputs of TensorRT-LLM's ensemble
 * (https://github.com/triton-inference-server/tensorrtllm_backend, all_models/inflight_batcher_llm/ensemble/config.pbtxt).
 */
const INPUTS: ReadonlyMap<string, { readonly name: string; readonly datatype: Datatype }> = new Map([
  ["max_tokens", { name: "max_tokens", datatype: "INT32" }],
  ["temperature", { name: "temperature", datatype: "FP32" }],
  ["top_p", { name: "top_p", datatype: "FP32" }],
  ["seed", { name: "random_seed", datatype: "UINT64" }],
  ["presence_penalty", { name: "presence_penalty", datatype: "FP32" }],
  ["frequency_penalty", { name: "frequency_penalty", datatype: "FP32" }],
]);

function tensorrtSettings({ numbers, stop, stream, echo }: Completion, warn: Warn): Setting[] {
  const all = new Map(numbers);
  if (!all.has("max_tokens")) {
    all.set("max_tokens", MAX_TOKENS_DEFAULT);
    const message = `the target demands a bound: ${MAX_TOKENS_DEFAULT}, as OpenAI has it`;
    warn({ code: "invented", member: "/max_tokens", message });
  }
  if (echo) warn(dropped("/echo", "whether the prompt is repeated is up to the model's configuration"));
  return [
    ...[...all].map(([key, value]) => numberSetting(key, value)),
    ...(stop.length === 0 ? [] : [{ name: "stop_words", datatype: "BYTES", values: stop } as const]),
    ...(stream ? [{ name: "stream", datatype: "BOOL", values: [true] } as const] : []),
  ];
}

function numberSetting(key: string, value: number): Setting {
  const input = INPUTS.get(key);
  if (input === undefined) throw new TypeError(`${key} is no input`);
  const { range } = DATATYPES[input.datatype];
  if (range !== undefined && (!Number.isSafeInteger(value) || value < 0))
    throw new RegentError("translation_unsupported", `${key}: the target takes whole numbers from 0`);
  const fits = range === undefined ? Number.isFinite(Math.fround(value)) : BigInt(value) <= range[1];
  if (!fits) throw new RegentError("translation_unsupported", `${key}: too large for ${input.datatype}`);
  return { ...input, values: [value] };
}

/**
 * Inputs of the vLLM backend (https://github.com/triton-inference-server/vllm_backend): it repeats the prompt unless it is
 * told not to.
 */
function vllmSettings({ numbers, stop, stream, echo }: Completion): Setting[] {
  const sampling: JsonObject = { ...Object.fromEntries(numbers), ...(stop.length === 0 ? {} : { stop }) };
  return [
    { name: "stream", datatype: "BOOL", values: [stream] },
    { name: "sampling_parameters", datatype: "BYTES", values: [JSON.stringify(sampling)] },
    { name: "exclude_input_in_output", datatype: "BOOL", values: [!echo] },
  ];
}
