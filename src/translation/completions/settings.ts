import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import {
  type CompletionInterface,
  type NumberSetting,
  type SettingInput,
  settingInput,
} from "../../exchange/model-interface.ts";
import { DATATYPES, type Datatype } from "../../formats/tensors/index.ts";
import type { Warn } from "../translation.ts";
import { type Completion, dropped } from "./request.ts";

/** An input of a model besides the prompt. Texts may be several for one prompt. */
export type Setting = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly values: readonly JsonValue[];
};

/** Tokens of a completion whose request names no bound, where the model demands one: OpenAI's own default. */
export const MAX_TOKENS_DEFAULT = 16;

/**
 * The settings of a completion as the inputs of a model.
 *
 * @throws RegentError translation_unsupported for a number that the model's input cannot hold, and for a bound that the model
 *   takes none of: what it would give beyond would be paid for
 */
export function settingsOf(
  completion: Completion,
  declared: CompletionInterface,
  warn: Warn,
): readonly Setting[] {
  const { settings = "inputs", maxTokens } = declared;
  const numbers = new Map(completion.numbers);
  if (maxTokens !== undefined && !numbers.has("max_tokens")) numbers.set("max_tokens", maxTokens);
  const bounded = { ...completion, numbers };
  if (settings === "json") return jsonSettings(bounded, declared, warn);
  return inputSettings(bounded, settings === "none" ? NONE : declared, warn);
}

/** Datatypes of the inputs, as TensorRT-LLM and vLLM have them. */
export const INPUT_TYPES: Readonly<Record<SettingInput, Datatype>> = {
  max_tokens: "INT32",
  temperature: "FP32",
  top_p: "FP32",
  seed: "UINT64",
  presence_penalty: "FP32",
  frequency_penalty: "FP32",
  stop: "BYTES",
  stream: "BOOL",
  sampling_parameters: "BYTES",
  exclude_input_in_output: "BOOL",
};

/** A model that takes the prompt alone. */
const NONE: CompletionInterface = {
  inputs: {
    max_tokens: false,
    temperature: false,
    top_p: false,
    seed: false,
    presence_penalty: false,
    frequency_penalty: false,
    stop: false,
    stream: false,
  },
};

/** Each in an input of its own. */
function inputSettings(
  { numbers, stop, stream, echo }: Completion,
  declared: CompletionInterface,
  warn: Warn,
): Setting[] {
  const all = new Map(numbers);
  if (!all.has("max_tokens") && settingInput(declared, "max_tokens") !== undefined) {
    all.set("max_tokens", MAX_TOKENS_DEFAULT);
    const message = `the target demands a bound: ${MAX_TOKENS_DEFAULT}, as OpenAI has it`;
    warn({ code: "invented", member: "/max_tokens", message });
  }
  if (echo) warn(dropped("/echo", "whether the prompt is repeated is up to the model's configuration"));
  const stopWords = setting(declared, "stop", stop);
  if (stop.length > 0 && stopWords.length === 0) warn(dropped("/stop", NO_INPUT));
  return [
    ...[...all].flatMap(([key, value]) => numberSetting(declared, key, value, warn)),
    ...(stop.length === 0 ? [] : stopWords),
    ...(stream ? setting(declared, "stream", [true]) : []),
  ];
}

const NO_INPUT = "the model has no such input";

/** None where the model has no such input. */
function setting(declared: CompletionInterface, key: SettingInput, values: readonly JsonValue[]): Setting[] {
  const input = settingInput(declared, key);
  return input === undefined ? [] : [{ datatype: INPUT_TYPES[key], ...input, values }];
}

function numberSetting(
  declared: CompletionInterface,
  key: NumberSetting,
  value: number,
  warn: Warn,
): Setting[] {
  const settings = setting(declared, key, [value]);
  for (const { datatype } of settings) assertHolds(datatype, key, value);
  if (settings.length > 0) return settings;
  if (key === "max_tokens")
    throw new RegentError("translation_unsupported", `max_tokens: ${NO_INPUT}, and would give more`);
  warn(dropped(`/${key}`, NO_INPUT));
  return [];
}

const TOO_LARGE = "too large for ";

/** Settings of which OpenAI takes whole numbers alone. */
const WHOLE: ReadonlySet<NumberSetting> = new Set<NumberSetting>(["max_tokens", "seed"]);

/** @throws RegentError translation_unsupported */
function assertHolds(datatype: Datatype, key: NumberSetting, value: number): void {
  const unsupported = (problem: string) => new RegentError("translation_unsupported", `${key}: ${problem}`);
  const { range } = DATATYPES[datatype];
  if (range === undefined) {
    if (datatype === "FP64") return;
    const single = Math.fround(value);
    if (!Number.isFinite(single)) throw unsupported(TOO_LARGE + datatype);
    if (WHOLE.has(key) && single !== value) throw unsupported(`${datatype} does not hold ${value}`);
    return;
  }
  // A bound below 0 bounds nothing.
  const min = key === "max_tokens" ? 0n : range[0];
  if (!Number.isSafeInteger(value) || BigInt(value) < min)
    throw unsupported(`the target takes whole numbers from ${min}`);
  if (BigInt(value) > range[1]) throw unsupported(TOO_LARGE + datatype);
}

/** As vLLM takes them: it repeats the prompt unless it is told not to. */
function jsonSettings(
  { numbers, stop, stream, echo }: Completion,
  declared: CompletionInterface,
  warn: Warn,
): Setting[] {
  const sampling: JsonObject = { ...Object.fromEntries(numbers), ...(stop.length === 0 ? {} : { stop }) };
  const without = setting(declared, "exclude_input_in_output", [!echo]);
  if (echo && without.length === 0)
    warn(dropped("/echo", "whether the prompt is repeated is up to the model's configuration"));
  return [
    ...setting(declared, "stream", [stream]),
    ...setting(declared, "sampling_parameters", [JSON.stringify(sampling)]),
    ...without,
  ];
}
