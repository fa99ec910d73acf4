import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { Message, Part, ReasoningPart, Role } from "../conversation.ts";
import { append, changed, defined, dropped, Members } from "../members.ts";
import { dropMember, objectsIn, unsupported } from "./members.ts";
import { readContent, readResult } from "./read-content.ts";
import { readSeal } from "./signature.ts";

/**
 * The items of an input as messages: what a model gave in one turn (reasoning, text, calls) becomes one message, and so
 * do the results of its tools.
 *
 * @throws RegentError body_invalid or translation_unsupported
 */
export function readInput(input: JsonValue | undefined, warn: Warn): Message[] {
  if (input === undefined) throw invalid("input is missing");
  if (typeof input === "string") {
    return [{ role: "user", parts: [{ kind: "text", text: input, at: "/input" }], at: "/input" }];
  }
  if (!Array.isArray(input)) throw invalid("input must be a text or a list of items");
  const turns = new Turns();
  for (const [index, item] of (input as readonly JsonValue[]).entries()) {
    readItem(new Members(item, `/input/${index}`), turns, warn);
  }
  return turns.messages;
}

/** Messages that grow by the items that belong to them. */
class Turns {
  readonly messages: { readonly role: Role; readonly parts: Part[]; readonly at: string }[] = [];

  /** Puts parts into the message that is open if it is of this role, else into a new one. */
  add(role: Role, parts: readonly Part[], at: string): void {
    const last = this.messages.at(-1);
    if (last?.role === role) append(last.parts, parts);
    else this.open(role, parts, at);
  }

  open(role: Role, parts: readonly Part[], at: string): void {
    this.messages.push({ role, parts: [...parts], at });
  }

  /** Whether the last thing in the message that is open is said, not thought or called. */
  get hasSpoken(): boolean {
    const kind = this.messages.at(-1)?.parts.at(-1)?.kind;
    return kind === "text" || kind === "refusal";
  }
}

function readItem(item: Members, turns: Turns, warn: Warn): void {
  const type = item.text("type");
  const at = item.pointer;
  if (type === "message" || (type === undefined && item.has("role"))) readMessage(item, turns, warn);
  else if (type === "function_call") turns.add("assistant", [readCall(item)], at);
  else if (type === "function_call_output") turns.add("tool", [readOutput(item, warn)], at);
  else if (type === "reasoning") turns.add("assistant", readReasoning(item, warn), at);
  else if (isKept(type)) throw unsupported(at, "names something that only the provider has");
  else {
    dropped(warn, at, "an item of a tool that the provider brings along has no counterpart");
    return;
  }
  skipNames(item, warn);
  item.tellRest(warn);
}

/** What the API names and marks its items with says nothing to anybody else; other words might. */
function skipNames(item: Members, warn: Warn): void {
  if (!API_ID.test(item.text("id") ?? "msg_")) dropped(warn, item.at("id"), "items have no ids elsewhere");
  dropMember(
    item,
    "status",
    warn,
    "items have no status elsewhere",
    "completed",
    "incomplete",
    "in_progress",
  );
}

/** `msg_...`, `fc_...`, `rs_...` */
const API_ID = /^[a-z]{1,8}_[\w-]*$/;

/** What stands for a conversation that only the provider can read. An item without a type is a reference. */
function isKept(type: string | undefined): boolean {
  return type === undefined || type === "item_reference" || type.startsWith("compaction");
}

function readMessage(item: Members, turns: Turns, warn: Warn): void {
  dropMember(item, "phase", warn, "whether a text was a comment or the answer cannot be said");
  const role = item.needText("role");
  if (!isRole(role)) throw unsupported(item.at("role"), "is a role that other dialects have not");
  const parts = readContent(item.value("content"), item.at("content"), warn);
  if (role === "assistant" && !turns.hasSpoken) turns.add(role, parts, item.pointer);
  else turns.open(role, parts, item.pointer);
}

function isRole(role: string): role is Exclude<Role, "tool"> {
  return role === "user" || role === "assistant" || role === "system" || role === "developer";
}

function readCall(item: Members): Part {
  return {
    kind: "tool_call",
    id: item.needText("call_id"),
    name: item.needText("name"),
    arguments: item.needText("arguments"),
    at: item.pointer,
  };
}

function readOutput(item: Members, warn: Warn): Part {
  return {
    kind: "tool_result",
    callId: item.needText("call_id"),
    content: readResult(item.value("output"), item.at("output"), warn),
    at: item.pointer,
  };
}

/** A part for each piece of the summary, or of the text where there is one; what seals them is with the last. */
function readReasoning(item: Members, warn: Warn): ReasoningPart[] {
  const content = textsIn(item, "content", warn);
  const summary = textsIn(item, "summary", warn);
  if (content.length > 0 && summary.length > 0) {
    changed(warn, item.at("summary"), "the reasoning is carried without the summary of it");
  }
  const seal = readSeal(item.text("encrypted_content"));
  const id = item.text("id");
  const texts = content.length > 0 ? content : summary;
  if (texts.length === 0 && seal.encrypted === undefined && seal.signature === undefined) return [];
  const parts = (texts.length === 0 ? [""] : texts).map(
    (text): ReasoningPart => ({ kind: "reasoning", text, ...defined({ id }), at: item.pointer }),
  );
  return parts.map((part, index) => (index === parts.length - 1 ? { ...part, ...seal } : part));
}

function textsIn(item: Members, key: string, warn: Warn): string[] {
  return objectsIn(item, key).map((part) => {
    part.skip("type");
    const text = part.needText("text");
    part.tellRest(warn);
    return text;
  });
}
