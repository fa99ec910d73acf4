import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { portTakenSentence } from "../../src/wire/port-holder.ts";
import { complete, errorDocument } from "./answer.ts";
import { converseAt } from "./converse.ts";
import {
  ANTHROPIC_MESSAGES,
  type Dialect,
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_RESPONSES,
} from "./dialect.ts";
import { parseDirectives } from "./directives.ts";
import { embeddingDocument, parseEmbeddingRequest } from "./embeddings.ts";
import { newCounts, renderMetrics } from "./metrics.ts";
import { REPLAY_HEADER, sendRecorded } from "./replay.ts";
import { sendDocument, sendFault, sendJson, sendStream } from "./send.ts";
import { promptTokens } from "./text.ts";
import { Witness } from "./witness.ts";

export type SampleModelOptions = {
  readonly name: string;
  readonly region: string;
  /** 0: one that the system picks. */
  readonly port?: number;
  readonly host?: string;
  /** Model names to know; others are 404. Left out: it answers to any and lists {@link DEFAULT_MODELS}. */
  readonly models?: readonly string[];
  /** Milliseconds between the pieces of a stream. */
  readonly paceMs?: number;
  /** The key that it asks for, where servers of the dialect do. Left out: none. */
  readonly key?: string;
  /** File to which the witness appends. */
  readonly witnessFile?: string;
  /** Folder of recorded answers, which a request can ask for by {@link REPLAY_HEADER}. Left out: none. */
  readonly recordings?: string;
};

/** A running sample model. */
export type SampleModel = {
  readonly port: number;
  /** `http://host:port`. */
  readonly origin: string;
  readonly witness: Witness;
  /** Stops it, cutting what is still being answered. */
  close(): Promise<void>;
};

export const DEFAULT_MODELS = [
  "sim-small",
  "sim-large-1",
  "sim-large-2",
  "sim-frontier",
  "sim-preview",
  "sim-legacy",
];

/** A real model server also refuses at some size; far above what the gateway lets through. */
const BODY_BYTES_MAX = 64 * 1024 ** 2;
/** Slow enough to be seen as a stream, fast enough for a test. */
const PACE_MS = 2;

/**
 * Starts a model server that speaks OpenAI chat and Anthropic messages and remembers every request (`GET /witness`).
 *
 * @throws Error with a sentence when the port is taken.
 */
export async function startSampleModel(options: SampleModelOptions): Promise<SampleModel> {
  const witness = new Witness(options.name, options.witnessFile);
  const handle = handlerFor(options, witness);
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => fail(response, error));
  });
  const host = options.host ?? "127.0.0.1";
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://${host}:${port}`,
    witness,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new Error(portTakenSentence(port), { cause: error });
  }
}

function fail(response: ServerResponse, error: unknown): void {
  process.stderr.write(`sample model: ${error instanceof Error ? error.stack : String(error)}\n`);
  response.destroy();
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function handlerFor(options: SampleModelOptions, witness: Witness): Handler {
  const counts = newCounts();
  const listed = options.models ?? DEFAULT_MODELS;
  const known = options.models === undefined ? undefined : new Set(options.models);

  return async (request, response) => {
    const url = new URL(request.url ?? "/", "http://model");
    if (url.pathname === "/witness") return showWitness(request, response, url, witness);
    if (url.pathname === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end(renderMetrics(listed[0] ?? options.name, counts));
      return;
    }
    const body = await readBody(request);
    if (body === undefined)
      return sendJson(response, 413, errorDocument(413, "too_large", "The body is too large."));
    witness.see(request, body);
    const dialect = dialectAt(url.pathname);
    if (options.key !== undefined && !keysIn(request, url.pathname).includes(options.key)) {
      const { error, unauthorized = 401 } =
        dialect ?? (url.pathname === COUNT_PATH ? ANTHROPIC_MESSAGES : OPENAI_CHAT);
      return sendJson(
        response,
        unauthorized,
        error(unauthorized, "invalid_api_key", "Incorrect API key provided."),
      );
    }
    if (url.pathname === "/v1/models" && request.method === "GET")
      return sendJson(response, 200, modelList(listed));
    const recorded = header(request, REPLAY_HEADER);
    if (options.recordings !== undefined && recorded !== undefined)
      return sendRecorded(response, options.recordings, recorded);
    if (dialect !== undefined && request.method === "POST") {
      counts.running += 1;
      try {
        return await chat(request, response, body, dialect);
      } finally {
        counts.running -= 1;
      }
    }
    if (url.pathname === EMBEDDINGS_PATH && request.method === "POST") return embed(response, body);
    if (url.pathname === COUNT_PATH && request.method === "POST") return countTokens(response, body);
    sendJson(
      response,
      404,
      errorDocument(404, "not_found", `Unknown request URL: ${request.method} ${url.pathname}`),
    );
  };

  async function chat(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    dialect: Dialect,
  ): Promise<void> {
    const chatRequest = dialect.parse(body);
    if (chatRequest === undefined) {
      return sendJson(response, 400, dialect.error(400, "invalid_json", "This is no chat request."));
    }
    if (known !== undefined && !known.has(chatRequest.model)) {
      const message = `The model ${chatRequest.model} does not exist.`;
      return sendJson(response, 404, dialect.error(404, "model_not_found", message));
    }
    const directives = parseDirectives(chatRequest.lastUserText, header(request, "x-sim-fault"));
    const reply = { response, gone: goneSignal(response), dialect };
    if (directives.delayMs > 0)
      await wait(directives.delayMs, undefined, { signal: reply.gone }).catch(() => {});
    if (await sendFault(reply, directives)) return;
    const completion = complete(options, chatRequest, directives, witness.count, Date.now());
    counts.promptTokens += completion.usage.prompt_tokens;
    counts.generationTokens += completion.usage.completion_tokens;
    counts.finished.set(completion.finishReason, (counts.finished.get(completion.finishReason) ?? 0) + 1);
    if (!chatRequest.stream) return sendDocument(reply, completion, directives);
    const paceMs = directives.paceMs ?? options.paceMs ?? PACE_MS;
    await sendStream(reply, completion, directives, { includeUsage: chatRequest.includeUsage, paceMs });
  }
}

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["/v1/chat/completions", OPENAI_CHAT],
  ["/v1/completions", OPENAI_COMPLETIONS],
  ["/v1/responses", OPENAI_RESPONSES],
  ["/v1/messages", ANTHROPIC_MESSAGES],
]);

function dialectAt(pathname: string): Dialect | undefined {
  return DIALECTS.get(pathname) ?? converseAt(pathname);
}

/**
 * The keys of a request, where servers of its dialect look for one: a bearer token; for Anthropic's messages also
 * `x-api-key`, which its clients sent before version 2026-10-21 of the API.
 */
function keysIn(request: IncomingMessage, pathname: string): readonly (string | undefined)[] {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const isMessages = pathname === COUNT_PATH || dialectAt(pathname) === ANTHROPIC_MESSAGES;
  return isMessages ? [bearer, header(request, "x-api-key")] : [bearer];
}

const EMBEDDINGS_PATH = "/v1/embeddings";
const COUNT_PATH = "/v1/messages/count_tokens";

function countTokens(response: ServerResponse, body: Buffer): void {
  const request = ANTHROPIC_MESSAGES.parse(body);
  if (request === undefined)
    sendJson(response, 400, ANTHROPIC_MESSAGES.error(400, "invalid_json", "This is no message."));
  else sendJson(response, 200, { input_tokens: promptTokens(request.texts) });
}

function embed(response: ServerResponse, body: Buffer): void {
  const request = parseEmbeddingRequest(body);
  if (request === undefined) sendJson(response, 400, errorDocument(400, "invalid_json", "This is no input."));
  else sendJson(response, 200, embeddingDocument(request));
}

function showWitness(request: IncomingMessage, response: ServerResponse, url: URL, witness: Witness): void {
  if (request.method === "DELETE") witness.forget();
  const parameter = (name: string) => url.searchParams.get(name) ?? undefined;
  const since = parameter("since");
  const requests = witness.find({
    requestId: parameter("request_id"),
    decisionId: parameter("decision_id"),
    since: since === undefined ? undefined : Number(since),
  });
  sendJson(response, 200, { count: witness.count, requests });
}

function modelList(names: readonly string[]): object {
  return { object: "list", data: names.map((id) => ({ id, object: "model", created: 0, owned_by: "sim" })) };
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => controller.abort());
  return controller.signal;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}
