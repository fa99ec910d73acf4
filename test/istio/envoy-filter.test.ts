import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filterOrders, generatedByIstio, WITH_FIXTURES, withoutExtProc } from "./fixtures.ts";
import { ISTIO, manifest } from "./manifests.ts";
import { applyPatches, type ConfigPatch } from "./patches.ts";
import { type Place, renderEnvoyFilter } from "./render-envoy-filter.ts";

const FILES: { readonly [place in Place]: string } = {
  sidecar: "base/envoy-filter.yaml",
  gateway: "gateway/envoy-filter.yaml",
};
const PLACES = Object.keys(FILES) as Place[];
const BUFFER = "envoy.filters.http.buffer";
/** Behind it, where its limit would be that of the answer too. */
const ROOM = "regent.buffer_room";
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
          isGoverned ? [BUFFER, ROOM, ...order] : order,
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
      const places = [BUFFER, ROOM, "envoy.filters.http.ext_authz", "envoy.filters.http.ext_proc"].map(
        (name) => order.indexOf(name),
      );
      assert.ok(
        places.every((found, index) => found > (places[index - 1] ?? -1)),
        `${place}: ${chain}: ${order}`,
      );
    }
  }
});
