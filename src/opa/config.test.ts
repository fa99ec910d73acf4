import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { BODY_BYTES_MAX } from "./api/body.ts";
import { opaConfigFrom } from "./config.ts";
import { OpaValueError } from "./envoy.ts";
import { parseOpaConfig } from "./load.ts";

const configOf = (yaml: string) => opaConfigFrom(parseOpaConfig(yaml, "opa.yaml").document, "/srv");

describe("what the rooms get of OPA's configuration", () => {
  test("has OPA's defaults where nothing is said", () => {
    assert.deepEqual(configOf(""), {
      services: [],
      labels: {},
      bundles: [],
      defaultDecision: "system/main",
      persistenceDirectory: "/srv/.opa",
      bodyLimits: { bytes: 4 * 1024 * 1024, gzipBytes: 16 * 1024 * 1024 },
    });
  });

  test("names for each bundle its service, where it is there, how often it is asked for, and its keys", () => {
    const { bundles } = configOf(`
services: { acme: { url: https://acme.example/v1/ } }
keys: { k1: { key: PEM, scope: read }, k2: { key: s, algorithm: HS256 }, mine: { private_key: x } }
bundles:
  plain: {}
  all:
    service: acme
    resource: /b/all.tar.gz
    persist: true
    size_limit_bytes: 1000
    polling: { min_delay_seconds: 1, max_delay_seconds: 2, long_polling_timeout_seconds: 30 }
    signing: { keyid: k1, scope: write, exclude_files: ["*.md"] }
  disk: { resource: "file:///b/x.tar.gz" }
  here: { resource: "file://b/x.tar.gz" }
  none: null
`);
    const keys = new Map([
      ["k1", { algorithm: "RS256", key: "PEM", scope: "read" }],
      ["k2", { algorithm: "HS256", key: "s" }],
    ]);
    assert.deepEqual(bundles, [
      {
        name: "plain",
        from: {
          kind: "service",
          service: "acme",
          resource: "bundles/plain",
          polling: { minDelayMs: 60_000, maxDelayMs: 120_000 },
          persist: false,
        },
        verification: { optional: true, keys },
      },
      {
        name: "all",
        from: {
          kind: "service",
          service: "acme",
          resource: "/b/all.tar.gz",
          polling: { minDelayMs: 1_000, maxDelayMs: 2_000, longPollingTimeoutMs: 30_000 },
          persist: true,
          sizeLimitBytes: 1000,
        },
        verification: { keys, keyId: "k1", scope: "write", excludeFiles: ["*.md"] },
      },
      { name: "disk", from: { kind: "file", path: "/b/x.tar.gz" }, verification: { optional: true, keys } },
      {
        name: "here",
        from: { kind: "file", path: "/srv/b/x.tar.gz" },
        verification: { optional: true, keys },
      },
    ]);
  });

  test("takes the old form of a bundle: its prefix and name, not kept and not verified", () => {
    const { bundles } = configOf(
      "services: { s: {url: http://x} }\nbundle: { name: http/authz, prefix: /b, persist: true }",
    );
    const [bundle] = bundles;
    assert.ok(bundle?.from.kind === "service");
    assert.deepEqual(
      [bundle.name, bundle.from.resource, bundle.from.persist],
      ["http/authz", "b/http/authz", false],
    );
  });

  test("finds the discovery bundle by its resource, or by its old prefix and name", () => {
    const services = "services: { s: {url: http://x} }\n";
    const byResource = configOf(
      `${services}discovery: { resource: /d.tar.gz, decision: /example/discovery }`,
    );
    assert.equal(byResource.discovery?.decision, "example/discovery");
    const byName = configOf(`${services}discovery: { name: example/discovery, prefix: /conf/ }`).discovery;
    assert.ok(byName?.from.kind === "service");
    assert.deepEqual(
      [byName.from.resource, byName.decision],
      ["conf/example/discovery", "example/discovery"],
    );
  });

  test("closes credentials, and resolves their files", () => {
    const { services } = configOf(`
services:
  a: { url: http://a, headers: { x: y }, response_header_timeout_seconds: 3, credentials: { bearer: { token: hush, scheme: Token } } }
  b: { url: https://b, allow_insecure_tls: true, credentials: { bearer: { token_path: run/token } } }
  c: { url: https://c, tls: { ca_cert: ca.pem, system_ca_required: true }, credentials: { client_tls: { cert: c.pem, private_key: k.pem, private_key_passphrase: hush } } }
  d: { url: https://d, credentials: { oauth2: { token_url: https://t, client_id: i, client_secret: hush, scopes: [s] } } }
  e: { url: https://e, credentials: { s3_signing: { environment_credentials: {}, service: execute-api } } }
  f: { url: https://f, credentials: { s3_signing: { profile_credentials: { path: aws, profile: p, aws_region: eu-west-1 } } } }
`);
    assert.doesNotMatch(inspect(services, { depth: 9 }), /hush/);
    const { headers, responseHeaderTimeoutMs, credentials } = services[0] ?? {};
    assert.deepEqual([headers, responseHeaderTimeoutMs], [{ x: "y" }, 3_000]);
    assert.ok(
      credentials?.kind === "bearer" && credentials.scheme === "Token" && "reveal" in credentials.token,
    );
    assert.equal(credentials.token.reveal(), "hush");
    assert.deepEqual(services[1]?.credentials, { kind: "bearer", token: { file: "/srv/run/token" } });
    assert.equal(services[1]?.allowInsecureTls, true);
    assert.deepEqual(services[2]?.tls, { caFile: "/srv/ca.pem", systemCaRequired: true });
    assert.equal(services[2]?.credentials?.kind, "clientTls");
    assert.equal(services[3]?.credentials?.kind, "oauth2");
    assert.deepEqual(services[4]?.credentials, {
      kind: "s3Signing",
      service: "execute-api",
      keys: { from: "environment" },
    });
    assert.deepEqual(services[5]?.credentials, {
      kind: "s3Signing",
      keys: { from: "profile", file: "/srv/aws", profile: "p" },
      region: "eu-west-1",
    });
  });

  test("sends log and status to the only service, unless they go elsewhere", () => {
    const services = "services: { s: { url: http://x } }\n";
    const quiet = configOf(`${services}decision_logs: {}\nstatus: {}`);
    assert.deepEqual([quiet.decisionLogs?.service, quiet.decisionLogs?.resource], ["s", "/logs"]);
    assert.deepEqual(quiet.decisionLogs?.reporting, {
      minDelayMs: 300_000,
      maxDelayMs: 600_000,
      trigger: "periodic",
      uploadSizeLimitBytes: 32_768,
    });
    const events = configOf("decision_logs: { console: true, reporting: { buffer_type: event } }");
    assert.deepEqual(events.decisionLogs?.reporting.buffer, { type: "event", events: 10_000 });
    assert.equal(quiet.status?.service, "s");
    const local = configOf(`${services}decision_logs: { console: true }\nstatus: { prometheus: true }`);
    assert.deepEqual([local.decisionLogs?.service, local.status?.service], [undefined, undefined]);
    const named = configOf(
      `${services}decision_logs: { partition_name: p, resource: /x }\nnd_builtin_cache: true`,
    );
    assert.deepEqual([named.decisionLogs?.resource, named.decisionLogs?.ndBuiltinCache], ["/logs/p", true]);
  });

  test("knows the plugin by both names, and its query in place of a path", () => {
    const { envoy } = configOf("plugins: { envoy.ext_authz.grpc: { addr: 'unix://@x', query: data.a.b } }");
    assert.deepEqual(
      [envoy?.address, envoy?.decision],
      [{ kind: "unix", path: "@x" }, { query: "data.a.b" }],
    );
    const byDefault = configOf("plugins: { envoy_ext_authz_grpc: null }").envoy;
    assert.deepEqual(byDefault?.decision, { path: "envoy/authz/allow" });
    assert.throws(
      () => configOf("plugins: { envoy_ext_authz_grpc: { addr: 'tcp://x:1' } }"),
      (error) => error instanceof OpaValueError && /plugins\.envoy_ext_authz_grpc\.addr/.test(error.message),
    );
  });

  test("lowers body limits that nothing here could hold", () => {
    const { bodyLimits } = configOf(
      "server: { decoding: { max_length: 1000000000, gzip: { max_length: 5 } } }",
    );
    assert.deepEqual(bodyLimits, { bytes: BODY_BYTES_MAX, gzipBytes: 5 });
  });
});
