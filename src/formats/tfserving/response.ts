import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { RESPONSE_BYTES_MAX } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { parseAnswer } from "../loose.ts";
import { tensorAnswer } from "./answer.ts";
import { countOf, layoutOf } from "./layout.ts";
import { readNonfinite } from "./nonfinite.ts";
import { describeLayout, nonfiniteReading } from "./reading.ts";

/** Reads predictions, or the results of a classification or regression, which may have values that JSON has not. */
export function readResponse(bytes: Buffer): ReadAnswer {
  const parsed = parseAnswer(bytes);
  if ("object" in parsed) return answerOf(parsed.object, 0);
  const body = bytes.length > RESPONSE_BYTES_MAX ? undefined : readNonfinite(bytes);
  if (body === undefined || !isJsonObject(body.shown.value))
    return { ...tensorAnswer(undefined, {}), invalid: parsed.invalid };
  return answerOf(body.shown.value, body.count);
}

function answerOf(body: JsonObject, nonfinite: number): ReadAnswer {
  return tensorAnswer(body, { ...detailsOf(body), ...nonfiniteReading(nonfinite) });
}

function detailsOf(body: JsonObject): JsonObject {
  const found = layoutOf(body, "predictions", "outputs");
  if (found !== undefined) return describeLayout(found.layout, found.value, "predictions");
  // The API's description says `result`, its example and the server `results`.
  const results: JsonValue | undefined = body.results ?? body.result;
  return results === undefined ? {} : { results: countOf(results) };
}
