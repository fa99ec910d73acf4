import { type Duplex, duplexPair } from "node:stream";

/** What nghttp2 allows at once when nobody says otherwise. */
const DEFAULT_BURST = 1000;

/** A probe takes some 20 ms. */
const PROBE_TIMEOUT_MS = 10_000;

/** What follows when it does not work, for the messages. */
export const CONSEQUENCE = "Envoy's requests would fail under load, so Regent does not start";

/**
 * Opens a connection to the server and resets more streams than the default allows.
 * @param connect hands the server its side of the connection
 * @throws Error when the server ends the connection instead of answering the request that follows
 */
export async function proveStreamResets(connect: (connection: Duplex) => void): Promise<void> {
  const [near, far] = duplexPair();
  const timer = setTimeout(() => near.destroy(new Error("no answer")), PROBE_TIMEOUT_MS);
  try {
    connect(far);
    near.write(resetsAndRequest(DEFAULT_BURST + 100));
    if (await isAnswered(near)) return;
  } catch (error) {
    throw new Error(`the HTTP/2 server could not be probed; ${CONSEQUENCE}`, { cause: error });
  } finally {
    clearTimeout(timer);
    near.destroy();
    far.destroy();
  }
  throw new Error(
    `this Node.js (${process.version}) or @grpc/grpc-js ends connections that reset streams; ${CONSEQUENCE}. ` +
      "Node.js 24 is needed",
  );
}

// Frames of HTTP/2, RFC 9113 section 6.
const FRAME_HEAD_BYTES = 9;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const END_STREAM = 1;
const END_HEADERS = 4;
const CANCEL = Buffer.from([0, 0, 0, 8]);
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** HPACK (RFC 7541 appendix A): `:method: POST`, `:scheme: http`, `:path: /`, `:authority: x`. */
const REQUEST = Buffer.from([0x83, 0x86, 0x84, 0x01, 0x01, 0x78]);

/** As many requests that are reset at once, and one that is not. None of them is gRPC. */
function resetsAndRequest(resets: number): Buffer {
  const frames = [PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))];
  for (let id = 1; id < 2 * resets; id += 2) {
    frames.push(frame(HEADERS, END_HEADERS, id, REQUEST), frame(RST_STREAM, 0, id, CANCEL));
  }
  frames.push(frame(HEADERS, END_HEADERS | END_STREAM, 2 * resets + 1, REQUEST));
  return Buffer.concat(frames);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Reads frames up to the first headers of an answer (true) or the end of the connection (false). */
async function isAnswered(connection: Duplex): Promise<boolean> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of connection) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= FRAME_HEAD_BYTES && bytes.length >= FRAME_HEAD_BYTES + bytes.readUIntBE(0, 3)) {
      if (bytes.readUInt8(3) === HEADERS) return true;
      bytes = bytes.subarray(FRAME_HEAD_BYTES + bytes.readUIntBE(0, 3));
    }
  }
  return false;
}
