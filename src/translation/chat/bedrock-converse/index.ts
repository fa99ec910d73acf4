import type { ChatDialect } from "../dialect.ts";
import { writeFailure } from "./failure.ts";
import { readReply } from "./read-reply.ts";
import { readRequest } from "./read-request.ts";
import { readStream } from "./read-stream.ts";
import { SETTINGS } from "./write-fields.ts";
import { writeReply } from "./write-reply.ts";
import { writeRequest } from "./write-request.ts";
import { writeStream } from "./write-stream.ts";

/** Bedrock's Converse and ConverseStream. */
export const bedrockConverse: ChatDialect = {
  name: "bedrock-converse",
  settings: SETTINGS,
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  writeFailure,
  readStream,
  writeStream,
};
