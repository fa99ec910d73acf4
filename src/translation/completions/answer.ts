import type { Usage } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { errorObject } from "../../formats/openai/refuse.ts";
import type { AnswerFacts, TranslatedResponse, Warn } from "../translation.ts";

/** A whole completion, or a piece of a streamed one, in OpenAI's form. */
export function completionObject(
  choices: readonly JsonObject[],
  model: string | undefined,
  { id, nowS, model: asked }: AnswerFacts,
  usage?: Usage,
): JsonObject {
  return {
    id: `cmpl-${id}`,
    object: "text_completion",
    created: nowS,
    model: asked ?? model ?? "",
    choices,
    ...usageOf(usage),
  };
}

export function choice(index: number, text: string, finishReason: string | null): JsonObject {
  return { index, text, logprobs: null, finish_reason: finishReason };
}

/** Only what was counted: a sum of one unknown is unknown. */
export function usageOf(usage: Usage | undefined): { usage?: JsonObject } {
  if (usage?.input === undefined && usage?.output === undefined) return {};
  const { input, output } = usage;
  const total = input === undefined || output === undefined ? undefined : input + output;
  return {
    usage: {
      ...(input === undefined ? {} : { prompt_tokens: input }),
      ...(output === undefined ? {} : { completion_tokens: output }),
      ...(total === undefined ? {} : { total_tokens: total }),
    },
  };
}

/** OpenAI's clients expect a reason, which most models behind Triton do not give. */
export function finishReason(reason: string | undefined, warn: Warn): string {
  if (reason !== undefined) return reason;
  warn({ code: "invented", member: "/finish_reason", message: "the target does not say why it stopped" });
  return "stop";
}

export function failure(message: string, { status }: AnswerFacts): TranslatedResponse {
  return {
    bytes: Buffer.from(JSON.stringify(failureObject(message, status))),
    contentType: JSON_TYPE,
    headers: [],
    isFailure: true,
  };
}

export function failureObject(message: string, status: number): JsonObject {
  const { error } = errorObject({ status, code: "", message });
  return { error: { ...error, code: null } };
}

export function answerBytes(body: JsonValue): TranslatedResponse {
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: JSON_TYPE, headers: [] };
}

const JSON_TYPE = "application/json";
