import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { invalid } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import { type NestedTensor, tensorsIn } from "../tfserving/layout.ts";
import { tensorInference } from "../tfserving/request.ts";
import { readValues } from "../tfserving/values.ts";
import { SCHEMA } from "./schema.ts";

/**
 * Reads a request to predict or explain: `instances`, or `inputs` as in the Vertex AI way of calling. The server takes either
 * and models may look at both. Rows may be ragged, and objects of any form.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, endpoint: EndpointMatch): Inference {
  const { value } = document;
  if (Array.isArray(value)) throw invalid("top level is an array, not one request object");
  const request = new RequestReader(document, SCHEMA);
  instancesOf(request.body);
  const tensors: NestedTensor[] = [];
  for (const [key, member] of Object.entries(request.body)) {
    if (!VALUES.has(key)) request.member(key, member);
    else {
      readValues(`/${key}`, member, "user", request.text);
      tensors.push(...tensorsIn(isJsonObject(member) ? "columnar" : "row", member));
    }
  }
  return tensorInference("kserve-v1", document, endpoint, request, tensors);
}

const VALUES: ReadonlySet<string> = new Set(["instances", "inputs"]);

/**
 * What is to be predicted.
 *
 * @throws RegentError body_invalid
 */
export function instancesOf({ instances, inputs }: JsonObject): JsonValue {
  const found = instances ?? inputs;
  if (found === undefined || found === null) throw invalid('no "instances" (and no "inputs")');
  return found;
}
