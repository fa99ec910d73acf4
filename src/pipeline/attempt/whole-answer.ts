import { ERRORS, RegentError } from "../../exchange/errors.ts";
import type { Format } from "../../formats/index.ts";
import { FIRST_ERROR_STATUS, type TranslatedResponse } from "../../translation/index.ts";

/** What a client is told of an answer besides its body. */
export type WholeAnswerHead = { readonly status: number; readonly requestId: string };

/**
 * A whole answer of a target in the client's dialect. An error in words that are no dialect's (a proxy's page, say) keeps its
 * status, in words of the client's dialect.
 *
 * @throws RegentError upstream_invalid for what cannot be translated under a status of success
 */
export function wholeAnswer(
  client: Format,
  { status, requestId }: WholeAnswerHead,
  translate: () => TranslatedResponse,
): TranslatedResponse {
  try {
    const translated = translate();
    // Clients of most dialects look for an error only where the status is one.
    if (translated.isFailure && status < FIRST_ERROR_STATUS)
      throw untranslatable("is an error under a status of success");
    return translated;
  } catch (error) {
    const { code } = RegentError.from(error);
    if (code !== "upstream_invalid" || status < FIRST_ERROR_STATUS) throw error;
    const { message } = ERRORS.upstream_invalid;
    const { body, contentType } = client.refuse({ status, code: "upstream_invalid", message, requestId });
    return { bytes: body, contentType, headers: [] };
  }
}

/** @param what completes "it …" */
export function untranslatable(what: string): RegentError {
  return new RegentError("upstream_invalid", `The model's answer cannot be translated: it ${what}.`);
}
