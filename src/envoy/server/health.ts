import {
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import {
  decodeHealthCheckRequest,
  encodeHealthCheckResponse,
  type HealthCheckRequest,
  type HealthCheckResponse,
  type Init,
  ServingStatus,
} from "../codec.ts";

/** Watches at a time. Each Envoy and each probe holds one at most; beyond this the caller is told to ask with Check. */
export const WATCHERS_MAX = 256;

/** grpc.health.v1 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), without its List. */
export type Health = {
  /** Says whether a service serves; without a name: all of them and the whole server (""). Watchers hear of a change. */
  set(serving: boolean, service?: string): void;
};

export type OwnHealth = Health & {
  /** Ends the watches, which would last for ever. */
  endWatches(): void;
};

type Answer = Init<HealthCheckResponse>;
type WatchCall = ServerWritableStream<HealthCheckRequest, Answer>;

/** Adds the service to a server. Nothing serves until somebody says so. */
export function addHealth(server: Server, services: readonly string[]): OwnHealth {
  const statuses = new Map<string, number>(
    ["", ...services].map((name) => [name, ServingStatus.NOT_SERVING]),
  );
  const watchers = new Map<WatchCall, Watcher>();

  const check = (call: ServerUnaryCall<HealthCheckRequest, Answer>, answer: sendUnaryData<Answer>) => {
    const found = statuses.get(call.request.service);
    if (found === undefined) answer({ code: status.NOT_FOUND, details: "this server has no such service" });
    else answer(null, { status: found });
  };

  const watch = (call: WatchCall) => {
    if (watchers.size >= WATCHERS_MAX) {
      call.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "too many watches; use Check" });
      return;
    }
    const { service } = call.request;
    const watcher = createWatcher(call, () => statuses.get(service) ?? ServingStatus.SERVICE_UNKNOWN);
    watchers.set(call, watcher);
    call.on("cancelled", () => watchers.delete(call));
    call.on("close", () => watchers.delete(call));
    watcher.tell();
  };

  server.register(`${SERVICE}Check`, check, encodeHealthCheckResponse, decodeHealthCheckRequest, "unary");
  server.register(
    `${SERVICE}Watch`,
    watch,
    encodeHealthCheckResponse,
    decodeHealthCheckRequest,
    "serverStream",
  );
  return {
    set(serving, service) {
      for (const name of service === undefined ? statuses.keys() : [service]) {
        statuses.set(name, serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
      }
      for (const watcher of watchers.values()) watcher.tell();
    },
    endWatches() {
      for (const call of watchers.keys()) {
        call.emit("error", { code: status.UNAVAILABLE, details: "the server stops" });
      }
    },
  };
}

const SERVICE = "/grpc.health.v1.Health/";

type Watcher = { tell(): void };

/** Tells of changes, one at a time: while the other side does not read, only the newest status waits. */
function createWatcher(call: WatchCall, current: () => number): Watcher {
  let told: number | undefined;
  let full = false;
  const tell = () => {
    const now = current();
    if (full || now === told) return;
    told = now;
    full = !call.write({ status: now });
  };
  call.on("drain", () => {
    full = false;
    tell();
  });
  return { tell };
}
