/**
 * What the models behind Triton and KServe v2 call the tensors of a completion or an embedding. The defaults are those of
 * TensorRT-LLM's `ensemble` and `tensorrt_llm_bls`; a model of the vLLM backend takes its settings as JSON in one tensor.
 */
export type CompletionsOptions = {
  /**
   * Where settings go: `inputs` (the default), each into an input of its own, as TensorRT-LLM takes them, with a batch
   * dimension in front; or `json`, all into `sampling_parameters`, as vLLM takes them, without a batch.
   */
  readonly settings?: "inputs" | "json";
  /** Input with the prompt; `text_input` when it is left out. */
  readonly textInput?: string;
  /** Output with the completion; `text_output` when it is left out. */
  readonly textOutput?: string;
  /** Input with the texts to embed; `input` when it is left out. */
  readonly embeddingInput?: string;
  /** Output with the vectors; the only one of the answer when it is left out. */
  readonly embeddingOutput?: string;
  /** Whether texts to embed are `[n, 1]`, as models with a batch take them, or `[n]` (the default). */
  readonly embeddingShape?: "rows" | "list";
};

export const TEXT_INPUT = "text_input";
export const TEXT_OUTPUT = "text_output";
export const EMBEDDING_INPUT = "input";

/** Tokens of a completion whose request names no bound: OpenAI's own default. */
export const MAX_TOKENS_DEFAULT = 16;
