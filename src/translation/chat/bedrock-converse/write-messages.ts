import type { Warn } from "../../translation.ts";
import type { Message } from "../conversation.ts";
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
  for (const { role, name, parts, at = "/messages" } of messages) {
    if (name !== undefined) dropped(warn, `${at}/name`, "Bedrock's messages name nobody");
    const content = writeBlocks(parts, role, warn);
    if (role === "system" || role === "developer") {
      if (turns.length > 0) changed(warn, at, "instructions come first, wherever they stood");
      append(system, content);
    } else if (content.length === 0) dropped(warn, at, "Bedrock has no messages that are empty");
    else addTurn(turns, role === "assistant" ? role : "user", content);
  }
  nameApart(turns);
  return { ...(system.length === 0 ? {} : { system }), messages: turns };
}

/** Bedrock refuses two documents of one name in a request. */
function nameApart(turns: readonly Written[]): void {
  const seen = new Map<string, number>();
  for (const block of turns.flatMap(({ content }) => content)) {
    const { document } = block as { document?: { name: string } };
    if (document === undefined) continue;
    const count = (seen.get(document.name) ?? 0) + 1;
    seen.set(document.name, count);
    if (count > 1) document.name = `${document.name} [${count}]`;
  }
}

function addTurn(turns: Written[], role: Written["role"], content: readonly object[]): void {
  const before = turns.at(-1);
  if (before?.role === role) append(before.content, content);
  else turns.push({ role, content: [...content] });
}
