import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyPatches,
  type ConfigPatch,
  type EnvoyResources,
  type Json,
  type JsonObject,
  objects,
} from "./patches.ts";

const MANAGER = "envoy.filters.network.http_connection_manager";

const listener = (name: string, trafficDirection: string, ...filters: string[]): JsonObject => ({
  name,
  trafficDirection,
  filterChains: [
    {
      filters: [
        {
          name: MANAGER,
          typedConfig: { statPrefix: name, httpFilters: filters.map((filter) => ({ name: filter })) },
        },
      ],
    },
  ],
});

const resources: EnvoyResources = {
  listeners: [listener("in", "INBOUND", "a", "b"), listener("out", "OUTBOUND", "a", "b")],
  clusters: [{ name: "inbound|8080||" }, { name: "outbound|9191||regent.local" }],
  routes: [],
};

function patch(applyTo: string, operation: string, value: JsonObject, match: object = {}): ConfigPatch {
  return { applyTo, match: { context: "SIDECAR_INBOUND", ...match }, patch: { operation, value } };
}

const httpFilter = (operation: string, subFilter?: string, value: JsonObject = { name: "new" }) =>
  patch("HTTP_FILTER", operation, value, {
    listener: {
      filterChain: {
        filter: { name: MANAGER, ...(subFilter === undefined ? {} : { subFilter: { name: subFilter } }) },
      },
    },
  });

function managers(patched: EnvoyResources): readonly JsonObject[] {
  return patched.listeners.flatMap(({ filterChains }) =>
    objects(filterChains).flatMap(({ filters }) =>
      objects(filters).map(({ typedConfig }) => typedConfig as JsonObject),
    ),
  );
}

const names = (patched: EnvoyResources): readonly Json[][] =>
  managers(patched).map(({ httpFilters }) => objects(httpFilters).map(({ name }) => name ?? null));

test("filters are put first, last, before and after others, in the listeners of the context only", () => {
  const cases: readonly (readonly [ConfigPatch, readonly string[]])[] = [
    [httpFilter("INSERT_FIRST"), ["new", "a", "b"]],
    [httpFilter("ADD"), ["a", "b", "new"]],
    [httpFilter("INSERT_BEFORE", "b"), ["a", "new", "b"]],
    [httpFilter("INSERT_AFTER", "a"), ["a", "new", "b"]],
    [httpFilter("INSERT_BEFORE"), ["new", "a", "b"]],
    [httpFilter("INSERT_AFTER"), ["a", "b", "new"]],
    [httpFilter("INSERT_BEFORE", "absent"), ["a", "b"]],
    [httpFilter("INSERT_AFTER", "absent"), ["a", "b"]],
    [httpFilter("REMOVE", "a"), ["b"]],
  ];
  for (const [change, expected] of cases) {
    assert.deepEqual(names(applyPatches(resources, [change], false)), [expected, ["a", "b"]]);
  }
});

test("patches are applied in their order", () => {
  const changes = [
    httpFilter("INSERT_FIRST", undefined, { name: "x" }),
    httpFilter("INSERT_AFTER", "x", { name: "y" }),
  ];
  assert.deepEqual(names(applyPatches(resources, changes, false))[0], ["x", "y", "a", "b"]);
});

test("a merge joins lists, merges messages, overwrites the rest, and knows both spellings of a field", () => {
  const value = {
    name: MANAGER,
    typed_config: { stat_prefix: "new", http_filters: [{ name: "c" }], options: { max_count: 1 } },
  };
  const match = { listener: { filterChain: { filter: { name: MANAGER } } } };
  const change = patch("NETWORK_FILTER", "MERGE", value, match);
  const [manager] = managers(applyPatches(resources, [change, change], false));
  assert.deepEqual(manager, {
    statPrefix: "new",
    httpFilters: [{ name: "a" }, { name: "b" }, { name: "c" }, { name: "c" }],
    options: { maxCount: 1 },
  });
});

test("clusters are matched by port and service, listeners by name", () => {
  const changes = [
    patch("CLUSTER", "MERGE", { per_connection_buffer_limit_bytes: 1 }, { cluster: { portNumber: 8080 } }),
    patch(
      "CLUSTER",
      "MERGE",
      { connect_timeout: "1s" },
      { context: "SIDECAR_OUTBOUND", cluster: { service: "regent.local" } },
    ),
    patch("CLUSTER", "ADD", { name: "added" }),
    patch("LISTENER", "MERGE", { per_connection_buffer_limit_bytes: 2 }, { listener: { name: "in" } }),
  ];
  const patched = applyPatches(resources, changes, false);
  assert.deepEqual(patched.clusters, [
    { name: "inbound|8080||", perConnectionBufferLimitBytes: 1 },
    { name: "outbound|9191||regent.local", connectTimeout: "1s" },
    { name: "added" },
  ]);
  assert.deepEqual(
    patched.listeners.map(({ perConnectionBufferLimitBytes }) => perConnectionBufferLimitBytes),
    [2, undefined],
  );
});

test("of a map, the entries of a patch replace those that were there whole", () => {
  const options = (value: object) => ({ typedExtensionProtocolOptions: { ...value } as JsonObject });
  const there = { ...resources.clusters[0], ...options({ http: { a: 1, b: 2 }, other: { c: 3 } }) };
  const change = patch("CLUSTER", "MERGE", { typed_extension_protocol_options: { http: { b: 4 } } });
  const patched = applyPatches({ ...resources, clusters: [there] }, [change], false);
  assert.deepEqual(patched.clusters, [{ ...there, ...options({ http: { b: 4 }, other: { c: 3 } }) }]);
});

test("in a gateway everything is of the context of gateways", () => {
  const change = httpFilter("INSERT_FIRST");
  const ofGateway = { ...change, match: { ...change.match, context: "GATEWAY" as const } };
  assert.deepEqual(names(applyPatches(resources, [ofGateway], true)), [
    ["new", "a", "b"],
    ["new", "a", "b"],
  ]);
  assert.deepEqual(names(applyPatches(resources, [change], true)), [
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("what Istio can and this cannot is an error", () => {
  for (const change of [
    patch("VIRTUAL_HOST", "MERGE", {}),
    httpFilter("REPLACE", "a"),
    patch("LISTENER", "REMOVE", {}),
  ]) {
    assert.throws(() => applyPatches(resources, [change], false), /not known here/);
  }
});
