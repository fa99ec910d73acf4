import type { FormatName } from "../exchange/inference.ts";
import { CHAT_DIALECTS, chatTranslatorOf } from "./chat/index.ts";
import type { Translator } from "./translation.ts";

export type {
  AnswerFacts,
  RequestFacts,
  StreamTranslator,
  TranslatedRequest,
  TranslatedResponse,
  TranslationWarning,
  Translator,
  Warn,
} from "./translation.ts";

/** Undefined where bodies of one cannot become bodies of the other, and for a dialect with itself. */
export function translatorOf(from: FormatName, to: FormatName): Translator | undefined {
  return from === to ? undefined : chatTranslatorOf(from, to);
}

/** All pairs with a translator. */
export const TRANSLATIONS: readonly { readonly from: FormatName; readonly to: FormatName }[] =
  CHAT_DIALECTS.flatMap(({ name: from }) =>
    CHAT_DIALECTS.filter(({ name }) => name !== from).map(({ name: to }) => ({ from, to })),
  );
