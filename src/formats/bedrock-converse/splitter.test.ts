import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import {
  AWS_MESSAGE_BYTES_MAX,
  type AwsHeaders,
  encodeAwsMessage,
  initialAwsStream,
  stepAwsStream,
} from "../../wire/aws-event-stream.ts";
import { openMessages } from "./splitter.ts";

const uninspectable = (error: unknown) =>
  error instanceof RegentError && error.code === "answer_uninspectable";

const headersOf = (words: { readonly [name: string]: string }): AwsHeaders =>
  new Map(Object.entries(words).map(([name, value]) => [name, { type: "string", value }]));

const EVENT = {
  ":event-type": "contentBlockDelta",
  ":content-type": "application/json",
  ":message-type": "event",
};
const message = (payload: string, words: { readonly [name: string]: string } = EVENT) =>
  encodeAwsMessage(headersOf(words), Buffer.from(payload));
const one = (bytes: Buffer) => {
  const [part] = openMessages().split(bytes, true);
  assert.ok(part !== undefined);
  return part;
};

test("a text that changes is all that changes in its message, which every reader takes", () => {
  const payload = '{"contentBlockIndex": 0, "delta":{"text" : "to jane"},"p":"abcd"}';
  const part = one(message(payload));
  assert.deepEqual(part.texts, [
    { pointer: "/delta/text", text: "to jane", continues: { lane: "", name: "text" } },
  ]);
  const rewritten = part.rewrite([{ pointer: "/delta/text", value: "to <NAME>" }]) as Buffer;
  const { messages, fault } = stepAwsStream(initialAwsStream(), rewritten);
  assert.equal(fault, undefined);
  assert.equal(messages[0]?.payload.toString(), payload.replace("jane", "<NAME>"));
  assert.deepEqual(messages[0]?.headers, headersOf(EVENT));
});

test("what headers say beside the words of the protocol is a text, and cannot be changed", () => {
  const error = { ":message-type": "error", ":error-code": "500", ":error-message": "no jane here" };
  const part = one(message("", error));
  assert.deepEqual(part.texts, [{ pointer: "#", text: "500\nno jane here" }]);
  assert.equal(part.rewrite([{ pointer: "#", value: "x" }]), undefined);
  assert.deepEqual(one(message("{}", { ...EVENT, "x-jane": "a" })).texts, [{ pointer: "#", text: "x-jane" }]);
  assert.deepEqual(one(message("{}")).texts, []);
});

test("padding is silent only while it is nothing but padding", () => {
  assert.deepEqual(one(message('{"p":"abcjane"}')).texts, [{ pointer: "/p", text: "abcjane" }]);
});

test("a message that would grow beyond all bounds is not written", () => {
  const room = AWS_MESSAGE_BYTES_MAX - message('{"delta":{"text":""}}').length;
  const part = one(message(`{"delta":{"text":"${"x".repeat(room)}"}}`));
  assert.equal(part.rewrite([{ pointer: "/delta/text", value: "x".repeat(room + 1) }]), undefined);
  assert.ok(part.rewrite([{ pointer: "/delta/text", value: "y".repeat(room) }]) !== undefined);
});

test("refuses what no text can be found in", () => {
  const image = { image: { format: "png", source: { bytes: "aGk=" } } };
  const bytesHeader = encodeAwsMessage(
    new Map([...headersOf(EVENT), ["x", { type: "bytes", value: Buffer.from("jane") }]]),
    Buffer.from("{}"),
  );
  const whole = message("{}");
  for (const bytes of [
    message("no JSON"),
    message('{"a":1,"a":2}'),
    message(JSON.stringify({ contentBlockIndex: 0, delta: image })),
    message('{"delta":{"reasoningContent":{"redactedContent":"aGk="}}}'),
    bytesHeader,
    whole.subarray(0, -1),
    Buffer.concat([whole.subarray(0, -1), Buffer.from([0])]),
  ])
    assert.throws(() => openMessages().split(bytes, true), uninspectable);
});
