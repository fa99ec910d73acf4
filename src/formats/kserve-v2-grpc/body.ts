import { RegentError } from "../../exchange/errors.ts";
import type { RequestMessage } from "../format.ts";
import { readFrames } from "./frames.ts";
import { type InferMessage, parseInfer } from "./messages.ts";
import { fieldBudget } from "./wire.ts";

/** A request body taken apart: one message, or those of a stream that came at once. */
export type InferBody = {
  /** With the frames that the messages came in. */
  readonly requests: readonly (InferMessage & { readonly frame: Buffer; readonly pointer: string })[];
};

/** @throws RegentError body_invalid, encoding_unsupported or body_too_large */
export function parseBody({ bytes, headers, endpoint, before = 0 }: RequestMessage): InferBody {
  const budget = fieldBudget();
  const messages = readFrames(bytes, headers);
  const isStream = endpoint.stream === true;
  if (messages.length === 0) throw new RegentError("body_invalid", "The body has no message.");
  if (!isStream && messages.length > 1)
    throw new RegentError(
      "body_invalid",
      `The body has ${messages.length} messages, and the method takes one.`,
    );
  return {
    requests: messages.map(({ bytes: message, frame }, index) => ({
      ...parseInfer("request", message, budget),
      frame,
      pointer: isStream ? `/requests/${before + index}` : "",
    })),
  };
}
