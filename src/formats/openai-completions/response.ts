import type { JsonObject } from "../../exchange/json.ts";
import type { ReadAnswer } from "../format.ts";
import { readChoices } from "../openai/response.ts";

/** Reads a completion (https://platform.openai.com/docs/api-reference/completions/object). */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  return readChoices(body, partOf);
}

/** A choice has its text in itself, whole or as a piece of a stream. */
export function partOf({ text }: JsonObject): JsonObject {
  return text === undefined ? {} : { content: text };
}
