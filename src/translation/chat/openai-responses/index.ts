import type { ChatDialect } from "../dialect.ts";
import { writeFailure } from "../openai-chat/failure.ts";
import { SHARED_SETTINGS } from "../openai-chat/settings.ts";
import { readRequest } from "./read-request.ts";
import { readStream } from "./read-stream.ts";
import { readReply, writeReply } from "./reply.ts";
import { writeRequest } from "./write-request.ts";
import { writeStream } from "./write-stream.ts";

/** OpenAI responses. */
export const openaiResponses: ChatDialect = {
  name: "openai-responses",
  settings: SHARED_SETTINGS,
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  writeFailure,
  readStream,
  writeStream,
};
