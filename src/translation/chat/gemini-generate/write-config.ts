import type { Warn } from "../../translation.ts";
import type { Conversation, OutputForm, Reasoning } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";
import { isGemini3 } from "./write-parts.ts";

/** Gemini takes no more. */
export const STOP_SEQUENCES_MAX = 5;

/** `generationConfig`. */
export function writeConfig(conversation: Conversation, warn: Warn): object {
  const { logprobs, reasoning, model = "", output, at } = conversation;
  return defined({
    candidateCount: conversation.choices,
    maxOutputTokens: conversation.maxOutputTokens,
    temperature: conversation.temperature,
    topP: conversation.topP,
    topK: conversation.topK,
    stopSequences: writeStop(conversation, warn),
    seed: conversation.seed,
    presencePenalty: conversation.presencePenalty,
    frequencyPenalty: conversation.frequencyPenalty,
    responseLogprobs: logprobs === undefined ? undefined : true,
    logprobs: logprobs?.top,
    ...writeOutput(output, at?.output ?? "/response_format", warn),
    thinkingConfig:
      reasoning === undefined
        ? undefined
        : writeThinking(reasoning, isGemini3(model), at?.reasoning ?? "/reasoning", warn),
  });
}

function writeStop({ stop, at }: Conversation, warn: Warn): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > STOP_SEQUENCES_MAX)
    dropped(warn, at?.stop ?? "/stop", `only the first ${STOP_SEQUENCES_MAX} stop sequences are taken`);
  return stop.slice(0, STOP_SEQUENCES_MAX);
}

/** The schema's name and description go into the schema, where they say the same. */
function writeOutput(output: OutputForm | undefined, at: string, warn: Warn): object {
  if (output === undefined) return {};
  if (output.form !== "json_schema")
    return output.form === "text" ? {} : { responseMimeType: "application/json" };
  const { name, description, schema, strict } = output;
  if (strict === false) changed(warn, at, "Gemini always holds an answer to its schema");
  const isTitled = Object.hasOwn(schema, "title");
  const isDescribed = Object.hasOwn(schema, "description");
  if (name !== undefined && isTitled) dropped(warn, `${at}/json_schema/name`, "the schema has a title");
  if (description !== undefined && isDescribed)
    dropped(warn, `${at}/json_schema/description`, "the schema has a description");
  return {
    responseMimeType: "application/json",
    responseJsonSchema: {
      ...(isTitled || name === undefined ? {} : { title: name }),
      ...(isDescribed || description === undefined ? {} : { description }),
      ...schema,
    },
  };
}

/** Tokens of thinking that stand for an effort where a model knows only budgets, as for the other dialects. */
const BUDGETS = { minimal: 1024, low: 1024, medium: 2048, high: 4096, xhigh: 8192 } as const;

const LEVELS = { minimal: "MINIMAL", low: "LOW", medium: "MEDIUM", high: "HIGH", xhigh: "HIGH" } as const;

/** The budget with which Gemini decides by itself. */
const ADAPTIVE = -1;

/** Up to version 2.5 Gemini knows budgets only, then levels (https://ai.google.dev/gemini-api/docs/thinking). */
function writeThinking(reasoning: Reasoning, knowsLevels: boolean, at: string, warn: Warn): object {
  if (reasoning.mode === "off") return { thinkingBudget: 0 };
  const { effort, budgetTokens, adaptive, shown = true } = reasoning;
  const written = { includeThoughts: shown };
  if (adaptive === true && effort === undefined) return { thinkingBudget: ADAPTIVE, ...written };
  if (budgetTokens !== undefined) {
    if (effort !== undefined) changed(warn, at, "the budget is kept, not the effort");
    return { thinkingBudget: budgetTokens, ...written };
  }
  if (effort === undefined) return written;
  if (knowsLevels) {
    if (effort === "xhigh") changed(warn, at, "the most that Gemini knows is high");
    return { thinkingLevel: LEVELS[effort], ...written };
  }
  changed(warn, at, "an effort becomes a budget of thinking");
  return { thinkingBudget: BUDGETS[effort], ...written };
}
