import { constants, type ServerHttp2Stream } from "node:http2";
import { type Duplex, duplexPair } from "node:stream";
import type { Server } from "@grpc/grpc-js";
import type { ServerLog } from "./options.ts";

/**
 * Resets of streams that one connection may send: so many at once, and so many again each second. Envoy resets nearly
 * every ext_proc stream, and nghttp2's defaults (1000, then 33 a second, against CVE-2023-44487) end its connection
 * under load. A connection carries some thousand exchanges a second; who resets a hundred thousand is no Envoy.
 */
export const STREAM_RESETS_MAX = 100_000;

/** What nghttp2 allows at once when nobody says otherwise. */
const DEFAULT_BURST = 1000;

/** A probe takes some 20 ms. */
const PROBE_TIMEOUT_MS = 10_000;

/**
 * Makes a gRPC server stand the resets of Envoy. Call it before it listens.
 *
 * This file is the one place that reaches into grpc-js, for two things that it has no option for:
 * - `streamResetBurst` and `streamResetRate` (nodejs/node#54875): its private `commonServerOptions` are what it hands to
 *   `http2.createServer`.
 * - A stream that was reset before its handler runs and asks for an unknown method, or is no gRPC at all, makes grpc-js
 *   answer on a stream that is gone. That throws where nobody catches it and ends the process.
 * {@link proveStreamResets} finds out whether both work.
 * @throws Error when grpc-js has these members no more
 */
export function allowStreamResets(server: Server, log: ServerLog): void {
  const inside = server as unknown as GrpcJsInside;
  if (typeof inside.commonServerOptions !== "object" || typeof inside._streamHandler !== "function") {
    throw new Error(`this @grpc/grpc-js is built otherwise inside; ${CONSEQUENCE}`);
  }
  Object.assign(inside.commonServerOptions, {
    streamResetBurst: STREAM_RESETS_MAX,
    streamResetRate: STREAM_RESETS_MAX,
  });
  const handleStream = inside._streamHandler;
  inside._streamHandler = function (interceptors, stream, headers) {
    try {
      handleStream.call(this, interceptors, stream, headers);
    } catch (error) {
      if (stream.destroyed || stream.closed) return;
      log.error({ err: error }, "call could not be started");
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };
}

type GrpcJsInside = {
  commonServerOptions: object;
  /** Used where channelz is off. */
  _streamHandler(this: unknown, interceptors: unknown, stream: ServerHttp2Stream, headers: unknown): void;
};

const CONSEQUENCE = "Envoy's requests would fail under load, so Regent does not start";

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
