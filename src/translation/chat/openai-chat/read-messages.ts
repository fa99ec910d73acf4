import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { MediaPart, Message, Part, TextPart, ToolCallPart, ToolResultPart } from "../conversation.ts";
import { changed, defined, dropped, Members } from "../members.ts";
import { readCallSignature } from "./call-signature.ts";
import { readContent } from "./read-parts.ts";
import { readReasoning } from "./read-reasoning.ts";

/** @throws RegentError body_invalid */
export function readMessages(list: readonly JsonValue[] | undefined, warn: Warn): readonly Message[] {
  if (list === undefined) throw invalid("messages is missing");
  const calls = new KnownCalls();
  return list.map((value, index) => {
    const message = new Members(value, `/messages/${index}`);
    const read = readMessage(message, calls, warn);
    message.tellRest(warn);
    return read;
  });
}

function readMessage(message: Members, calls: KnownCalls, warn: Warn): Message {
  const role = message.needText("role");
  const at = message.pointer;
  switch (role) {
    case "system":
    case "developer":
    case "user":
      return {
        role,
        ...defined({ name: message.text("name") }),
        parts: readContent(message.value("content"), message.at("content"), warn),
        at,
      };
    case "assistant":
      return {
        role,
        ...defined({ name: message.text("name") }),
        parts: readAnswer(message, calls, warn),
        at,
      };
    case "tool":
    case "function":
      return { role: "tool", parts: [readResult(message, role, calls, warn)], at };
    default:
      throw invalid(`${message.at("role")} is not known`);
  }
}

function readAnswer(message: Members, calls: KnownCalls, warn: Warn): readonly Part[] {
  const reasoning = readReasoning(message, warn);
  const content = readContent(message.value("content"), message.at("content"), warn);
  const refusal = message.text("refusal");
  const parts: Part[] = [...reasoning, ...content];
  if (refusal !== undefined) parts.push({ kind: "refusal", text: refusal, at: message.at("refusal") });
  for (const [index, call] of (message.list("tool_calls") ?? []).entries()) {
    const read = readCall(new Members(call, `${message.at("tool_calls")}/${index}`), warn);
    if (read === undefined) continue;
    calls.add(read.id, read.name);
    parts.push(read);
  }
  const older = message.object("function_call");
  if (older !== undefined) parts.push(calls.call(older, warn));
  // An answer's audio can be named again only to the provider that keeps it.
  if (message.has("audio"))
    dropped(warn, message.at("audio"), "an earlier answer's audio has no counterpart");
  message.skip("audio");
  return parts;
}

function readCall(call: Members, warn: Warn): ToolCallPart | undefined {
  const type = call.text("type") ?? "function";
  const definition = call.object("function");
  if (type !== "function" || definition === undefined) {
    if (type === "function") throw invalid(`${call.at("function")} is missing`);
    dropped(warn, call.pointer, "only calls of functions have a counterpart");
    return undefined;
  }
  const read: ToolCallPart = {
    kind: "tool_call",
    id: call.needText("id"),
    name: definition.needText("name"),
    arguments: definition.text("arguments") ?? "",
    ...defined({ signature: readCallSignature(call, warn) }),
    at: call.pointer,
  };
  call.skip("index");
  definition.tellRest(warn);
  call.tellRest(warn);
  return read;
}

function readResult(message: Members, role: string, calls: KnownCalls, warn: Warn): ToolResultPart {
  const parts = readContent(message.value("content"), message.at("content"), warn);
  const name = message.text("name");
  const callId = role === "function" ? calls.idOf(name) : message.needText("tool_call_id");
  if (name !== undefined && calls.nameOf(callId) !== name)
    changed(warn, message.at("name"), "the call that this answers is of another name");
  const content = parts.filter((part): part is TextPart | MediaPart => {
    const fits = part.kind !== "reasoning" && part.kind !== "refusal" && part.kind !== "tool_call";
    if (!fits) dropped(warn, part.at ?? message.pointer, "a result has no part of this kind");
    return fits;
  });
  return { kind: "tool_result", callId, ...defined({ name }), content, at: message.pointer };
}

/**
 * Calls up to here. The older ones have no ids: a result belongs to the last call of its function, so ids are made up by
 * their places.
 */
class KnownCalls {
  readonly #names = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  #count = 0;

  add(id: string, name: string): void {
    this.#names.set(id, name);
  }

  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  call(definition: Members, warn: Warn): ToolCallPart {
    const name = definition.needText("name");
    const id = `call_${this.#count++}`;
    this.add(id, name);
    this.#ids.set(name, id);
    const read: ToolCallPart = {
      kind: "tool_call",
      id,
      name,
      arguments: definition.text("arguments") ?? "",
      at: definition.pointer,
    };
    definition.tellRest(warn);
    return read;
  }

  idOf(name = ""): string {
    return this.#ids.get(name) ?? `call_${this.#count++}`;
  }
}
