import type { Inference, TextPart } from "../../exchange/inference.ts";
import { isJsonObject } from "../../exchange/json.ts";
import type { JsonDocument, JsonEdit } from "../../wire/json/index.ts";

export function rewriteModel(model: string): readonly JsonEdit[] {
  return [{ pointer: "/model", value: model }];
}

/** Without `include_usage` a stream says nothing of its tokens. */
export function askForUsage(
  document: JsonDocument,
  { stream, usageInStream }: Inference,
): readonly JsonEdit[] {
  if (!stream || usageInStream) return [];
  const options = isJsonObject(document.value) ? document.value.stream_options : undefined;
  return isJsonObject(options)
    ? [{ pointer: "/stream_options/include_usage", value: true }]
    : [{ pointer: "/stream_options", value: { include_usage: true } }];
}

/** The pointer of a part names a string or a key, and both can be put in the place of another. */
export function replaceText(part: TextPart, text: string): JsonEdit {
  return { pointer: part.pointer, value: text };
}
