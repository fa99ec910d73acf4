import { isJsonObject } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { describePrompts } from "../openai/prompts.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const { texts, tokens } = describePrompts(value.input);
  return {
    toolCalls: [],
    details: {
      stream: value.stream === true,
      inputs: texts,
      token_inputs: tokens,
      dimensions: value.dimensions ?? null,
      encoding: value.encoding_format ?? null,
    },
  };
}
