import type { FormatName } from "../../exchange/inference.ts";
import type { ModelInterface } from "../../exchange/model-interface.ts";
import type { Translator } from "../translation.ts";
import { embeddingsFromInfer, embeddingsToInfer } from "./embeddings.ts";
import { fromGenerate, toGenerate } from "./generate.ts";
import { fromInfer, toInfer } from "./infer.ts";

/** Completions and embeddings to the models behind Triton and KServe v2, and their answers back. */
const TRANSLATORS = [
  toGenerate,
  fromGenerate,
  toInfer,
  fromInfer,
  embeddingsToInfer,
  embeddingsFromInfer,
] as const;

/** All pairs with a translator; each of them in the direction in which requests or answers go. */
export const COMPLETIONS_PAIRS: readonly { readonly from: FormatName; readonly to: FormatName }[] =
  TRANSLATORS.map((open) => open({})).map(({ from, to }) => ({ from, to }));

/** Undefined where the two are no such pair. */
export function completionsTranslator(
  from: FormatName,
  to: FormatName,
  model: ModelInterface = {},
): Translator | undefined {
  return TRANSLATORS.map((open) => open(model)).find(
    (translator) => translator.from === from && translator.to === to,
  );
}
