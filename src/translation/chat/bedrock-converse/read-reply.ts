import { RegentError } from "../../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { CONVERSE_BLOCKS_MAX } from "../../../formats/bedrock-converse/answer.ts";
import { finishKind } from "../../../formats/bedrock-converse/finish.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { Failure, Part, Reply } from "../conversation.ts";
import { answerOrFailure, tellUnread, textOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { readFailure } from "./failure.ts";
import { mediaTypeOf } from "./media-formats.ts";
import { openSealed } from "./sealed.ts";
import { readWholeUsage } from "./usage.ts";

/**
 * An answer, read loosely.
 *
 * @throws RegentError upstream_invalid when it is no JSON, has no message, or more blocks than are taken
 */
export function readReply(
  bytes: Buffer,
  facts: AnswerFacts,
  warn: Warn,
): Reply | { readonly failure: Failure } {
  const read = answerOrFailure(bytes, (object) => readFailure(object, facts.headers, facts.status));
  if ("failure" in read) return read;
  const body = read.object;
  const message = memberOf(body.output, "message");
  const content = memberOf(message, "content");
  if (!Array.isArray(content)) throw new RegentError("upstream_invalid", "The answer has no message.");
  if (content.length > CONVERSE_BLOCKS_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many content blocks.");
  tellUnread(body, READ, "", warn);
  const reason = textOf(body.stopReason);
  const stopSequence = tellFields(body.additionalModelResponseFields, warn);
  return {
    ...defined({
      usage: readWholeUsage(body.usage),
      serviceTier: textOf(memberOf(body.serviceTier, "type")),
    }),
    choices: [
      {
        parts: (content as readonly JsonValue[])
          .filter(isJsonObject)
          .flatMap((block) => readBlock(block, warn)),
        finish: reason === undefined ? undefined : finishKind(reason),
        ...defined({ rawFinish: reason, stopSequence }),
      },
    ],
  };
}

/** How long the model took says nothing of the answer. */
const READ: ReadonlySet<string> = new Set([
  "output",
  "stopReason",
  "usage",
  "metrics",
  "serviceTier",
  "additionalModelResponseFields",
]);

/** Anthropic's models say there which sequence was met, where the request asked for it. */
export function tellFields(fields: JsonValue | undefined, warn: Warn): string | undefined {
  if (!isJsonObject(fields)) return undefined;
  tellUnread(fields, new Set(["stop_sequence"]), "/additionalModelResponseFields", warn);
  return textOf(fields.stop_sequence);
}

function readBlock(block: JsonObject, warn: Warn): readonly Part[] {
  const { text, toolUse, reasoningContent, citationsContent, image } = block;
  if (typeof text === "string") return [{ kind: "text", text }];
  if (isJsonObject(toolUse) && toolUse.type !== "server_tool_use") return [readCall(toolUse)];
  if (isJsonObject(reasoningContent)) return [readReasoning(reasoningContent)];
  if (isJsonObject(citationsContent)) return [readCited(citationsContent, warn)];
  const picture = isJsonObject(image) ? readImage(image) : undefined;
  if (picture !== undefined) return [picture];
  dropped(warn, "/output/message/content", "what the provider runs by itself has no counterpart");
  return [];
}

function readCall({ toolUseId, name, input }: JsonObject): Part {
  return {
    kind: "tool_call",
    id: textOf(toolUseId) ?? "",
    name: textOf(name) ?? "",
    arguments: answeredArguments(input ?? {}),
  };
}

function readReasoning({ reasoningText, redactedContent }: JsonObject): Part {
  const encrypted = textOf(redactedContent);
  return {
    kind: "reasoning",
    text: textOf(memberOf(reasoningText, "text")) ?? "",
    ...defined({
      signature: textOf(memberOf(reasoningText, "signature")),
      encrypted: encrypted === undefined ? undefined : openSealed(encrypted),
    }),
  };
}

function readCited({ content, citations }: JsonObject, warn: Warn): Part {
  if (Array.isArray(citations) && citations.length > 0)
    dropped(warn, "/output/message/content/citationsContent/citations", "quotations have no counterpart");
  const pieces = Array.isArray(content) ? (content as readonly JsonValue[]) : [];
  return { kind: "text", text: pieces.map((piece) => textOf(memberOf(piece, "text")) ?? "").join("") };
}

function readImage({ format, source }: JsonObject): Part | undefined {
  const mediaType = mediaTypeOf("image", textOf(format) ?? "");
  const data = textOf(memberOf(source, "bytes"));
  if (mediaType === undefined || data === undefined) return undefined;
  return { kind: "image", source: { from: "base64", mediaType, data } };
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}
