import { RegentError } from "../../../exchange/errors.ts";
import type { TranslatedRequest, Warn } from "../../translation.ts";
import type { Conversation, OutputForm } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";
import { writeFields, writeTier } from "./write-fields.ts";
import { writeMessages } from "./write-messages.ts";
import { writeToolConfig } from "./write-tools.ts";

/** A request to converse, of which the path names the model and says whether the answer streams. */
export function writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest {
  const { model, stream } = conversation;
  if (model === undefined) throw new RegentError("translation_unsupported", "The request names no model.");
  return {
    bytes: Buffer.from(JSON.stringify(bodyOf(conversation, warn))),
    contentType: "application/json",
    path: `/model/${encodeURIComponent(model)}/${stream ? "converse-stream" : "converse"}`,
    headers: [],
  };
}

function bodyOf(conversation: Conversation, warn: Warn): object {
  tellUncarried(conversation, warn);
  const { fields, fixesSampling } = writeFields(conversation, warn);
  const { output, at } = conversation;
  return defined({
    ...writeMessages(conversation.messages, warn),
    inferenceConfig: writeConfig(conversation, fixesSampling, warn),
    toolConfig: writeToolConfig(conversation, warn),
    outputConfig:
      output === undefined ? undefined : writeOutput(output, at?.output ?? "/response_format", warn),
    additionalModelRequestFields: fields,
    requestMetadata: writeMetadata(conversation, warn),
    serviceTier: writeTier(conversation.settings, warn),
  });
}

function tellUncarried(conversation: Conversation, warn: Warn): void {
  for (const member of UNCARRIED) {
    if (conversation[member] === undefined) continue;
    dropped(warn, conversation.at?.[member] ?? `/${member}`, "Bedrock has nothing like it");
  }
}

const UNCARRIED = [
  "parallelToolCalls",
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "choices",
  "logprobs",
] as const satisfies readonly (keyof Conversation)[];

/** Bedrock's temperatures end at 1. */
function writeConfig(conversation: Conversation, fixesSampling: boolean, warn: Warn): object | undefined {
  const { maxOutputTokens, temperature, topP, at = {} } = conversation;
  const heat = fixesSampling && temperature !== 1 ? undefined : temperature;
  if (heat !== temperature) dropped(warn, at.temperature ?? "/temperature", "thinking sets its own");
  if (heat !== undefined && heat > 1) changed(warn, at.temperature ?? "/temperature", "Bedrock's ends at 1");
  const nucleus = fixesSampling && topP !== undefined && topP < 0.95 ? undefined : topP;
  if (nucleus !== topP) dropped(warn, at.topP ?? "/top_p", "thinking takes none below 0.95");
  const config = defined({
    maxTokens: maxOutputTokens,
    temperature: heat === undefined ? undefined : Math.min(1, heat),
    topP: nucleus,
    stopSequences: writeStop(conversation, warn),
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

function writeStop({ stop, at }: Conversation, warn: Warn): readonly string[] | undefined {
  const kept = stop?.filter((sequence) => sequence !== "");
  if (kept?.length !== stop?.length) dropped(warn, at?.stop ?? "/stop", "Bedrock does not stop at nothing");
  return kept?.length === 0 ? undefined : kept;
}

/** Bedrock knows schemas only, which it takes as texts; any object is one of them. */
function writeOutput(output: OutputForm, at: string, warn: Warn): object | undefined {
  if (output.form === "text") return undefined;
  const { name, description, schema } =
    output.form === "json_schema" ? output : { name: undefined, description: undefined, schema: ANY_OBJECT };
  if (output.form === "json_schema" && output.strict === false)
    changed(warn, at, "Bedrock always keeps to the schema");
  const jsonSchema = defined({ schema: JSON.stringify(schema), name, description });
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
}

const ANY_OBJECT = { type: "object", additionalProperties: true };

/** Labels for Bedrock's own logs: few, short, and texts (API_runtime_Converse, `requestMetadata`). */
function writeMetadata({ metadata, at }: Conversation, warn: Warn): object | undefined {
  if (metadata === undefined) return undefined;
  const labels = Object.entries(metadata);
  const fits = ([key, value]: (typeof labels)[number]) =>
    typeof value === "string" && key !== "" && LABEL.test(key) && LABEL.test(value);
  if (labels.length > LABELS_MAX || !labels.every(fits)) {
    dropped(warn, at?.metadata ?? "/metadata", "Bedrock takes up to 16 short labels of plain letters");
    return undefined;
  }
  return labels.length === 0 ? undefined : metadata;
}

const LABELS_MAX = 16;
const LABEL = /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/;
