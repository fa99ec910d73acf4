import { isJsonObject } from "../../../exchange/json.ts";
import { parseBody } from "../../../formats/json-format.ts";
import { readModel } from "../../../formats/members.ts";
import type { RequestFacts, Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning, Setting } from "../conversation.ts";
import { defined, dropped, Members } from "../members.ts";
import { readMessages, readSystem } from "./read-messages.ts";
import { readEffort, readThinking } from "./read-thinking.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

/** A request for a message (https://platform.claude.com/docs/en/api/messages). */
export function readRequest(bytes: Buffer, facts: RequestFacts, warn: Warn): Conversation {
  const document = parseBody(bytes);
  const body = new Members(document.value, "");
  const model = body.has("model") ? readModel({ model: body.value("model") ?? null }) : facts.urlModel;
  const system = readSystem(body, warn);
  const messages = readMessages(body.list("messages"), document, warn);
  const choice = readToolChoice(body, warn);
  const output = body.object("output_config");
  const conversation: Conversation = {
    ...defined({
      ...choice,
      maxOutputTokens: body.count("max_tokens"),
      temperature: body.number("temperature"),
      topP: body.number("top_p"),
      topK: body.count("top_k"),
      stop: body.texts("stop_sequences"),
      output: readOutput(body, output, warn),
      reasoning: readReasoning(body, output, warn),
      user: readUser(body, warn),
    }),
    model,
    stream: body.flag("stream") ?? false,
    includeUsage: true,
    messages: [...system, ...messages],
    tools: readTools(body, warn),
    settings: readSettings(body),
    at: PLACES,
  };
  output?.tellRest(warn);
  body.tellRest(warn);
  return conversation;
}

const PLACES = {
  model: "/model",
  tools: "/tools",
  messages: "/messages",
  toolChoice: "/tool_choice",
  parallelToolCalls: "/tool_choice/disable_parallel_tool_use",
  maxOutputTokens: "/max_tokens",
  temperature: "/temperature",
  topP: "/top_p",
  topK: "/top_k",
  stop: "/stop_sequences",
  output: "/output_config/format",
  reasoning: "/thinking",
  user: "/metadata/user_id",
} as const;

/** `output_config.format`, or `output_format` as the beta called it. */
function readOutput(body: Members, config: Members | undefined, warn: Warn): OutputForm | undefined {
  const format = config?.object("format") ?? readBetaFormat(body, warn);
  if (format === undefined) return undefined;
  const type = format.text("type");
  const schema = format.json("schema");
  if (type !== "json_schema" || schema === undefined) {
    dropped(warn, format.pointer, "a form of this type has no counterpart");
    return undefined;
  }
  format.tellRest(warn);
  // An answer always keeps to the schema.
  return { form: "json_schema", schema, strict: true };
}

function readBetaFormat(body: Members, warn: Warn): Members | undefined {
  const value = body.value("output_format");
  if (value === undefined) return undefined;
  if (isJsonObject(value)) return new Members(value, "/output_format");
  dropped(warn, "/output_format", "only a schema has a counterpart");
  return undefined;
}

function readReasoning(body: Members, config: Members | undefined, warn: Warn): Reasoning | undefined {
  const effortAt = "/output_config/effort";
  const effort = readEffort(config?.text("effort"), "low", effortAt, warn);
  return readThinking(body.object("thinking"), effort, effortAt, warn);
}

function readUser(body: Members, warn: Warn): string | undefined {
  const metadata = body.object("metadata");
  const user = metadata?.text("user_id");
  metadata?.tellRest(warn);
  return user === "" ? undefined : user;
}

/** `standard_only` is what OpenAI calls `default`; `auto` holds in any case. */
function readSettings(body: Members): readonly Setting[] {
  const tier = body.text("service_tier");
  if (tier === undefined || tier === "auto") return [];
  const value = tier === "standard_only" ? "default" : tier;
  return [{ name: "service_tier", value, at: "/service_tier" }];
}
