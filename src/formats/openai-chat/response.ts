import type { ReadAnswer } from "../format.ts";
import { readChoices } from "../openai/response.ts";

/** Reads a chat completion (https://platform.openai.com/docs/api-reference/chat/object). */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  return readChoices(body, ({ message }) => message);
}
