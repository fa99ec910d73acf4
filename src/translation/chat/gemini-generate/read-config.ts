import type { Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import type { GeminiMembers } from "./members.ts";
import { readSchema } from "./read-tools.ts";

type Settings = Omit<Conversation, "model" | "stream" | "includeUsage" | "messages" | "tools">;

/** `generationConfig` (https://ai.google.dev/api/generate-content#generationconfig). */
export function readConfig(
  config: GeminiMembers,
  warn: Warn,
): { readonly settings: Settings; readonly places: NonNullable<Conversation["at"]> } {
  const choices = config.count("candidateCount");
  const settings = defined({
    maxOutputTokens: config.count("maxOutputTokens"),
    temperature: config.number("temperature"),
    topP: config.number("topP"),
    topK: config.number("topK"),
    stop: config.texts("stopSequences"),
    seed: config.number("seed"),
    presencePenalty: notZero(config.number("presencePenalty")),
    frequencyPenalty: notZero(config.number("frequencyPenalty")),
    choices: choices === 1 ? undefined : choices,
    logprobs: readLogprobs(config),
    output: readOutput(config, warn),
    reasoning: readThinking(config.inner("thinkingConfig"), warn),
  });
  readModalities(config, warn);
  config.tellRest(warn);
  const places = Object.fromEntries(Object.entries(NAMES).map(([member, name]) => [member, config.at(name)]));
  return { settings, places };
}

const NAMES = {
  maxOutputTokens: "maxOutputTokens",
  temperature: "temperature",
  topP: "topP",
  topK: "topK",
  stop: "stopSequences",
  seed: "seed",
  presencePenalty: "presencePenalty",
  frequencyPenalty: "frequencyPenalty",
  choices: "candidateCount",
  logprobs: "responseLogprobs",
  output: "responseMimeType",
  reasoning: "thinkingConfig",
} as const;

/** What it is when nothing is said: no loss where it has no counterpart. */
function notZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

function readLogprobs(config: GeminiMembers): Conversation["logprobs"] {
  const wanted = config.flag("responseLogprobs");
  const top = config.count("logprobs");
  return wanted === true ? defined({ top }) : undefined;
}

function readOutput(config: GeminiMembers, warn: Warn): OutputForm | undefined {
  const type = config.text("responseMimeType");
  const schema = readSchema(config, "responseJsonSchema", "responseSchema", warn);
  const isJson = type === "application/json";
  if (type !== undefined && type !== "" && type !== "text/plain" && !isJson)
    dropped(warn, config.at("responseMimeType"), "answers of this type have no counterpart");
  if (schema !== undefined && type !== "text/x.enum") return { form: "json_schema", schema };
  return isJson ? { form: "json_object" } : undefined;
}

function readThinking(thinking: GeminiMembers | undefined, warn: Warn): Reasoning | undefined {
  if (thinking === undefined) return undefined;
  const shown = thinking.flag("includeThoughts");
  const budget = thinking.number("thinkingBudget");
  const level = thinking.text("thinkingLevel");
  const effort = LEVELS.get(level ?? "");
  if (level !== undefined && level !== "THINKING_LEVEL_UNSPECIFIED" && effort === undefined)
    dropped(warn, thinking.at("thinkingLevel"), "a level of this name is not known");
  thinking.tellRest(warn);
  if (budget === 0) return { mode: "off" };
  if (budget !== undefined && budget < 0) return { mode: "on", adaptive: true, ...defined({ shown }) };
  return { mode: "on", ...defined({ effort, budgetTokens: budget, shown }) };
}

const LEVELS: ReadonlyMap<string, "minimal" | "low" | "medium" | "high"> = new Map([
  ["MINIMAL", "minimal"],
  ["LOW", "low"],
  ["MEDIUM", "medium"],
  ["HIGH", "high"],
]);

/** Text is what every dialect answers. */
function readModalities(config: GeminiMembers, warn: Warn): void {
  const others = (config.texts("responseModalities") ?? []).filter((modality) => modality !== "TEXT");
  if (others.length > 0)
    dropped(warn, config.at("responseModalities"), "answers in images or sound cannot be asked for");
}
