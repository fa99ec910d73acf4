import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { renderFault } from "../document/fault.ts";
import { loadOpaConfig, OpaConfigError, parseOpaConfig } from "./load.ts";
import { parseSet } from "./overrides.ts";

function faultsOf(text: string, set: readonly string[] = []): readonly string[] {
  try {
    parseOpaConfig(
      text,
      "opa.yaml",
      set.flatMap((each) => parseSet(each, {})),
    );
  } catch (error) {
    assert.ok(error instanceof OpaConfigError, String(error));
    return error.faults.map(renderFault);
  }
  return assert.fail("it was taken");
}

const warningsOf = (text: string): readonly string[] =>
  parseOpaConfig(text, "opa.yaml").warnings.map(renderFault);

describe("a configuration of OPA", () => {
  test("is taken in YAML and in JSON, with the defaults of opa-envoy-plugin", () => {
    const yaml = parseOpaConfig(
      "plugins:\n  envoy_ext_authz_grpc:\n    path: istio/authz/allow\n",
      "opa.yaml",
    );
    const json = parseOpaConfig(
      '{"plugins":{"envoy_ext_authz_grpc":{"path":"istio/authz/allow"}}}',
      "opa.json",
    );
    assert.deepEqual(yaml.document, json.document);
    assert.deepEqual(yaml.document.plugins.envoy_ext_authz_grpc, {
      addr: ":9191",
      path: "istio/authz/allow",
      "dry-run": false,
      "enable-reflection": false,
      "proto-descriptor": "",
      "grpc-max-recv-msg-size": 4_194_304,
      "grpc-max-send-msg-size": 2_147_483_647,
      "skip-request-body-parse": false,
      "enable-performance-metrics": false,
      "grpc-request-duration-seconds-buckets": [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 3e-3, 5e-3, 0.1, 1],
    });
    assert.deepEqual(yaml.warnings, []);
  });

  test("tells its warnings beside its faults", () => {
    const text = "decision_logs: { mask_desision: x }\nstatus: { service: s }\n";
    assert.throws(
      () => parseOpaConfig(text, "opa.yaml"),
      (error) => {
        assert.ok(error instanceof OpaConfigError);
        assert.match(
          error.faults.map(renderFault).join(),
          /^opa\.yaml:2:20 error config\/value status\.service/,
        );
        assert.match(
          error.warnings.map(renderFault).join(),
          /^opa\.yaml:1:18 warning config\/unknown-field decision_logs\.mask_desision/,
        );
        return true;
      },
    );
  });

  test("may have sections without a value, as charts leave them", () => {
    const { document } = parseOpaConfig(
      "services:\nbundles:\nlabels:\nkeys:\ndecision_logs:\nplugins:\n  envoy.ext_authz.grpc:\n",
      "opa.yaml",
    );
    assert.equal(document.plugins["envoy.ext_authz.grpc"]?.addr, ":9191");
    assert.equal(document.decision_logs, undefined);
    assert.equal(document.default_decision, "/system/main");
  });

  test("takes services as a map and as a list", () => {
    for (const services of ["{ s: { url: http://x } }", "[{ name: s, url: http://x }]"])
      assert.deepEqual(warningsOf(`services: ${services}\nbundles: { b: { service: s } }`), []);
  });

  for (const [what, text, expected] of [
    ["no map", "[]", ["opa.yaml:1:1 error config/type: must be a map, not a list"]],
    ["broken YAML", "services: [", [/opa\.yaml:1:12 error config\/syntax/]],
    ["a key twice", "labels: {a: x}\nlabels: {b: y}", [/opa\.yaml:2:1 error config\/duplicate-key/]],
    [
      "an unknown key of the plugin",
      "plugins:\n  envoy_ext_authz_grpc:\n    adr: :9191",
      [
        'opa.yaml:3:5 error config/unknown-field plugins.envoy_ext_authz_grpc.adr: unknown field; did you mean "addr"?',
      ],
    ],
    [
      "an unknown key of the plugin under its old name",
      "plugins:\n  envoy.ext_authz.grpc:\n    dry_run: true",
      [/opa\.yaml:3:5 error config\/unknown-field .*did you mean "dry-run"/],
    ],
    [
      "another plugin",
      "plugins:\n  mine: {}",
      [/opa\.yaml:2:9 error config\/unsupported plugins\.mine: .*Go code/],
    ],
    [
      "both names of the plugin",
      "plugins: { envoy_ext_authz_grpc: {}, envoy.ext_authz.grpc: {} }",
      [/is the old name of envoy_ext_authz_grpc/],
    ],
    [
      "path beside query",
      "plugins: { envoy_ext_authz_grpc: { path: a/b, query: data.a.b } }",
      [/query: either path or query, not both/],
    ],
    [
      "wrong types, all at once",
      "plugins:\n  envoy_ext_authz_grpc:\n    dry-run: yes please\n    grpc-max-recv-msg-size: big\nnd_builtin_cache: 1",
      [/3:14 .*must be true or false/, /4:29 .*must be a number/, /5:19 .*must be true or false/],
    ],
    ["labels that are no text", "labels: { a: 1 }", [/labels\.a: must be a string/]],
    [
      "a service that is not there",
      "services: { acme: { url: http://x } }\nbundles: { b: { service: acne } }",
      [/2:26 error config\/value bundles\.b\.service: no service of this name; did you mean "acme"/],
    ],
    [
      "a bundle without a service",
      "bundles: { b: { resource: b.tar.gz } }",
      [/service: required.*there is none/],
    ],
    [
      "a bundle that may be of two services",
      "services: { a: {url: http://x}, b: {url: http://y} }\nbundles: { m: {} }",
      [/bundles\.m\.service: required: the name of a service; one of a, b/],
    ],
    ["a service without a URL", "services: { a: {} }", [/services\.a\.url: required/]],
    [
      "two services of one name",
      "services: [{name: a, url: http://x}, {name: a, url: http://y}]",
      [/\[1\]\.name: another/],
    ],
    ["a service without a name in a list", "services: [{url: http://x}]", [/name: required/]],
    [
      "a service whose URL is none",
      "services: { a: { url: ftp://u:p@x }, b: { url: http://:99999 } }",
      [/services\.a\.url: must be an http:\/\/ or https:\/\/ URL$/m, /services\.b\.url: must be/],
    ],
    ["OCI", "services: { a: { url: http://x, type: oci } }", [/services\.a\.type: .*OCI registries/]],
    [
      "two ways to authenticate",
      "services: { a: { url: http://x, credentials: { bearer: {token: t}, client_tls: {cert: c, private_key: k} } } }",
      [/one way to authenticate at most, not bearer and client_tls/],
    ],
    [
      "half a way to authenticate",
      "services: { a: { url: http://x, credentials: { bearer: {}} }, b: {url: http://x, credentials: { client_tls: {cert: c}}} }",
      [/needs one of token and token_path/, /client_tls\.private_key: required/],
    ],
    [
      "oauth2",
      "services: { a: { url: http://x, credentials: { oauth2: { token_url: https://t, client_id: i, signing_key: k } } } }",
      [
        /oauth2\.client_secret: required/,
        /credentials\.oauth2\.signing_key: is not supported: .*client secret/,
      ],
    ],
    [
      "delays in the wrong order, and half of them",
      "services: { a: { url: http://x } }\nbundles:\n  m: { polling: {min_delay_seconds: 9, max_delay_seconds: 8} }\n  n: { polling: {min_delay_seconds: 9} }\ndecision_logs: { reporting: { max_delay_seconds: 5 } }",
      [
        /m\.polling\.max_delay_seconds: must be at least/,
        /n\.polling.*both delays/,
        /min_delay_seconds: required: both/,
      ],
    ],
    [
      "a manual trigger",
      "services: { a: { url: http://x } }\nbundles: { m: { trigger: manual } }",
      [/bundles\.m\.trigger: must be periodic/],
    ],
    ["a key without a key", "keys: { k: { algorithm: RS256 } }", [/keys\.k\.key: required/]],
    [
      "an algorithm that OPA does not know",
      "keys: { k: { key: x, algorithm: RS255 } }",
      [/did you mean "RS256"/],
    ],
    [
      "a signature that nothing can check",
      "services: { a: {url: http://x} }\nbundles: { m: { signing: { keyid: k } } }",
      [/there is no key in keys/],
    ],
    [
      "a signature by a key that is not there",
      "services: { a: {url: http://x} }\nkeys: { key1: {key: x} }\nbundles: { m: { signing: { keyid: key2 } } }",
      [/no key of this id in keys; did you mean "key1"/],
    ],
    [
      "both forms of bundles",
      "services: { a: {url: http://x} }\nbundle: {name: x}\nbundles: {y: {}}",
      [/is the old form of bundles/],
    ],
    [
      "discovery of nothing",
      "services: { a: {url: http://x} }\ndiscovery: {}",
      [/discovery\.resource: required/],
    ],
    [
      "contradicting buffers",
      "decision_logs: { console: true, reporting: { buffer_type: event, buffer_size_limit_bytes: 5 } }",
      [/belongs to buffer_type size/],
    ],
    ["a decision log plugin", "decision_logs: { plugin: mine }", [/decision_logs\.plugin: is not supported/]],
    ["a path that is none", "default_decision: 'a b'", [/must be the path of a rule/]],
  ] as const) {
    test(`is refused with its place for ${what}`, () => {
      const faults = faultsOf(text);
      assert.equal(faults.length, expected.length, faults.join("\n"));
      for (const [index, wanted] of expected.entries()) {
        const fault = faults[index] ?? "";
        if (typeof wanted === "string") assert.equal(fault, wanted);
        else assert.match(fault, wanted);
      }
    });
  }

  test("is taken with keys that have no effect or that nobody knows, which are told", () => {
    const warnings = warningsOf(
      "decision_log: { console: true }\ncaching:\n  inter_query_builtin_cache: { max_size_bytes: 1 }\nservices: { a: { url: http://x, hedaers: {} } }\n",
    );
    assert.equal(warnings.length, 3);
    assert.match(
      warnings[0] ?? "",
      /1:1 warning config\/unknown-field decision_log: .*did you mean "decision_logs"/,
    );
    assert.match(
      warnings[1] ?? "",
      /3:30 warning config\/no-effect caching\.inter_query_builtin_cache: has no effect/,
    );
    assert.match(warnings[2] ?? "", /warning config\/unknown-field services\.a\.hedaers: .*"headers"/);
  });

  test("says of a fault on the command line that it is there, without the value", () => {
    const faults = faultsOf("plugins: { envoy_ext_authz_grpc: {} }", [
      "plugins.envoy_ext_authz_grpc.dry-run=maybe",
      "services.a.credentials.bearer.token=hush",
    ]);
    assert.match(faults.join("\n"), /^--set plugins\.envoy_ext_authz_grpc\.dry-run:1:1 error config\/type/m);
    assert.match(faults.join("\n"), /services\.a\.url: required/);
    assert.doesNotMatch(faults.join("\n"), /hush/);
  });
});

test("the file, --set and --set-file are read with the environment, the later winning", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "regent-opa-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "opa.yaml");
  const token = join(folder, "token");
  writeFileSync(token, "from-file\n");
  writeFileSync(
    file,
    `# \${HOST}\nservices:\n  acme:\n    url: \${HOST}/x\n    credentials: { bearer: { token: t0 } }\nlabels: { a: "\${NOT_SET}", b: b }\n`,
  );
  const { document } = loadOpaConfig({
    file,
    set: ["labels.b=set", "services.acme.credentials.bearer.token=t1"],
    setFile: [`services.acme.credentials.bearer.token=${token}`],
    environment: { HOST: "http://h" },
  });
  assert.deepEqual(document.labels, { a: `\${NOT_SET}`, b: "set" });
  const services = document.services as { [name: string]: { url: string; credentials?: unknown } };
  assert.equal(services.acme?.url, "http://h/x");
  assert.deepEqual(services.acme?.credentials, { bearer: { token: "from-file" } });
});
