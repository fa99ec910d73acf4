import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Reasoning } from "../conversation.ts";
import { changed, defined, dropped, type Members } from "../members.ts";

/** The words for how much a model is to think, from the least to the most. Anthropic's begin with `low`. */
const EFFORTS = ["minimal", "low", "medium", "high", "xhigh"] as const;
export type Effort = (typeof EFFORTS)[number];

/** @param least the least that the dialect knows */
export function readEffort(
  effort: string | undefined,
  least: Effort,
  at: string,
  warn: Warn,
): Effort | undefined {
  if (effort === undefined) return undefined;
  if (effort === "max") {
    changed(warn, at, "the most that other dialects know is xhigh");
    return "xhigh";
  }
  const known = EFFORTS.slice(EFFORTS.indexOf(least)).find((word) => word === effort);
  if (known === undefined) dropped(warn, at, "an effort of this name is not known");
  return known;
}

/**
 * `thinking` as Anthropic's models take it, wherever it stands, with the effort that stands elsewhere.
 *
 * @throws RegentError body_invalid
 */
export function readThinking(
  thinking: Members | undefined,
  effort: Effort | undefined,
  effortAt: string,
  warn: Warn,
): Reasoning | undefined {
  if (thinking === undefined) return effort === undefined ? undefined : { mode: "on", effort };
  const type = thinking.needText("type");
  const budgetTokens = thinking.count("budget_tokens");
  const display = thinking.text("display");
  thinking.tellRest(warn);
  if (type === "disabled") {
    if (effort !== undefined) dropped(warn, effortAt, "without thinking an effort has no counterpart");
    return { mode: "off" };
  }
  if (type !== "enabled" && type !== "adaptive") throw invalid(`${thinking.at("type")} is not known`);
  return {
    mode: "on",
    ...defined({
      effort,
      budgetTokens,
      shown: display === undefined ? undefined : display !== "omitted",
      adaptive: type === "adaptive" ? true : undefined,
    }),
  };
}
