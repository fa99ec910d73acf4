import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ERRORS } from "../../exchange/errors.ts";
import { MESSAGE_BYTES_MAX, refuse, refuseInTrailers } from "./refuse.ts";
import { GRPC_STATUS_NAMES } from "./status.ts";

test("names every status as gRPC's own library does", () => {
  assert.deepEqual(
    GRPC_STATUS_NAMES.map((name) => status[name as keyof typeof status]),
    GRPC_STATUS_NAMES.map((_, number) => number),
  );
});

test("says by status whose fault it is and whether to try again", () => {
  for (const [http, name] of [
    [400, "INVALID_ARGUMENT"],
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [410, "NOT_FOUND"],
    [413, "RESOURCE_EXHAUSTED"],
    [415, "UNIMPLEMENTED"],
    [418, "FAILED_PRECONDITION"],
    [429, "RESOURCE_EXHAUSTED"],
    [500, "INTERNAL"],
    [502, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [504, "DEADLINE_EXCEEDED"],
    [599, "INTERNAL"],
  ] as const) {
    const { grpcStatus, body } = refuse({ status: http, code: "some_code", message: "A sentence." });
    assert.equal(grpcStatus, status[name], `${http}`);
    assert.equal(body.toString(), "A sentence.");
  }
});

test("a method that nothing serves is unimplemented, and no error of Regent's is taken for success", () => {
  assert.equal(
    refuse({ status: 404, code: "unknown_endpoint", message: "" }).grpcStatus,
    status.UNIMPLEMENTED,
  );
  for (const [code, { status: http, message }] of Object.entries(ERRORS))
    assert.ok((refuse({ status: http, code, message }).grpcStatus ?? 0) > 0, code);
});

test("says as much of a long message as clients read beside the status, in whole characters", () => {
  const refusal = { status: 403, code: "some_code" };
  for (const [message, kept] of [
    ["x".repeat(MESSAGE_BYTES_MAX), MESSAGE_BYTES_MAX],
    ["x".repeat(MESSAGE_BYTES_MAX + 1), MESSAGE_BYTES_MAX],
    [`x${"\u{1f600}".repeat(MESSAGE_BYTES_MAX)}`, MESSAGE_BYTES_MAX - 3],
  ] as const) {
    const { body } = refuse({ ...refusal, message });
    assert.equal(body.length, kept);
    assert.ok(message.startsWith(body.toString()));
    const trailers = new Map(refuseInTrailers({ ...refusal, message }));
    assert.equal(decodeURIComponent(trailers.get("grpc-message") ?? ""), body.toString());
  }
});
