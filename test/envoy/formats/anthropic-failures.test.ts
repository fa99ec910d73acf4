/** Anthropic's official client, unmodified, through a real Envoy, when a model fails, takes too long or breaks off. */
import Anthropic, {
  APIConnectionTimeoutError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "@anthropic-ai/sdk";
import { SCRIPTED_MODEL as model } from "../governed/scripted.ts";
import { type Call, type Setting, testCalls } from "./clients.ts";

const client = ({ origin, timeoutMs, ...setting }: Setting) =>
  new Anthropic({ baseURL: origin, timeout: timeoutMs, ...setting });

const event = (data: { readonly type: string; readonly [member: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const usage = { input_tokens: 5, output_tokens: 2 };
const message = (more: object) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 1 },
  ...more,
});
const delta = (text: string) =>
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const body = (content: string) => ({
  model,
  max_tokens: 256,
  messages: [{ role: "user" as const, content }],
});

const messages: Call = {
  name: "messages",
  ask: (setting, content) => client(setting).messages.create(body(content)).withResponse(),
  async stream(setting, content) {
    const asked = { ...body(content), stream: true as const };
    const { data, response } = await client(setting).messages.create(asked).withResponse();
    return { response, events: data };
  },
  answer: message({ content: [{ type: "text", text: "Hello." }], stop_reason: "end_turn", usage }),
  tokens: 7,
  events: [
    event({ type: "message_start", message: message({}) }),
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    delta("Hello "),
    delta("there."),
    event({ type: "content_block_stop", index: 0 }),
    event({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 2 },
    }),
    event({ type: "message_stop" }),
  ],
  silent: [
    event({ type: "message_start", message: message({ usage: undefined }) }),
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    delta("Hello there."),
    event({ type: "content_block_stop", index: 0 }),
    event({ type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null } }),
    event({ type: "message_stop" }),
  ],
  error: () => ({ type: "error", error: { type: "sim_error", message: "The model was asked to fail." } }),
  exceptions: new Map<number, unknown>([
    [400, BadRequestError],
    [401, AuthenticationError],
    [403, PermissionDeniedError],
    [404, NotFoundError],
    [409, ConflictError],
    [422, UnprocessableEntityError],
    [429, RateLimitError],
    [500, InternalServerError],
    [503, InternalServerError],
    [529, InternalServerError],
  ]) as Call["exceptions"],
  timedOut: APIConnectionTimeoutError,
};

testCalls("Anthropic's client", [messages]);
