import { connect } from "node:net";

/** An answer as it stood on the wire. Names of headers are in lower case; of repeated ones the last counts. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

/** A server that neither answers nor closes in this time has lost the request. */
const CLOSE_MS_MAX = 5_000;

/**
 * Writes bytes on a connection of its own and reads until the other side closes. The bytes should ask for that in their
 * last request (`connection: close`). Fails with what was read when the connection stays open.
 */
export async function exchangeBytes(port: number, bytes: string | Buffer): Promise<readonly RawAnswer[]> {
  const socket = connect(port, "127.0.0.1");
  // A server may well close before it has read everything.
  socket.on("error", () => {});
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = Promise.withResolvers<void>();
  socket.once("close", () => closed.resolve());
  const timer = setTimeout(() => {
    const read = Buffer.concat(chunks).toString("latin1");
    closed.reject(new Error(`the connection was still open after ${CLOSE_MS_MAX} ms and had said:\n${read}`));
    socket.destroy();
  }, CLOSE_MS_MAX);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  try {
    await closed.promise;
  } finally {
    clearTimeout(timer);
  }
  return parseAnswers(Buffer.concat(chunks).toString("latin1"));
}

/** The answers on a connection, one after the other, interim ones (1xx) included. */
export function parseAnswers(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== "") {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) throw new Error(`not a whole answer: ${JSON.stringify(rest.slice(0, 200))}`);
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const headers = new Map(fields.map(nameAndValue));
    const { body, length } = bodyOf(rest.slice(end + 4), headers);
    answers.push({ status: Number(line.split(" ")[1]), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

function nameAndValue(field: string): [string, string] {
  const colon = field.indexOf(":");
  return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
}

/** A body by its framing, and how much of the wire it takes. One that only the close delimits is all of the rest. */
function bodyOf(rest: string, headers: ReadonlyMap<string, string>): { body: string; length: number } {
  if (headers.get("transfer-encoding") === "chunked") return chunkedBody(rest);
  const length = Number(headers.get("content-length") ?? 0);
  return { body: rest.slice(0, length), length };
}

function chunkedBody(rest: string): { body: string; length: number } {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) return { body, length: rest.length };
    body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { body, length: at };
  }
}

/** The bytes of a request on a connection that ends with it, by default a chat. */
export function rawRequest(
  body: string,
  lines: readonly string[],
  { method = "POST", target = "/v1/chat/completions" } = {},
): string {
  const head = [
    `${method} ${target} HTTP/1.1`,
    "host: localhost",
    "content-type: application/json",
    `content-length: ${body.length}`,
    ...(lines.some((line) => line.startsWith("connection:")) ? [] : ["connection: close"]),
    ...lines,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** The one answer to a request of {@link rawRequest}. Fails when there is another number of them. */
export async function exchangeOne(port: number, bytes: string): Promise<RawAnswer> {
  const answers = await exchangeBytes(port, bytes);
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) throw new Error(`${answers.length} answers to one request`);
  return answer;
}
