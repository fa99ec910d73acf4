import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import {
  DEFAULT_TEXT_INPUT,
  DEFAULT_TEXT_OUTPUT,
  type ModelInterface,
} from "../../exchange/model-interface.ts";
import { parseAnswer } from "../../formats/loose.ts";
import { AnswerBuilder } from "../../formats/triton-generate/answer.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { bareFailure, FIRST_ERROR_STATUS } from "../blame.ts";
import type { Translator, Warn } from "../translation.ts";
import { answerBytes, choice, completionObject, failure, finishReason } from "./answer.ts";
import { CompletionStream } from "./generate-stream.ts";
import { dropped, readCompletion } from "./request.ts";
import { settingsOf } from "./settings.ts";

/** A completion request for Triton's generate extension. */
export function toGenerate({ completions: declared = {} }: ModelInterface): Translator {
  return {
    from: "openai-completions",
    to: "triton-generate",
    request(bytes, _facts, warn) {
      const completion = readCompletion(bytes, warn);
      const [prompt, ...others] = completion.prompts;
      if (others.length > 0)
        throw new RegentError("translation_unsupported", "prompt: generate takes one text at a time");
      const settings = settingsOf(completion, declared, warn).map(({ name, values }) => [
        name,
        single(values),
      ]);
      const body = { [declared.textInput ?? DEFAULT_TEXT_INPUT]: prompt, ...Object.fromEntries(settings) };
      const method = completion.stream ? "generate_stream" : "generate";
      return {
        bytes: Buffer.from(JSON.stringify(body)),
        contentType: "application/json",
        headers: [],
        path: `/v2/models/${encodeURIComponent(completion.model)}/${method}`,
      };
    },
  };
}

function single(values: readonly JsonValue[]): JsonValue {
  return values.length === 1 ? (values[0] as JsonValue) : values;
}

/** An answer of Triton's generate extension for a client of OpenAI's completions. */
export function fromGenerate({ completions = {} }: ModelInterface): Translator {
  const { textOutput = DEFAULT_TEXT_OUTPUT } = completions;
  return {
    from: "triton-generate",
    to: "openai-completions",
    response(bytes, facts, warn) {
      const parsed = parseAnswer(bytes);
      if ("invalid" in parsed) {
        if (facts.status >= FIRST_ERROR_STATUS) return failure(bareFailure(facts.status), facts);
        throw new RegentError("upstream_invalid", parsed.invalid);
      }
      const builder = new AnswerBuilder(true);
      const fault = builder.add(withTextOutput(parsed.object, textOutput));
      if (fault !== undefined) throw new RegentError("upstream_invalid", `The answer has ${fault}.`);
      const { error, texts, text, usage, model, finishReasons } = builder.answer();
      if (error !== undefined) return failure(error.message, facts);
      if (text === undefined) throw new RegentError("upstream_invalid", `The answer has no ${textOutput}.`);
      warnOfMembers(parsed.object, textOutput, warn);
      const reason = finishReason(finishReasons[0] ?? undefined, warn);
      const choices = texts.map((each, index) => choice(index, each ?? "", reason));
      return answerBytes(completionObject(choices, model, facts, usage));
    },
    stream: (facts, warn) => new CompletionStream(textOutput, facts, warn),
  };
}

/** The object with the text where the reader looks for it. */
export function withTextOutput(object: JsonObject, textOutput: string): JsonObject {
  const text = object[textOutput];
  if (textOutput === DEFAULT_TEXT_OUTPUT) return object;
  const { [DEFAULT_TEXT_OUTPUT]: _other, ...others } = object;
  return text === undefined ? others : { ...others, [DEFAULT_TEXT_OUTPUT]: text };
}

const CARRIED: ReadonlySet<string> = new Set([
  "model_name",
  "finish_reason",
  "num_input_tokens",
  "num_output_tokens",
  "error",
]);

/** What an answer says besides its text. */
export function warnOfMembers(object: JsonObject, textOutput: string, warn: Warn): void {
  for (const name of Object.keys(object))
    if (name !== textOutput && !CARRIED.has(name))
      warn(dropped(`/${pointerToken(name)}`, "OpenAI has no such member"));
}
