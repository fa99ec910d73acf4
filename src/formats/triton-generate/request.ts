import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { decodedBytes } from "../media.ts";
import { invalid, putParameter, readModel } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import { maxTokens } from "./limits.ts";
import { SCHEMA } from "./schema.ts";

/**
 * Reads a generate request. What stands beside the text, or in `parameters`, is an input of the model or a parameter of
 * it, whichever the model's configuration says: strings are text, and numbers and switches are parameters.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, { names, operation, stream }: EndpointMatch): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  if (body.text_input === undefined) throw invalid("no text_input");
  for (const key in body) readMember(key, body[key] as JsonValue, request);
  return {
    format: "triton-generate",
    operation,
    model: names.model === undefined ? "" : readModel({ model: names.model }),
    stream: stream === true,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, ""),
    maxOutputTokens: maxTokens(body),
    choices: Math.max(1, countTexts(body.text_input)),
    tools: [],
    modalities: request.modalities(),
    parameters,
    user: undefined,
    usageInStream: false,
  };
}

function readMember(key: string, value: JsonValue, request: RequestReader): void {
  if (key === "text_input") request.text.tree("/text_input", value, "user");
  else if (key === "parameters") readParameters(value, request);
  else if (IMAGE_KEYS.has(key)) readImages(`/${key}`, value, request);
  else request.member(key, value);
}

function readParameters(value: JsonValue, request: RequestReader): void {
  if (!isJsonObject(value)) throw invalid("parameters must be an object");
  for (const [key, parameter] of Object.entries(value)) {
    request.assertPlainSpelling(key);
    request.text.member("/parameters", key, parameter, "parameter");
    if (typeof parameter === "number" || typeof parameter === "boolean")
      putParameter(request.parameters, key, parameter);
  }
}

/** Inputs that hold images in base64, one or many. */
const IMAGE_KEYS: ReadonlySet<string> = new Set(["image", "image_input"]);

function readImages(pointer: string, value: JsonValue, { text }: RequestReader): void {
  if (typeof value === "string") text.opaque(pointer, "image", { bytes: decodedBytes(value) });
  else text.opaque(pointer, "image");
}

/** A text, or texts in lists: the server makes a tensor of them. Each is answered by itself. */
function countTexts(value: JsonValue): number {
  if (typeof value === "string") return 1;
  if (!Array.isArray(value)) throw invalid("text_input must be a text or a list of texts");
  return (value as readonly JsonValue[]).reduce<number>((sum, element) => sum + countTexts(element), 0);
}
