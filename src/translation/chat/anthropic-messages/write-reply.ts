import { parsedArguments } from "../../../formats/loose.ts";
import type { AnswerFacts, TranslatedResponse, Warn } from "../../translation.ts";
import { argumentsObject } from "../arguments.ts";
import type { Part, Reply } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { stopReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";

/** A message of Anthropic's, which has one choice only. */
export function writeReply(reply: Reply, facts: AnswerFacts, warn: Warn): TranslatedResponse {
  const { id, model, choices, usage, serviceTier } = reply;
  const [choice] = choices;
  if (choices.length > 1) dropped(warn, "/choices", "Anthropic answers once");
  const parts = choice?.parts ?? [];
  if (choice?.finish === undefined) invented(warn, "/finish_reason", "Anthropic demands a reason to stop");
  const told = {
    hasCalls: parts.some(({ kind }) => kind === "tool_call"),
    hasRefusal: parts.some(({ kind }) => kind === "refusal"),
    hasStopSequence: choice?.stopSequence !== undefined,
  };
  const body = {
    id: id ?? `msg_${facts.id}`,
    type: "message",
    role: "assistant",
    model: model ?? facts.model ?? "",
    content: parts.flatMap((part, index) => writeBlock(part, index, warn)),
    stop_reason: stopReason(choice?.finish, told, warn),
    stop_sequence: choice?.stopSequence ?? null,
    usage: {
      ...(usage === undefined ? {} : writeUsage(usage)),
      ...defined({ service_tier: tierOf(serviceTier) }),
    },
  };
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json", headers: [] };
}

/** Thinking without a signature is shown all the same: only who sends it back is refused. */
function writeBlock(part: Part, index: number, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return part.text === "" ? [] : [{ type: "text", text: part.text, citations: null }];
    case "refusal":
      changed(warn, "/refusal", "a refusal becomes text");
      return [{ type: "text", text: part.text, citations: null }];
    case "reasoning": {
      const sealed =
        part.encrypted === undefined ? [] : [{ type: "redacted_thinking", data: part.encrypted }];
      if (part.text === "" && part.signature === undefined) return sealed;
      return [{ type: "thinking", thinking: part.text, signature: part.signature ?? "" }, ...sealed];
    }
    case "tool_call":
      if (part.signature !== undefined) dropped(warn, "/signature", "Anthropic's calls have no signature");
      return [
        {
          type: "tool_use",
          id: part.id === "" ? `toolu_${index}` : part.id,
          name: part.name,
          input: inputOf(part.arguments, warn),
        },
      ];
    default:
      dropped(warn, "/content", `Anthropic's answers have no ${part.kind}`);
      return [];
  }
}

/** What a model produced and is no JSON object, as when it was cut off, is given to the client as it stands. */
function inputOf(given: string, warn: Warn): unknown {
  const input = argumentsObject(given);
  if (input === undefined) changed(warn, "/arguments", "arguments that are no JSON object are a text");
  return input ?? parsedArguments(given);
}

/** OpenAI's `default` is what Anthropic calls `standard`. */
function tierOf(tier: string | undefined): string | undefined {
  return tier === "default" || tier === "auto" ? "standard" : tier === "priority" ? tier : undefined;
}
