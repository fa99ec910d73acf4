import { ChannelCredentials, Client, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import {
  type CheckRequest,
  type CheckResponse,
  decodeCheckResponse,
  decodeHealthCheckResponse,
  decodeProcessingResponse,
  encodeCheckRequest,
  encodeHealthCheckRequest,
  encodeProcessingRequest,
  type Init,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../../src/envoy/codec.ts";
import type { GrpcAddress } from "../../src/envoy/server/options.ts";

export type EnvoyClient = {
  check(request: Init<CheckRequest>): Promise<CheckResponse>;
  /** The same with bytes that need not be a CheckRequest. */
  checkBytes(bytes: Buffer, service?: string): Promise<Buffer>;
  process(): ClientDuplexStream<Init<ProcessingRequest>, ProcessingResponse>;
  health(service: string): Promise<number>;
  raw: Client;
  close(): void;
};

const HEALTH = "/grpc.health.v1.Health/Check";
const PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/** Milliseconds for a call on a busy machine; a test that takes longer hangs. */
const CALL_MS_MAX = 20_000;

/** Speaks to Regent as Envoy does. */
export function connectEnvoy(
  address: GrpcAddress,
  credentials = ChannelCredentials.createInsecure(),
): EnvoyClient {
  const raw = new Client(targetOf(address), credentials, {
    "grpc.use_local_subchannel_pool": 1,
    // An address is no server name (RFC 6066 section 3).
    "grpc.ssl_target_name_override": "localhost",
  });
  const same = (bytes: Buffer) => bytes;
  const checkBytes = (bytes: Buffer, service = "envoy.service.auth.v3.Authorization") =>
    unary<Buffer>((done) =>
      raw.makeUnaryRequest(`/${service}/Check`, same, same, bytes, { deadline: deadline() }, done),
    );
  return {
    raw,
    checkBytes,
    check: async (request) => decodeCheckResponse(await checkBytes(encodeCheckRequest(request))),
    process: () => raw.makeBidiStreamRequest(PROCESS, encodeProcessingRequest, decodeProcessingResponse),
    async health(service) {
      const bytes = encodeHealthCheckRequest({ service });
      const answer = await unary<Buffer>((done) =>
        raw.makeUnaryRequest(HEALTH, same, same, bytes, { deadline: deadline() }, done),
      );
      return decodeHealthCheckResponse(answer).status;
    },
    close: () => raw.close(),
  };
}

function targetOf(address: GrpcAddress): string {
  if (address.kind === "tcp") return `${address.host}:${address.port}`;
  return address.path.startsWith("@") ? `unix:\0${address.path.slice(1)}` : `unix:${address.path}`;
}

function deadline(): number {
  return Date.now() + CALL_MS_MAX;
}

function unary<T>(start: (done: (error: ServiceError | null, answer?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, answer) => (error === null ? resolve(answer as T) : reject(error)));
  });
}
