import type { EndpointMatch, Format, StreamFraming } from "./format.ts";

const EVENT_STREAM = "text/event-stream";

/** How an answer of this media type (lower case, without parameters) is read event by event; undefined when it is no stream. */
export function framingOf(
  format: Format,
  mediaType: string,
  endpoint?: Pick<EndpointMatch, "framing">,
): StreamFraming | undefined {
  const { streamType = EVENT_STREAM, framings = {} } = format;
  if (mediaType === streamType) return endpoint?.framing ?? format;
  if (!Object.hasOwn(framings, mediaType)) return undefined;
  return endpoint?.framing ?? framings[mediaType];
}
