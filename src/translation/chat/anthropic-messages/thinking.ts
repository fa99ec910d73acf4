import type { Warn } from "../../translation.ts";
import type { Conversation, Message, Reasoning } from "../conversation.ts";
import { changed, dropped } from "../members.ts";

/** The smallest budget for thinking, in tokens, that Anthropic takes. */
const BUDGET_MIN = 1024;

/** Tokens of thinking that stand for an effort where a model knows only budgets. */
const BUDGETS = { minimal: 1024, low: 1024, medium: 2048, high: 4096, xhigh: 8192 } as const;

/** What a request says of thinking. */
export type Thinking = {
  readonly thinking?: object;
  /** Of `output_config`. */
  readonly effort?: string;
  /** Tokens; part of `max_tokens`, which has to be larger. */
  readonly budget?: number;
};

/**
 * Models up to those of version 4.5 know budgets only, later ones an effort, and from 4.7 on no budget
 * (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking). A budget is kept as it is.
 */
export function writeThinking(conversation: Conversation, warn: Warn): Thinking {
  const { reasoning, model = "", at } = conversation;
  if (reasoning === undefined) return {};
  if (reasoning.mode === "off") return { thinking: { type: "disabled" } };
  const place = at?.reasoning ?? "/reasoning";
  const obstacle = obstacleOf(conversation);
  if (obstacle !== undefined) {
    dropped(warn, place, obstacle);
    return {};
  }
  const display = displayOf(reasoning);
  const { effort, budgetTokens } = reasoning;
  if (reasoning.adaptive === true || (budgetTokens === undefined && !knowsOnlyBudgets(model))) {
    const written = effortOf(effort, place, warn);
    return {
      thinking: { type: "adaptive", ...display },
      ...(written === undefined ? {} : { effort: written }),
    };
  }
  const budget = budgetOf(conversation, budgetTokens ?? BUDGETS[effort ?? "medium"], place, warn);
  if (budget === undefined) return {};
  if (effort !== undefined) changed(warn, place, "an effort becomes a budget of thinking");
  return { thinking: { type: "enabled", budget_tokens: budget, ...display }, budget };
}

function displayOf({ shown }: Extract<Reasoning, { mode: "on" }>): object {
  return shown === undefined ? {} : { display: shown ? "summarized" : "omitted" };
}

function effortOf(effort: keyof typeof BUDGETS | undefined, at: string, warn: Warn): string | undefined {
  if (effort !== "minimal") return effort;
  changed(warn, at, "the least effort that Anthropic knows is low");
  return "low";
}

/** The budget within what the answer may have; undefined where no budget fits. */
function budgetOf(
  { maxOutputTokens }: Conversation,
  wanted: number,
  at: string,
  warn: Warn,
): number | undefined {
  const most = maxOutputTokens === undefined ? wanted : maxOutputTokens - 1;
  if (most < BUDGET_MIN) {
    dropped(warn, at, `thinking needs more than ${BUDGET_MIN} output tokens`);
    return undefined;
  }
  const budget = Math.max(BUDGET_MIN, Math.min(wanted, most));
  if (budget !== wanted) changed(warn, at, "the budget of thinking is brought within its bounds");
  return budget;
}

/** Why Anthropic would refuse a request that thinks. */
function obstacleOf({ toolChoice, messages }: Conversation): string | undefined {
  if (toolChoice?.mode === "required" || toolChoice?.mode === "tool")
    return "Anthropic does not think where a tool has to be called";
  const turn = messages.findLast(({ role }) => role === "assistant");
  return turn !== undefined && messages.at(-1)?.role === "tool" && !beginsWithThinking(turn)
    ? "the turn that goes on has no thinking of Anthropic's"
    : undefined;
}

function beginsWithThinking({ parts }: Message): boolean {
  return parts.some(
    (part) => part.kind === "reasoning" && (part.signature !== undefined || part.encrypted !== undefined),
  );
}

/** `claude-3-7-sonnet-20250219`, `claude-sonnet-4-20250514`, `claude-haiku-4-5`, with what providers put around. */
function knowsOnlyBudgets(model: string): boolean {
  return /claude-3/.test(model) || /claude-(opus|sonnet|haiku)-4(-[0-5])?(-20\d{6}|[@:]|$)/.test(model);
}
