import type { JsonObject } from "../../../exchange/json.ts";
import type { AnswerFacts } from "../../translation.ts";
import type { ReasoningPart, ToolCallPart } from "../conversation.ts";
import { sealOf } from "./signature.ts";

/** Output items as the API gives them: each with an id of its own and a status. */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

type ItemKind = "msg" | "rs" | "fc";

/** Ids of items: no two in an answer are alike, and no two answers have one in common. */
export class ItemIds {
  readonly #facts: AnswerFacts;
  readonly #used = new Set<string>();

  constructor(facts: AnswerFacts) {
    this.#facts = facts;
  }

  /** @param wanted the id that the item has at its provider, which is kept where it can be */
  next(kind: ItemKind, wanted = ""): string {
    const isFree = wanted !== "" && !this.#used.has(wanted);
    const id = isFree ? wanted : `${kind}_${this.#facts.id}_${this.#used.size}`;
    this.#used.add(id);
    return id;
  }
}

export function messageItem(id: string, content: readonly JsonObject[], status: ItemStatus): JsonObject {
  return { id, type: "message", status, role: "assistant", content };
}

export function textContent(text: string): JsonObject {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

export function refusalContent(refusal: string): JsonObject {
  return { type: "refusal", refusal };
}

export function summaryPart(text: string): JsonObject {
  return { type: "summary_text", text };
}

export function callItem(id: string, call: ToolCallPart, status: ItemStatus): JsonObject {
  return {
    id,
    type: "function_call",
    status,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
  };
}

/** Thinking is shown as its summary: that is what clients show, and what they give back. */
export function reasoningItem(
  id: string,
  summary: readonly string[],
  sealed: Pick<ReasoningPart, "signature" | "encrypted">,
): JsonObject {
  const seal = sealOf(sealed);
  return {
    id,
    type: "reasoning",
    summary: summary.map(summaryPart),
    ...(seal === undefined ? {} : { encrypted_content: seal }),
  };
}
