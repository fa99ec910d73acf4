/**
 * Regent beside a real OPA, with the same opa.yaml, the same bundle server and the same receiver: the same answers, the
 * same events in the decision log, the same status. The plugin's section is given to Regent with --set, as OPA itself
 * does not know it.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { tarGzOf } from "../support/tar.ts";
import { type ControlPlane, startControlPlane } from "./support/control-plane.ts";
import { folderOf, type Program, startOpa, startRegent } from "./support/programs.ts";

const POLICY = `package app.authz

import data.app.roles

default allow := false

allow if roles[input.user] == "admin"

allow if {
	input.method == "GET"
	not input.user in {"eve"}
}

reasons contains "unknown user" if not roles[input.user]

counted := count(input.items)

id := object.get(input, "id", null)

now := time.now_ns() > 0
`;

const LOG_POLICY = `package system.log

mask contains "/input/password"

mask contains {"op": "upsert", "path": "/input/token", "value": "***"} if input.input.token

drop if input.path == "app/authz/counted"
`;

const MAIN = `package system

main := {"allowed": data.app.authz.allow}
`;

const HEALTH = `package system.health

default live := false

live if input.plugin_state.bundle == "OK"

ready if input.plugins_ready == false
`;

function bundle(revision: string, files: { readonly [path: string]: string } = {}): Buffer {
  const all = {
    ".manifest": JSON.stringify({ revision, roots: ["app", "system"] }),
    "app/authz.rego": POLICY,
    "system/log.rego": LOG_POLICY,
    "system/main.rego": MAIN,
    "system/health.rego": HEALTH,
    "app/roles/data.json": '{"alice":"admin","bob":"user"}',
    ...files,
  };
  return tarGzOf(Object.entries(all).map(([path, content]) => ({ path, content })));
}

const CONFIG = `
services:
  control:
    url: \${CONTROL_URL}
    credentials: { bearer: { token: "\${CONTROL_TOKEN}" } }
labels: { app: shop, id: mine }
bundles:
  app:
    service: control
    resource: bundles/app.tar.gz
    polling: { min_delay_seconds: 1, max_delay_seconds: 1 }
decision_logs:
  service: control
  console: false
  request_context: { http: { headers: [X-Team] } }
  reporting: { min_delay_seconds: 1, max_delay_seconds: 1 }
status: { service: control }
nd_builtin_cache: true
keys: { unused: { key: "-----BEGIN PUBLIC KEY-----", algorithm: RS256 } }
`;

type Pair = {
  readonly opa: Program;
  readonly regent: Program;
  readonly of: (name: "opa" | "regent") => ControlPlane;
};

async function pair(t: TestContext): Promise<Pair> {
  const folder = folderOf(t, { "opa.yaml": CONFIG });
  const [forOpa, forRegent] = await Promise.all([startControlPlane(), startControlPlane()]);
  t.after(() => Promise.all([forOpa.stop(), forRegent.stop()]));
  for (const control of [forOpa, forRegent]) control.serve("/bundles/app.tar.gz", bundle("r1"));
  const options = (control: ControlPlane) => ({
    cwd: folder,
    env: { CONTROL_URL: control.url, CONTROL_TOKEN: "made-at-run-time" },
  });
  const [opa, regent] = await Promise.all([
    startOpa(t, ["--config-file", "opa.yaml"], options(forOpa)),
    startRegent(
      t,
      [
        "--opa-config",
        "opa.yaml",
        "--set",
        "plugins.envoy_ext_authz_grpc.addr=127.0.0.1:0,plugins.envoy_ext_authz_grpc.path=app/authz/allow",
      ],
      options(forRegent),
    ),
  ]);
  return { opa, regent, of: (name) => (name === "opa" ? forOpa : forRegent) };
}

type Asked = readonly [
  method: string,
  path: string,
  body?: string,
  headers?: { readonly [name: string]: string },
];

const QUESTIONS: readonly Asked[] = [
  ["POST", "/v1/data/app/authz/allow", '{"input":{"user":"alice"}}'],
  ["POST", "/v1/data/app/authz/allow", '{"input":{"user":"eve","method":"GET"}}'],
  ["POST", "/v1/data/app/authz", '{"input":{"user":"nobody","id":12345678901234567890}}'],
  ["POST", "/v1/data/app/authz/id", '{"input":{"id":1.50}}'],
  ["POST", "/v1/data/app/authz/none", '{"input":{}}'],
  ["POST", "/v1/data/nothing/here", "{}"],
  ["POST", "/v1/data/app", '{"input":{"user":"bob"}}'],
  ["POST", "/v1/data/app/authz/allow", ""],
  ["POST", "/v1/data/app/authz/allow", "input: {user: alice}", { "content-type": "application/yaml" }],
  ["GET", "/v1/data/app/roles"],
  ["GET", "/v1/data/app/roles/alice?pretty"],
  ["GET", `/v1/data/app/authz/allow?input=${encodeURIComponent('{"user":"alice"}')}`],
  ["GET", "/v1/data/app/authz/now"],
  ["POST", "/v0/data/app/authz/allow", '{"user":"alice"}'],
  ["POST", "/v0/data/app/authz/none", "{}"],
  ["POST", "/", '{"user":"alice"}'],
  ["GET", "/health"],
  ["GET", "/health?bundles"],
  ["GET", "/health?plugins"],
  ["GET", "/health/live"],
  ["GET", "/health/ready"],
  ["GET", "/health/none"],
  ["POST", "/v1/data/app", "{"],
  ["GET", "/v1/data/app?input=%7B"],
  ["PUT", "/v0/data/app", "{}"],
];

async function ask({ url }: Program, [method, path, body, headers]: Asked) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const type = response.headers.get("content-type");
  return {
    status: response.status,
    type,
    text,
    json: type === "application/json" ? JSON.parse(text) : undefined,
  };
}

/** Without what is different in each answer, and with messages of parsers left to each its own. Whether a document is missing or only undefined, compiled policies do not tell. */
function comparable({ status, type, json }: Awaited<ReturnType<typeof ask>>) {
  const { decision_id: id, message, ...rest } = json ?? {};
  const prefix = typeof message === "string" ? message.replace(/( or undefined)?:.*$/s, "") : undefined;
  return {
    ...{ status, type: status === 405 ? null : type, prefix },
    ...(typeof json === "object" ? { rest, id: id === undefined ? "none" : "some" } : { json }),
  };
}

describe("with the same configuration, beside OPA", () => {
  test("Regent answers the same, logs the same and reports the same", async (t) => {
    const { opa, regent, of } = await pair(t);
    for (const question of QUESTIONS) {
      const [one, other] = await Promise.all([ask(opa, question), ask(regent, question)]);
      assert.deepEqual(
        comparable(other),
        comparable(one),
        `${question.join(" ")}\n${one.text}\n${other.text}`,
      );
    }
    const pretty = ["GET", "/v1/data/app/roles?pretty=true"] as const;
    const withoutId = (text: string) => text.replace(/"[0-9a-f-]{36}"/, '"ID"');
    assert.equal(withoutId((await ask(regent, pretty)).text), withoutId((await ask(opa, pretty)).text));

    // A decision whose input has secrets, one that is dropped, and one behind it that says that both were handled.
    const secret = '{"input":{"user":"alice","password":"p","token":"t"}}';
    for (const program of [opa, regent]) {
      await ask(program, ["POST", "/v1/data/app/authz/allow", secret, { "x-team": "a" }]);
      await ask(program, ["POST", "/v1/data/app/authz/counted", '{"input":{"items":[1]}}']);
      await ask(program, ["POST", "/v1/data/app/authz/now", '{"input":{"user":"last"}}']);
    }
    const masked = async (name: "opa" | "regent") => {
      const control = of(name);
      await control.decision(({ input }) => input?.user === "last");
      assert.ok(control.decisions.every(({ path }) => path !== "app/authz/counted"));
      assert.ok(control.received.every(({ authorization }) => authorization === "Bearer made-at-run-time"));
      return control.decision(({ masked: changed }) => changed !== undefined);
    };
    const [fromOpa, fromRegent] = await Promise.all([masked("opa"), masked("regent")]);
    assert.deepEqual(eventShape(fromRegent), eventShape(fromOpa));
    assert.equal(fromRegent.labels.app, "shop");
    assert.notEqual(fromRegent.labels.id, "mine");

    const events = (name: "opa" | "regent") => of(name).decisions.map(eventShape);
    const count = Math.min(events("opa").length, events("regent").length);
    assert.ok(count >= 15, `${count}`);
    assert.deepEqual(events("regent").slice(0, count), events("opa").slice(0, count));

    const status = (name: "opa" | "regent") =>
      of(name).status(({ bundles }) => bundles?.app?.active_revision === "r1");
    const [statusOpa, statusRegent] = await Promise.all([status("opa"), status("regent")]);
    assert.deepEqual(statusShape(statusRegent), statusShape(statusOpa));
    const shown = await ask(regent, ["GET", "/v1/status"]);
    assert.equal(shown.json.result.bundles.app.active_revision, "r1");
    const config = (await ask(regent, ["GET", "/v1/config"])).json.result;
    const configOpa = (await ask(opa, ["GET", "/v1/config"])).json.result;
    assert.doesNotMatch(JSON.stringify(config), /made-at-run-time|BEGIN PUBLIC/);
    const { plugins, labels, ...rest } = config;
    const { plugins: _none, labels: labelsOpa, ...restOpa } = configOpa;
    assert.ok(plugins.envoy_ext_authz_grpc !== undefined);
    assert.deepEqual(Object.keys(labels).sort(), Object.keys(labelsOpa).sort());
    restOpa.services.control.url = of("regent").url;
    assert.deepEqual(rest, restOpa);

    // A new revision: taken up by both, and a broken one by none.
    for (const name of ["opa", "regent"] as const)
      of(name).serve("/bundles/app.tar.gz", bundle("r2", { "app/roles/data.json": '{"bob":"admin"}' }));
    for (const name of ["opa", "regent"] as const)
      await of(name).status(({ bundles }) => bundles?.app?.active_revision === "r2");
    for (const name of ["opa", "regent"] as const)
      of(name).serve(
        "/bundles/app.tar.gz",
        bundle("r3", { "app/authz.rego": "package app.authz\nallow if {" }),
      );
    for (const name of ["opa", "regent"] as const) {
      const told = await of(name).status(({ bundles }) => bundles?.app?.code !== undefined);
      assert.equal(told.bundles.app.active_revision, "r2");
      assert.equal(told.bundles.app.code, "bundle_error");
    }
    const bob: Asked = ["POST", "/v1/data/app/authz/allow", '{"input":{"user":"bob"}}'];
    assert.deepEqual((await ask(regent, bob)).json.result, true);
    assert.deepEqual((await ask(opa, bob)).json.result, true);
    assert.equal(await regent.stop(), 0);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: events of two programs, compared as they are
function eventShape(event: any) {
  const { decision_id, timestamp, metrics, requested_by, labels, nd_builtin_cache, req_id, ...rest } = event;
  assert.match(decision_id, /^[0-9a-f-]{36}$/);
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.match(requested_by, /^127\.0\.0\.1:\d+$/);
  assert.ok(metrics.timer_server_handler_ns > 0);
  // OPA counts the questions of its start too.
  assert.ok(req_id > 0);
  const error = rest.error === undefined ? {} : { error: { code: rest.error.code } };
  return {
    ...rest,
    ...error,
    labels: Object.keys(labels).sort(),
    // To know that a package has no such rule it is evaluated as a whole, and what that read is told.
    nd: nd_builtin_cache === undefined || rest.path.endsWith("/none") ? [] : Object.keys(nd_builtin_cache),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: statuses of two programs, compared as they are
function statusShape(status: any) {
  const { labels, bundles, plugins } = status;
  const app = bundles.app;
  for (const time of ["last_request", "last_successful_request", "last_successful_download"])
    assert.match(app[time], /^\d{4}-/, time);
  return {
    labels: Object.keys(labels).sort(),
    bundles: Object.keys(bundles),
    ...{ name: app.name, revision: app.active_revision, type: app.type },
    plugins: Object.keys(plugins ?? {}).filter((name) => name === "bundle" || name === "status"),
  };
}
