import {
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import {
  decodeProcessingRequest,
  decodeProcessingResponse,
  encodeProcessingRequest,
  encodeProcessingResponse,
  type Init,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../../../src/envoy/codec.ts";

export type ProcessHandler = handleBidiStreamingCall<ProcessingRequest, Init<ProcessingResponse>>;

export type RunningProcessor = { readonly port: number; stop(): void };

/** The method, with the codecs that the product uses. */
export const PROCESS = {
  path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
  requestStream: true,
  responseStream: true,
  requestSerialize: encodeProcessingRequest,
  requestDeserialize: decodeProcessingRequest,
  responseSerialize: encodeProcessingResponse,
  responseDeserialize: decodeProcessingResponse,
} as const;

/** A gRPC server with nothing but this handler, on a port the system chose. */
export async function startProcessor(handler: ProcessHandler): Promise<RunningProcessor> {
  const server = new Server();
  server.addService({ process: PROCESS } as unknown as ServiceDefinition, { process: handler });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}

/** A processor that misbehaves by script: `onMessage` may write, emit an error, end, or do nothing. */
export function scripted(
  onMessage: (message: ProcessingRequest, call: Parameters<ProcessHandler>[0]) => void,
): ProcessHandler {
  return (call) => {
    call.on("data", (message: ProcessingRequest) => onMessage(message, call));
    call.on("end", () => call.end());
  };
}
