import type { FormatName } from "../exchange/inference.ts";
import { CHAT_DIALECTS, chatTranslatorOf } from "./chat/index.ts";
import { COMPLETIONS_PAIRS, type CompletionsOptions, completionsTranslator } from "./completions/index.ts";
import { TENSOR_DIALECTS, type TensorOptions, tensorTranslator } from "./tensors/index.ts";
import type { Translator } from "./translation.ts";

export type { CompletionsOptions } from "./completions/index.ts";
export { type ModelSignature, parseSignature, type TensorOptions } from "./tensors/index.ts";
export type {
  AnswerFacts,
  AnswerHints,
  RequestFacts,
  StreamTranslator,
  TranslatedRequest,
  TranslatedResponse,
  TranslationWarning,
  Translator,
  Warn,
} from "./translation.ts";
export { isLoss } from "./translation.ts";

/** What a caller knows of the target besides its dialect. */
export type TranslationOptions = {
  /** For the dialects of tensors. */
  readonly tensors?: TensorOptions;
  /** For completions and embeddings of models behind Triton or KServe v2. */
  readonly completions?: CompletionsOptions;
};

/** Undefined where bodies of one cannot become bodies of the other, and for a dialect with itself. */
export function translatorOf(
  from: FormatName,
  to: FormatName,
  { tensors, completions }: TranslationOptions = {},
): Translator | undefined {
  if (from === to) return undefined;
  return (
    chatTranslatorOf(from, to) ??
    tensorTranslator(from, to, tensors) ??
    completionsTranslator(from, to, completions)
  );
}

type Pair = { readonly from: FormatName; readonly to: FormatName };

/** All pairs with a translator. */
export const TRANSLATIONS: readonly Pair[] = [
  ...[CHAT_DIALECTS, TENSOR_DIALECTS].flatMap(pairsOf),
  ...COMPLETIONS_PAIRS,
];

function pairsOf(dialects: readonly { readonly name: FormatName }[]): Pair[] {
  return dialects.flatMap(({ name: from }) =>
    dialects.filter(({ name }) => name !== from).map(({ name: to }) => ({ from, to })),
  );
}
