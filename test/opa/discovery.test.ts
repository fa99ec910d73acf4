/** A discovery bundle says what the configuration is, and another version of it says something else. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectEnvoy } from "../support/grpc-client.ts";
import { tarGzOf } from "../support/tar.ts";
import { type ControlPlane, startControlPlane } from "./support/control-plane.ts";
import { folderOf, type Program, startOpa, startRegent } from "./support/programs.ts";

const bundleOf = (files: { readonly [path: string]: string }): Buffer =>
  tarGzOf(Object.entries(files).map(([path, content]) => ({ path, content })));

const policy = (revision: string, allow: boolean) =>
  bundleOf({
    ".manifest": JSON.stringify({ revision, roots: ["envoy"] }),
    "authz.rego": `package envoy.authz\n\nallow := ${allow}\n`,
  });

const discovering = (revision: string, rego: string) =>
  bundleOf({ ".manifest": JSON.stringify({ revision, roots: ["example"] }), "discovery.rego": rego });

/** Which bundle is served is up to the label `region` of whoever asks. */
const CHOOSING = `package example

discovery := {
	"bundles": {region: {"service": "control", "resource": sprintf("bundles/%s.tar.gz", [region]), "polling": often}},
	"default_decision": "/envoy/authz/allow",
	"labels": {"app": "discovered", "team": "found"},
	"decision_logs": {"service": "control", "reporting": often},
	"status": {"service": "control"},
}

region := opa.runtime().config.labels.region

often := {"min_delay_seconds": 1, "max_delay_seconds": 1}
`;

const BOOT = `
services: { control: { url: "\${CONTROL_URL}" } }
labels: { region: west, app: boot }
discovery:
  resource: /discovery.tar.gz
  decision: example/discovery
  polling: { min_delay_seconds: 1, max_delay_seconds: 1 }
`;

async function controlPlane(t: TestContext, discovery: Buffer): Promise<ControlPlane> {
  const control = await startControlPlane();
  t.after(() => control.stop());
  control.serve("/discovery.tar.gz", discovery);
  control.serve("/bundles/west.tar.gz", policy("west-1", true));
  control.serve("/bundles/east.tar.gz", policy("east-1", false));
  return control;
}

const allowed = async ({ url }: Program): Promise<unknown> =>
  ((await (await fetch(`${url}/v1/data/envoy/authz/allow`)).json()) as { result?: unknown }).result;

const config = async ({ url }: Program): Promise<{ readonly [key: string]: unknown }> =>
  ((await (await fetch(`${url}/v1/config`)).json()) as { result: { [key: string]: unknown } }).result;

test("is evaluated, merged with what the process began with, and put into force, as by OPA", {
  timeout: 120_000,
}, async (t) => {
  const folder = folderOf(t, { "opa.yaml": BOOT });
  const start = async (name: "opa" | "regent") => {
    const control = await controlPlane(t, discovering("d1", CHOOSING));
    const options = { cwd: folder, env: { CONTROL_URL: control.url } };
    const program =
      name === "opa"
        ? await startOpa(t, ["--config-file", "opa.yaml"], options)
        : await startRegent(
            t,
            ["--opa-config", "opa.yaml", "--set", "plugins.envoy_ext_authz_grpc.addr=127.0.0.1:0"],
            options,
          );
    return { control, program };
  };
  const [opa, regent] = await Promise.all([start("opa"), start("regent")]);
  for (const { control, program } of [opa, regent]) {
    await control.status(({ bundles }) => bundles?.west?.active_revision === "west-1");
    assert.equal(await allowed(program), true);
    const { labels, default_decision } = (await config(program)) as {
      labels: object;
      default_decision: string;
    };
    const { id: _id, version: _version, ...rest } = labels as { id: string; version: string };
    assert.deepEqual(rest, { app: "boot", region: "west", team: "found" });
    assert.equal(default_decision, "/envoy/authz/allow");
    const event = await control.decision(({ path }) => path === "envoy/authz/allow");
    assert.deepEqual(event.bundles, { west: { revision: "west-1" } });
    const told = await control.status(({ discovery }) => discovery?.active_revision === "d1");
    assert.equal(told.discovery.name, "discovery");
  }
  const health = await fetch(`${regent.program.url}/health?bundles&plugins`);
  assert.equal(health.status, 200);

  // Another version sends both elsewhere; ext_authz goes on at its address.
  const client = connectEnvoy({
    kind: "tcp",
    host: "127.0.0.1",
    port: portOf(await serving(regent.program)),
  });
  t.after(() => client.close());
  assert.equal((await client.check({})).status?.code, 0);
  const elsewhere = CHOOSING.replace("region := opa", 'region := "east"\n\nother := opa');
  for (const { control, program } of [opa, regent]) {
    control.serve("/discovery.tar.gz", discovering("d2", elsewhere));
    await control.status(({ bundles }) => bundles?.east?.active_revision === "east-1");
    assert.equal(await allowed(program), false);
  }
  assert.equal((await client.check({})).status?.code, 7);

  // What is broken, or no configuration that could be used, changes nothing.
  for (const [broken, fault] of [
    ["package example\n\ndiscovery := {", /rego_parse_error/],
    ["package example\n\nother := {}", /data\.example\.discovery is undefined/],
    ['package example\n\ndiscovery := {"bundles": {"b": {"service": "none"}}}', /no service of this name/],
    ['package example\n\ndiscovery := {"plugins": {"mine": {}}}', /Go code/],
  ] as const) {
    regent.control.serve("/discovery.tar.gz", discovering("d3", broken));
    const told = await regent.control.status(({ discovery }) => fault.test(JSON.stringify(discovery)));
    assert.equal(told.discovery.code, "bundle_error");
    assert.equal((await client.check({})).status?.code, 7);
  }
  assert.equal(await regent.program.stop(), 0);
});

test("may be data alone; until it is there nothing is served to Envoy and health says so", {
  timeout: 120_000,
}, async (t) => {
  const control = await controlPlane(t, Buffer.from("no bundle"));
  const boot = `${BOOT}plugins: { envoy_ext_authz_grpc: { addr: "127.0.0.1:0" } }\n`;
  const folder = folderOf(t, { "opa.yaml": boot });
  const regent = await startRegent(t, ["--opa-config", "opa.yaml"], {
    cwd: folder,
    env: { CONTROL_URL: control.url },
  });
  const health = await fetch(`${regent.url}/health?bundles`);
  assert.equal(health.status, 500);
  assert.match(await health.text(), /not activated/);
  assert.deepEqual(await (await fetch(`${regent.url}/v1/data/envoy/authz/allow`)).json(), {});
  const discovery = {
    bundles: { east: { service: "control", resource: "bundles/east.tar.gz" } },
    status: {},
  };
  control.serve("/discovery.tar.gz", bundleOf({ "data.json": JSON.stringify({ example: { discovery } }) }));
  await regent.said("the configuration of the discovery bundle is in force");
  assert.equal(await allowed(regent), false);
  assert.equal((await fetch(`${regent.url}/health?bundles`)).status, 200);
});

test("of a file, the configuration is taken up when it changes, with --watch-config", {
  timeout: 120_000,
}, async (t) => {
  const rego = (allow: boolean) => `package envoy.authz\n\nallow := ${allow}\n`;
  const folder = folderOf(t, { "opa.yaml": "labels: { a: '1' }\n", "policy.rego": rego(false) });
  const regent = await startRegent(
    t,
    ["--opa-config", "opa.yaml", "--watch-config", "--watch", "policy.rego"],
    {
      cwd: folder,
    },
  );
  writeFileSync(join(folder, "opa.yaml"), "labels: { a: 1 }\n");
  await regent.said("the new configuration is refused, the one before stays: opa.yaml:1:14");
  writeFileSync(join(folder, "opa.yaml"), "labels: { a: '2' }\n");
  await regent.said("the new configuration is in force");
  assert.equal(((await config(regent)).labels as { a: string }).a, "2");
  writeFileSync(join(folder, "policy.rego"), rego(true));
  // For a moment what belongs to the configuration before follows the file too, and says so.
  while ((await allowed(regent)) !== true)
    await new Promise((resolve) => regent.child.stderr?.once("data", resolve));
});

async function serving(regent: Program): Promise<string> {
  return String((await regent.said("ext_authz is served")).grpc);
}

function portOf(address: string): number {
  return Number(address.replace(/^.*:/, ""));
}
