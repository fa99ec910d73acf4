import type { Warn } from "../../translation.ts";
import type { Message } from "../conversation.ts";
import { append, changed, defined, dropped } from "../members.ts";
import { PartWriter } from "./write-parts.ts";

type Content = { readonly role: "user" | "model"; readonly parts: readonly object[] };

/**
 * The turns of a conversation: those of one side are joined, because Gemini's alternate. Instructions are no turns: all of
 * them come before the first.
 */
export function writeContents(
  messages: readonly Message[],
  model: string,
  warn: Warn,
): { readonly contents: readonly Content[]; readonly systemInstruction?: object } {
  const writer = new PartWriter(messages, model, warn);
  const contents: { readonly role: Content["role"]; readonly parts: object[] }[] = [];
  const instructions: object[] = [];
  for (const message of messages) {
    if (message.name !== undefined)
      dropped(warn, `${message.at ?? "/messages"}/name`, "Gemini's turns have no names");
    if (message.role === "system" || message.role === "developer") {
      if (contents.length > 0) changed(warn, message.at ?? "/messages", "instructions come before all turns");
      append(instructions, writer.parts(message.parts));
      continue;
    }
    const role = message.role === "assistant" ? "model" : "user";
    const parts = role === "model" ? writer.turn(message.parts) : writer.parts(message.parts);
    const last = contents.at(-1);
    if (last?.role === role) append(last.parts, parts);
    else if (parts.length > 0) contents.push({ role, parts: [...parts] });
  }
  const last = messages.at(-1);
  if (last?.role === "assistant")
    changed(warn, last.at ?? "/messages", "Gemini answers after this turn instead of going on with it");
  return {
    contents: contents.map(({ role, parts }) => ({ role, parts: writer.inOrder(parts) })),
    ...defined({ systemInstruction: instructions.length === 0 ? undefined : { parts: instructions } }),
  };
}
