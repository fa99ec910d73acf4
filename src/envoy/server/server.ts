import type { Duplex } from "node:stream";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import {
  type CheckRequest,
  type CheckRequest2,
  type CheckResponse,
  type CheckResponse2,
  decodeCheckRequest,
  decodeCheckRequest2,
  decodeProcessingRequest,
  encodeCheckResponse,
  encodeCheckResponse2,
  encodeProcessingResponse,
  type Init,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../codec.ts";
import { GrpcError } from "./grpc-error.ts";
import { addHealth, type Health } from "./health.ts";
import { setHttp2Limits, widenConnections } from "./http2-limits.ts";
import { listen } from "./listener.ts";
import {
  type GrpcAddress,
  type GrpcServerOptions,
  KEEPALIVE_MS,
  KEEPALIVE_TIMEOUT_MS,
  SESSION_MEMORY_MB_MAX,
  type ServerLog,
  STREAMS_PER_CONNECTION_MAX,
} from "./options.ts";
import { proveStreamResets } from "./stream-reset-probe.ts";

export const EXT_AUTHZ_SERVICE = "envoy.service.auth.v3.Authorization";
export const EXT_AUTHZ_SERVICE_2 = "envoy.service.auth.v2.Authorization";
export const EXT_PROC_SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor";

/** What a call looks like from its handler. */
export type CheckCall = {
  /** Milliseconds since the epoch after which nobody waits for the answer; Infinity when Envoy sent no deadline. */
  readonly deadlineMs: number;
  /** Whether Envoy has gone away. */
  readonly cancelled: boolean;
  /** A value of the call's metadata by its name, as HTTP/2 joins several of one name; undefined when it is not there. */
  header(name: string): string | undefined;
};

/** Answers an ext_authz request. What it throws becomes a gRPC status, which Envoy takes for a failed check. */
export type CheckHandler = (request: CheckRequest, call: CheckCall) => Promise<Init<CheckResponse>>;

/** The same in version 2 of the protocol. */
export type CheckHandler2 = (request: CheckRequest2, call: CheckCall) => Promise<Init<CheckResponse2>>;

/** One ext_proc stream. */
export type ProcessCall = ServerDuplexStream<ProcessingRequest, Init<ProcessingResponse>>;

/** Takes over an ext_proc stream. It owns its end: a clean one is an allow, `call.emit("error", …)` a refusal. */
export type ProcessHandler = (call: ProcessCall) => void;

export type Handlers = {
  readonly check: CheckHandler;
  /** Absent: version 2 of ext_authz is not served, and a call to it ends with UNIMPLEMENTED. */
  readonly check2?: CheckHandler2;
  /** Absent: ext_proc is not served, and a call to it ends with UNIMPLEMENTED. */
  readonly process?: ProcessHandler;
};

export type GrpcServer = {
  /** With the port that the system chose. */
  readonly address: GrpcAddress;
  readonly health: Health;
  /** Looks at rotated certificates now instead of within seconds. */
  reloadCertificates(): Promise<void>;
  /**
   * Takes no further connections and asks those that are open to start nothing new; what is in flight ends in peace.
   * After `graceMs` the rest is reset, which Envoy takes for a failure, never for an allow.
   */
  close(graceMs: number): Promise<void>;
};

/**
 * Starts ext_authz, ext_proc and health on one address. Health says NOT_SERVING until it is told otherwise.
 * @throws Error that says what is wrong with the options, or who holds the address
 */
export async function startGrpcServer(
  options: GrpcServerOptions,
  handlers: Handlers,
  log: ServerLog,
): Promise<GrpcServer> {
  const server = createServer(options, log);
  server.register(
    `/${EXT_AUTHZ_SERVICE}/Check`,
    unary(handlers.check, log),
    encodeCheckResponse,
    decodeCheckRequest,
    "unary",
  );
  const services = [EXT_AUTHZ_SERVICE];
  if (handlers.check2 !== undefined) {
    services.push(EXT_AUTHZ_SERVICE_2);
    server.register(
      `/${EXT_AUTHZ_SERVICE_2}/Check`,
      unary(handlers.check2, log),
      encodeCheckResponse2,
      decodeCheckRequest2,
      "unary",
    );
  }
  if (handlers.process !== undefined) {
    services.push(EXT_PROC_SERVICE);
    server.register(
      `/${EXT_PROC_SERVICE}/Process`,
      handlers.process,
      encodeProcessingResponse,
      decodeProcessingRequest,
      "bidi",
    );
  }
  const health = addHealth(server, services);
  if (options.reflection !== undefined) {
    const { addReflection } = await import("./reflection.ts");
    addReflection(server, options.reflection.protoDir);
  }

  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  widenConnections(server);
  const accept = (connection: Duplex) => connections.injectConnection(connection);
  await proveStreamResets(accept);
  const listener = await listen(options, log, accept);
  return {
    address: listener.address,
    health,
    reloadCertificates: listener.reloadCertificates,
    close: async (graceMs) => {
      health.set(false);
      health.endWatches();
      connections.drain(graceMs);
      await listener.close();
      server.forceShutdown();
    },
  };
}

function createServer(options: GrpcServerOptions, log: ServerLog): Server {
  const server = new Server({
    "grpc.max_receive_message_length": options.messageBytesMax,
    ...(options.answerBytesMax === undefined
      ? {}
      : { "grpc.max_send_message_length": options.answerBytesMax }),
    "grpc.max_concurrent_streams": STREAMS_PER_CONNECTION_MAX,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc-node.max_session_memory": SESSION_MEMORY_MB_MAX,
    // Its accounts of every call are read by nobody and cost on every one.
    "grpc.enable_channelz": 0,
  });
  setHttp2Limits(server, log);
  return server;
}

function unary<Request, Response>(
  handler: (request: Request, call: CheckCall) => Promise<Response>,
  log: ServerLog,
) {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
    const deadline = call.getDeadline();
    const checkCall: CheckCall = {
      deadlineMs: typeof deadline === "number" ? deadline : deadline.getTime(),
      get cancelled() {
        return call.cancelled;
      },
      header(name) {
        const [value] = call.metadata.get(name);
        return typeof value === "string" ? value : undefined;
      },
    };
    handler(call.request, checkCall).then(
      (response) => answer(null, response),
      (error: unknown) => {
        // What was thrown on purpose, without a cause, is told to Envoy and needs no line here.
        if (!(error instanceof GrpcError) || error.cause !== undefined)
          log.error({ err: error }, "check failed");
        answer(statusOf(error));
      },
    );
  };
}

/** The cause of what nobody foresaw stays in the log. */
function statusOf(error: unknown): Partial<StatusObject> {
  if (error instanceof GrpcError) return { code: error.code, details: error.message };
  return { code: status.INTERNAL, details: "internal error" };
}
