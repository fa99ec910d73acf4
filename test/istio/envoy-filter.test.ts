import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filterOrders, generatedByIstio, WITH_FIXTURES, withoutExtProc } from "./fixtures.ts";
import { ISTIO, manifest } from "./manifests.ts";
import { meshResources, shippedPatches } from "./mesh.ts";
import { applyPatches, type ConfigPatch, isObject, type Json, type JsonObject } from "./patches.ts";
import { type Place, renderEnvoyFilter } from "./render-envoy-filter.ts";

const FILES: { readonly [place in Place]: string } = {
  sidecar: "base/envoy-filter.yaml",
  gateway: "gateway/envoy-filter.yaml",
};
const PLACES = Object.keys(FILES) as Place[];
const BUFFER = "envoy.filters.http.buffer";
/** Behind it, where its limit would be that of the answer too. */
const ROOM = "regent.buffer_room";
const DIALECT = "regent.client_dialect";
const PATHS = "regent.plain_paths";
const GOVERNED = /^virtualInbound |^0\.0\.0\.0_8080 /;

function patchesOf(place: Place): readonly ConfigPatch[] {
  const { spec } = manifest(FILES[place], "EnvoyFilter");
  return (spec as { configPatches: ConfigPatch[] }).configPatches;
}

test("the EnvoyFilters put the local configuration's settings into the mesh", () => {
  for (const place of PLACES) {
    assert.equal(
      readFileSync(join(ISTIO, FILES[place]), "utf8"),
      renderEnvoyFilter(place),
      "the local configuration has changed: run `node test/istio/write-envoy-filters.ts` and look at the difference",
    );
  }
});

test(
  "patched, Istio's proxies have the filters in Istio's own order, with the body limit first",
  WITH_FIXTURES,
  () => {
    for (const place of PLACES) {
      const generated = generatedByIstio(place);
      const before = withoutExtProc(generated);
      const patched = filterOrders(applyPatches(before, patchesOf(place), place === "gateway"));
      const wanted = filterOrders(generated);
      assert.deepEqual([...patched.keys()], [...wanted.keys()]);
      let governed = 0;
      for (const [chain, order] of wanted) {
        const isGoverned = order.includes("envoy.filters.http.ext_proc");
        if (isGoverned) governed += 1;
        assert.deepEqual(
          patched.get(chain),
          isGoverned ? [DIALECT, PATHS, BUFFER, ROOM, ...order] : order,
          `${place}: ${chain}`,
        );
      }
      assert.ok(governed > 0);
    }
  },
);

test("no chain of a governed listener is left without the filter that governs", WITH_FIXTURES, () => {
  for (const place of PLACES) {
    const patched = applyPatches(
      withoutExtProc(generatedByIstio(place)),
      patchesOf(place),
      place === "gateway",
    );
    const inbound = patched.listeners.filter(
      ({ trafficDirection }) => place === "gateway" || trafficDirection === "INBOUND",
    );
    const orders = [...filterOrders({ ...patched, listeners: inbound })];
    assert.ok(orders.length > 0);
    for (const [chain, order] of orders) {
      assert.match(chain, GOVERNED);
      const places = [
        DIALECT,
        BUFFER,
        ROOM,
        "envoy.filters.http.ext_authz",
        "envoy.filters.http.ext_proc",
      ].map((name) => order.indexOf(name));
      assert.ok(
        places.every((found, index) => found > (places[index - 1] ?? -1)),
        `${place}: ${chain}: ${order}`,
      );
    }
  }
});

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function httpOptions(cluster: JsonObject | undefined): JsonObject | undefined {
  return (cluster?.typedExtensionProtocolOptions as JsonObject | undefined)?.[HTTP_OPTIONS] as
    | JsonObject
    | undefined;
}

/** Without options Envoy speaks HTTP/1.1. */
const ENVOY_DEFAULT: JsonObject = { explicitHttpConfig: { httpProtocolOptions: {} } };

/** Whether everything that is in one value is in the other. */
function holds(value: Json | undefined, part: Json): boolean {
  if (!isObject(part)) return JSON.stringify(value) === JSON.stringify(part);
  return isObject(value) && Object.entries(part).every(([key, member]) => holds(value[key], member));
}

test("a patch of HTTP options, which replaces those of Istio, says what Istio said", WITH_FIXTURES, () => {
  const replaced: { readonly [place in Place]: readonly string[] } = {
    sidecar: ["outbound|9191||regent.local", "inbound|8080||"],
    gateway: [
      "outbound|9191||regent.local",
      ...["sim-us", "sim-eu", "sim-messages"].map(
        (name) => `outbound|8080||${name}.models.svc.cluster.local`,
      ),
    ],
  };
  for (const place of PLACES) {
    const generated = generatedByIstio(place).clusters;
    const changed = meshResources(place).clusters.filter((cluster) => {
      const before = generated.find(({ name }) => name === cluster.name);
      const after = httpOptions(cluster);
      if (JSON.stringify(after) === JSON.stringify(httpOptions(before))) return false;
      assert.ok(holds(after, httpOptions(before) ?? ENVOY_DEFAULT), `${place}: ${cluster.name}`);
      return true;
    });
    assert.deepEqual(changed.map(({ name }) => name).sort(), [...replaced[place]].sort());
  }
});

test(
  "the filter that adds keys is in the clusters of targets, closed, and before what sends",
  WITH_FIXTURES,
  () => {
    for (const place of PLACES) {
      const filters = meshResources(place).clusters.flatMap((cluster) => {
        const chain = httpOptions(cluster)?.httpFilters as readonly JsonObject[] | undefined;
        return chain === undefined ? [] : [chain];
      });
      const wanted = shippedPatches(place).filter((patch) =>
        JSON.stringify(patch).includes("x-regent-upstream"),
      );
      assert.ok(wanted.length > 0 && filters.length === wanted.length, place);
      for (const [proc, codec, ...others] of filters) {
        assert.deepEqual(
          [proc?.name, codec?.name, others],
          ["envoy.filters.http.ext_proc", "envoy.filters.http.upstream_codec", []],
        );
        const config = proc?.typedConfig as JsonObject;
        assert.deepEqual(
          [config.failureModeAllow, config.statusOnError],
          [false, { code: "ServiceUnavailable" }],
        );
        assert.ok(holds(config.grpcService, { envoyGrpc: { clusterName: "outbound|9191||regent.local" } }));
      }
    }
  },
);
