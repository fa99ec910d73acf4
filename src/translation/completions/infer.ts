import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import {
  DEFAULT_TEXT_INPUT,
  DEFAULT_TEXT_OUTPUT,
  type ModelInterface,
} from "../../exchange/model-interface.ts";
import { CHOICES_MAX } from "../../formats/openai/answer.ts";
import { isText } from "../../formats/tensors/index.ts";
import type { Translator, Warn } from "../translation.ts";
import { answerBytes, choice, completionObject, failure, finishReason } from "./answer.ts";
import { inferRequest, type OutputTensor, outputsOf } from "./kserve.ts";
import { dropped, readCompletion } from "./request.ts";
import { settingsOf } from "./settings.ts";

/** A completion request as tensors of KServe v2, one row for each prompt. */
export function toInfer({ completions: declared = {} }: ModelInterface): Translator {
  const { textInput = DEFAULT_TEXT_INPUT, textOutput = DEFAULT_TEXT_OUTPUT, settings: form } = declared;
  const isBatch = (declared.shape ?? (form === "json" ? "list" : "rows")) === "rows";
  return {
    from: "openai-completions",
    to: "kserve-v2",
    request(bytes, _facts, warn) {
      const completion = readCompletion(bytes, warn);
      if (completion.stream)
        throw new RegentError("translation_unsupported", "stream: KServe v2 over HTTP answers as a whole");
      const { prompts, model } = completion;
      const count = prompts.length;
      const settings = settingsOf(completion, declared, warn).map(({ name, datatype, values }) => ({
        name,
        datatype,
        shape: isBatch ? [count, values.length] : [values.length],
        data: isBatch ? Array.from({ length: count }, () => values).flat() : values,
      }));
      const text = {
        name: textInput,
        datatype: "BYTES" as const,
        shape: isBatch ? [count, 1] : [count],
        data: prompts as readonly JsonValue[],
      };
      return inferRequest(model, [text, ...settings], [textOutput]);
    },
  };
}

/** Tensors of KServe v2 for a client of OpenAI's completions. */
export function fromInfer({ completions = {} }: ModelInterface): Translator {
  const { textOutput = DEFAULT_TEXT_OUTPUT } = completions;
  return {
    from: "kserve-v2",
    to: "openai-completions",
    response(bytes, facts, warn) {
      const answer = outputsOf(bytes, facts, warn);
      if ("failure" in answer) return failure(answer.failure, facts);
      const texts = textsIn(answer.outputs, textOutput, warn);
      const reason = finishReason(undefined, warn);
      const choices = texts.map((text, index) => choice(index, text, reason));
      return answerBytes(completionObject(choices, answer.model, facts));
    },
  };
}

function textsIn(outputs: readonly OutputTensor[], name: string, warn: Warn): readonly string[] {
  const output = outputs.find((tensor) => tensor.name === name);
  if (output === undefined) throw new RegentError("upstream_invalid", `${name}: missing`);
  for (const { pointer } of outputs.filter((tensor) => tensor !== output))
    warn(dropped(pointer, "it is no text"));
  const { data } = output;
  if (!Array.isArray(data) || !isText(data as readonly Buffer[]))
    throw new RegentError("upstream_invalid", `${name}: not all of it is text`);
  if (data.length > CHOICES_MAX)
    throw new RegentError("upstream_invalid", `${name}: more than ${CHOICES_MAX} texts`);
  return (data as readonly Buffer[]).map((text) => text.toString("utf8"));
}
