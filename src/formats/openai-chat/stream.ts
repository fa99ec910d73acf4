import type { PartOf } from "../openai/answer.ts";
import { chunkLines, chunkStream } from "../openai/stream.ts";

const partOf: PartOf = ({ delta }) => delta;

/** Chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming). */
export const stream = chunkStream(partOf);
export const framings = chunkLines(partOf);
