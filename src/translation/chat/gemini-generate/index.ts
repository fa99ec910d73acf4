import type { ChatDialect } from "../dialect.ts";
import { writeFailure } from "./failure.ts";
import { readReply } from "./read-reply.ts";
import { readRequest } from "./read-request.ts";
import { readStream } from "./read-stream.ts";
import { writeReply } from "./write-reply.ts";
import { writeRequest } from "./write-request.ts";
import { writeStream } from "./write-stream.ts";

/** Gemini's generateContent. */
export const geminiGenerate: ChatDialect = {
  name: "gemini-generate",
  readRequest,
  writeRequest,
  readReply,
  writeReply,
  writeFailure,
  readStream,
  writeStream,
};
