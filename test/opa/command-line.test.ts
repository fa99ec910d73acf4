/** The command line as a whole: what does not start says why, and what starts serves what it was given. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";
import { findOpa } from "../../src/policy/opa/opa.ts";
import { connectEnvoy } from "../support/grpc-client.ts";
import { startControlPlane } from "./support/control-plane.ts";
import { folderOf, type Program, startRegent } from "./support/programs.ts";

const POLICY =
  'package envoy.authz\n\ndefault allow := false\n\nallow if input.attributes.request.http.path == "/yes"\n';
const PLUGIN = 'plugins: { envoy_ext_authz_grpc: { addr: "127.0.0.1:0" } }\n';

describe("what does not start", () => {
  for (const [what, args, status, fault] of [
    ["paths without OPA's configuration", ["policy.rego"], 1, /policy\.rego: only with --opa-config/],
    ["options of OPA without its configuration", ["--set", "a=b"], 1, /--set: only with --opa-config/],
    [
      "OPA's name for its configuration, and nothing else",
      ["--server", "--config-file=opa.yaml", "policy.rego"],
      1,
      /--config-file: name OPA's configuration in --opa-config/,
    ],
    [
      "a configuration that is not there",
      ["-c", "none.yaml"],
      1,
      /the configuration cannot be read: .*none\.yaml/,
    ],
    ["two configurations", ["-c", "regent.yaml", "--opa-config", "opa.yaml"], 1, /two ways to run/],
    [
      "OPA's name for its configuration",
      ["--opa-config", "opa.yaml", "--config-file", "x"],
      1,
      /--config-file is not supported: name OPA's configuration in --opa-config/,
    ],
    [
      "a flag that would be unsafe to leave out",
      ["--opa-config", "opa.yaml", "--authorization", "basic"],
      1,
      /--authorization is not supported: may only be off/,
    ],
    ["a file that is not there", ["--opa-config", "none.yaml"], 1, /a file cannot be read: .*none\.yaml/],
    ["a broken --set", ["--opa-config", "opa.yaml", "--set", "labels"], 1, /--set: labels has no value/],
    [
      "a fault in the file",
      ["--opa-config", "bad.yaml", "policy.rego"],
      3,
      /bad\.yaml:1:38 error config\/unknown-field .*did you mean "addr"/,
    ],
    ["no policy at all", ["--opa-config", "opa.yaml"], 1, /no policy bundle is configured/],
    ["a policy that is not there", ["--opa-config", "opa.yaml", "none.rego"], 1, /none\.rego cannot be read/],
    [
      "a policy that OPA cannot compile",
      ["--opa-config", "opa.yaml", "broken.rego"],
      1,
      /broken\.rego.*rego_parse_error/s,
    ],
    ["a policy with a builtin that is not there", ["--opa-config", "opa.yaml", "send.rego"], 1, /http\.send/],
    [
      "a policy without the rule that decides",
      ["--opa-config", "opa.yaml", "other.rego"],
      1,
      /envoy\/authz\/allow/,
    ],
    [
      "an address that is none",
      ["--opa-config", "opa.yaml", "--set", "plugins.envoy_ext_authz_grpc.addr=x", "policy.rego"],
      1,
      /plugins\.envoy_ext_authz_grpc\.addr: x must be HOST:PORT/,
    ],
    [
      "a descriptor that is none",
      [
        "--opa-config",
        "opa.yaml",
        "--set",
        "plugins.envoy_ext_authz_grpc.proto-descriptor=policy.rego",
        "policy.rego",
      ],
      1,
      /policy\.rego/,
    ],
  ] as const)
    test(`says why: ${what}`, { timeout: 60_000 }, (t) => {
      const folder = folderOf(t, {
        "opa.yaml": PLUGIN,
        "bad.yaml": "plugins: { envoy_ext_authz_grpc: {   adr: x } }\n",
        "policy.rego": POLICY,
        "broken.rego": "package envoy.authz\n\nallow if {\n",
        "send.rego":
          'package envoy.authz\n\nallow := http.send({"method": "get", "url": "http://x"}).status_code == 200\n',
        "other.rego": "package envoy.authz\n\ndeny := true\n",
      });
      const ran = ended("serve", folder, args);
      assert.equal(ran.status, status, ran.stderr);
      assert.match(ran.stderr, fault);
    });
});

/** Runs the command to its end, which must come by itself. */
function ended(command: string, folder: string, args: readonly string[]) {
  const own = args.includes("--opa-config") && command === "serve" ? ["--addr", "127.0.0.1:0"] : [];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [packageFile("src", "main.ts"), command, ...own, ...args],
    { cwd: folder, encoding: "utf8", timeout: ENDED_MS_MAX },
  );
  return { status, stdout, stderr };
}

/** Milliseconds that a command may take to say what is wrong. */
const ENDED_MS_MAX = 30_000;

async function ask(t: TestContext, regent: Program, path: string): Promise<number | undefined> {
  const port = Number(regent.grpc.replace(/^.*:/, ""));
  const client = connectEnvoy({ kind: "tcp", host: "127.0.0.1", port });
  t.after(() => client.close());
  return (await client.check({ attributes: { request: { http: { path } } } })).status?.code;
}

function opa(folder: string, args: readonly string[], path: string): void {
  const run = spawnSync(path, args, { cwd: folder, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
}

describe("what is served", { timeout: 180_000 }, () => {
  test("are bundles that OPA built and signed, and none that is not", async (t) => {
    const folder = folderOf(t, { "opa.yaml": PLUGIN, "policy.rego": POLICY });
    const secret = randomBytes(24).toString("hex");
    const program = await findOpa();
    const build = ["build", "-t", "wasm", "-e", "envoy/authz/allow", "policy.rego", "--revision", "w1"];
    opa(folder, [...build, "-o", "plain.tar.gz"], program);
    opa(
      folder,
      [
        "build",
        "-b",
        ".",
        "--ignore",
        "*.tar.gz",
        "--ignore",
        "*.yaml",
        "--signing-key",
        secret,
        "--signing-alg",
        "HS256",
        "-o",
        "signed.tar.gz",
      ],
      program,
    );
    const verified = [
      "--opa-config",
      "opa.yaml",
      "--bundle",
      "--verification-key",
      secret,
      "--signing-alg",
      "HS256",
    ];
    const refused = ended("serve", folder, [...verified, "plain.tar.gz"]);
    assert.match(refused.stderr, /plain\.tar\.gz.*holds no \.signatures\.json/);
    const wrong = ended("serve", folder, [...verified.with(4, "wrong"), "signed.tar.gz"]);
    assert.equal(wrong.status, 1);
    const signed = await startRegent(t, [...verified, "signed.tar.gz"], { cwd: folder });
    assert.deepEqual([await ask(t, signed, "/yes"), await ask(t, signed, "/no")], [0, 7]);

    // One that holds its Wasm is used as it is: only its entrypoints can be asked.
    const plain = await startRegent(t, ["--opa-config", "opa.yaml", "plain.tar.gz"], { cwd: folder });
    assert.deepEqual([await ask(t, plain, "/yes"), await ask(t, plain, "/no")], [0, 7]);
    const package_ = await fetch(`${plain.url}/v1/data/envoy/authz`);
    assert.equal(package_.status, 501);
    assert.match(await package_.text(), /there are: \/v1\/data\/envoy\/authz\/allow/);
    const provenance = await (await fetch(`${plain.url}/v1/data/envoy/authz/allow?provenance`)).json();
    assert.deepEqual((provenance as { provenance: { bundles: object } }).provenance.bundles, {
      "plain.tar.gz": { revision: "w1" },
    });
  });

  test("is a query in place of a path, and what the policies of several files say together", async (t) => {
    const folder = folderOf(t, {
      "opa.yaml": PLUGIN,
      "policy.rego": POLICY,
      "more.rego": 'package more\n\nblocked contains "/yes" if data.switch.on\n',
      "switch.json": '{"switch":{"on":true}}',
    });
    const given = folderOf(t, { "query.txt": "data.envoy.authz.allow == data.switch.on\n" });
    const query = `plugins.envoy_ext_authz_grpc.query=${join(given, "query.txt")}`;
    const args = ["--opa-config", "opa.yaml", "--set-file", query, "policy.rego", "more.rego", "switch.json"];
    const regent = await startRegent(t, args, { cwd: folder });
    assert.deepEqual([await ask(t, regent, "/yes"), await ask(t, regent, "/no")], [0, 7]);
    const more = await (await fetch(`${regent.url}/v1/data/more`)).json();
    assert.deepEqual(more, { result: { blocked: ["/yes"] } });
    const data = await (await fetch(`${regent.url}/v1/data/switch`)).json();
    assert.deepEqual(data, { result: { on: true } });
  });

  test("goes on from the copy on disk when the bundle server is away, and stays ready no longer than it is asked to", async (t) => {
    const control = await startControlPlane();
    t.after(() => control.stop());
    const config = `${PLUGIN}services: { control: { url: "${control.url}" } }\nbundles: { main: { resource: b.tar.gz, persist: true, polling: { min_delay_seconds: 1, max_delay_seconds: 1 } } }\npersistence_directory: kept\n`;
    const folder = folderOf(t, { "opa.yaml": config, "policy.rego": POLICY });
    opa(
      folder,
      ["build", "-b", ".", "--ignore", "*.yaml", "--revision", "kept-1", "-o", "b.tar.gz"],
      await findOpa(),
    );
    control.serve("/b.tar.gz", readFileSync(join(folder, "b.tar.gz")));
    const first = await startRegent(t, ["--opa-config", "opa.yaml"], { cwd: folder });
    assert.equal(await ask(t, first, "/yes"), 0);
    assert.equal(await first.stop(), 0);
    control.serve("/b.tar.gz", undefined);
    const again = await startRegent(t, ["--opa-config", "opa.yaml", "--shutdown-wait-period", "1"], {
      cwd: folder,
    });
    assert.equal(await ask(t, again, "/yes"), 0);
    const stopped = again.stop();
    await again.said("stopping");
    const health = await fetch(`${again.url}/health?plugins`);
    assert.equal(health.status, 500);
    assert.equal(await ask(t, again, "/yes"), 0, "what still comes while it waits is decided");
    assert.equal(await stopped, 0);
  });
});

test("regent validate --opa-config tells faults and warnings, and which of them in its exit status", (t) => {
  const folder = folderOf(t, {
    "good.yaml": PLUGIN,
    "warn.yaml": `${PLUGIN}caching: { inter_query_builtin_cache: {} }\n`,
    "bad.yaml": "plugins: { mine: {} }\n",
    "address.yaml": "plugins: { envoy_ext_authz_grpc: { addr: 'tcp://x' } }\n",
  });
  const validate = (file: string) => ended("validate", folder, ["--opa-config", file]);
  assert.equal(validate("good.yaml").status, 0);
  const warned = validate("warn.yaml");
  assert.equal(warned.status, 2);
  assert.match(warned.stdout, /warn\.yaml:2:\d+ warning config\/no-effect caching/);
  assert.equal(validate("bad.yaml").status, 3);
  assert.match(validate("address.yaml").stdout, /tcp:\/\/x begins with tcp/);
  assert.match(ended("validate", folder, ["x.yaml", "--opa-config", "good.yaml"]).stderr, /name one file/);
});
