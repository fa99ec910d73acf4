import type { ResponseHead } from "../../exchange/exchange.ts";
import { type Format, RESPONSE_BYTES_MAX, type ReadAnswer } from "../../formats/index.ts";
import type { StreamedAnswer } from "./streamed-answer.ts";
import { readWhole } from "./whole-answer.ts";

/**
 * A whole answer that passes piece by piece, where a route lets answers pass as they come: a copy of it is read at its
 * end for the account. Of one that is larger than what is read, nothing is kept.
 */
export function openPassedAnswer(format: Format, head: ResponseHead): StreamedAnswer {
  let pieces: Buffer[] | undefined = [];
  let bytes = 0;
  let answer: ReadAnswer | undefined;
  const keep = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > RESPONSE_BYTES_MAX) pieces = undefined;
    else pieces?.push(chunk);
  };
  return {
    push(chunk, endOfStream) {
      keep(chunk);
      if (!endOfStream || pieces === undefined) return { bytes: chunk, ended: endOfStream };
      return readWhole(format, head, Buffer.concat(pieces), RESPONSE_BYTES_MAX).then((read) => {
        answer = read?.answer;
        return { bytes: chunk, ended: true };
      });
    },
    finish: () => answer,
    close: () => {
      pieces = undefined;
    },
  };
}
