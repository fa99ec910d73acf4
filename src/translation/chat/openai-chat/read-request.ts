import type { JsonValue } from "../../../exchange/json.ts";
import { parseBody } from "../../../formats/json-format.ts";
import { invalid, readModel } from "../../../formats/members.ts";
import type { RequestFacts, Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning, Setting } from "../conversation.ts";
import { changed, defined, dropped, Members } from "../members.ts";
import { readMessages } from "./read-messages.ts";
import { readTools } from "./read-tools.ts";
import { SHARED_SETTINGS } from "./settings.ts";

/**
 * A chat completion request (https://platform.openai.com/docs/api-reference/chat/create) and what compatible servers add
 * to it for reasoning.
 */
export function readRequest(bytes: Buffer, facts: RequestFacts, warn: Warn): Conversation {
  const { value } = parseBody(bytes);
  const body = new Members(value, "");
  const model = body.has("model") ? readModel({ model: body.value("model") ?? null }) : facts.urlModel;
  const calls = readMessages(body.list("messages"), warn);
  const tools = readTools(body, warn);
  const conversation: Conversation = {
    ...defined({
      model,
      ...tools.choice,
      parallelToolCalls: body.flag("parallel_tool_calls"),
      maxOutputTokens: readMaxTokens(body, warn),
      temperature: body.number("temperature"),
      topP: body.number("top_p"),
      topK: body.count("top_k"),
      stop: readStop(body),
      seed: body.number("seed"),
      presencePenalty: notZero(body.number("presence_penalty")),
      frequencyPenalty: notZero(body.number("frequency_penalty")),
      choices: notOne(body.count("n")),
      logprobs: readLogprobs(body),
      output: readOutput(body, warn),
      reasoning: readReasoning(body, warn),
      user: body.text("user") || undefined,
      metadata: body.json("metadata"),
    }),
    model,
    stream: body.flag("stream") ?? false,
    includeUsage: readIncludeUsage(body, warn),
    messages: calls,
    tools: tools.tools,
    settings: readSettings(body),
    at: PLACES,
  };
  body.tellRest(warn);
  return conversation;
}

const PLACES = {
  model: "/model",
  tools: "/tools",
  messages: "/messages",
  toolChoice: "/tool_choice",
  parallelToolCalls: "/parallel_tool_calls",
  maxOutputTokens: "/max_completion_tokens",
  temperature: "/temperature",
  topP: "/top_p",
  topK: "/top_k",
  stop: "/stop",
  seed: "/seed",
  presencePenalty: "/presence_penalty",
  frequencyPenalty: "/frequency_penalty",
  choices: "/n",
  logprobs: "/logprobs",
  output: "/response_format",
  reasoning: "/reasoning_effort",
  user: "/user",
  metadata: "/metadata",
} as const;

/** `max_tokens` is the older name. Where both are there the newer one counts, as it does for OpenAI. */
function readMaxTokens(body: Members, warn: Warn): number | undefined {
  const older = body.count("max_tokens");
  const newer = body.count("max_completion_tokens");
  if (older !== undefined && newer !== undefined && older !== newer)
    dropped(warn, "/max_tokens", "max_completion_tokens is there too");
  return newer ?? older;
}

function readStop(body: Members): readonly string[] | undefined {
  const stop = body.value("stop");
  if (stop === undefined) return undefined;
  if (typeof stop === "string") return [stop];
  return body.texts("stop");
}

/** What it is when nothing is said: no loss where it has no counterpart. */
function notZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

function notOne(value: number | undefined): number | undefined {
  return value === 1 ? undefined : value;
}

function readLogprobs(body: Members): Conversation["logprobs"] {
  const wanted = body.flag("logprobs");
  const top = body.count("top_logprobs");
  return wanted === true ? defined({ top }) : undefined;
}

function readOutput(body: Members, warn: Warn): OutputForm | undefined {
  const format = body.object("response_format");
  if (format === undefined) return undefined;
  const type = format.needText("type");
  if (type === "json_schema") {
    const schema = format.object("json_schema");
    if (schema === undefined) throw invalid("/response_format/json_schema is missing");
    const output = {
      form: type,
      ...defined({
        name: schema.text("name"),
        description: schema.text("description"),
        strict: schema.flag("strict"),
      }),
      schema: schema.json("schema") ?? {},
    } as const;
    schema.tellRest(warn);
    format.tellRest(warn);
    return output;
  }
  if (type === "text" || type === "json_object") {
    format.tellRest(warn);
    return { form: type };
  }
  dropped(warn, "/response_format", "a form of this type has no counterpart");
  return undefined;
}

/** `reasoning_effort`; OpenRouter's `reasoning`; a budget as LiteLLM and vLLM take it in `thinking`. */
function readReasoning(body: Members, warn: Warn): Reasoning | undefined {
  const effort = body.text("reasoning_effort");
  const router = body.object("reasoning");
  const thinking = body.object("thinking");
  const found = readRouterReasoning(router, warn) ?? readThinking(thinking, warn);
  if (effort === undefined) return found;
  if (effort === "none") return { mode: "off" };
  const known = knownEffort(effort, "/reasoning_effort", warn);
  return { ...(found?.mode === "on" ? found : { mode: "on" }), ...defined({ effort: known }) };
}

function readRouterReasoning(router: Members | undefined, warn: Warn): Reasoning | undefined {
  if (router === undefined) return undefined;
  const effort = router.text("effort");
  const budgetTokens = router.count("max_tokens");
  const enabled = router.flag("enabled");
  const hidden = router.flag("exclude");
  router.tellRest(warn);
  if (effort === "none" || enabled === false) return { mode: "off" };
  return {
    mode: "on",
    ...defined({
      effort: effort === undefined ? undefined : knownEffort(effort, router.at("effort"), warn),
      budgetTokens,
      shown: hidden === undefined ? undefined : !hidden,
    }),
  };
}

function readThinking(thinking: Members | undefined, warn: Warn): Reasoning | undefined {
  if (thinking === undefined) return undefined;
  const type = thinking.text("type");
  const budgetTokens = thinking.count("budget_tokens");
  thinking.tellRest(warn);
  if (type === "disabled") return { mode: "off" };
  if (type === "adaptive") return { mode: "on", adaptive: true };
  if (type !== "enabled") {
    dropped(warn, thinking.at("type"), "a mode of this name is not known");
    return undefined;
  }
  return { mode: "on", ...defined({ budgetTokens }) };
}

const EFFORTS = new Map<string, "minimal" | "low" | "medium" | "high" | "xhigh">([
  ["minimal", "minimal"],
  ["low", "low"],
  ["medium", "medium"],
  ["high", "high"],
  ["xhigh", "xhigh"],
]);

function knownEffort(effort: string, at: string, warn: Warn) {
  const known = EFFORTS.get(effort);
  if (known !== undefined) return known;
  if (effort === "max") {
    changed(warn, at, "the most that other dialects know is xhigh");
    return "xhigh";
  }
  dropped(warn, at, "an effort of this name is not known");
  return undefined;
}

function readIncludeUsage(body: Members, warn: Warn): boolean {
  const options = body.object("stream_options");
  if (options === undefined) return false;
  const wanted = options.flag("include_usage") ?? false;
  if (options.flag("include_obfuscation") === true)
    dropped(warn, options.at("include_obfuscation"), "answers are not padded");
  options.tellRest(warn);
  return wanted;
}

function readSettings(body: Members): readonly Setting[] {
  return [...SHARED_SETTINGS].flatMap((name) => {
    const value: JsonValue | undefined = body.value(name);
    return value === undefined || isNeutral(name, value) ? [] : [{ name, value, at: body.at(name) }];
  });
}

/** Says what holds without it. */
function isNeutral(name: string, value: JsonValue): boolean {
  return name === "store" ? value === false : name === "service_tier" && value === "auto";
}
