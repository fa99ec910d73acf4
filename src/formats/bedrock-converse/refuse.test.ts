import assert from "node:assert/strict";
import { test } from "node:test";
import { initialAwsStream, stepAwsStream } from "../../wire/aws-event-stream.ts";
import { refuse, refuseInStream } from "./refuse.ts";

const CASES: readonly (readonly [status: number, exception: string, inStream: string])[] = [
  [400, "ValidationException", "validationException"],
  [401, "AccessDeniedException", "validationException"],
  [403, "AccessDeniedException", "validationException"],
  [404, "ResourceNotFoundException", "validationException"],
  [410, "ResourceNotFoundException", "validationException"],
  [413, "ValidationException", "validationException"],
  [429, "ThrottlingException", "throttlingException"],
  [500, "InternalServerException", "internalServerException"],
  [502, "ModelErrorException", "modelStreamErrorException"],
  [503, "ServiceUnavailableException", "serviceUnavailableException"],
];
for (const [status, exception, inStream] of CASES) {
  test(`a refusal with ${status} is the ${exception}`, () => {
    const rendered = refuse({ status, code: "c", message: "m", requestId: "r" });
    assert.deepEqual(JSON.parse(rendered.body.toString()), { __type: exception, message: "m", reason: "c" });
    assert.deepEqual(rendered.headers, [
      ["x-amzn-errortype", exception],
      ["x-amzn-requestid", "r"],
    ]);
  });

  test(`in a stream it is the ${inStream}`, () => {
    const { messages, fault } = stepAwsStream(
      initialAwsStream(),
      refuseInStream({ status, code: "c", message: "m" }),
    );
    assert.equal(fault, undefined);
    const [message] = messages;
    assert.deepEqual(
      [...(message?.headers ?? [])].map(([name, { value }]) => [name, value]),
      [
        [":exception-type", inStream],
        [":content-type", "application/json"],
        [":message-type", "exception"],
      ],
    );
    assert.deepEqual(JSON.parse(message?.payload.toString() ?? ""), { message: "m", reason: "c" });
  });
}

test("a refusal without an id has no header for it", () => {
  assert.deepEqual(refuse({ status: 400, code: "c", message: "m" }).headers, [
    ["x-amzn-errortype", "ValidationException"],
  ]);
});
