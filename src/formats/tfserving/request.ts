import type { Inference } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { invalid, readModel } from "../members.ts";
import { RequestReader } from "../openai/request.ts";
import { describeTensors, layoutOf, type NestedTensor, tensorsIn } from "./layout.ts";
import { SCHEMA } from "./schema.ts";
import { leavesOf, readValues } from "./values.ts";

/**
 * Reads a request to predict, classify or regress. Predict bodies of KServe v1 have the same form and the same path.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, endpoint: EndpointMatch): Inference {
  const request = new RequestReader(document, SCHEMA);
  const tensors = requestTensors(request.body);
  const signature = request.body.signature_name;
  if (signature !== undefined && typeof signature !== "string")
    throw invalid("signature_name must be a text");
  for (const [key, value] of Object.entries(request.body)) readMember(key, value, request);
  return tensorInference("tfserving", document, endpoint, request, tensors);
}

function readMember(key: string, value: JsonValue, request: RequestReader): void {
  if (VALUES.has(key)) readValues(`/${key}`, value, "user", request.text);
  else request.member(key, value);
}

const VALUES: ReadonlySet<string> = new Set(["instances", "inputs", "examples", "context"]);

/**
 * The tensors of a request; the features of its examples where it is to classify or to regress.
 *
 * @throws RegentError body_invalid
 */
export function requestTensors(body: JsonObject): readonly NestedTensor[] {
  if (body.instances !== undefined && body.inputs !== undefined)
    throw invalid('both "instances" and "inputs"');
  const found = layoutOf(body, "instances", "inputs");
  if (found !== undefined) return tensorsIn(found.layout, found.value);
  if (body.examples === undefined) throw invalid('neither "instances" nor "inputs"');
  const examples = tensorsIn("row", body.examples);
  return body.context === undefined ? examples : [...tensorsIn("columnar", body.context), ...examples];
}

/** What requests with nested lists have in common. */
export function tensorInference(
  format: Inference["format"],
  document: JsonDocument,
  { names, operation }: EndpointMatch,
  { text, parameters }: RequestReader,
  tensors: readonly NestedTensor[],
): Inference {
  const { textParts, opaqueParts } = text;
  return {
    format,
    operation,
    model: names.model === undefined ? "" : readModel({ model: names.model }),
    stream: false,
    textParts,
    opaqueParts,
    textBytes: text.textBytes(document, ""),
    // Who sends text may be asking a language model, which nothing here bounds; the others answer numbers.
    maxOutputTokens: textParts.some(({ role }) => role === "user") ? undefined : 0,
    choices: 1,
    tools: [],
    tensors: describeTensors(tensors),
    modalities: [
      ...(textParts.length > 0 ? ["text"] : []),
      ...(tensors.some(({ value }) => hasNumbers(value)) ? ["tensor"] : []),
      ...new Set(opaqueParts.map(({ modality }) => modality)),
    ],
    parameters,
    user: undefined,
    usageInStream: false,
  };
}

/** Whether there is a value that is neither text nor bytes: what the same server would get as a tensor of numbers from KServe v2. */
function hasNumbers(value: JsonValue): boolean {
  for (const leaf of leavesOf(value, "members")) if (typeof leaf !== "string") return true;
  return false;
}
