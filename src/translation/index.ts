import type { FormatName } from "../exchange/inference.ts";
import type { ModelInterface } from "../exchange/model-interface.ts";
import { CHAT_DIALECTS, chatTranslatorOf } from "./chat/index.ts";
import { COMPLETIONS_PAIRS, completionsTranslator } from "./completions/index.ts";
import { TENSOR_DIALECTS, tensorTranslator } from "./tensors/index.ts";
import type { Translator } from "./translation.ts";

export { FIRST_ERROR_STATUS } from "./blame.ts";
export { parseSignature } from "./tensors/index.ts";
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

/**
 * Undefined where bodies of one cannot become bodies of the other, and for a dialect with itself.
 *
 * @param model what is declared of the target's model: of `to` where requests are translated, of `from` where answers are
 */
export function translatorOf(
  from: FormatName,
  to: FormatName,
  model: ModelInterface = {},
): Translator | undefined {
  if (from === to) return undefined;
  return (
    chatTranslatorOf(from, to) ??
    tensorTranslator(from, to, model.tensors) ??
    completionsTranslator(from, to, model)
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
