import { chunkStream } from "../openai/stream.ts";

/** Chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming). */
export const stream = chunkStream(({ delta }) => delta);
