import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument, { stream }: EndpointMatch): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const parameters = isJsonObject(value.parameters) ? value.parameters : {};
  const maxTokens = value.max_tokens ?? parameters.max_tokens;
  return {
    toolCalls: [],
    details: {
      messages: textsIn(value.text_input).map((text) => ({ role: "user", text })),
      stream: stream ?? (value.stream === true || parameters.stream === true),
      ...idOf(value),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    },
  };
}

/** The id of the request, which the answer says again. */
export function idOf({ id }: JsonObject): { id?: JsonValue } {
  return id === undefined ? {} : { id };
}

function textsIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? (value as readonly JsonValue[]).flatMap(textsIn) : [];
}
