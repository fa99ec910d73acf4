import type { ChatDialect } from "../dialect.ts";
import { writeFailure } from "./failure.ts";
import { readReply } from "./read-reply.ts";
import { readRequest } from "./read-request.ts";
import { SHARED_SETTINGS } from "./settings.ts";
import { readStream } from "./stream-reader.ts";
import { writeStream } from "./stream-writer.ts";
import { writeReply } from "./write-reply.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's chat completions, and what compatible servers add to them for thinking. */
export const openaiChat: ChatDialect = {
  name: "openai-chat",
  settings: SHARED_SETTINGS,
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  writeFailure,
  readStream,
  writeStream,
};
