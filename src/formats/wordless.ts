import type { ReadAnswer } from "./format.ts";

/** What an answer says that has no text of an assistant, no count of tokens, and nothing that ends for a reason. */
export const WORDLESS: ReadAnswer = {
  invalid: undefined,
  model: undefined,
  usage: undefined,
  finishReasons: [],
  text: undefined,
  texts: [],
  outputBytes: 0,
  toolCalls: [],
  reasoningText: undefined,
  refusal: undefined,
  error: undefined,
  errorCode: null,
};
