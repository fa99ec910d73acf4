import type { AnswerFacts, TranslatedResponse, Warn } from "../../translation.ts";
import { inputOf } from "../arguments.ts";
import type { Part, Reply } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { stopReason } from "./finish.ts";
import { sealed } from "./sealed.ts";
import { writeUsage } from "./usage.ts";
import { writeMedia } from "./write-media.ts";

/** An answer of Bedrock's, which has one choice only and does not name its model. */
export function writeReply(reply: Reply, _facts: AnswerFacts, warn: Warn): TranslatedResponse {
  const { choices, usage, serviceTier } = reply;
  const [choice] = choices;
  if (choices.length > 1) dropped(warn, "/choices", "Bedrock answers once");
  if (choice?.finish === undefined) invented(warn, "/finish_reason", "Bedrock demands a reason to stop");
  const parts = choice?.parts ?? [];
  const stopSequence = choice?.stopSequence;
  const told = {
    hasCalls: parts.some(({ kind }) => kind === "tool_call"),
    hasStopSequence: stopSequence !== undefined,
  };
  const body = defined({
    output: {
      message: {
        role: "assistant",
        content: parts.flatMap((part, index) => writeBlock(part, index, warn)),
      },
    },
    stopReason: stopReason(choice?.finish, told, warn),
    usage: usage === undefined ? undefined : writeUsage(usage),
    additionalModelResponseFields: stopSequence === undefined ? undefined : { stop_sequence: stopSequence },
    serviceTier: serviceTier === undefined ? undefined : { type: serviceTier },
  });
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json", headers: [] };
}

/** Thinking without a signature is shown all the same: only who sends it back is refused. */
function writeBlock(part: Part, index: number, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return part.text === "" ? [] : [{ text: part.text }];
    case "refusal":
      changed(warn, "/refusal", "a refusal becomes text");
      return [{ text: part.text }];
    case "reasoning": {
      const { text, signature, encrypted } = part;
      const closed =
        encrypted === undefined ? [] : [{ reasoningContent: { redactedContent: sealed(encrypted) } }];
      if (text === "" && signature === undefined) return closed;
      return [{ reasoningContent: { reasoningText: defined({ text, signature }) } }, ...closed];
    }
    case "tool_call":
      if (part.signature !== undefined) dropped(warn, "/signature", "Bedrock's calls have no signature");
      return [
        {
          toolUse: {
            toolUseId: part.id === "" ? `tooluse_${index}` : part.id,
            name: part.name,
            input: inputOf(part, "/arguments", warn),
          },
        },
      ];
    case "image":
      return writeMedia(part, warn);
    default:
      dropped(warn, "/content", `Bedrock's answers have no ${part.kind}`);
      return [];
  }
}
