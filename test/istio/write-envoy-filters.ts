import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderIstioTargets } from "../../src/local/istio/targets.ts";
import { ISTIO } from "./manifests.ts";
import { renderEnvoyFilter } from "./render-envoy-filter.ts";
import { SHIPPED_TARGETS } from "./shipped-targets.ts";

// Writes the EnvoyFilters and targets of istio/ again after the local Envoy configuration has changed.
writeFileSync(join(ISTIO, "base", "envoy-filter.yaml"), renderEnvoyFilter("sidecar"));
writeFileSync(join(ISTIO, "gateway", "envoy-filter.yaml"), renderEnvoyFilter("gateway"));
writeFileSync(join(ISTIO, "gateway", "targets.yaml"), renderIstioTargets(SHIPPED_TARGETS));
