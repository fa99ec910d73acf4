/**
 * The worked migration of docs/migrate-from-opa-envoy.md, as it stands there: its ConfigMap, its command line, its
 * questions. A real Envoy asks, and the upstream is the witness of what was let through.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";
import { claimPort } from "../../src/local/ports.ts";
import { send } from "../envoy/support/client.ts";
import { startEnvoy } from "../envoy/support/envoy.ts";
import { startWitness } from "../envoy/support/witness.ts";
import { guarded } from "./support/envoy.ts";
import { folderOf, type Program, startRegent } from "./support/programs.ts";

const page = readFileSync(packageFile("docs", "migrate-from-opa-envoy.md"), "utf8");
const block = (kind: string): string => {
  const [, text] = new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
  assert.ok(text !== undefined, kind);
  return text;
};

/** A token as the page's policy wants it, signed with the page's secret. */
function tokenOf(role: string, sub: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const payload = { role, sub: Buffer.from(sub).toString("base64url"), nbf: now - 60, exp: now + 600 };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}`;
  return `${signed}.${createHmac("sha256", "secret").update(signed).digest("base64url")}`;
}

async function behindEnvoy(t: TestContext, regent: Program) {
  const witness = await startWitness();
  t.after(() => witness.stop());
  const envoy = await startEnvoy(guarded(regent.grpc, witness.port));
  t.after(() => envoy.stop());
  const ask = (method: string, token: string | undefined, body?: string) =>
    send(envoy.port("gateway"), {
      method,
      path: "/people",
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
    });
  return { witness, ask };
}

describe("the worked migration", () => {
  test("decides behind Envoy as the policy says, logs it, and drains", { timeout: 120_000 }, async (t) => {
    const folder = folderOf(t, {
      "config.yaml": block("yaml config.yaml"),
      "policy.rego": block("rego policy.rego"),
    });
    const diagnostic = await claimPort(0);
    const manifest = [...block("diff").matchAll(/^[+ ] +- "(.*)"$/gm)].map(([, arg]) => arg ?? "");
    assert.ok(manifest.includes("serve") && manifest.includes("/policy/policy.rego"), manifest.join(" "));
    const args = manifest
      .slice(1)
      .map((arg) =>
        arg
          .replace("/config/", `${folder}/`)
          .replace("/policy/", `${folder}/`)
          .replace("localhost:8181", "127.0.0.1:0")
          .replace("0.0.0.0:8282", `127.0.0.1:${diagnostic}`),
      );
    // The plugin's port is of the machine; here it is the system's choice.
    const regent = await startRegent(t, [...args, "--set", "plugins.envoy_ext_authz_grpc.addr=:0"]);
    assert.match(
      String((await regent.said("anyone who reaches the port can ask for decisions")).msg),
      /listens on :0/,
    );
    const { witness, ask } = await behindEnvoy(t, {
      ...regent,
      grpc: regent.grpc.replace(/^.*:/, "127.0.0.1:"),
    });

    const guest = tokenOf("guest", "bob");
    const admin = tokenOf("admin", "alice");
    const statuses = [];
    for (const [method, token, body] of [
      ["GET", undefined, undefined],
      ["GET", guest, undefined],
      ["POST", guest, '{"firstname":"Charlie"}'],
      ["POST", admin, '{"firstname":"Charlie"}'],
      ["POST", admin, '{"firstname":"Alice"}'],
      ["GET", `${admin.slice(0, -3)}xyz`, undefined],
    ] as const)
      statuses.push((await ask(method, token, body)).status);
    assert.deepEqual(statuses, [403, 200, 403, 200, 403, 403]);
    assert.deepEqual(
      witness.seen.map(({ method }) => method),
      ["GET", "POST"],
    );
    const logged = regent.log.filter(({ msg }) => msg === "Decision Log");
    assert.deepEqual(
      logged.map(({ path, result }) => [path, result]),
      [false, true, false, true, false, false].map((result) => ["envoy/authz/allow", result]),
    );

    const [allow, health] = questions();
    assert.deepEqual(await curl(allow, regent.url, diagnostic), { result: false });
    assert.deepEqual(await curl(health, regent.url, diagnostic), {});
    assert.equal(await regent.stop(), 0);
    assert.ok(regent.log.some(({ msg }) => msg === "stopped"));
  });

  test("begins with a look at the configuration", (t) => {
    const folder = folderOf(t, { "config.yaml": block("yaml config.yaml") });
    const [, command = ""] = /^regent (validate .*)$/m.exec(page) ?? [];
    const run = spawnSync(process.execPath, [packageFile("src", "main.ts"), ...command.split(" ")], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.deepEqual([run.status, run.stdout], [0, "config.yaml: no faults\n"], run.stderr);
  });
});

/** The lines with curl, as they stand on the page. */
function questions(): readonly string[] {
  return page.split("\n").filter((line) => line.startsWith("curl "));
}

async function curl(line: string | undefined, url: string, diagnostic: number): Promise<unknown> {
  const [, quoted, plain, body] = /^curl -s (?:'([^']+)'|(\S+))(?: -d '(.*)')?$/.exec(line ?? "") ?? [];
  const target = (quoted ?? plain ?? "")
    .replace("localhost:8181", url.replace("http://", ""))
    .replace("localhost:8282", `127.0.0.1:${diagnostic}`);
  const response = await fetch(`http://${target}`, body === undefined ? {} : { method: "POST", body });
  const { decision_id: _id, ...rest } = (await response.json()) as { decision_id?: string };
  return rest;
}

test("ext_authz is served at a name in the abstract namespace, and HTTP on a socket file", {
  timeout: 120_000,
}, async (t) => {
  const name = `regent-opa-${process.pid}`;
  const folder = folderOf(t, {
    "opa.json": JSON.stringify({
      plugins: { "envoy.ext_authz.grpc": { addr: `unix://@${name}`, "dry-run": true } },
    }),
    "policy.rego": "package envoy.authz\n\ndefault allow := false\n",
  });
  const socket = join(folder, "opa.sock");
  const regent = await startRegent(
    t,
    ["--opa-config", "opa.json", "--addr", `unix://${socket}`, "policy.rego"],
    {
      cwd: folder,
    },
  );
  assert.equal(regent.grpc, `unix://@${name}`);
  const { witness, ask } = await behindEnvoy(t, regent);
  assert.equal((await ask("GET", undefined)).status, 200);
  assert.equal(witness.seen.length, 1);
  assert.equal(await regent.stop(), 0);
});
