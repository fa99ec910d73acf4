import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import { isJsonObject } from "../../src/exchange/json.ts";
import type { Verification } from "../../src/policy/bundle/signature/key.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../../src/policy/engine.ts";
import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import type { Polling } from "../../src/policy/source/http.ts";
import { serviceBundleSource } from "../../src/policy/source/service-bundle.ts";
import { createServices } from "../../src/services/index.ts";
import { createStatusReporter, statusDocument } from "../../src/status/index.ts";
import { BundleServer } from "../support/bundle-server.ts";
import { withFolder, writeSources } from "../support/rego.ts";

const OPA = "Open-Policy-Agent";
const REGENT = "regent";
const NO_LOG = { info() {}, warn() {}, error() {} };
const LABELS = { env: "test" };

type Signing = { readonly privateKeyFile: string; readonly algorithm: string; readonly claimsFile: string };

/** Builds a bundle as its author does: `opa build`, signed where there is a key. */
async function build(folder: string, revision: string, signing?: Signing): Promise<Buffer> {
  const rego = `package p\n\nimport rego.v1\n\nrevision := "${revision}"\n\nallow if input.user == data.admin\n`;
  await writeSources(join(folder, revision), { "p.rego": rego, "data.json": '{"admin":"ann"}' });
  const output = join(folder, `${revision}.tar.gz`);
  const key =
    signing === undefined
      ? []
      : [
          "--signing-key",
          signing.privateKeyFile,
          "--signing-alg",
          signing.algorithm,
          "--claims-file",
          signing.claimsFile,
        ];
  const args = [
    "build",
    "--bundle",
    join(folder, revision),
    "--revision",
    revision,
    "--output",
    output,
    ...key,
  ];
  const ran = await runOpa(await findOpa(), args);
  assert.equal(ran.status, 0, ran.stderr);
  return readFile(output);
}

/** A real OPA that takes its bundle from the server and tells it its status. */
async function startOpa(t: TestContext, folder: string, config: JsonObject): Promise<void> {
  const file = join(folder, "opa.json");
  await writeFile(file, JSON.stringify(config));
  const child = spawn(await findOpa(), ["run", "--server", "--addr", "127.0.0.1:0", "--config-file", file], {
    stdio: "ignore",
  });
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
}

/** Regent's rooms that take the same bundle and tell the same server. */
async function startRegent(
  t: TestContext,
  server: BundleServer,
  options: { readonly polling: Polling; readonly verification?: Verification },
): Promise<ManagedPolicyEngine> {
  const services = createServices([{ name: "tower", url: server.url }], NO_LOG);
  const { polling, ...verification } = options;
  const bundle = { name: "main", service: "tower", resource: "bundles/main", persist: false, polling };
  const source = serviceBundleSource(bundle, { services, persistenceDir: "/nowhere", log: NO_LOG });
  const engine = await createPolicyEngine({
    bundles: [{ name: "main", source, ...verification }],
    entrypoints: ["p/allow", "p/revision"],
    log: NO_LOG,
  });
  const labels = { ...LABELS, id: "00000000-0000-4000-8000-000000000000", version: "1" };
  const reporter = createStatusReporter({
    document: () => statusDocument({ labels, bundles: engine.opaStatus(), ready: engine.ready }),
    service: services.get("tower"),
    intervalMs: 3_600_000,
    log: NO_LOG,
  });
  engine.onStatus(() => reporter.changed());
  t.after(async () => {
    await engine.close();
    await reporter.close();
    await services.close();
  });
  return engine;
}

async function startServer(t: TestContext): Promise<BundleServer> {
  const server = await BundleServer.start();
  t.after(() => server.close());
  return server;
}

const main = ({ bundles }: JsonObject): JsonObject =>
  isJsonObject(bundles) ? ((bundles.main as JsonObject) ?? {}) : {};
const activeIs = (revision: string) => (document: JsonObject) => main(document).active_revision === revision;
const failed = (document: JsonObject) => main(document).code === "bundle_error";

const POLL_S = 1;
const POLLING = { minDelayMs: POLL_S * 1000, maxDelayMs: POLL_S * 1000 };
const opaConfig = (server: BundleServer, bundle: JsonObject, more: JsonObject = {}): JsonObject => ({
  services: { tower: { url: server.url } },
  labels: LABELS,
  bundles: {
    main: { service: "tower", polling: { min_delay_seconds: POLL_S, max_delay_seconds: POLL_S }, ...bundle },
  },
  status: { service: "tower" },
  ...more,
});

describe("beside a real OPA at the same bundle server", () => {
  test("both activate the same revisions and tell of them alike, field by field", async (t) => {
    await withFolder(async (folder) => {
      const server = await startServer(t);
      server.publish(await build(folder, "r1"));
      const engine = await startRegent(t, server, { polling: POLLING });
      await startOpa(t, folder, opaConfig(server, {}));
      await Promise.all([server.status(OPA, activeIs("r1")), server.status(REGENT, activeIs("r1"))]);
      server.publish(await build(folder, "r2"));
      const [theirs, ours] = await Promise.all([
        server.status(OPA, (document) => activeIs("r2")(document) && "plugins" in document),
        server.status(REGENT, activeIs("r2")),
      ]);
      assert.equal(engine.revision, "r2");
      const { result } = await engine.for("").evaluate("p/allow", { user: "ann" });
      assert.equal(result, true);

      // What depends on the engine and on the moment: names of timers, times, the id.
      const shape = ({ metrics: _, ...document }: JsonObject) =>
        shapeOf({ ...document, bundles: withoutTimers(document) });
      assert.deepEqual(shape(ours), shape(theirs));
      const same = (document: JsonObject) => {
        const { name, active_revision, type, size } = main(document);
        return { name, active_revision, type, size, plugins: document.plugins };
      };
      assert.deepEqual(same(ours), same(theirs));
      assert.deepEqual(
        { ...(ours.labels as JsonObject), id: 0, version: 0 },
        { ...LABELS, id: 0, version: 0 },
      );
    });
  });

  test("both keep the last revision when the next is bad, and tell why", async (t) => {
    await withFolder(async (folder) => {
      const server = await startServer(t);
      server.publish(await build(folder, "r1"));
      const engine = await startRegent(t, server, { polling: POLLING });
      await startOpa(t, folder, opaConfig(server, {}));
      await Promise.all([server.status(OPA, activeIs("r1")), server.status(REGENT, activeIs("r1"))]);
      server.publish(Buffer.from("no bundle"));
      const [theirs, ours] = await Promise.all([server.status(OPA, failed), server.status(REGENT, failed)]);
      assert.deepEqual(Object.keys(main(ours)).sort(), Object.keys(main(theirs)).sort());
      assert.ok(activeIs("r1")(ours) && activeIs("r1")(theirs));
      assert.match(
        String(main(ours).message),
        /the policy bundle main .* the service tower: .* is no bundle/,
      );
      assert.equal((await engine.for("").evaluate("p/revision", {})).result, "r1");
      server.publish(await build(folder, "r3"));
      await Promise.all([server.status(OPA, activeIs("r3")), server.status(REGENT, activeIs("r3"))]);
      assert.equal((await engine.for("").evaluate("p/revision", {})).result, "r3");
    });
  });

  test("both verify what OPA signed, by long polling, and refuse what is not signed", async (t) => {
    await withFolder(async (folder) => {
      const pair = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      });
      const privateKeyFile = join(folder, "private.pem");
      await writeFile(privateKeyFile, pair.privateKey, { mode: 0o600 });
      const claimsFile = join(folder, "claims.json");
      await writeFile(claimsFile, '{"scope":"write"}');
      const signing = { privateKeyFile, algorithm: "ES256", claimsFile };
      const server = await startServer(t);
      server.longPolling = true;
      server.publish(await build(folder, "r1", signing));
      const verification: Verification = {
        keys: new Map([["default", { algorithm: "ES256", key: pair.publicKey }]]),
        keyId: "default",
        scope: "write",
      };
      const engine = await startRegent(t, server, {
        polling: { ...POLLING, longPollingTimeoutMs: 20_000 },
        verification,
      });
      const polling = { min_delay_seconds: 1, max_delay_seconds: 1, long_polling_timeout_seconds: 20 };
      const keys = { default: { algorithm: "ES256", key: pair.publicKey } };
      const bundle = { polling, signing: { keyid: "default", scope: "write" } };
      await startOpa(t, folder, opaConfig(server, bundle, { keys }));
      await Promise.all([server.status(OPA, activeIs("r1")), server.status(REGENT, activeIs("r1"))]);
      await until(server, (agent) =>
        server.requests.some((request) => request.agent === agent && waits(request)),
      );
      server.publish(await build(folder, "r2", signing));
      await Promise.all([server.status(OPA, activeIs("r2")), server.status(REGENT, activeIs("r2"))]);
      assert.equal(engine.revision, "r2");

      server.publish(await build(folder, "unsigned"));
      const [theirs, ours] = await Promise.all([server.status(OPA, failed), server.status(REGENT, failed)]);
      assert.match(String(main(theirs).message), /signature/);
      assert.match(String(main(ours).message), /sign/);
      assert.equal(engine.revision, "r2");
    });
  });
});

const waits = ({ prefer, etag }: { prefer: string; etag: string | undefined }) =>
  /wait=20/.test(prefer) && etag !== undefined;

/** Both have asked so that this is true of them. */
async function until(server: BundleServer, isTrue: (agent: string) => boolean): Promise<void> {
  while (!isTrue(OPA) || !isTrue(REGENT))
    await once(server, "request", { signal: AbortSignal.timeout(30_000) });
}

/** The bundles of a document, their timers left out. */
function withoutTimers({ bundles }: JsonObject): JsonObject {
  const entries = Object.entries(bundles as JsonObject);
  return Object.fromEntries(
    entries.map(([name, bundle]) => [name, { ...(bundle as JsonObject), metrics: {} }]),
  );
}

/** What kinds of values stand where; a time counts as one only when it is one. */
function shapeOf(value: JsonValue | undefined): JsonValue {
  if (isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, member]) => [key, shapeOf(member)]),
    );
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return "time";
  return typeof value;
}
