import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { renderFault } from "../document/fault.ts";
import { parsePeerPattern } from "../envoy/server/peers.ts";
import { createSpiffeMatcher } from "../identity/spiffe.ts";
import { ConfigError, loadConfig, missingReferences, parseConfig } from "./load.ts";

function faultsOf(text: string): string[] {
  const parsed = parseConfig(`version: 1\n${text}`, "regent.yaml");
  return parsed.ok ? [] : parsed.faults.map(renderFault);
}

const packagedBundle = "/package/dist/policies.tar.gz";

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "regent-config-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test("starts with built-in defaults when there is no file: closed, loopback, nobody known", () => {
  const config = loadConfig(undefined, { cwd: "/somewhere", packagedBundle });
  assert.equal(config.file, undefined);
  assert.deepEqual(config.listen, { kind: "tcp", host: "127.0.0.1", port: 9191 });
  assert.deepEqual(config.admin, {
    listen: { kind: "tcp", host: "127.0.0.1", port: 8181 },
    token: undefined,
  });
  assert.deepEqual(config.bundles, [{ name: "main", path: packagedBundle }]);
  assert.deepEqual(config.identity, { apiKeysFile: undefined, spiffe: [] });
  assert.equal(config.registryFile, undefined);
  assert.deepEqual(config.audit, { dir: "/somewhere/var/audit", flushMs: 100, segmentBytesMax: 16_777_216 });
  assert.deepEqual(config.routes, [
    {
      match: { path: "/*", host: undefined, method: undefined },
      failMode: "closed",
      maxBodyBytes: 4_194_304,
      answers: "judged",
    },
  ]);
});

test("resolves paths against the file, times to milliseconds, sizes to bytes, and freezes the result", (t) => {
  const dir = directory(t);
  mkdirSync(join(dir, "etc"));
  const token = randomBytes(16).toString("hex");
  writeFileSync(join(dir, "etc", "token"), token);
  const text = [
    "version: 1",
    "listen: unix:///run/regent/regent.sock",
    "admin: { token: { file: token } }",
    "bundles: [{ name: main, path: ../policies.tar.gz }]",
    "routes:",
    "  - { match: { path: /v1/*, method: POST, host: '*.example.com' }, maxBody: 64Ki, answers: streamed }",
    "identity: { apiKeys: { file: keys.yaml } }",
    "registry: { file: /abs/registry.yaml }",
    "audit: { dir: log, flush: 1s }",
    "drain: { grace: 2m }",
  ].join("\n");
  writeFileSync(join(dir, "etc", "regent.yaml"), text);

  const config = loadConfig("etc/regent.yaml", { cwd: dir, packagedBundle });
  assert.equal(config.file, join(dir, "etc", "regent.yaml"));
  assert.deepEqual(config.listen, { kind: "unix", path: "/run/regent/regent.sock" });
  assert.equal(config.admin.token?.reveal(), token);
  assert.ok(!inspect(config, { depth: 9 }).includes(token));
  assert.deepEqual(config.bundles, [{ name: "main", path: join(dir, "policies.tar.gz") }]);
  assert.deepEqual(config.routes.at(0), {
    match: { path: "/v1/*", method: "POST", host: "*.example.com" },
    failMode: "closed",
    maxBodyBytes: 65_536,
    answers: "streamed",
  });
  assert.equal(config.routes.at(-1)?.match.path, "/*");
  assert.equal(config.identity.apiKeysFile, join(dir, "etc", "keys.yaml"));
  assert.equal(config.registryFile, "/abs/registry.yaml");
  assert.deepEqual([config.audit.dir, config.audit.flushMs], [join(dir, "etc", "log"), 1000]);
  assert.equal(config.drain.graceMs, 120_000);
  assert.throws(() => Object.assign(config.audit, { dir: "/" }), TypeError);
});

test("reports faults of many sections at once, each at its place", () => {
  const text = [
    "listen: 10.0.0.1:9191",
    "admin: { listen: 0.0.0.0:8181, tokn: x }",
    "extAuthz: { entrypiont: envoy/authz/allow }",
    "routes:",
    "  - { match: { path: v1 }, failMode: open }",
    "  - { match: { path: /v1/* }, failMode: shadow, maxBody: 4M }",
    "audit: { flush: 100 }",
  ].join("\n");
  assert.deepEqual(faultsOf(text), [
    "regent.yaml:2:9 error config/exposed listen: listening beyond loopback needs tls with clientCaFile and peers",
    'regent.yaml:3:32 error config/unknown-field admin.tokn: unknown field; did you mean "token"?',
    'regent.yaml:4:13 error config/unknown-field extAuthz.entrypiont: unknown field; did you mean "entrypoint"?',
    "regent.yaml:6:22 error config/value routes[0].match.path: must be an exact path, or a prefix that ends in *",
    "regent.yaml:6:38 error config/value routes[0].failMode: must be one of closed, open-audited, shadow",
    "regent.yaml:7:41 error config/value routes[1].failMode: is not implemented yet; use closed",
    "regent.yaml:7:58 error config/value routes[1].maxBody: must be a size such as 65536, 64Ki or 4Mi, as text",
    "regent.yaml:8:17 error config/type audit.flush: must be a string, not a number",
  ]);
});

test("wants a token where somebody has to approve", () => {
  const rollout = "rollout: { steps: [{ shadow: 1m }, { approval: security }] }";
  assert.deepEqual(faultsOf(rollout), [
    "regent.yaml:2:36 error config/value rollout.steps[1]: nobody could approve: that takes admin.token",
  ]);
  assert.deepEqual(faultsOf(`${rollout}\nadmin: { token: { file: token } }`), []);
  assert.deepEqual(faultsOf("rollout: { steps: [{ shadow: 1m }] }"), []);
});

test("listens beyond loopback only with tls, a client CA and named peers", () => {
  const tls = (rest: string) => `tls: { certFile: a, keyFile: b${rest} }`;
  const peers = ', clientCaFile: ca, peers: ["spiffe://cluster.local/ns/istio-system/*"]';
  for (const listen of ["0.0.0.0:9191", ":9191", "'[::]:9191'", "regent.example:9191"]) {
    assert.match(faultsOf(`listen: ${listen}`)[0] ?? "", /config\/exposed listen/, listen);
    assert.match(faultsOf(`listen: ${listen}\n${tls("")}`)[0] ?? "", /config\/exposed tls/, listen);
    assert.match(faultsOf(`listen: ${listen}\n${tls(", clientCaFile: ca")}`)[0] ?? "", /exposed tls/, listen);
    assert.deepEqual(faultsOf(`listen: ${listen}\n${tls(peers)}`), [], listen);
  }
  for (const listen of ["127.0.0.1:1", "127.9.9.9:1", "'[::1]:1'", "localhost:1", "unix:///run/r.sock"]) {
    assert.deepEqual(faultsOf(`listen: ${listen}`), [], listen);
  }
});

test("refuses addresses that are none", () => {
  for (const listen of [
    "9191",
    "host",
    "127.0.0.1:65536",
    "1.2.3:80",
    "'[zz]:1'",
    "unix://rel",
    "127.0.0.1:-1",
  ]) {
    assert.match(faultsOf(`listen: "${listen}"`)[0] ?? "", /error config\/value listen/, listen);
  }
  assert.match(faultsOf(`listen: unix:///${"x".repeat(107)}`)[0] ?? "", /is not an address/);
});

test("refuses two listeners on one port, and lets the system choose any number of ports", () => {
  assert.deepEqual(faultsOf("listen: 127.0.0.1:8181"), [
    "regent.yaml:1:1 error config/value admin.listen: port 8181 is taken by listen",
  ]);
  assert.deepEqual(
    faultsOf("listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\nprobes: { listen: 127.0.0.1:0 }"),
    [],
  );
});

test("refuses what does not exist yet instead of accepting it silently", () => {
  for (const mode of ["open-audited", "shadow"]) {
    assert.deepEqual(faultsOf(`routes: [{ match: { path: / }, failMode: ${mode} }]`), [
      `regent.yaml:2:42 error config/value routes[0].failMode: is not implemented yet; use closed`,
    ]);
  }
  assert.match(
    faultsOf("routes: [{ match: { path: / }, audit: full }]")[0] ?? "",
    /routes\[0\]\.audit: is not/,
  );
});

test("takes several bundles of different names", () => {
  assert.deepEqual(faultsOf("bundles: [{ name: a, path: x }, { name: b, path: y }]"), []);
  assert.deepEqual(faultsOf("bundles: [{ name: a, path: x }, { name: a, path: y }]"), [
    "regent.yaml:2:41 error config/duplicate bundles[1].name: another bundle is called a",
  ]);
});

test("reads the keys of signatures from where they are kept, and shows them nowhere", (t) => {
  const folder = directory(t);
  const secret = randomBytes(16).toString("hex");
  writeFileSync(join(folder, "key.pem"), `${secret}-pem\n`);
  const file = join(folder, "regent.yaml");
  const keys = `[{ id: one, key: { file: key.pem } }, { id: two, algorithm: HS256, key: "$\{HS_KEY}", scope: r }]`;
  writeFileSync(
    file,
    `version: 1\nbundles: [{ name: a, path: x, verification: { keys: ${keys}, keyId: one, excludeFiles: [d] } }]\n`,
  );
  const load = (environment: { [name: string]: string }) =>
    loadConfig(file, { packagedBundle: "p", environment });
  const config = load({ HS_KEY: secret });
  const [bundle] = config.bundles;
  assert.deepEqual(
    bundle?.verification?.keys.map(({ id, algorithm, key, scope }) => [id, algorithm, key.reveal(), scope]),
    [
      ["one", "RS256", `${secret}-pem`, undefined],
      ["two", "HS256", secret, "r"],
    ],
  );
  assert.deepEqual([bundle?.verification?.keyId, bundle?.verification?.excludeFiles], ["one", ["d"]]);
  assert.doesNotMatch(JSON.stringify(config), new RegExp(secret));
  assert.throws(
    () => load({}),
    /bundles\[0\]\.verification\.keys\[1\]\.key: the environment variable HS_KEY/,
  );
});

test("refuses keys of signatures that contradict each other", () => {
  const faults = (verification: string) =>
    faultsOf(`bundles: [{ name: a, path: x, verification: ${verification} }]`).join("\n");
  const key = `{ id: k, key: "$\{K}" }`;
  assert.match(faults(`{ keys: [${key}, ${key}] }`), /verification\.keys\[1\]\.id: the key k is there twice/);
  assert.match(
    faults(`{ keys: [${key}], keyId: other }`),
    /verification\.keyId: there is no such key; there is k/,
  );
  assert.match(faults("{ keys: [] }"), /verification\.keys/);
  assert.match(faults("{ keys: [{ id: k, key: clear-text }] }"), /never as its value/);
  assert.match(faults("{ keys: [{ id: k, algorithm: none, key: { file: f } }] }"), /algorithm/);
});

test("runs dry only where a rule of the opa-envoy style decides", () => {
  assert.deepEqual(faultsOf("extAuthz: { entrypoint: envoy/authz/allow, dryRun: true }"), []);
  for (const entrypoint of ["", "entrypoint: regent/request/decision, "]) {
    const [fault] = faultsOf(`extAuthz: { ${entrypoint}dryRun: true }`);
    assert.match(fault ?? "", /extAuthz\.dryRun: needs a rule of the opa-envoy style/);
  }
});

test("refuses a route that can never be reached", () => {
  const faults = faultsOf(
    "routes:\n  - match: { path: /a }\n  - match: { path: /b }\n  - match: { path: /a }\n",
  );
  assert.deepEqual(faults, [
    "regent.yaml:5:12 error config/duplicate routes[2].match: never reached: the same as routes[0]",
  ]);
});

test("refuses unknown and repeated names in the pattern of a certificate", () => {
  const faults = faultsOf(
    'identity: { spiffe: [{ match: "spiffe://d/{tenant}/{tenat}/{tenant}", roles: [] }] }',
  );
  assert.deepEqual(faults, [
    "regent.yaml:2:31 error config/value identity.spiffe[0].match: {tenat} is not one of {tenant}, {subject}, {team}, {project}",
    "regent.yaml:2:31 error config/value identity.spiffe[0].match: {tenant} stands there twice",
  ]);
});

test("refuses a secret written as its value without quoting it", () => {
  const token = randomBytes(16).toString("hex");
  const faults = faultsOf(`admin: { token: ${token} }`);
  assert.match(faults[0] ?? "", /error config\/value admin\.token: a secret is written as/);
  assert.ok(!faults.join().includes(token));
});

test("holds sizes, times and numbers to their limits", () => {
  const rows: [text: (value: string) => string, most: string, more: string][] = [
    [(value) => `routes: [{ match: { path: / }, maxBody: ${value} }]`, "50Mi", "51Mi"],
    [(value) => `audit: { segment: ${value} }`, "256Mi", "257Mi"],
    [(value) => `audit: { flush: ${value} }`, "10s", "11s"],
    [(value) => `drain: { grace: ${value} }`, "1h", "2h"],
    [(value) => `telemetry: { labels: { tenant: ${value} } }`, "10000", "10001"],
    [(value) => `listen: "unix:///${"x".repeat(Number(value))}"`, "106", "107"],
    [(value) => `routes: [${routes(Number(value))}]`, "1000", "1001"],
  ];
  for (const [text, most, more] of rows) {
    assert.deepEqual(faultsOf(text(most)), [], most);
    assert.equal(faultsOf(text(more)).length, 1, more);
  }
});

function routes(count: number): string {
  return Array.from({ length: count }, (_, index) => `{ match: { path: /${index} } }`).join(", ");
}

test("needs the version", () => {
  const parsed = parseConfig("listen: 127.0.0.1:1", "regent.yaml");
  assert.deepEqual(!parsed.ok && parsed.faults.map(renderFault), [
    "regent.yaml:1:1 error config/missing-field version: required; must be 1",
  ]);
});

test("throws all faults together, and names a secret that is not there", (t) => {
  const dir = directory(t);
  writeFileSync(join(dir, "bad.yaml"), "version: 2\nx: 1\n");
  writeFileSync(join(dir, "secret.yaml"), `version: 1\nadmin: { token: "\${ABSENT}" }\n`);
  assert.throws(
    () => loadConfig("bad.yaml", { cwd: dir, packagedBundle }),
    (error) => error instanceof ConfigError && error.faults.length === 2,
  );
  assert.throws(
    () => loadConfig("secret.yaml", { cwd: dir, environment: {}, packagedBundle }),
    /secret\.yaml:2:17 error config\/secret admin\.token: the environment variable ABSENT is not set/,
  );
  assert.throws(() => loadConfig("absent.yaml", { cwd: dir, packagedBundle }), /ENOENT/);
});

test("warns about files and secrets that this machine does not have", (t) => {
  const dir = directory(t);
  writeFileSync(join(dir, "keys.yaml"), "");
  const text = [
    "version: 1",
    `admin: { token: "\${ABSENT}" }`,
    "bundles: [{ name: a, path: b.tar.gz }]",
    "identity: { apiKeys: { file: keys.yaml } }",
    "registry: { file: registry.yaml }",
  ].join("\n");
  const parsed = parseConfig(text, "regent.yaml");
  assert.ok(parsed.ok);
  assert.deepEqual(missingReferences(parsed, dir, {}).map(renderFault), [
    `regent.yaml:3:28 warning config/file-missing bundles[0].path: ${join(dir, "b.tar.gz")} does not exist here`,
    `regent.yaml:5:19 warning config/file-missing registry.file: ${join(dir, "registry.yaml")} does not exist here`,
    "regent.yaml:2:17 warning config/secret admin.token: the environment variable ABSENT is not set",
  ]);
});

test("accepts no pattern of certificates that the room it is for refuses, and those it is meant to take", () => {
  const peer = (uri: string) =>
    faultsOf(`tls: { certFile: a, keyFile: b, clientCaFile: c, peers: [${JSON.stringify(uri)}] }`).length ===
    0;
  const spiffe = (match: string) =>
    faultsOf(`identity: { spiffe: [{ match: ${JSON.stringify(match)}, roles: [] }] }`).length === 0;
  const patterns = [
    "spiffe://d/ns/istio-system/*",
    "spiffe://d/ns/*/sa/x",
    "spiffe://d/ns/{tenant}/sa/{subject}",
    "spiffe://d/ns/a*",
    "spiffe://*/ns",
    "spiffe://d",
    "spiffe://d/ns/x-{tenant}",
    "spiffe://d/ns/{}",
    "spiffe://d/ns//sa",
    "spiffe://D.example/ns",
    "d/ns",
  ];
  assert.deepEqual(patterns.map(peer).slice(0, 2), [true, true]);
  assert.ok(spiffe("spiffe://d/ns/{tenant}/sa/{subject}"));
  for (const pattern of patterns) {
    assert.ok(!(peer(pattern) && throws(() => parsePeerPattern(pattern))), `peer ${pattern}`);
    const refused = throws(() => createSpiffeMatcher([{ match: pattern, roles: [] }]));
    assert.ok(!(spiffe(pattern) && refused), `spiffe ${pattern}`);
  }
});

function throws(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}
