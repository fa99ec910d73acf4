import { chunkLines, chunkStream } from "../openai/stream.ts";
import { partOf } from "./response.ts";

/** Pieces of completions, in the form of a whole one. */
export const stream = chunkStream(partOf);
export const framings = chunkLines(partOf);
