import type { EnvoyTarget } from "../../src/local/envoy/options.ts";

/** The placeholders of gateway/targets.yaml: the targets of the demo's registry. */
export const SHIPPED_TARGETS: readonly EnvoyTarget[] = [
  { name: "sim-us", origin: "http://sim-us.models.svc.cluster.local:8080" },
  { name: "sim-eu", origin: "http://sim-eu.models.svc.cluster.local:8080" },
  { name: "sim-messages", origin: "http://sim-messages.models.svc.cluster.local:8080" },
];
