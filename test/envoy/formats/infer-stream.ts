import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { decodeMessage, encodeMessage } from "../../support/infer-proto.ts";
import { type InferRequest, type StreamedResponse, textsOf } from "./infer-model.ts";

const PATH = "/inference.GRPCInferenceService/ModelStreamInfer";

/** A client's stream of requests that stays open: the next one is sent when an answer to the one before has come. */
export type InferStream = {
  send(request: InferRequest): void;
  /** Any bytes as a message. */
  sendBytes(bytes: Buffer): void;
  /** The next answer that has not been taken yet; rejects where the stream ends without one. */
  next(): Promise<StreamedResponse>;
  /** Says that all was sent. */
  end(): void;
  cancel(): void;
  /** Resolves when the head of the answers has come, or the stream ended without. */
  readonly decisionId: Promise<string | undefined>;
  /** How it ended, with the answers that nobody took. */
  readonly ended: Promise<Ended>;
  close(): void;
};

export type Ended = {
  readonly code: status;
  readonly details: string;
  readonly reason: string | undefined;
  readonly rest: readonly StreamedResponse[];
};

/** A call takes its time on two busy cores, but does not hang. */
const DEADLINE_MS = 120_000;

const identity = (bytes: Buffer) => bytes;

export function openInferStream(port: number, apiKey: string): InferStream {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
  });
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${apiKey}`);
  const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    PATH,
    identity,
    identity,
    metadata,
    { deadline: Date.now() + DEADLINE_MS },
  );
  const answers: StreamedResponse[] = [];
  const waiting: { resolve(answer: StreamedResponse): void; reject(error: Error): void }[] = [];
  const decision = Promise.withResolvers<string | undefined>();
  const over = Promise.withResolvers<Ended>();
  let end: Ended | undefined;
  const named = (from: Metadata, name: string) => from.get(name)[0] as string | undefined;
  call.on("metadata", (head) => decision.resolve(named(head, "x-regent-decision-id")));
  call.on("data", (bytes: Buffer) => {
    const answer = streamedOf(bytes);
    const next = waiting.shift();
    if (next === undefined) answers.push(answer);
    else next.resolve(answer);
  });
  // Its status says the same.
  call.on("error", () => {});
  call.on("status", ({ code, details, metadata: trailers }) => {
    decision.resolve(named(trailers, "x-regent-decision-id"));
    end = { code, details, reason: named(trailers, "x-regent-reason"), rest: answers };
    for (const { reject } of waiting.splice(0)) reject(new Error(`the stream ended: ${code} ${details}`));
    over.resolve(end);
  });
  return {
    send: (request) => void call.write(encodeMessage("request", wireForm(request))),
    sendBytes: (bytes) => void call.write(bytes),
    next() {
      const answer = answers.shift();
      if (answer !== undefined) return Promise.resolve(answer);
      if (end !== undefined) return Promise.reject(new Error(`the stream ended: ${end.code} ${end.details}`));
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    end: () => call.end(),
    cancel: () => call.cancel(),
    decisionId: decision.promise,
    ended: over.promise,
    close: () => client.close(),
  };
}

/** A request as protobufjs takes it from JSON: names in camel case, bytes as buffers. */
export function wireForm({ model_name, id, inputs }: InferRequest): object {
  return {
    modelName: model_name,
    id: id ?? "",
    inputs: inputs.map(({ contents, ...tensor }) => ({
      ...tensor,
      contents: { bytesContents: contents?.bytes_contents ?? [] },
    })),
  };
}

/** An answer as the client gets it, without its frame. */
export function streamedOf(bytes: Buffer): StreamedResponse {
  const { errorMessage = "", inferResponse } = decodeMessage("streamed", bytes) as {
    errorMessage?: string;
    inferResponse?: { modelName: string; id: string; outputs: { contents: { bytesContents: string[] } }[] };
  };
  if (inferResponse === undefined) return { error_message: errorMessage, infer_response: null };
  const outputs = (inferResponse.outputs ?? []).map(({ contents }) => ({
    name: "said",
    datatype: "BYTES",
    shape: [contents.bytesContents.length],
    contents: { bytes_contents: contents.bytesContents.map((text) => Buffer.from(text, "base64")) },
  }));
  return {
    error_message: errorMessage,
    infer_response: { model_name: inferResponse.modelName, id: inferResponse.id ?? "", outputs },
  };
}

/** What the model does on a request with such a text; every other one it answers with the same text, at once. */
export const ASK = {
  /** Answers once, and then fails. */
  fail: "answer and fail",
  /** Answers nothing until the client has sent all. */
  wait: "wait",
  /** Answers nothing, whatever comes. */
  never: "never",
  /** Answers, and does not end when the client has sent all. */
  answerAndStay: "answer and stay",
  /** Answers, and leaves the client in the middle of the next answer. */
  die: "answer and die",
} as const;

/** A model that answers each request of a stream when it comes. */
export type StreamModel = {
  readonly port: number;
  /** Texts of every request that reached it, in order. */
  readonly seen: readonly string[];
  /**
   * How many streams that the model would never end were reset. Of others nothing can be told: grpc-js says of every call
   * that its requests have ended, and then that it was cancelled.
   */
  readonly resets: number;
  stop(): void;
};

export async function startStreamModel(): Promise<StreamModel> {
  const seen: string[] = [];
  let resets = 0;
  const server = new Server();
  const definition = {
    ModelStreamInfer: {
      path: PATH,
      requestStream: true,
      responseStream: true,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  } as unknown as ServiceDefinition;
  server.addService(definition, {
    ModelStreamInfer(call: ServerDuplexStream<Buffer, Buffer>) {
      const held: (() => void)[] = [];
      let stays = false;
      call.on("data", (bytes: Buffer) => {
        const request = requestOf(bytes);
        const text = textsOf(request).join(" ");
        seen.push(text);
        const answer = () => call.write(answerTo(request, text));
        if (text === ASK.wait) held.push(answer);
        else if (text !== ASK.never) answer();
        if (text === ASK.never || text === ASK.answerAndStay) stays = true;
        if (text === ASK.fail)
          call.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "out of memory" });
        if (text === ASK.die) setImmediate(() => server.forceShutdown());
      });
      call.on("cancelled", () => {
        if (stays) resets += 1;
      });
      call.on("error", () => {});
      call.on("end", () => {
        for (const answer of held) answer();
        if (!stays) call.end();
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    port,
    seen,
    get resets() {
      return resets;
    },
    stop: () => server.forceShutdown(),
  };
}

function requestOf(bytes: Buffer): InferRequest {
  const { modelName, id, inputs, rawInputContents } = decodeMessage("request", bytes) as {
    modelName: string;
    id?: string;
    inputs: { contents?: { bytesContents: string[] } }[];
    rawInputContents?: string[];
  };
  return {
    model_name: modelName,
    id: id ?? "",
    inputs: inputs.map(({ contents }) => ({
      name: "text",
      datatype: "BYTES",
      shape: [1],
      contents: { bytes_contents: contents?.bytesContents.map((text) => Buffer.from(text, "base64")) ?? [] },
    })),
    raw_input_contents: (rawInputContents ?? []).map((raw) => Buffer.from(raw, "base64")),
  };
}

/** In the form in which the request has its texts, as Triton does. */
function answerTo({ model_name, id, raw_input_contents: raw = [] }: InferRequest, text: string): Buffer {
  const said = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(said.length);
  const isRaw = raw.length > 0;
  const output = {
    name: "said",
    datatype: "BYTES",
    shape: ["1"],
    ...(isRaw ? {} : { contents: { bytesContents: [said] } }),
  };
  const rawOutputContents = isRaw ? [Buffer.concat([head, said])] : [];
  return encodeMessage("streamed", {
    inferResponse: { modelName: model_name, id: id ?? "", outputs: [output], rawOutputContents },
  });
}
