/** The official clients, unmodified, raise their own exceptions for what Envoy answers by itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic, * as anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  InternalServerException,
  ModelTimeoutException,
  ServiceUnavailableException,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import { ApiError, GoogleGenAI } from "@google/genai";
import OpenAI, * as openai from "openai";
import { ENVOY_ERRORS, type EnvoyErrorCode } from "../../../src/local/envoy/local-replies.ts";
import { DEAD_MODEL, impatient, type OwnAnswers, SILENT_MODEL, startOwnAnswers } from "./stack.ts";

type Case = {
  readonly when: string;
  readonly code: EnvoyErrorCode;
  readonly isRegentStopped: boolean;
  readonly model: string;
  readonly text: string;
};

const BODY_BYTES_MAX = 20_000;
const CASES: readonly Case[] = [
  {
    when: "Regent is stopped",
    code: "policy_unreachable",
    isRegentStopped: true,
    model: DEAD_MODEL,
    text: "Hi.",
  },
  {
    when: "the target is stopped",
    code: "upstream_unavailable",
    isRegentStopped: false,
    model: DEAD_MODEL,
    text: "Hi.",
  },
  {
    when: "the target is silent",
    code: "upstream_timeout",
    isRegentStopped: false,
    model: SILENT_MODEL,
    text: "Hi.",
  },
  {
    when: "the body is over the limit",
    code: "body_too_large",
    isRegentStopped: false,
    model: DEAD_MODEL,
    text: "x".repeat(BODY_BYTES_MAX),
  },
];

const HEADERS = { "x-decide-request": '{"allow":true}', "x-decide-answer": '{"allow":true}' };

/** What a client raises must be; it rejects where nothing is raised. */
async function raised(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was raised");
}

/** With Regent stopped the id is that of the request, else that of the decision. */
function assertId(id: string | null | undefined, { code, isRegentStopped }: Case, stack: OwnAnswers): void {
  assert.match(id ?? "", /^[0-9a-f-]{36}$/);
  if (isRegentStopped || code === "body_too_large") return;
  assert.ok(stack.decided(id ?? ""), "no decision has this id");
}

for (const isRegentStopped of [true, false])
  describe(`with Regent ${isRegentStopped ? "stopped" : "at work"}`, () => {
    let stack: OwnAnswers;
    before(async () => {
      stack = await startOwnAnswers({ isRegentStopped, bodyBytesMax: BODY_BYTES_MAX, manager: impatient });
    });
    after(() => stack?.stop());

    for (const one of CASES.filter((candidate) => candidate.isRegentStopped === isRegentStopped)) {
      const { when, code, model, text } = one;
      const { status, message } = ENVOY_ERRORS[code];

      test(`when ${when}, OpenAI's client raises the exception of ${status} with the code`, async () => {
        const client = new OpenAI({
          baseURL: `${stack.origin}/v1`,
          apiKey: stack.stage.keys.analyst,
          maxRetries: 0,
          defaultHeaders: HEADERS,
        });
        const messages = [{ role: "user" as const, content: text }];
        for (const work of [
          () => client.chat.completions.create({ model, messages }),
          () => client.chat.completions.create({ model, messages, stream: true }),
          () => client.responses.create({ model, input: text }),
          () => client.completions.create({ model, prompt: text }),
          () => client.embeddings.create({ model, input: text }),
        ]) {
          const error = await raised(work());
          const type = status === 413 ? openai.APIError : openai.InternalServerError;
          assert.ok(error instanceof type, String(error));
          assert.equal(error.status, status);
          assert.equal(error.code, code);
          assert.ok(error.message.includes(message));
          assert.equal(error.type, status < 500 ? "invalid_request_error" : "server_error");
        }
      });

      test(`when ${when}, Anthropic's client raises the exception of ${status} with type, code and id`, async () => {
        const client = new Anthropic({
          baseURL: stack.origin,
          apiKey: stack.stage.keys.analyst,
          maxRetries: 0,
          defaultHeaders: HEADERS,
        });
        const asked = { model, max_tokens: 5, messages: [{ role: "user" as const, content: text }] };
        for (const work of [
          () => client.messages.create(asked),
          () => client.messages.create({ ...asked, stream: true }),
          () => client.messages.stream(asked).finalMessage(),
        ]) {
          const error = await raised(work());
          const type = status === 413 ? anthropic.APIError : anthropic.InternalServerError;
          assert.ok(error instanceof type, String(error));
          assert.equal(error.status, status);
          assert.ok(error.message.includes(message));
          const { error: told } = error.error as { error: { type: string; details: { error_code: string } } };
          assert.equal(told.type, TYPES[status]);
          assert.equal(told.details.error_code, code);
          assertId(error.requestID, one, stack);
        }
      });

      test(`when ${when}, Bedrock's client raises its exception with the reason and the id`, async () => {
        const client = new BedrockRuntimeClient({
          endpoint: stack.origin,
          region: "us-east-1",
          token: { token: stack.stage.keys.analyst },
          authSchemePreference: ["httpBearerAuth"],
          maxAttempts: 1,
        });
        client.middlewareStack.add(
          (next) => (args) => {
            Object.assign((args.request as { headers: object }).headers, HEADERS);
            return next(args);
          },
          { step: "build", name: "extraHeaders" },
        );
        const asked = { modelId: model, messages: [{ role: "user" as const, content: [{ text }] }] };
        try {
          for (const work of [
            () => client.send(new ConverseCommand(asked)),
            () => client.send(new ConverseStreamCommand(asked)),
          ]) {
            const error = await raised(work());
            assert.ok(error instanceof BedrockRuntimeServiceException, String(error));
            assert.ok(error instanceof (EXCEPTIONS[status] ?? InternalServerException), error.name);
            assert.deepEqual([error.message, error.$metadata.httpStatusCode], [message, status]);
            assert.equal((error as { reason?: string }).reason, code);
            assertId(error.$metadata.requestId, one, stack);
          }
        } finally {
          client.destroy();
        }
      });

      test(`when ${when}, Google's client raises its ApiError with the status and the reason`, async () => {
        const client = new GoogleGenAI({
          apiKey: stack.stage.keys.analyst,
          httpOptions: { baseUrl: stack.origin, headers: HEADERS },
        });
        for (const work of [
          () => client.models.generateContent({ model, contents: text }),
          () => client.models.generateContentStream({ model, contents: text }),
        ]) {
          const error = await raised(work());
          assert.ok(error instanceof ApiError, String(error));
          assert.equal(error.status, status);
          const { error: told } = JSON.parse(error.message) as {
            error: { code: number; details: { reason: string }[] };
          };
          assert.deepEqual([told.code, told.details[0]?.reason], [status, code]);
        }
      });
    }
  });

/** What Anthropic's API calls an error, by status. */
const TYPES: { readonly [status: number]: string } = {
  413: "request_too_large",
  503: "api_error",
  504: "timeout_error",
};

/** Of the exceptions that Converse has. */
const EXCEPTIONS: { readonly [status: number]: new (...args: never[]) => Error } = {
  413: ValidationException,
  503: ServiceUnavailableException,
  504: ModelTimeoutException,
};
