import { RegentError } from "../../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { CHOICES_MAX } from "../../../formats/openai/answer.ts";
import { finishKind } from "../../../formats/openai/finish.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { Choice, Failure, Part, Reply, ToolCallPart } from "../conversation.ts";
import { answerOrFailure, secondsOf, tellUnread, textOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { callSignature } from "./call-signature.ts";
import { readFailure } from "./failure.ts";
import { REASONING_MEMBERS, replyReasoning } from "./reply-reasoning.ts";
import { readWholeUsage } from "./usage.ts";

/**
 * A chat completion (https://platform.openai.com/docs/api-reference/chat/object), read loosely: servers differ.
 *
 * @throws RegentError upstream_invalid when it is no JSON, has no choices, or more than are taken
 */
export function readReply(
  bytes: Buffer,
  facts: AnswerFacts,
  warn: Warn,
): Reply | { readonly failure: Failure } {
  const read = answerOrFailure(bytes, (object) => readFailure(object, facts.status));
  if ("failure" in read) return read;
  const body = read.object;
  if (!Array.isArray(body.choices)) throw new RegentError("upstream_invalid", "The answer has no choices.");
  const choices = (body.choices as readonly JsonValue[]).filter(isJsonObject);
  if (choices.length > CHOICES_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many choices.");
  tellUnread(body, REPLY_MEMBERS, "", warn);
  const { id, created, model, service_tier: tier } = body;
  return {
    ...defined({
      id: textOf(id),
      createdS: secondsOf(created),
      model: textOf(model),
      serviceTier: textOf(tier),
      usage: readWholeUsage(body),
    }),
    choices: inOrder(choices).map((choice) => readChoice(choice, warn)),
  };
}

function inOrder(choices: readonly JsonObject[]): readonly JsonObject[] {
  const index = (choice: JsonObject) => (typeof choice.index === "number" ? choice.index : 0);
  return choices.toSorted((a, b) => index(a) - index(b));
}

function readChoice(choice: JsonObject, warn: Warn): Choice {
  const message = isJsonObject(choice.message) ? choice.message : {};
  tellUnread(choice, CHOICE_MEMBERS, "/choices", warn);
  tellUnread(message, MESSAGE_MEMBERS, "/choices/message", warn);
  const reason = textOf(choice.finish_reason);
  return {
    parts: readParts(message, warn),
    finish: reason === undefined ? undefined : (finishKind(reason) ?? undefined),
    ...defined({ rawFinish: reason }),
  };
}

function readParts(message: JsonObject, warn: Warn): readonly Part[] {
  const parts: Part[] = [...replyReasoning(message), ...readContent(message.content, warn)];
  const refusal = textOf(message.refusal);
  if (refusal !== undefined) parts.push({ kind: "refusal", text: refusal });
  const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as readonly JsonValue[]) : [];
  if (calls.length > TOOL_CALLS_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many tool calls.");
  for (const [index, call] of calls.entries()) {
    const read = isJsonObject(call) ? readCall(call, index, warn) : undefined;
    if (read !== undefined) parts.push(read);
  }
  const older = isJsonObject(message.function_call) ? callOf("call_0", message.function_call) : undefined;
  // Some servers send an object without words where there is no call.
  if (older !== undefined && (older.name !== "" || older.arguments !== "")) parts.push(older);
  return parts;
}

/** A text, or a list of parts as Mistral has it; their thinking is read with the rest of it. */
function readContent(content: JsonValue | undefined, warn: Warn): readonly Part[] {
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return [];
  return (content as readonly JsonValue[]).flatMap((part): Part[] => {
    if (isJsonObject(part) && typeof part.text === "string") return [{ kind: "text", text: part.text }];
    if (!isJsonObject(part) || part.type !== "thinking")
      dropped(warn, "/choices/message/content", "a part of this type has no counterpart");
    return [];
  });
}

function readCall(call: JsonObject, index: number, warn: Warn): ToolCallPart | undefined {
  const id = textOf(call.id) ?? `call_${index}`;
  if (isJsonObject(call.function))
    return { ...callOf(id, call.function), ...defined({ signature: callSignature(call) }) };
  dropped(warn, "/choices/message/tool_calls", "only calls of functions have a counterpart");
  return undefined;
}

function callOf(id: string, definition: JsonObject): ToolCallPart {
  const { name, arguments: given } = definition;
  return { kind: "tool_call", id, name: textOf(name) ?? "", arguments: answeredArguments(given) };
}

/** Members that are read, or that say nothing to the client of another dialect. */
const REPLY_MEMBERS: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "x_groq",
]);
const CHOICE_MEMBERS: ReadonlySet<string> = new Set(["index", "message", "finish_reason"]);
const MESSAGE_MEMBERS: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  ...REASONING_MEMBERS,
]);
