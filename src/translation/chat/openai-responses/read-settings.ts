import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning, Setting } from "../conversation.ts";
import { changed, defined, type Members } from "../members.ts";
import { dropMember } from "./members.ts";

/** What of a request is neither said nor offered. @throws RegentError body_invalid */
export function readSettings(body: Members, warn: Warn): Partial<Conversation> {
  const text = body.object("text");
  const settings = readShared(body, text);
  const output = text === undefined ? undefined : readOutput(text, warn);
  text?.tellRest(warn);
  dropMember(body, "truncation", warn, "nothing is left out where the context is too long", "disabled");
  dropMember(body, "stream_options", warn, "streams are padded or not as the other provider does it");
  return defined({
    parallelToolCalls: body.flag("parallel_tool_calls"),
    maxOutputTokens: readTokens(body),
    temperature: body.number("temperature"),
    topP: body.number("top_p"),
    logprobs: readLogprobs(body, warn),
    output,
    reasoning: readReasoning(body, warn),
    user: body.text("user"),
    metadata: body.json("metadata"),
    settings: settings.length === 0 ? undefined : settings,
  });
}

/** Settings that other dialects have under the same name, with what goes without saying where they are left out. */
const SHARED: readonly (readonly [name: string, ...unsaid: unknown[]])[] = [
  ["store", false],
  ["service_tier", "auto"],
  ["prompt_cache_key"],
  ["prompt_cache_retention"],
  ["safety_identifier"],
];

function readShared(body: Members, text: Members | undefined): Setting[] {
  const shared = SHARED.flatMap(([name, ...unsaid]) => settingOf(body, name, ...unsaid));
  return text === undefined ? shared : [...shared, ...settingOf(text, "verbosity")];
}

function settingOf(members: Members, name: string, ...unsaid: readonly unknown[]): Setting[] {
  const value = members.value(name);
  return value === undefined || unsaid.includes(value) ? [] : [{ name, value, at: members.at(name) }];
}

function readTokens(body: Members): number | undefined {
  const tokens = body.count("max_output_tokens");
  if (tokens === 0) throw invalid("max_output_tokens must be a whole number of at least 1");
  return tokens;
}

/** Probabilities come when they are asked for, or when a number of others beside the chosen one is. */
function readLogprobs(body: Members, warn: Warn): Conversation["logprobs"] {
  const top = body.count("top_logprobs");
  const include = body.texts("include") ?? [];
  const asked = include.includes(LOGPROBS);
  if (include.some((name) => name !== LOGPROBS)) {
    dropMember(body, "include", warn, "what is asked for besides the answer is of this dialect alone");
  }
  if (top === undefined) return asked ? {} : undefined;
  return top > 0 || asked ? { top } : undefined;
}

const LOGPROBS = "message.output_text.logprobs";

function readOutput(text: Members, warn: Warn): OutputForm | undefined {
  const format = text.object("format");
  if (format === undefined) return undefined;
  const output = outputOf(format);
  format.tellRest(warn);
  return output;
}

function outputOf(format: Members): OutputForm {
  const type = format.text("type");
  if (type === "text" || type === "json_object") return { form: type };
  if (type !== "json_schema") throw invalid("text.format.type must be text, json_object or json_schema");
  const schema = format.json("schema");
  if (schema === undefined) throw invalid("text.format.schema is missing");
  const named = defined({
    name: format.text("name"),
    description: format.text("description"),
    strict: format.flag("strict"),
  });
  return { form: "json_schema", schema, ...named };
}

function readReasoning(body: Members, warn: Warn): Reasoning | undefined {
  const reasoning = body.object("reasoning");
  if (reasoning === undefined) return undefined;
  const effort = readEffort(reasoning, warn);
  const older = reasoning.text("generate_summary");
  const summary = reasoning.text("summary") ?? older;
  if (summary !== undefined && summary !== "auto") {
    changed(warn, reasoning.at("summary"), "reasoning is shown; how long its summary is cannot be set");
  }
  reasoning.tellRest(warn);
  if (effort === "none") return { mode: "off" };
  if (effort === undefined && summary === undefined) return undefined;
  return { mode: "on", ...defined({ effort, shown: summary === undefined ? undefined : true }) };
}

type Effort = NonNullable<Extract<Reasoning, { mode: "on" }>["effort"]>;

const EFFORTS: ReadonlySet<string> = new Set<Effort>(["minimal", "low", "medium", "high", "xhigh"]);

function readEffort(reasoning: Members, warn: Warn): Effort | "none" | undefined {
  const effort = reasoning.text("effort");
  if (effort === undefined || effort === "none") return effort;
  if (EFFORTS.has(effort)) return effort as Effort;
  if (effort !== "max") throw invalid(`${reasoning.at("effort")} is no effort that is known`);
  changed(warn, reasoning.at("effort"), "the most effort of all is carried as xhigh");
  return "xhigh";
}
