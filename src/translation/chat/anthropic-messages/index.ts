import type { ChatDialect } from "../dialect.ts";
import { writeFailure } from "./failure.ts";
import { readReply } from "./read-reply.ts";
import { readRequest } from "./read-request.ts";
import { readStream } from "./stream-reader.ts";
import { writeStream } from "./stream-writer.ts";
import { writeReply } from "./write-reply.ts";
import { SETTINGS, writeRequest } from "./write-request.ts";

/** The Messages API of Anthropic. */
export const anthropicMessages: ChatDialect = {
  name: "anthropic-messages",
  settings: SETTINGS,
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  writeFailure,
  readStream,
  writeStream,
};
