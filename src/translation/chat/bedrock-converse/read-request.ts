import { RegentError } from "../../../exchange/errors.ts";
import { isJsonObject } from "../../../exchange/json.ts";
import { parseBody } from "../../../formats/json-format.ts";
import { invalid } from "../../../formats/members.ts";
import type { JsonDocument } from "../../../wire/json/index.ts";
import type { RequestFacts, Warn } from "../../translation.ts";
import type { Conversation, Message, OutputForm, Part, Setting } from "../conversation.ts";
import { defined, dropped, Members } from "../members.ts";
import { readContent } from "./read-blocks.ts";
import { readModelFields } from "./read-fields.ts";
import { readToolConfig } from "./read-tools.ts";

/** A request to converse (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export function readRequest(bytes: Buffer, facts: RequestFacts, warn: Warn): Conversation {
  const document = parseBody(bytes);
  const body = new Members(document.value, "");
  if (body.has("promptVariables"))
    throw new RegentError("translation_unsupported", "/promptVariables fills a prompt that Bedrock keeps.");
  const config = body.object("inferenceConfig");
  const output = body.object("outputConfig");
  const conversation: Conversation = {
    ...defined({
      maxOutputTokens: config?.count("maxTokens"),
      temperature: config?.number("temperature"),
      topP: config?.number("topP"),
      stop: config?.texts("stopSequences"),
      output: readOutput(output, warn),
      metadata: body.json("requestMetadata"),
    }),
    ...readModelFields(body, output, warn),
    ...readToolConfig(body, warn),
    model: facts.urlModel,
    stream: facts.urlStream ?? false,
    includeUsage: true,
    messages: [...readSystem(body, warn), ...readMessages(body, document, warn)],
    settings: readSettings(body, warn),
    at: PLACES,
  };
  config?.tellRest(warn);
  output?.tellRest(warn);
  body.tellRest(warn);
  return conversation;
}

const PLACES = {
  messages: "/messages",
  tools: "/toolConfig/tools",
  toolChoice: "/toolConfig/toolChoice",
  maxOutputTokens: "/inferenceConfig/maxTokens",
  temperature: "/inferenceConfig/temperature",
  topP: "/inferenceConfig/topP",
  topK: "/additionalModelRequestFields",
  stop: "/inferenceConfig/stopSequences",
  output: "/outputConfig/textFormat",
  reasoning: "/additionalModelRequestFields",
  user: "/additionalModelRequestFields/metadata/user_id",
  metadata: "/requestMetadata",
} as const;

function readSystem(body: Members, warn: Warn): readonly Message[] {
  const parts = readContent(body.list("system"), "/system", undefined, warn);
  return parts.length === 0 ? [] : [{ role: "system", parts, at: "/system" }];
}

function readMessages(body: Members, document: JsonDocument, warn: Warn): readonly Message[] {
  return (body.list("messages") ?? []).flatMap((value, index) => {
    const message = new Members(value, `/messages/${index}`);
    const role = message.needText("role");
    if (role !== "user" && role !== "assistant" && role !== "system")
      throw invalid(`${message.at("role")} is not known`);
    const parts = readContent(message.list("content"), message.at("content"), document, warn);
    message.tellRest(warn);
    return messagesOf(role, parts, message.pointer);
  });
}

/** Results of tools are messages of their own here, in front of what else the user says. */
function messagesOf(role: Message["role"], parts: readonly Part[], at: string): readonly Message[] {
  const results = parts.filter(({ kind }) => kind === "tool_result");
  if (results.length === 0) return [{ role, parts, at }];
  const rest = parts.filter(({ kind }) => kind !== "tool_result");
  const told: Message = { role: "tool", parts: results, at };
  return rest.length === 0 ? [told] : [told, { role, parts: rest, at }];
}

/** A schema is a text with JSON in it. */
function readOutput(output: Members | undefined, warn: Warn): OutputForm | undefined {
  const format = output?.object("textFormat");
  if (format === undefined) return undefined;
  const structure = format.object("structure");
  const definition = structure?.object("jsonSchema");
  if (format.text("type") !== "json_schema" || definition === undefined) {
    dropped(warn, format.pointer, "a form of this type has no counterpart");
    return undefined;
  }
  const form: OutputForm = {
    form: "json_schema",
    schema: schemaOf(definition),
    ...defined({ name: definition.text("name"), description: definition.text("description") }),
    // An answer always keeps to the schema.
    strict: true,
  };
  for (const members of [definition, structure, format]) members?.tellRest(warn);
  return form;
}

function schemaOf(definition: Members) {
  const { value } = parseBody(Buffer.from(definition.needText("schema")));
  if (!isJsonObject(value)) throw invalid(`${definition.at("schema")} must be a JSON object in a text`);
  return value;
}

/** Tiers have the names that OpenAI gives them. */
function readSettings(body: Members, warn: Warn): readonly Setting[] {
  const tier = body.object("serviceTier");
  const value = tier?.text("type");
  tier?.tellRest(warn);
  return value === undefined ? [] : [{ name: "service_tier", value, at: "/serviceTier/type" }];
}
