import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { type LoggedDecision, readDecisionLog } from "../../src/decision-log/read.ts";
import type { JsonObject } from "../../src/exchange/json.ts";
import { type Sidecar, startSidecar } from "../../src/sidecar.ts";
import { createProcessLog } from "../../src/telemetry/index.ts";
import { connectEnvoy, type EnvoyClient } from "../support/grpc-client.ts";
import { type LogReceiver, startLogReceiver } from "../support/log-receiver.ts";
import { compileBundle } from "../support/rego.ts";

const SOURCES = {
  "authz.rego": `package envoy.authz

default allow := false

allow if input.attributes.request.http.headers.user == "alice"
`,
  "log.rego": `package system.log

mask contains "/input/attributes/request/http/headers/authorization"

drop if input.input.attributes.request.http.path == "/healthz"
`,
  "regent.rego": `package regent.request

decision := {"allow": true}
`,
  "response.rego": `package regent.response

decision := {"allow": true}
`,
};

describe("a sidecar that logs decisions", () => {
  let dir: string;
  let receiver: LogReceiver;
  let sidecar: Sidecar;
  let envoy: EnvoyClient;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "regent-"));
    receiver = await startLogReceiver();
    const entrypoints = ["envoy/authz/allow", "regent/request/decision", "regent/response/decision"];
    await writeFile(join(dir, "bundle.tar.gz"), await compileBundle(SOURCES, entrypoints, "r1"));
    const file = join(dir, "regent.yaml");
    await writeFile(
      file,
      `version: 1
listen: "unix://${dir}/regent.sock"
admin: { listen: "127.0.0.1:0" }
probes: { listen: "127.0.0.1:0" }
bundles: [{ name: main, path: bundle.tar.gz }]
extAuthz: { entrypoint: envoy/authz/allow }
audit: { dir: audit }
labels: { region: eu }
services: [{ name: acme, url: "${receiver.url}" }]
decisionLogs: { service: acme, partition: blue, dir: decisions }
`,
    );
    const config = loadConfig(file, { packagedBundle: join(dir, "bundle.tar.gz") });
    sidecar = await startSidecar(config, await createProcessLog({ level: "error", format: "json" }));
    envoy = connectEnvoy({ kind: "unix", path: join(dir, "regent.sock") });
  });

  after(async () => {
    envoy?.close();
    await sidecar?.stop();
    await receiver?.close();
    await rm(dir, { recursive: true });
  });

  const ask = (path: string, user: string) =>
    envoy.check({
      attributes: {
        request: { http: { method: "GET", path, headers: { user, authorization: "Bearer sesame" } } },
      },
    });

  test("logs each decision of ext_authz, masked, in service and folder, and sends what is left when it stops", async () => {
    assert.equal((await ask("/v1/chat", "alice")).status?.code, 0);
    assert.equal((await ask("/v1/chat", "mallory")).status?.code, 7);
    assert.equal((await ask("/healthz", "alice")).status?.code, 0);
    assert.equal(receiver.attempts, 0, "nothing goes before its time");
    await sidecar.stop();
    const results = receiver.events.map(({ path, result, bundles, erased }) => ({
      path,
      result,
      bundles,
      erased,
    }));
    const common = {
      path: "envoy/authz/allow",
      bundles: { main: { revision: "r1" } },
      erased: ["/input/attributes/request/http/headers/authorization"],
    };
    assert.deepEqual(results, [
      { ...common, result: true },
      { ...common, result: false },
    ]);
    const [first = {}] = receiver.events;
    assert.equal((first.labels as JsonObject).region, "eu");
    assert.deepEqual(
      receiver.uploads.map(({ path }) => path),
      ["/logs/blue"],
    );
    const kept: LoggedDecision[] = [];
    for await (const decision of readDecisionLog(join(dir, "decisions"), {
      onUnreadable: ({ why }) => assert.fail(why),
    }))
      kept.push(decision);
    assert.deepEqual(
      kept.map(({ decisionId }) => decisionId),
      receiver.events.map((event) => event.decision_id),
    );
    assert.deepEqual(kept[0]?.changed, common.erased);
    assert.equal(JSON.stringify(receiver.events).includes("sesame"), false);
    assert.equal(String(kept[0]?.input).includes("sesame"), false);
  });
});
