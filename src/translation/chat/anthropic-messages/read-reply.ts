import { RegentError } from "../../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { CONTENT_BLOCKS_MAX } from "../../../formats/anthropic-messages/answer.ts";
import { finishKind } from "../../../formats/anthropic-messages/finish.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { Failure, Part, Reply } from "../conversation.ts";
import { answerOrFailure, tellUnread, textOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { readFailure } from "./failure.ts";
import { readWholeUsage } from "./usage.ts";

/**
 * A message, read loosely.
 *
 * @throws RegentError upstream_invalid when it is no JSON, has no content, or more blocks than are taken
 */
export function readReply(
  bytes: Buffer,
  facts: AnswerFacts,
  warn: Warn,
): Reply | { readonly failure: Failure } {
  const read = answerOrFailure(bytes, (object) => readFailure(object, facts.status));
  if ("failure" in read) return read;
  const body = read.object;
  if (!Array.isArray(body.content)) throw new RegentError("upstream_invalid", "The answer has no content.");
  const blocks = (body.content as readonly JsonValue[]).filter(isJsonObject);
  if (blocks.length > CONTENT_BLOCKS_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many content blocks.");
  tellUnread(body, MESSAGE_MEMBERS, "", warn);
  const reason = textOf(body.stop_reason);
  return {
    ...defined({
      id: textOf(body.id),
      model: textOf(body.model),
      usage: readWholeUsage(body.usage),
      serviceTier: tierOf(body.usage),
    }),
    choices: [
      {
        parts: blocks.flatMap((block) => readBlock(block, warn)),
        finish: reason === undefined ? undefined : finishKind(reason),
        ...defined({ rawFinish: reason, stopSequence: textOf(body.stop_sequence) }),
      },
    ],
  };
}

function readBlock(block: JsonObject, warn: Warn): readonly Part[] {
  const known = MEMBERS.get(textOf(block.type) ?? "");
  if (known === undefined) {
    dropped(warn, "/content", "blocks of what the provider runs by itself have no counterpart");
    return [];
  }
  tellUnread(block, known, "/content", warn);
  switch (block.type) {
    case "text":
      return [{ kind: "text", text: textOf(block.text) ?? "" }];
    case "thinking":
      return [
        {
          kind: "reasoning",
          text: textOf(block.thinking) ?? "",
          ...defined({ signature: textOf(block.signature) }),
        },
      ];
    case "redacted_thinking":
      return [{ kind: "reasoning", text: "", encrypted: textOf(block.data) ?? "" }];
    default:
      return [
        {
          kind: "tool_call",
          id: textOf(block.id) ?? "",
          name: textOf(block.name) ?? "",
          arguments: answeredArguments(block.input ?? {}),
        },
      ];
  }
}

/** Blocks that are understood, and what is read of them. Who may call a tool is the client's own affair. */
export const MEMBERS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["text", new Set(["type", "text"])],
  ["thinking", new Set(["type", "thinking", "signature"])],
  ["redacted_thinking", new Set(["type", "data"])],
  ["tool_use", new Set(["type", "id", "name", "input", "caller"])],
]);

const MESSAGE_MEMBERS: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "usage",
]);

/** Anthropic's `standard` is what OpenAI calls `default`. */
export function tierOf(usage: JsonValue | undefined): string | undefined {
  const tier = isJsonObject(usage) ? textOf(usage.service_tier) : undefined;
  return tier === "standard" ? "default" : tier;
}
