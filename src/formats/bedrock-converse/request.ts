import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { invalid, readModel } from "../members.ts";
import { readTurns } from "../messages.ts";
import { RequestReader } from "../openai/request.ts";
import { readContent } from "./content.ts";
import { SCHEMA } from "./schema.ts";
import { largestBound, readModelFields, readSettings } from "./settings.ts";
import { readToolConfig } from "./tools.ts";

/**
 * Reads a request to converse (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). The path
 * names the model, and whether the answer streams. A member of a wrong type is refused where Regent acts on it; elsewhere
 * its strings are text.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, endpoint: EndpointMatch): Inference {
  const request = new RequestReader(document, SCHEMA);
  const { body, text, parameters } = request;
  const found: Found = { tools: [], otherModels: [] };
  for (const key in body) readMember(key, body[key] as JsonValue, request, document, found);
  const { model } = endpoint.names;
  const stream = endpoint.stream === true;
  return {
    format: "bedrock-converse",
    operation: endpoint.operation,
    model: model === undefined ? "" : readModel({ model }),
    stream,
    textParts: text.textParts,
    opaqueParts: text.opaqueParts,
    textBytes: text.textBytes(document, ""),
    maxOutputTokens: largestBound(body),
    choices: 1,
    tools: found.tools,
    modalities: request.modalities(),
    parameters,
    user: undefined,
    usageInStream: stream,
    otherModels: found.otherModels,
  };
}

type Found = { readonly tools: string[]; readonly otherModels: string[] };

function readMember(
  key: string,
  value: JsonValue,
  request: RequestReader,
  document: JsonDocument,
  { tools, otherModels }: Found,
): void {
  const { text, parameters } = request;
  switch (key) {
    case "messages":
      readMessages(value, request);
      break;
    case "system":
      assertList(value, "/system");
      readContent(value, "/system", "system", text);
      break;
    case "toolConfig":
      readToolConfig(value, text, tools);
      break;
    case "inferenceConfig":
      readSettings(value, document, request, parameters);
      break;
    case "additionalModelRequestFields":
      readModelFields(value, text, tools, otherModels);
      break;
    case "promptVariables":
      // They fill a prompt that the provider keeps, which nobody here can read.
      if (isJsonObject(value) && Object.keys(value).length > 0) text.opaque("/promptVariables", "context");
      text.member("", key, value, key);
      break;
    default:
      request.member(key, value);
  }
}

function readMessages(messages: JsonValue, request: RequestReader): void {
  assertList(messages, "/messages");
  readTurns((messages ?? []) as readonly JsonValue[], request, SCHEMA, (key, value, pointer, role) => {
    if (key !== "content") return false;
    assertList(value, `${pointer}/content`);
    readContent(value, `${pointer}/content`, role, request.text);
    return true;
  });
}

function assertList(value: JsonValue, pointer: string): void {
  if (value !== null && !Array.isArray(value)) throw invalid(`${pointer} must be an array`);
}
