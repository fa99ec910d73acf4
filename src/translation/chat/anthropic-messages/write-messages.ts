import type { Warn } from "../../translation.ts";
import type { Message, Part } from "../conversation.ts";
import { append, changed, dropped } from "../members.ts";
import { writeBlocks } from "./write-blocks.ts";

type Written = { readonly role: "user" | "assistant"; readonly content: object[] };

/**
 * The instructions, which stand apart, and turns that alternate: messages of one role after another become one, with the
 * results of tools in the user's.
 */
export function writeMessages(messages: readonly Message[], warn: Warn): object {
  const system: object[] = [];
  const turns: Written[] = [];
  for (const [index, message] of messages.entries()) {
    const { role, name, at = "/messages" } = message;
    if (name !== undefined) dropped(warn, `${at}/name`, "Anthropic's messages name nobody");
    const isLast = index === messages.length - 1;
    const content = writeBlocks(isLast ? trimmed(message, warn) : message.parts, role, warn);
    if (role === "system" || role === "developer") {
      if (turns.length > 0) changed(warn, at, "instructions come first, wherever they stood");
      append(system, content);
      continue;
    }
    if (content.length === 0) {
      dropped(warn, at, "Anthropic has no messages that are empty");
      continue;
    }
    const speaker = role === "assistant" ? role : "user";
    const before = turns.at(-1);
    if (before?.role === speaker) append(before.content, content);
    else turns.push({ role: speaker, content: [...content] });
    if (isLast && speaker === "assistant")
      changed(warn, at, "Anthropic goes on with this message instead of answering after it");
  }
  return {
    ...(system.length === 0 ? {} : { system: plainly(system) }),
    messages: turns.map(({ role, content }) => ({ role, content: plainly(content) })),
  };
}

/** One text without more is written as such. */
function plainly(content: readonly object[]): string | readonly object[] {
  const [first] = content as readonly { type?: string; text?: string }[];
  const isPlain = content.length === 1 && first?.type === "text" && Object.keys(first).length === 2;
  return isPlain ? (first.text as string) : content;
}

/** Anthropic refuses to go on with a text that ends in white space. */
function trimmed({ role, parts, at = "/messages" }: Message, warn: Warn): readonly Part[] {
  const last = parts.at(-1);
  if (role !== "assistant" || last?.kind !== "text" || last.text === last.text.trimEnd()) return parts;
  changed(warn, last.at ?? at, "white space at the end is cut off");
  return [...parts.slice(0, -1), { ...last, text: last.text.trimEnd() }];
}
