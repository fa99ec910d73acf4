import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { isJsonObject, type JsonObject } from "../../src/exchange/json.ts";
import { type Sidecar, startSidecar } from "../../src/sidecar.ts";
import type { ProcessLog } from "../../src/telemetry/index.ts";
import { BundleServer } from "../support/bundle-server.ts";
import { connectEnvoy } from "../support/grpc-client.ts";
import { compileBundle, withFolder } from "../support/rego.ts";

const REGENT = "regent";
const SOURCES = {
  "request.rego": 'package regent.request\n\ndecision := {"allow": true}\n',
  "response.rego": 'package regent.response\n\ndecision := {"allow": true}\n',
  "p.rego": 'package p\n\nallow if input.attributes.request.http.method == "GET"\n',
};
const ENTRYPOINTS = ["regent/request/decision", "regent/response/decision", "p/allow"];

let bundle: Buffer;
before(async () => {
  bundle = await compileBundle(SOURCES, ENTRYPOINTS, "r1");
});

type Said = { readonly level: string; readonly message: string };

function logTo(said: Said[]): ProcessLog {
  const at = (level: string) => (_: object, message: string) => void said.push({ level, message });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), fatal: at("fatal") };
}

const configOf = (url: string) => `version: 1
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
probes: { listen: 127.0.0.1:0 }
labels: { region: eu }
services:
  - name: tower
    url: ${url}
    credentials: { bearer: { token: "\${TOWER_TOKEN}" } }
bundles:
  - { name: main, service: tower, persist: true, polling: { minDelay: 1s, maxDelay: 1s } }
status: { service: tower, prometheus: true }
extAuthz: { entrypoint: p/allow }
`;

async function serve(t: TestContext, folder: string, url: string, said: Said[]): Promise<Sidecar> {
  const file = join(folder, "regent.yaml");
  await writeFile(file, configOf(url));
  const environment = { TOWER_TOKEN: "tower-token" };
  const config = loadConfig(file, { packagedBundle: "/none", environment });
  const sidecar = await startSidecar(config, logTo(said));
  t.after(() => sidecar.stop());
  return sidecar;
}

/** Whether Envoy would let a request pass. */
async function passes({ listening }: Sidecar, method: string): Promise<boolean> {
  const [host = "", port = ""] = listening.grpc.split(":");
  const client = connectEnvoy({ kind: "tcp", host, port: Number(port) });
  try {
    const answer = await client.check({
      attributes: { request: { http: { method, path: "/", host: "h" } } },
    });
    return answer.status?.code === 0;
  } catch {
    // An error of gRPC: Envoy refuses the request.
    return false;
  } finally {
    client.close();
  }
}

const ready = async ({ listening }: Sidecar) => (await fetch(`http://${listening.probes}/readyz`)).status;
const active = ({ bundles }: JsonObject) =>
  isJsonObject(bundles) && isJsonObject(bundles.main) && bundles.main.active_revision === "r1";

test("starts without its bundle server, refuses everything, decides once the bundle comes, and without the server later", async (t) => {
  await withFolder(async (folder) => {
    const said: Said[] = [];
    const server = await BundleServer.start();
    t.after(() => server.close());
    const sidecar = await serve(t, folder, server.url, said);
    assert.equal(await ready(sidecar), 503);
    assert.deepEqual([await passes(sidecar, "GET"), await passes(sidecar, "POST")], [false, false]);
    assert.ok(
      said.some(({ message }) => /the policy bundle main .*the service tower: .*empty body/.test(message)),
    );

    server.publish(bundle);
    const told = await server.status(REGENT, active);
    assert.equal(await ready(sidecar), 200);
    assert.deepEqual([await passes(sidecar, "GET"), await passes(sidecar, "POST")], [true, false]);
    const { labels, metrics } = told as { labels: JsonObject; metrics: { prometheus: JsonObject } };
    assert.equal(labels.region, "eu");
    assert.match(String(labels.id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(String(labels.version), /^\d+\.\d+\.\d+/);
    assert.equal((metrics.prometheus.regent_policy_last_reload_successful as JsonObject).type, "GAUGE");
    await sidecar.stop();
    assert.deepEqual(await readdir(join(folder, "var", "bundles")), ["main.bundle"]);

    await server.close();
    const alone = await serve(t, folder, server.url, said);
    assert.equal(await ready(alone), 200);
    assert.deepEqual([await passes(alone, "GET"), await passes(alone, "POST")], [true, false]);
    await alone.stop();
    assert.ok(said.every(({ message }) => !message.includes("tower-token")));
  });
});
