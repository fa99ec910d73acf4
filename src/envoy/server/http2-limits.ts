import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { ServerLog } from "./options.ts";
import { CONSEQUENCE } from "./stream-reset-probe.ts";

/**
 * Resets of streams that one connection may send: so many at once, and so many again each second. Envoy resets nearly
 * every ext_proc stream, and nghttp2's defaults (1000, then 33 a second, against CVE-2023-44487) end its connection
 * under load. A connection carries some thousand exchanges a second; who resets a hundred thousand is no Envoy.
 */
export const STREAM_RESETS_MAX = 100_000;

/**
 * Bytes of a stream, and of a whole connection, that may be under way unread. With HTTP/2's default of 64 KiB a body of
 * 0.8 MB waits a dozen times for the next piece to be asked for: 2.5 against 1.75 ms.
 */
export const STREAM_WINDOW_BYTES = 1024 * 1024;
export const CONNECTION_WINDOW_BYTES = 4 * STREAM_WINDOW_BYTES;

/**
 * Makes a gRPC server stand the resets of Envoy, and take in bodies fast. Call it before its first HTTP/2 server is made.
 *
 * This file is the one place that reaches into grpc-js, for what it has no option for:
 * - `streamResetBurst` and `streamResetRate` (nodejs/node#54875): its private `commonServerOptions` are what it hands to
 *   `http2.createServer`.
 * - What becomes of a stream that was reset, see {@link takeAsCancelled}.
 * - A stream that was reset before its handler runs and asks for an unknown method, or is no gRPC at all, makes grpc-js
 *   answer on a stream that is gone. That throws where nobody catches it and ends the process.
 * `proveStreamResets` finds out whether both work.
 * @throws Error when grpc-js has these members no more
 */
export function setHttp2Limits(server: Server, log: ServerLog): void {
  const inside = server as unknown as GrpcJsInside;
  if (typeof inside.commonServerOptions !== "object" || typeof inside._streamHandler !== "function") {
    throw new Error(`this @grpc/grpc-js is built otherwise inside; ${CONSEQUENCE}`);
  }
  const { commonServerOptions } = inside;
  Object.assign(commonServerOptions, {
    streamResetBurst: STREAM_RESETS_MAX,
    streamResetRate: STREAM_RESETS_MAX,
    settings: { ...commonServerOptions.settings, initialWindowSize: STREAM_WINDOW_BYTES },
  });
  const handleStream = inside._streamHandler;
  inside._streamHandler = function (interceptors, stream, headers) {
    stream.once("aborted", takeAsCancelled);
    try {
      handleStream.call(this, interceptors, stream, headers);
    } catch (error) {
      if (stream.destroyed || stream.closed) return;
      log.error({ err: error }, "call could not be started");
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };
}

/**
 * Envoy resets its streams with INTERNAL_ERROR, also those that it has simply done with. Of each one Node would make an
 * error with a stack trace that nobody looks at, which costs as much as a small evaluation. The client's CANCEL means the
 * same, the end of a call before its status, and needs no error.
 */
function takeAsCancelled(this: ServerHttp2Stream): void {
  Object.defineProperty(this, "rstCode", { value: constants.NGHTTP2_CANCEL });
}

type GrpcJsInside = {
  commonServerOptions: { settings?: object };
  /** Used where channelz is off. */
  _streamHandler(this: unknown, interceptors: unknown, stream: ServerHttp2Stream, headers: unknown): void;
  http2Servers: ReadonlyMap<Http2Server, unknown>;
};

/** Opens the window of each connection as wide as {@link setHttp2Limits} opened those of its streams. Call it afterwards. */
export function widenConnections(server: Server): void {
  for (const http2Server of (server as unknown as GrpcJsInside).http2Servers.keys()) {
    http2Server.on("session", (session) => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
  }
}
