import { chunkStream } from "../openai/stream.ts";
import { noPart } from "./response.ts";

/** No server streams embeddings. One that does all the same is read for errors and usage. */
export const stream = chunkStream(noPart);
