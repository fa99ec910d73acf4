/** What a client sends of its own into answers that Envoy gives by itself: they stay answers of the client's dialect, whole. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { FORMATS, type Format } from "../../../src/formats/index.ts";
import { ENVOY_ERRORS, type EnvoyErrorCode } from "../../../src/local/envoy/local-replies.ts";
import { parseAnswers, type RawAnswer, rawRequest } from "../governed/raw.ts";
import { type OwnAnswers, startOwnAnswers, wordsOf } from "../own-answers/stack.ts";

const CLAUDE = FORMATS["anthropic-messages"];
const USUAL = FORMATS["openai-chat"];

/** The one answer to bytes, however long it takes: each byte of it as one character. */
async function ask(port: number, request: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.write(Buffer.from(request, "latin1"));
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answers = parseAnswers(Buffer.concat(chunks).toString("latin1"));
  assert.equal(answers.length, 1);
  return answers[0] as RawAnswer;
}

/** What stands in the id of the request is looked at by who asks. */
function assertWorded(answer: RawAnswer, format: Format, code: EnvoyErrorCode): unknown {
  const error = { ...ENVOY_ERRORS[code], code };
  assert.deepEqual(
    [answer.status, answer.headers.get("content-type"), answer.headers.get("x-regent-reason")],
    [error.status, "application/json", code],
    answer.body,
  );
  assert.equal(answer.headers.get("grpc-status"), undefined);
  // A client stops at bytes that are no UTF-8.
  const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(answer.body, "latin1"));
  const { request_id: id, ...said } = JSON.parse(text) as { request_id?: unknown };
  const { request_id: _, ...words } = wordsOf(format, error, "id").body as { request_id?: unknown };
  assert.deepEqual(said, words);
  return id;
}

/** Media types that begin as that of gRPC and are another, to Envoy too. */
const NOT_GRPC = [
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "application/grpcfoo",
  "application/grpc/proto",
  "application/grpc; charset=utf-8",
  "application/grpc;+proto",
  "Application/GRPC",
  "text/plain, application/grpc",
  "application/grpc\r\ncontent-type: application/grpc",
];

describe("with Regent stopped", () => {
  let stack: OwnAnswers;
  before(async () => {
    // As Istio's proxies have it: a client's own id stays.
    stack = await startOwnAnswers({
      isRegentStopped: true,
      manager: (manager) => Object.assign(manager, { preserve_external_request_id: true }),
    });
  });
  after(() => stack?.stop());

  for (const type of NOT_GRPC)
    test(`a client that sends ${JSON.stringify(type)} is answered in the words of the path`, async () => {
      const lines = [`content-type: ${type}`];
      const request = rawRequest("{}", lines, { target: "/v1/messages" });
      const answer = await ask(stack.port, request.replace("content-type: application/json\r\n", ""));
      assertWorded(answer, CLAUDE, "policy_unreachable");
    });

  for (const [what, id] of [
    ["is cut within a character", `${"a".repeat(127)}\xc3\xa9`],
    ["is no UTF-8", "\xff\xc0\xaf\xed\xa0\x80\x80"],
    ["ends in half a character", "a\xf0\x9f\x98"],
    ["would end a script", "\xe2\x80\xa8\xe2\x80\xae</script><script>"],
    ["is an answer of its own", '","error":null,"x":{"y":"\\u0022'],
    ["is sent twice", "a\r\nx-request-id: b"],
  ] as const)
    test(`an id that ${what} is no more than text`, async () => {
      const answer = await ask(
        stack.port,
        rawRequest("{}", [`x-request-id: ${id}`], { target: "/v1/messages" }),
      );
      const told = assertWorded(answer, CLAUDE, "policy_unreachable");
      assert.ok(typeof told === "string" && told.length > 0 && told.length <= 128);
    });
});

describe("with Regent at work", () => {
  let stack: OwnAnswers;
  before(async () => {
    stack = await startOwnAnswers();
  });
  after(() => stack?.stop());

  for (const type of NOT_GRPC)
    for (const [who, target] of [
      ["Envoy", "/x%2Fy"],
      ["Regent", "/x%252Fy"],
    ] as const)
      test(`a client that sends ${JSON.stringify(type)} is refused by ${who} with the status of its code`, async () => {
        const request = rawRequest("{}", [`content-type: ${type}`], { target });
        const answer = await ask(stack.port, request.replace("content-type: application/json\r\n", ""));
        assertWorded(answer, USUAL, "path_ambiguous");
      });
});
