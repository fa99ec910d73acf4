import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EnvoyResources, isObject, type Json, type JsonObject, objects } from "./patches.ts";
import type { Place } from "./render-envoy-filter.ts";

const FOLDER = fileURLToPath(new URL("../../../shared/fixtures/istio/", import.meta.url));

/** For tests that read what Istio generated: its configuration is kept beside the checkout, not in it. */
export const FIXTURES_PRESENT = existsSync(FOLDER);
export const WITH_FIXTURES = FIXTURES_PRESENT
  ? {}
  : { skip: "SKIPPED: ../shared/fixtures/istio is absent, so there is nothing of Istio's to patch" };

/** What Istio generated with an AuthorizationPolicy for Regent and a minimal EnvoyFilter of its own for ext_proc. */
export function generatedByIstio(place: Place): EnvoyResources {
  return JSON.parse(readFileSync(join(FOLDER, `${place}.after.json`), "utf8")) as EnvoyResources;
}

const EXT_PROC = "envoy.filters.http.ext_proc";

/** The same without that EnvoyFilter's work. */
export function withoutExtProc(resources: EnvoyResources): EnvoyResources {
  return withHttpFilters(resources, (filters) => filters.filter(({ name }) => name !== EXT_PROC));
}

/** The configuration with the HTTP filters of every listener changed. */
export function withHttpFilters(
  resources: EnvoyResources,
  change: (filters: readonly JsonObject[]) => readonly JsonObject[],
): EnvoyResources {
  return {
    ...resources,
    listeners: resources.listeners.map((listener) => changed(listener, change) as JsonObject),
  };
}

function changed(value: Json, change: (filters: readonly JsonObject[]) => readonly JsonObject[]): Json {
  if (Array.isArray(value)) return value.map((member) => changed(member, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === "httpFilters" ? change(objects(member)) : changed(member, change),
    ]),
  );
}

/** The names of the HTTP filters of every chain, by listener and chain. */
export function filterOrders(resources: EnvoyResources): ReadonlyMap<string, readonly string[]> {
  const orders = new Map<string, readonly string[]>();
  for (const listener of resources.listeners) {
    for (const [index, chain] of objects(listener.filterChains).entries()) {
      for (const { typedConfig } of objects(chain.filters)) {
        const filters = (typedConfig as JsonObject).httpFilters;
        if (filters !== undefined)
          orders.set(
            `${listener.name} ${chain.name ?? index}`,
            objects(filters).map(({ name }) => String(name)),
          );
      }
    }
  }
  return orders;
}
