import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { type JsonDocument, pointerToken } from "../../wire/json/index.ts";
import { invalid, putParameter } from "../members.ts";
import type { RequestReader } from "../openai/request.ts";
import type { TextCollector } from "../text.ts";

/** `inferenceConfig`: its numbers are parameters. @throws RegentError body_invalid */
export function readSettings(
  config: JsonValue,
  document: JsonDocument,
  request: RequestReader,
  parameters: { [key: string]: JsonValue },
): void {
  if (config === null) return;
  if (!isJsonObject(config)) throw invalid("inferenceConfig must be an object");
  for (const key in config) {
    const value = config[key] as JsonValue;
    request.assertPlainSpelling(key);
    if (typeof value === "number") {
      assertExact(document, `/inferenceConfig/${pointerToken(key)}`, value);
      if (key !== "maxTokens") putParameter(parameters, key, value);
    }
    request.text.member("/inferenceConfig", key, value, "inferenceConfig");
  }
}

/** Policy must see the number that the server sees. */
function assertExact(document: JsonDocument, pointer: string, value: number): void {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER || document.number(pointer)?.exact === true) return;
  throw invalid("inferenceConfig has a number that not every reader takes the same way");
}

/**
 * `additionalModelRequestFields` go to the model as they are, in its maker's own words: tools in them count like others, and
 * so does another model that is to help or to answer.
 *
 * @throws RegentError body_invalid
 */
export function readModelFields(
  fields: JsonValue,
  text: TextCollector,
  tools: string[],
  otherModels: string[],
): void {
  text.member("", "additionalModelRequestFields", fields, "additionalModelRequestFields");
  if (!isJsonObject(fields)) return;
  for (const key of MODEL_KEYS)
    if ((fields[key] ?? null) !== null) otherModels.push(`additionalModelRequestFields.${key}`);
  for (const [index, tool] of listIn(fields.tools).entries()) {
    const place = `additionalModelRequestFields.tools[${index}]`;
    const name = isJsonObject(tool) ? (tool.name ?? tool.type) : undefined;
    if (!isJsonObject(tool) || typeof name !== "string" || name === "") throw invalid(`${place} has no name`);
    tools.push(name);
    if (Object.keys(tool).some((key) => key.toLowerCase() === "model")) otherModels.push(place);
  }
}

const MODEL_KEYS = ["model", "models", "fallbacks"];

function listIn(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** Names that makers of models give the bound on an answer, in `additionalModelRequestFields`. */
const BOUNDS = [
  "maxTokens",
  "max_tokens",
  "max_completion_tokens",
  "max_tokens_to_sample",
  "max_new_tokens",
  "max_gen_len",
  "maxTokenCount",
  "max_output_tokens",
];

/**
 * The largest of the bounds on the answer: which of them the server heeds depends on the model. At least 1.
 *
 * @throws RegentError body_invalid
 */
export function largestBound({
  inferenceConfig,
  additionalModelRequestFields: fields,
}: JsonObject): number | undefined {
  let largest: number | undefined;
  for (const [settings, names] of [
    [inferenceConfig, ["maxTokens"]],
    [fields, BOUNDS],
    [isJsonObject(fields) ? fields.inferenceConfig : undefined, BOUNDS],
  ] as const) {
    if (!isJsonObject(settings)) continue;
    for (const name of names) {
      const value = settings[name] ?? undefined;
      if (value === undefined) continue;
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
        throw invalid(`${name} must be a whole number of at least 1`);
      largest = Math.max(largest ?? 0, value);
    }
  }
  return largest;
}
