import { resolve } from "node:path";
import { type OpaAddress, parseOpaAddress } from "./address.ts";
import { PLUGIN_NAMES } from "./keys.ts";
import type { OpaDocument, OpaPlugin } from "./schema.ts";
import { isGiven } from "./values.ts";

/** What opa-envoy-plugin is configured to do. */
export type OpaEnvoy = {
  readonly address: OpaAddress;
  /** As it was written. */
  readonly addr: string;
  /** The path of the decision, or the query that stands in for one. */
  readonly decision: { readonly path: string } | { readonly query: string };
  readonly dryRun: boolean;
  readonly skipRequestBodyParse: boolean;
  readonly reflection: boolean;
  /** File of a FileDescriptorSet. */
  readonly protoDescriptor?: string;
  readonly messageBytesMax: number;
  readonly answerBytesMax: number;
  readonly performanceMetrics: boolean;
  /** Seconds, upper bounds. */
  readonly durationBuckets: readonly number[];
};

/** What is wrong with a value that only turns out when it is used. The loader has seen all else. */
export class OpaValueError extends Error {
  override readonly name = "OpaValueError";
}

/** What the document says of the plugin, under either of its names. @throws OpaValueError */
export function envoyOf({ plugins }: OpaDocument, cwd: string): { readonly envoy?: OpaEnvoy } {
  for (const name of PLUGIN_NAMES) {
    const plugin = plugins[name];
    if (plugin !== undefined) return { envoy: envoyOptions(name, plugin, cwd) };
  }
  return {};
}

function envoyOptions(name: string, plugin: OpaPlugin, cwd: string): OpaEnvoy {
  const address = parseOpaAddress(plugin.addr);
  if (typeof address === "string") throw new OpaValueError(`plugins.${name}.addr: ${plugin.addr} ${address}`);
  const descriptor = plugin["proto-descriptor"];
  return {
    address,
    addr: plugin.addr,
    decision: isGiven(plugin.query) ? { query: plugin.query } : { path: plugin.path ?? "envoy/authz/allow" },
    dryRun: plugin["dry-run"],
    skipRequestBodyParse: plugin["skip-request-body-parse"],
    reflection: plugin["enable-reflection"],
    ...(descriptor === "" ? {} : { protoDescriptor: resolve(cwd, descriptor) }),
    messageBytesMax: plugin["grpc-max-recv-msg-size"],
    answerBytesMax: plugin["grpc-max-send-msg-size"],
    performanceMetrics: plugin["enable-performance-metrics"],
    durationBuckets: plugin["grpc-request-duration-seconds-buckets"],
  };
}
