/** Logs that a real OPA wrote: what its console printed and what it uploaded. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JsonValue } from "../../src/exchange/json.ts";
import { loadNamedPolicies } from "../../src/policy/load.ts";
import { findOpa } from "../../src/policy/opa/opa.ts";
import { replay } from "../../src/replay/replay.ts";
import { compileBundle } from "../support/rego.ts";

const ENTRYPOINT = "acme/decision";
const RULES = `package acme

decision := {"allowed": input.user in ALLOWED, "at": time.now_ns(), "dice": rand.intn(input.user, 1000000)}
`;
const WAS = RULES.replace("ALLOWED", '{"alice", "bob"}');
const NEW = RULES.replace("ALLOWED", '{"alice", "carol"}');
const USERS = ["alice", "bob", "carol", "alice"];

let folder: string;
let opa: ChildProcess;
/** The bodies of uploads, as they came. */
const uploads: Buffer[] = [];
const receiver = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    uploads.push(Buffer.concat(chunks));
    response.end("{}");
  });
});

function ask(path: string, input?: JsonValue): Promise<number> {
  return new Promise((resolve, reject) => {
    const method = input === undefined ? "GET" : "POST";
    const asked = request({ socketPath: join(folder, "opa.sock"), path, method }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("error", reject);
    asked.end(input === undefined ? undefined : JSON.stringify({ input }));
  });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "regent-opa-log-"));
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const config = {
    services: { receiver: { url } },
    nd_builtin_cache: true,
    decision_logs: {
      console: true,
      service: "receiver",
      reporting: { min_delay_seconds: 1, max_delay_seconds: 1 },
    },
  };
  await writeFile(join(folder, "opa.json"), JSON.stringify(config));
  await writeFile(join(folder, "acme.rego"), WAS);
  const args = ["run", "--server", "--addr", `unix://${join(folder, "opa.sock")}`];
  const files = ["--config-file", join(folder, "opa.json"), join(folder, "acme.rego")];
  opa = spawn(await findOpa(), [...args, ...files], { stdio: ["ignore", "ignore", "pipe"] });
  const written = createWriteStream(join(folder, "console.log"));
  opa.stderr?.pipe(written);
  await until(async () => (await ask("/health").catch(() => 0)) === 200);
  for (const user of USERS) assert.equal(await ask(`/v1/data/${ENTRYPOINT}`, { user }), 200);
  await until(async () => uploads.length > 0);
  const ended = once(written, "finish");
  opa.kill("SIGTERM");
  await ended;
  await writeFile(join(folder, "uploads.gz"), Buffer.concat(uploads));
});

after(async () => {
  if (opa?.exitCode === null) opa.kill("SIGKILL");
  receiver.close();
  await rm(folder, { recursive: true, force: true });
});

/** Asks every 20 ms, for at most 20 seconds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("OPA does not come so far");
}

async function replayed(log: string, rego: string) {
  const bundle = join(folder, "bundle.tar.gz");
  await writeFile(bundle, await compileBundle({ "acme.rego": rego }, [ENTRYPOINT]));
  return replay({ log: join(folder, log), policies: await loadNamedPolicies(bundle, () => {}) });
}

for (const log of ["console.log", "uploads.gz"]) {
  test(`decides what OPA decided alike, with its times and its dice: ${log}`, async () => {
    const report = await replayed(log, WAS);
    assert.deepEqual(report.unreadable, { count: 0, places: [] });
    assert.deepEqual(report.notReplayed, {});
    assert.deepEqual(report.flipList, []);
    assert.deepEqual([report.decisions, report.same], [USERS.length, USERS.length]);
  });

  test(`finds what another policy decides otherwise: ${log}`, async () => {
    const { flips, groups } = await replayed(log, NEW);
    assert.deepEqual(flips, { newly_denied: 1, newly_allowed: 1, changed: 0, error: 0 });
    assert.deepEqual(
      groups.map(({ rule, tenant }) => [rule, tenant]),
      [[ENTRYPOINT, undefined]],
    );
  });
}
