/** gRPC status codes (https://grpc.io/docs/guides/status-codes/), by number. */
export const GRPC_STATUS_NAMES: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/**
 * The gRPC status of a refusal. Envoy's own choice follows the table for answers that are none of gRPC's, where 400 is
 * INTERNAL and 429 UNAVAILABLE: clients would try again, or look for the fault on the wrong side.
 */
export function grpcStatus(httpStatus: number, code?: string): number {
  // What clients look for to tell a method that is not there from a model.
  if (code === "unknown_endpoint") return UNIMPLEMENTED;
  return STATUSES.get(httpStatus) ?? (httpStatus >= 500 ? INTERNAL : FAILED_PRECONDITION);
}

const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const FAILED_PRECONDITION = 9;

const STATUSES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [408, 4],
  [409, 10],
  [410, 5],
  [413, 8],
  // The coding or the media type is not known here.
  [415, UNIMPLEMENTED],
  [429, 8],
  [499, 1],
  [501, UNIMPLEMENTED],
  [502, 14],
  [503, 14],
  [504, 4],
]);
