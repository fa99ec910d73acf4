import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ISTIO } from "./manifests.ts";
import { renderEnvoyFilter } from "./render-envoy-filter.ts";

// Writes the EnvoyFilters of istio/ again after the local Envoy configuration has changed.
writeFileSync(join(ISTIO, "base", "envoy-filter.yaml"), renderEnvoyFilter("sidecar"));
writeFileSync(join(ISTIO, "gateway", "envoy-filter.yaml"), renderEnvoyFilter("gateway"));
