import type { JsonObject } from "../../../exchange/json.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { ReasoningPart, ToolCallPart } from "../conversation.ts";
import { dropped } from "../members.ts";
import { callItem, ItemIds, type ItemStatus, messageItem, reasoningItem } from "./items.ts";

/** An item while parts are added to it. */
type Open =
  | { readonly kind: "message"; readonly id: string; readonly content: JsonObject[] }
  | { readonly kind: "reasoning"; readonly id: string; readonly parts: ReasoningPart[] }
  | { readonly kind: "call"; readonly id: string; readonly call: ToolCallPart };

/** The output of a response, part by part: what is said together is one message, what is thought under one id one item. */
export class Output {
  readonly #open: Open[] = [];
  readonly #ids: ItemIds;

  constructor(facts: AnswerFacts) {
    this.#ids = new ItemIds(facts);
  }

  say(content: JsonObject): void {
    const last = this.#open.at(-1);
    if (last?.kind === "message") last.content.push(content);
    else this.#open.push({ kind: "message", id: this.#ids.next("msg"), content: [content] });
  }

  think(part: ReasoningPart): void {
    const last = this.#open.at(-1);
    if (last?.kind === "reasoning" && last.id === part.id) last.parts.push(part);
    else this.#open.push({ kind: "reasoning", id: this.#ids.next("rs", part.id), parts: [part] });
  }

  call(call: ToolCallPart, warn: Warn): void {
    if (call.signature !== undefined)
      dropped(warn, call.at ?? "/signature", "a call has no signature in this dialect");
    this.#open.push({ kind: "call", id: this.#ids.next("fc"), call });
  }

  /** @param status of the message that is last, which may be cut; what came before it is whole */
  items(status: ItemStatus): JsonObject[] {
    return this.#open.map((item, index) => {
      if (item.kind === "call") return callItem(item.id, item.call, "completed");
      if (item.kind === "message")
        return messageItem(item.id, item.content, index === this.#open.length - 1 ? status : "completed");
      const texts = item.parts.map(({ text }) => text).filter((text) => text !== "");
      return reasoningItem(item.id, texts, item.parts.findLast(isSealed) ?? {});
    });
  }
}

function isSealed({ signature, encrypted }: ReasoningPart): boolean {
  return signature !== undefined || encrypted !== undefined;
}
