import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { packageFile } from "../../document/package-root.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { envoyConfig, renderEnvoyConfig } from "./bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyOptions, type EnvoyTarget, FILTER_CHOICES, sizesFor } from "./options.ts";

const config = (options: Partial<EnvoyOptions> = {}) =>
  envoyConfig({ ...ENVOY_DEFAULTS, ...options }) as JsonObject;

/** Every value under a key, anywhere. */
function valuesOf(value: JsonValue | undefined, key: string): JsonValue[] {
  if (Array.isArray(value)) return value.flatMap((member) => valuesOf(member, key));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(name === key ? [member] : []),
    ...valuesOf(member, key),
  ]);
}

function filterNames(options: Partial<EnvoyOptions>): string[] {
  return (valuesOf(config(options), "http_filters")[0] as JsonObject[]).map(({ name }) => String(name));
}

describe("the Envoy configuration", () => {
  test("in envoy/envoy.yaml is what the command prints", () => {
    const committed = readFileSync(packageFile("envoy", "envoy.yaml"), "utf8");
    assert.equal(committed, renderEnvoyConfig(ENVOY_DEFAULTS), "regent envoy generate > envoy/envoy.yaml");
  });

  test("means the same as text and as a value", () => {
    assert.deepEqual(parse(renderEnvoyConfig(ENVOY_DEFAULTS)), config());
  });

  test("fails closed in every filter, whichever are chosen", () => {
    for (const filters of FILTER_CHOICES) {
      const modes = valuesOf(config({ filters }), "failure_mode_allow");
      assert.deepEqual(
        modes,
        modes.map(() => false),
      );
      // With ext_proc there is one more at the cluster of each target.
      const atListener = filters === "none" ? 0 : filters === "both" ? 2 : 1;
      const atClusters = filters === "both" || filters === "ext_proc" ? ENVOY_DEFAULTS.targets.length : 0;
      assert.equal(modes.length, atListener + atClusters);
    }
  });

  test("puts the limit of bodies before ext_authz before ext_proc before the router, and room for what grows behind it", () => {
    const [buffer, authz, proc, router] = ["buffer", "ext_authz", "ext_proc", "router"].map(
      (name) => `envoy.filters.http.${name}`,
    );
    const room = "regent.buffer_room";
    const dialect = "regent.client_dialect";
    const paths = "regent.plain_paths";
    assert.deepEqual(filterNames({ filters: "both" }), [dialect, paths, buffer, room, authz, proc, router]);
    assert.deepEqual(filterNames({ filters: "ext_proc" }), [dialect, paths, buffer, room, proc, router]);
    assert.deepEqual(filterNames({ filters: "ext_authz" }), [dialect, paths, buffer, authz, router]);
    assert.deepEqual(filterNames({ filters: "none" }), [router]);
  });

  const targets = ["a", "b", "c"].map((name) => ({ name, origin: "http://127.0.0.1:1" }));
  const [a, b, c] = targets as [EnvoyTarget, EnvoyTarget, EnvoyTarget];
  const falling = (fallbacks: readonly string[], more: Partial<EnvoyOptions> = {}) =>
    config({ targets: [{ ...a, fallbacks }, b, c], ...more });

  test("has a filter at every cluster through which an attempt can leave", () => {
    for (const [made, routed] of [
      [config({ targets }), { a: "a", b: "b", c: "c" }],
      [falling(["c"]), { "retry:a": "@host", b: "b", c: "c" }],
    ] as const) {
      const routes = valuesOf(made, "routes")[0] as JsonObject[];
      assert.deepEqual(
        routes.flatMap(({ route }) => valuesOf(route, "cluster")),
        Object.keys(routed),
      );
      const clusters = valuesOf(made, "clusters")[0] as JsonObject[];
      for (const [name, value] of Object.entries(routed)) {
        const cluster = clusters.find((one) => one.name === name);
        assert.deepEqual(
          (valuesOf(cluster, "http_filters")[0] as JsonObject[]).map((filter) => filter.name),
          ["envoy.filters.http.ext_proc", "envoy.filters.http.upstream_codec"],
        );
        assert.deepEqual(valuesOf(cluster, "initial_metadata"), [[{ key: "x-regent-upstream", value }]]);
      }
    }
  });

  test("sends elsewhere only what it is told to, to each target once", () => {
    assert.deepEqual(valuesOf(falling(["c", "b"]), "num_retries"), [2]);
    const [composite] = valuesOf(falling(["c", "b"]), "cluster_type") as JsonObject[];
    assert.deepEqual(valuesOf(composite, "name"), ["envoy.clusters.composite", "a", "c", "b"]);
    assert.throws(() => falling(["d"]), /no target d/);
    assert.throws(() => falling(["a"]), /once/);
    assert.throws(() => falling(["b", "b"]), /once/);
    assert.throws(() => falling(["b"], { filters: "ext_authz" }), /with ext_proc/);
    const many = Array.from({ length: 7 }, (_, index) => ({
      name: `t${index}`,
      origin: "http://127.0.0.1:1",
    }));
    const fallbacks = many.slice(1).map(({ name }) => name);
    assert.throws(
      () => config({ targets: [{ ...many[0], fallbacks } as EnvoyTarget, ...many.slice(1)] }),
      /5 other/,
    );
  });

  test("gives the listener and Regent's clusters buffers far above the largest body, and reads little of a target at once", () => {
    for (const bodyBytesMax of [1024, 4 * 1024 ** 2, 50 * 1024 ** 2]) {
      const limits = valuesOf(config({ bodyBytesMax }), "per_connection_buffer_limit_bytes") as number[];
      const [large, small] = [limits.slice(0, 3), limits.slice(3)];
      assert.ok(large.every((limit) => limit >= 50 * 1024 ** 2 && limit >= 4 * bodyBytesMax));
      assert.deepEqual(small, Array(ENVOY_DEFAULTS.targets.length).fill(65_536));
      // The first limits bodies and with them all buffers of the stream; the second makes room again.
      const { body, connectionBuffer } = sizesFor(bodyBytesMax);
      assert.deepEqual(valuesOf(config({ bodyBytesMax }), "max_request_bytes"), [body, connectionBuffer]);
      // A client's, Regent's for filters at clusters, and Regent's for streams of requests.
      const windows = valuesOf(config({ bodyBytesMax }), "initial_stream_window_size");
      assert.deepEqual(windows, [1_048_576, 2_147_483_647, 1_048_576]);
    }
  });

  test("lets no request out for which no target was chosen", () => {
    const routes = valuesOf(config(), "routes")[0] as JsonObject[];
    assert.deepEqual(
      routes.map(({ match }) => valuesOf(match, "exact")),
      [...ENVOY_DEFAULTS.targets.map(({ name }) => [name]), [], []],
    );
    for (const route of routes.slice(-2)) assert.deepEqual(route.direct_response, { status: 503 });
    assert.deepEqual(routes.at(-1), { match: { prefix: "/" }, direct_response: { status: 503 } });
  });

  test("has streams of requests come as they are sent, by a cluster that holds them back, only where ext_proc governs them", () => {
    for (const filters of FILTER_CHOICES) {
      const made = config({ filters });
      const routes = (valuesOf(made, "routes")[0] as JsonObject[]).filter(
        ({ typed_per_filter_config: own }) => own !== undefined,
      );
      const governs = filters === "both" || filters === "ext_proc";
      assert.deepEqual(
        routes.map(({ match }) => match),
        governs ? [{ path: "/inference.GRPCInferenceService/ModelStreamInfer" }] : [],
      );
      const modes = valuesOf(made, "request_body_mode").filter((mode) => mode === "FULL_DUPLEX_STREAMED");
      // The route, and what Regent may ask for with an answer.
      assert.equal(modes.length, governs ? 4 : 0);
      const names = (valuesOf(made, "clusters")[0] as JsonObject[]).map(({ name }) => name);
      assert.equal(names.includes("regent:streams"), governs);
      for (const route of routes)
        assert.deepEqual(valuesOf(route, "envoy_grpc"), [{ cluster_name: "regent:streams" }]);
    }
  });

  test("does not put an ungoverned target behind ext_proc, nor one that is not there", () => {
    for (const filters of ["both", "ext_proc"] as const) {
      assert.throws(() => config({ filters, ungovernedTarget: "sim-us" }), /without ext_proc/);
    }
    assert.throws(() => config({ filters: "none", ungovernedTarget: "sim-none" }), /no target sim-none/);
  });

  test("retries nothing by itself and upgrades nothing", () => {
    assert.deepEqual(valuesOf(config(), "retry_policy"), []);
    assert.deepEqual(valuesOf(config(), "upgrade_configs"), []);
    assert.ok((valuesOf(config(), "max_retries") as number[]).every((retries) => retries === 0));
  });

  test("speaks TLS with a model server of https, and checks its name", () => {
    const named = config({ targets: [{ name: "up", origin: "https://models.example.com/v1" }] });
    assert.deepEqual(valuesOf(named, "sni"), ["models.example.com"]);
    assert.deepEqual(valuesOf(named, "auto_sni_san_validation"), [true]);
    assert.deepEqual(valuesOf(named, "host_rewrite_literal"), ["models.example.com"]);
    assert.equal(valuesOf(named, "port_value").at(-1), 443);

    const numbered = config({ targets: [{ name: "up", origin: "https://192.0.2.1:8443" }] });
    assert.deepEqual(valuesOf(numbered, "match_typed_subject_alt_names"), [
      [{ san_type: "IP_ADDRESS", matcher: { exact: "192.0.2.1" } }],
    ]);
  });

  test("reaches Regent over a Unix socket as well", () => {
    const { static_resources } = config({ regent: { kind: "unix", path: "/run/regent/regent.sock" } });
    const pipe = { path: "/run/regent/regent.sock" };
    assert.deepEqual(valuesOf(static_resources, "pipe"), [pipe, pipe]);
  });
});
