import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { parse } from "../loose.ts";
import { invalid } from "../members.ts";

/**
 * The most output tokens that a request asks for. Backends look for the bound in different places, and one of them may
 * heed any: the largest counts. TensorRT-LLM: `max_tokens`, `request_output_len`; vLLM: `max_tokens` in `parameters`, or in
 * the JSON text `sampling_parameters`.
 *
 * @throws RegentError body_invalid
 */
export function maxTokens(body: JsonObject): number | undefined {
  const parameters = isJsonObject(body.parameters) ? body.parameters : {};
  const bounds = [body, parameters, samplingOf(body), samplingOf(parameters)].flatMap(boundsIn);
  return bounds.length === 0 ? undefined : Math.max(...bounds);
}

function boundsIn(members: JsonObject): number[] {
  return ["max_tokens", "request_output_len"].flatMap((key) => {
    const value = single(members[key]) ?? undefined;
    if (value === undefined) return [];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw invalid(`${key} must be a whole number of at least 1`);
    }
    return value;
  });
}

/** Inputs are tensors, so that a number may stand in lists of one. */
function single(value: JsonValue | undefined): JsonValue | undefined {
  let inner = value;
  while (Array.isArray(inner) && inner.length === 1) inner = inner[0] as JsonValue;
  return inner;
}

/** vLLM's own name for its settings, as JSON in a text. What is no object there fails in the server. */
function samplingOf({ sampling_parameters: text }: JsonObject): JsonObject {
  const value = single(text);
  const settings = typeof value === "string" ? parse(value) : value;
  return isJsonObject(settings) ? settings : {};
}
