import {
  type Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { INFER_PROTO } from "../../support/infer-proto.ts";

/** Messages as the library has them; bytes are buffers. */
export type Tensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (number | string)[];
  readonly contents?: { readonly [field: string]: readonly unknown[] };
};
export type InferRequest = {
  readonly model_name: string;
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  readonly raw_input_contents?: readonly Buffer[];
};
export type InferResponse = {
  readonly model_name: string;
  readonly id: string;
  readonly outputs: readonly Tensor[];
};
export type StreamedResponse = {
  readonly error_message: string;
  readonly infer_response: InferResponse | null;
};

const service = (
  loadPackageDefinition(loadSync(INFER_PROTO, { keepCase: true, longs: String, defaults: true }))
    .inference as GrpcObject
).GRPCInferenceService as ServiceClientConstructor;

/** A text for which the model fails. */
export const FAILS = "please fail";

/** A server that answers texts with the same texts, of a stream each request twice. */
export type InferModel = {
  readonly port: number;
  /** Every request that reached it, in order. */
  readonly seen: readonly { readonly request: InferRequest; readonly metadata: Metadata }[];
  stop(): Promise<void>;
};

export async function startInferModel(): Promise<InferModel> {
  const seen: { request: InferRequest; metadata: Metadata }[] = [];
  const server = new Server();
  server.addService(service.service, {
    ModelInfer(call: ServerUnaryCall<InferRequest, InferResponse>, reply: sendUnaryData<InferResponse>) {
      seen.push(call);
      if (textsOf(call.request).includes(FAILS))
        reply({ code: status.FAILED_PRECONDITION, details: "the model is not ready: 50 % loaded" });
      else reply(null, echo(call.request));
    },
    ModelStreamInfer(call: ServerDuplexStream<InferRequest, StreamedResponse>) {
      call.on("data", (request: InferRequest) => {
        seen.push({ request, metadata: call.metadata });
        const answer = { error_message: "", infer_response: echo(request) };
        call.write(answer);
        call.write(
          textsOf(request).includes(FAILS)
            ? { error_message: "out of memory", infer_response: null }
            : answer,
        );
      });
      call.on("end", () => call.end());
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
    stop: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}

function echo(request: InferRequest): InferResponse {
  const texts = textsOf(request);
  const contents = { bytes_contents: texts.map((text) => Buffer.from(text)) };
  const output = { name: "said", datatype: "BYTES", shape: [texts.length], contents };
  return { model_name: request.model_name, id: request.id ?? "", outputs: [output] };
}

/** The texts of the first input, wherever they stand. */
export function textsOf({ inputs, raw_input_contents: raw = [] }: InferRequest): string[] {
  const [bytes] = raw;
  if (bytes === undefined) return textsIn(inputs[0]);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    texts.push(bytes.toString("utf8", at + 4, end));
    at = end;
  }
  return texts;
}

export function textsIn(tensor: Tensor | undefined): string[] {
  return ((tensor?.contents?.bytes_contents ?? []) as readonly Buffer[]).map((bytes) =>
    bytes.toString("utf8"),
  );
}

/** Asks for an answer to texts, which stand in the typed contents. */
export function asking(model: string, texts: readonly string[]): InferRequest {
  const contents = { bytes_contents: texts.map((text) => Buffer.from(text)) };
  return {
    model_name: model,
    id: "7",
    inputs: [{ name: "text", datatype: "BYTES", shape: [texts.length], contents }],
  };
}

/** The same with the texts in raw form. */
export function askingRaw(model: string, texts: readonly string[]): InferRequest {
  const raw = texts.map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  });
  return {
    model_name: model,
    inputs: [{ name: "text", datatype: "BYTES", shape: [texts.length] }],
    raw_input_contents: [Buffer.concat(raw)],
  };
}

/** What came of a call: answers, and the status that ended it. `metadata` is that of the head or, without one, of the status. */
export type Called<T> = {
  readonly answers: readonly T[];
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
};

export type InferClient = {
  infer(request: InferRequest): Promise<Called<InferResponse>>;
  /** Any bytes as the message of a call that takes one. */
  inferBytes(bytes: Buffer, method?: string): Promise<Called<Buffer>>;
  /** Sends all requests and that they were all. */
  stream(...requests: readonly InferRequest[]): Promise<Called<StreamedResponse>>;
  close(): void;
};

/** Calls take their time on two busy cores, but do not hang. */
const DEADLINE_MS = 30_000;

/** @param headers besides the key */
export function connectInfer(
  port: number,
  apiKey: string | undefined,
  options: object = {},
  headers: { readonly [name: string]: string } = {},
): InferClient {
  const client = new service(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
    ...options,
  }) as unknown as Client & {
    ModelInfer(
      request: InferRequest,
      metadata: Metadata,
      options: object,
      callback: (error: ServiceError | null, response?: InferResponse) => void,
    ): ClientUnaryCall;
    ModelStreamInfer(metadata: Metadata, options: object): ClientDuplexStream<InferRequest, StreamedResponse>;
  };
  const metadata = new Metadata();
  if (apiKey !== undefined) metadata.set("authorization", `Bearer ${apiKey}`);
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const limits = () => ({ deadline: Date.now() + DEADLINE_MS });
  return {
    infer: (request) => unary((done) => client.ModelInfer(request, metadata, limits(), done)),
    inferBytes: (bytes, method = "/inference.GRPCInferenceService/ModelInfer") =>
      unary((done) =>
        client.makeUnaryRequest(
          method,
          (value: Buffer) => value,
          (value) => value,
          bytes,
          metadata,
          limits(),
          done,
        ),
      ),
    stream(...requests) {
      const call = client.ModelStreamInfer(metadata, limits());
      for (const request of requests) call.write(request);
      call.end();
      return streamed(call);
    },
    close: () => client.close(),
  };
}

function unary<T>(
  start: (done: (error: ServiceError | null, response?: T) => void) => ClientUnaryCall,
): Promise<Called<T>> {
  return new Promise((resolve) => {
    let head: Metadata | undefined;
    const call = start((error, response) =>
      resolve({
        answers: response === undefined ? [] : [response],
        code: error === null ? status.OK : error.code,
        details: error?.details ?? "",
        metadata: head ?? error?.metadata ?? new Metadata(),
      }),
    );
    call.on("metadata", (received) => {
      head = received;
    });
  });
}

function streamed<T>(call: ClientDuplexStream<InferRequest, T>): Promise<Called<T>> {
  return new Promise((resolve) => {
    const answers: T[] = [];
    let head: Metadata | undefined;
    call.on("metadata", (received) => {
      head = received;
    });
    call.on("data", (answer: T) => answers.push(answer));
    // Its status says the same.
    call.on("error", () => {});
    call.on("status", ({ code, details, metadata }) =>
      resolve({ answers, code, details, metadata: head ?? metadata }),
    );
  });
}
