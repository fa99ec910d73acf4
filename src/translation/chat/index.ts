import type { FormatName } from "../../exchange/inference.ts";
import type { Translator } from "../translation.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import { bedrockConverse } from "./bedrock-converse/index.ts";
import type { ChatDialect } from "./dialect.ts";
import { geminiGenerate } from "./gemini-generate/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";
import { chatTranslator } from "./translator.ts";

/** Every dialect of chat, one line each. */
export const CHAT_DIALECTS: readonly ChatDialect[] = [
  openaiChat,
  anthropicMessages,
  openaiResponses,
  geminiGenerate,
  bedrockConverse,
];

/** Undefined where one of the two is no dialect of chat. */
export function chatTranslatorOf(from: FormatName, to: FormatName): Translator | undefined {
  const source = CHAT_DIALECTS.find(({ name }) => name === from);
  const target = CHAT_DIALECTS.find(({ name }) => name === to);
  return source === undefined || target === undefined ? undefined : chatTranslator(source, target);
}
