import type { Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

/** Files of the services that are answered. */
const FILES = [
  "envoy/service/auth/v2/external_auth.proto",
  "envoy/service/auth/v3/external_auth.proto",
  "envoy/service/ext_proc/v3/external_processor.proto",
  "grpc/health/v1/health.proto",
];

/** Lets tools such as grpcurl ask which services there are. @param protoDir the folder `proto/` of this package */
export function addReflection(server: Server, protoDir: string): void {
  new ReflectionService(loadSync(FILES, { includeDirs: [protoDir] })).addToServer(server);
}
