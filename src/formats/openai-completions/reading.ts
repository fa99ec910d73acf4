import { isJsonObject } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { describePrompts } from "../openai/prompts.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const { texts, tokens } = describePrompts(value.prompt);
  const options = value.stream_options;
  return {
    toolCalls: [],
    details: {
      stream: value.stream === true,
      prompts: texts,
      token_prompts: tokens,
      max_tokens: value.max_tokens ?? null,
      n: value.n ?? null,
      include_usage: isJsonObject(options) && options.include_usage === true,
    },
  };
}
