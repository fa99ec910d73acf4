/**
 * An ext_proc server that reads nothing: it asks for the modes that Regent asks for, names a target and gives every
 * chunk back as it came. What Regent's own reading costs is told by comparison with it. `PORT TARGET`; prints a line
 * when it listens.
 */
import type { Init, ProcessingRequest, ProcessingResponse } from "../../src/envoy/codec.ts";
import { OVERRIDES } from "../../src/envoy/process/modes.ts";
import { startGrpcServer } from "../../src/envoy/server/server.ts";

const [port = "", target = ""] = process.argv.slice(2);
const MESSAGE_BYTES_MAX = 64 * 1024 ** 2;

function replyTo(message: ProcessingRequest): Init<ProcessingResponse> {
  switch (message.request) {
    case "requestHeaders":
      return { requestHeaders: {} };
    case "requestBody": {
      const header = { key: "x-regent-target", rawValue: Buffer.from(target) };
      return {
        requestBody: { response: { headerMutation: { setHeaders: [{ header }] }, clearRouteCache: true } },
      };
    }
    case "responseHeaders":
      return { responseHeaders: {}, modeOverride: OVERRIDES.stream };
    case "responseBody": {
      const { body, endOfStream } = message.responseBody;
      return { responseBody: { response: { bodyMutation: { streamedResponse: { body, endOfStream } } } } };
    }
    case "requestTrailers":
      return { requestTrailers: {} };
    default:
      return { responseTrailers: {} };
  }
}

const { health } = await startGrpcServer(
  { listen: { kind: "tcp", host: "127.0.0.1", port: Number(port) }, messageBytesMax: MESSAGE_BYTES_MAX },
  {
    check: () => Promise.reject(new Error("only ext_proc")),
    process(call) {
      call.on("data", (message: ProcessingRequest) => call.write(replyTo(message)));
      call.on("end", () => call.end());
      // Envoy resets streams that it is done with.
      call.on("error", () => undefined);
    },
  },
  { info: () => undefined, warn: console.error, error: console.error },
);
health.set(true);
process.stdout.write("listening\n");
process.stdin.resume().once("end", () => process.exit());
