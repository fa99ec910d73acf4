import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Message, Part, Role } from "../conversation.ts";
import { changed } from "../members.ts";
import type { GeminiMembers } from "./members.ts";
import { readParts } from "./read-parts.ts";

/** The turns of a conversation. What the client's functions gave stands in a turn of the user's, and becomes one of the tool's. */
export function readContents(contents: readonly GeminiMembers[], warn: Warn): readonly Message[] {
  const calls = new Calls();
  return contents.flatMap((content) => {
    const role = roleOf(content);
    const parts = readParts(content.elements("parts"), calls, warn);
    content.tellRest(warn);
    return role === "assistant"
      ? [{ role, parts, at: content.pointer }]
      : inRuns(parts, role, content.pointer);
  });
}

function roleOf(content: GeminiMembers): Role {
  const role = content.text("role") ?? "user";
  if (role === "model") return "assistant";
  if (role === "system") return role;
  // Results of functions once had a role of their own.
  if (role === "user" || role === "" || role === "function" || role === "tool") return "user";
  throw invalid(`${content.at("role")} is not known`);
}

/** Results and what is said beside them, each in messages of their own, in their order. */
function inRuns(parts: readonly Part[], role: Role, at: string): readonly Message[] {
  const messages: { role: Role; parts: Part[]; at: string }[] = [];
  for (const part of parts) {
    const speaker = part.kind === "tool_result" ? "tool" : role;
    const last = messages.at(-1);
    if (last?.role === speaker) last.parts.push(part);
    else messages.push({ role: speaker, parts: [part], at });
  }
  return messages;
}

/**
 * Which result answers which call. Where ids are missing, as they mostly are, results answer the calls of their function in
 * the order of both.
 */
export class Calls {
  readonly #open: { readonly id: string; readonly name: string }[] = [];
  #count = 0;

  /** The id of a call: its own, or one that is made up from its place. */
  begin(name: string, id: string | undefined): string {
    const own = id ?? `call_${this.#count}`;
    this.#count++;
    this.#open.push({ id: own, name });
    return own;
  }

  /** The id of the call that a result answers: the one it names, else the first of its function. */
  answer(response: GeminiMembers, warn: Warn): { readonly name: string; readonly callId: string } {
    const name = response.needText("name");
    const id = response.text("id") || undefined;
    const named = id === undefined ? -1 : this.#open.findIndex((call) => call.id === id);
    const at = named < 0 ? this.#open.findIndex((call) => call.name === name) : named;
    const [call] = at < 0 ? [] : this.#open.splice(at, 1);
    if (call?.name !== name) changed(warn, response.at("name"), "no call of this function is open");
    if (id !== undefined && call?.id !== id && call !== undefined)
      changed(warn, response.at("id"), "it names no call that is open");
    return { name, callId: call?.id ?? id ?? `call_${this.#count++}` };
  }
}
