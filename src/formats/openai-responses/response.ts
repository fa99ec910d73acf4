import type { ReadAnswer } from "../format.ts";
import { readWhole } from "../openai/response.ts";
import { ResponseBuilder } from "./answer.ts";

/** Reads a whole response (https://platform.openai.com/docs/api-reference/responses/object). */
export function readResponse(_status: number, body: Buffer): ReadAnswer {
  const builder = new ResponseBuilder(true);
  return readWhole(body, {
    add: (response) => builder.take(response, true),
    answer: () => builder.answer(),
  });
}
