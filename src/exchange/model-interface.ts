import type { Datatype } from "../formats/tensors/index.ts";

/**
 * What the server of a model calls its inputs and outputs, and how it wants them: what an operator declares in the registry, so
 * that a translation guesses nothing. Whatever is left out is as the dialects have it by default.
 */
export type ModelInterface = {
  /** Between KServe v2, KServe v1 and TensorFlow Serving. */
  readonly tensors?: TensorInterface;
  /** From OpenAI's completions to Triton's generate and KServe v2. */
  readonly completions?: CompletionInterface;
  /** From OpenAI's embeddings to KServe v2. */
  readonly embeddings?: EmbeddingInterface;
};

/** How tensors lie in the bodies of TensorFlow Serving: `instances`, or `inputs`. */
export const TENSOR_LAYOUTS = ["row", "columnar"] as const;
export type TensorLayout = (typeof TENSOR_LAYOUTS)[number];

export type TensorInterface = {
  /** How requests to TensorFlow Serving lie; as in the client's request, or whatever fits, when it is left out. */
  readonly layout?: TensorLayout;
  /** The `signature_name` of requests to TensorFlow Serving, of which inputs and outputs are. */
  readonly signatureName?: string;
  /** All inputs of the model. A request with others, or with other types of them, is refused. */
  readonly inputs?: readonly TensorDeclaration[];
  /** All outputs of the model. */
  readonly outputs?: readonly TensorDeclaration[];
};

export type TensorDeclaration = {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 for a size that varies, as that of the batch; absent where it is not known. */
  readonly shape?: readonly number[];
  /** Whether a request may leave it out. */
  readonly optional?: boolean;
  /** How the model's server has the elements of BYTES in JSON; text where they are text, and what the dialect has for others, when left out. */
  readonly bytes?: BytesForm;
};

export const BYTES_FORMS = ["text", "base64"] as const;
export type BytesForm = (typeof BYTES_FORMS)[number];

/**
 * Where the settings of a completion go: `inputs`, each into an input of its own, as TensorRT-LLM takes them; `json`, all
 * into one input as JSON, as vLLM takes them; `none` where the model has no such inputs.
 */
export const SETTINGS_FORMS = ["inputs", "json", "none"] as const;
export type SettingsForm = (typeof SETTINGS_FORMS)[number];

/** Numbers that a request for a completion may set, by OpenAI's names. */
export const NUMBER_SETTINGS = [
  "max_tokens",
  "temperature",
  "top_p",
  "seed",
  "presence_penalty",
  "frequency_penalty",
] as const;
export type NumberSetting = (typeof NUMBER_SETTINGS)[number];

/**
 * What the inputs besides the prompt are called: those of TensorRT-LLM's `ensemble` and `tensorrt_llm_bls`
 * (https://github.com/triton-inference-server/tensorrtllm_backend, all_models/inflight_batcher_llm/ensemble/config.pbtxt),
 * and of the vLLM backend (https://github.com/triton-inference-server/vllm_backend).
 */
export const DEFAULT_INPUTS = {
  max_tokens: "max_tokens",
  temperature: "temperature",
  top_p: "top_p",
  seed: "random_seed",
  presence_penalty: "presence_penalty",
  frequency_penalty: "frequency_penalty",
  stop: "stop_words",
  stream: "stream",
  sampling_parameters: "sampling_parameters",
  exclude_input_in_output: "exclude_input_in_output",
} as const satisfies { readonly [setting: string]: string };
export type SettingInput = keyof typeof DEFAULT_INPUTS;

export const DEFAULT_TEXT_INPUT = "text_input";
export const DEFAULT_TEXT_OUTPUT = "text_output";

/** Which of them a model may have, by where its settings go. */
export const INPUTS_OF_FORM: Readonly<Record<SettingsForm, readonly SettingInput[]>> = {
  inputs: [...NUMBER_SETTINGS, "stop", "stream"],
  json: ["stream", "sampling_parameters", "exclude_input_in_output"],
  none: [],
};

/** `rows`: `[n, 1]`, as models with a batch take texts; `list`: `[n]`. */
export const TEXT_SHAPES = ["rows", "list"] as const;
export type TextShape = (typeof TEXT_SHAPES)[number];

export type CompletionInterface = {
  /** `inputs` when it is left out. */
  readonly settings?: SettingsForm;
  /** Input with the prompt; {@link DEFAULT_TEXT_INPUT} when it is left out. */
  readonly textInput?: string;
  /** Output with the completion; {@link DEFAULT_TEXT_OUTPUT} when it is left out. */
  readonly textOutput?: string;
  /** Of the tensors of KServe v2; `list` where settings are JSON, else `rows`, when it is left out. */
  readonly shape?: TextShape;
  /** The bound of a request that names none. */
  readonly maxTokens?: number;
  /** Inputs that are called otherwise than TensorRT-LLM or vLLM call them. */
  readonly inputs?: { readonly [S in SettingInput]?: InputDeclaration };
};

/** What a model calls its input of a setting; undefined where it has none. */
export function settingInput(
  { inputs = {} }: CompletionInterface,
  setting: SettingInput,
): { readonly name: string; readonly datatype?: Datatype } | undefined {
  const declared = inputs[setting] ?? DEFAULT_INPUTS[setting];
  if (declared === false) return undefined;
  return typeof declared === "string" ? { name: declared } : declared;
}

/** A name; with a datatype for KServe v2, as Triton's generate takes any number; false for an input that the model has not. */
export type InputDeclaration = string | { readonly name: string; readonly datatype?: Datatype } | false;

export type EmbeddingInterface = {
  /** Input with the texts; `input` when it is left out. */
  readonly input?: string;
  /** Output with the vectors; the only one of the answer when it is left out. */
  readonly output?: string;
  /** `list` when it is left out. */
  readonly shape?: TextShape;
};
