import { once } from "node:events";
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import type { AnswerLike } from "./ask.ts";

/**
 * Sends one request over HTTP/2 in cleartext, on a connection of its own, and takes in the whole answer.
 * Undefined when the stream or the connection is reset before an answer begins.
 */
export async function sendHttp2(
  port: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): Promise<AnswerLike | undefined> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  try {
    const stream = session.request(headers, { endStream: false });
    const begun = once(stream, "response").catch(() => undefined);
    stream.end(body);
    const head = ((await Promise.race([begun, once(stream, "close").catch(() => undefined)]))?.[0] ??
      {}) as Head;
    if (head[":status"] === undefined) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status: head[":status"], headers: head, body: Buffer.concat(chunks).toString() };
  } finally {
    session.destroy();
  }
}

/** The answer that must be there. */
export function answered(answer: AnswerLike | undefined): AnswerLike {
  if (answer === undefined) throw new Error("the stream was reset without an answer");
  return answer;
}

type Head = IncomingHttpHeaders & { readonly ":status"?: number };
