import { RegentError } from "../../exchange/errors.ts";
import { appendTo, initialPending, release, restOf } from "../../wire/pending.ts";
import type { RequestSplitter } from "../format.ts";
import { FRAME_HEAD_BYTES, GRPC_MESSAGE_BYTES_MAX } from "./frames.ts";

/**
 * Takes apart what a client of `ModelStreamInfer` sends: each frame is a body of its own, with one request.
 *
 * @param messageBytesMax of one message as it comes, compressed or not
 */
export function openRequests(messageBytesMax: number): RequestSplitter {
  const bytesMax = Math.min(messageBytesMax, GRPC_MESSAGE_BYTES_MAX);
  const pending = initialPending();
  return {
    *split(chunk) {
      appendTo(pending, chunk);
      for (;;) {
        const rest = restOf(pending);
        if (rest.length < FRAME_HEAD_BYTES) break;
        const length = rest.readUInt32BE(1);
        // Said in front of the message, so that nothing of one that is too large is kept.
        if (length > bytesMax)
          throw new RegentError("body_too_large", `A request of the stream has more than ${bytesMax} bytes.`);
        const end = FRAME_HEAD_BYTES + length;
        if (rest.length < end) break;
        pending.start += end;
        yield rest.subarray(0, end);
      }
      release(pending);
    },
    get pendingBytes() {
      return pending.end - pending.start;
    },
  };
}
