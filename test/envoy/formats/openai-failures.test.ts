/** OpenAI's official client, unmodified, through a real Envoy, when a model fails, takes too long or breaks off. */
import OpenAI, {
  APIConnectionTimeoutError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import { SCRIPTED_MODEL as model } from "../governed/scripted.ts";
import { type Call, type Setting, testCalls } from "./clients.ts";

const client = ({ origin, timeoutMs, ...setting }: Setting) =>
  new OpenAI({ baseURL: `${origin}/v1`, timeout: timeoutMs, ...setting });

const COMMON = {
  error: (status: number) => ({
    error: { message: "The model was asked to fail.", type: "sim", param: null, code: `sim_${status}` },
  }),
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
  ]) as Call["exceptions"],
  timedOut: APIConnectionTimeoutError,
};

const event = (data: object, name?: string) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
const DONE = "data: [DONE]\n\n";
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

const chunk = (more: object) =>
  event({ id: "x", object: "chat.completion.chunk", created: 1, model, choices: [], ...more });
const delta = (content: string, finish: string | null = null) =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] });
const chatBody = (content: string) => ({
  model,
  messages: [{ role: "user" as const, content }],
  max_completion_tokens: 256,
});

const chat: Call = {
  ...COMMON,
  name: "chat",
  ask: (setting, content) => client(setting).chat.completions.create(chatBody(content)).withResponse(),
  async stream(setting, content) {
    const body = { ...chatBody(content), stream: true as const };
    const { data, response } = await client(setting).chat.completions.create(body).withResponse();
    return { response, events: data };
  },
  answer: {
    id: "x",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
    usage,
  },
  tokens: 7,
  events: [delta("Hel"), delta("lo "), delta("there."), delta("", "stop"), chunk({ usage }), DONE],
  silent: [delta("Hel"), delta("lo there."), delta("", "stop"), DONE],
};

const piece = (text: string, finish: string | null = null) =>
  event({
    id: "x",
    object: "text_completion",
    created: 1,
    model,
    choices: [{ index: 0, text, finish_reason: finish }],
  });
const promptBody = (prompt: string) => ({ model, prompt, max_tokens: 256 });

const completions: Call = {
  ...COMMON,
  name: "completions",
  ask: (setting, prompt) => client(setting).completions.create(promptBody(prompt)).withResponse(),
  async stream(setting, prompt) {
    const body = { ...promptBody(prompt), stream: true as const };
    const { data, response } = await client(setting).completions.create(body).withResponse();
    return { response, events: data };
  },
  answer: {
    id: "x",
    object: "text_completion",
    created: 1,
    model,
    choices: [{ index: 0, text: "Hello.", finish_reason: "stop" }],
    usage,
  },
  tokens: 7,
  events: [
    piece("Hel"),
    piece("lo "),
    piece("there."),
    piece("", "stop"),
    event({ object: "text_completion", choices: [], usage }),
    DONE,
  ],
  silent: [piece("Hel"), piece("lo there."), piece("", "stop"), DONE],
};

const embeddings: Call = {
  ...COMMON,
  name: "embeddings",
  ask: (setting, input) =>
    client(setting).embeddings.create({ model, input, encoding_format: "float" }).withResponse(),
  answer: {
    object: "list",
    model,
    data: [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }],
    usage: { prompt_tokens: 5, total_tokens: 5 },
  },
  tokens: 5,
};

const message = (text: string, status: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  status,
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
});
const response = (status: string, output: object[]) => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  model,
  status,
  output,
  usage: status === "completed" ? { input_tokens: 5, output_tokens: 2, total_tokens: 7 } : null,
});
const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
const textDelta = (text: string) =>
  event(
    { type: "response.output_text.delta", ...place, delta: text, logprobs: [] },
    "response.output_text.delta",
  );
const inputBody = (input: string) => ({ model, input, max_output_tokens: 256 });

const responses: Call = {
  ...COMMON,
  name: "responses",
  ask: (setting, input) => client(setting).responses.create(inputBody(input)).withResponse(),
  async stream(setting, input) {
    const body = { ...inputBody(input), stream: true as const };
    const { data, response } = await client(setting).responses.create(body).withResponse();
    return { response, events: data };
  },
  answer: response("completed", [message("Hello.", "completed")]),
  tokens: 7,
  events: [
    event({ type: "response.created", response: response("in_progress", []) }, "response.created"),
    event(
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { ...message("", "in_progress"), content: [] },
      },
      "response.output_item.added",
    ),
    textDelta("Hello "),
    textDelta("there."),
    event({ type: "response.output_text.done", ...place, text: "Hello there." }, "response.output_text.done"),
    event(
      { type: "response.output_item.done", output_index: 0, item: message("Hello there.", "completed") },
      "response.output_item.done",
    ),
    event(
      { type: "response.completed", response: response("completed", [message("Hello there.", "completed")]) },
      "response.completed",
    ),
  ],
  silent: [
    event({ type: "response.created", response: response("in_progress", []) }, "response.created"),
    textDelta("Hello there."),
    event(
      {
        type: "response.completed",
        response: { ...response("completed", [message("Hello there.", "completed")]), usage: null },
      },
      "response.completed",
    ),
  ],
};

testCalls("OpenAI's client", [chat, completions, embeddings, responses]);
