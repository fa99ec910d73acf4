import type { Refusal } from "../format.ts";
import { errorObject } from "../openai/refuse.ts";

/**
 * An `error` event as api.openai.com sends it, with the members of its reference beside the object: the official clients
 * raise an APIError on its name, others on its type. A client that is strict about the number of the event gets one.
 */
export function refuseInStream(refusal: Refusal): Buffer {
  const { error } = errorObject(refusal);
  const event = {
    type: "error",
    sequence_number: 0,
    code: error.code,
    message: error.message,
    param: null,
    error,
  };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}
