import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";

/** Which recorded answer a request wants to get, `FOLDER/FILE`: the header `x-sim-replay`. */
export const REPLAY_HEADER = "x-sim-replay";

/** Two names, and nothing that leads out of the folder. */
const NAME = /^[\w-]+\/(?!\.)[\w.-]+$/;

/** Bytes of a piece. Odd and small, so that events and characters are cut anywhere. */
const PIECE_BYTES = 97;

const JSON_TYPE = "application/json";
const CONTENT_TYPES = [
  [".sse", "text/event-stream; charset=utf-8"],
  [".bin", "application/vnd.amazon.eventstream"],
  [".json", JSON_TYPE],
] as const;

/**
 * Answers with a recorded body, byte for byte, an event stream in small pieces.
 *
 * @throws Error when the name is none, or nothing was recorded under it.
 */
export async function sendRecorded(response: ServerResponse, folder: string, name: string): Promise<void> {
  const contentType = CONTENT_TYPES.find(([ending]) => name.endsWith(ending))?.[1];
  if (!NAME.test(name) || contentType === undefined) throw new Error(`${name} names no recorded answer`);
  const body = readFileSync(join(folder, name));
  response.writeHead(200, { "content-type": contentType });
  if (contentType === JSON_TYPE) {
    response.end(body);
    return;
  }
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    response.write(body.subarray(at, at + PIECE_BYTES));
    await turn();
  }
  response.end();
}
