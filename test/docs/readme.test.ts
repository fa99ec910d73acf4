import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { PACKAGE_ROOT, packageFile } from "../../src/document/package-root.ts";
import { type Stack, startStack } from "../../src/local/stack.ts";

const run = promisify(execFile);

/** Commands that stay up or run everything: each is run by a test of its own. Here it is checked that make knows them. */
const RUN_ELSEWHERE: { readonly [command: string]: string } = {
  "make demo": "test/local/run.test.ts",
  "make test": ".ci/run",
  "make run": "test/local/run.test.ts",
  "node_modules/.bin/regent serve -c envoy/regent.yaml": "test/local/run.test.ts",
};
const COMMAND_MS_MAX = 60_000;

const readme = readFileSync(packageFile("README.md"), "utf8");
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? "");

let dir: string;
let stack: Stack;
let decisionId: string;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "regent-readme-"));
  // A checkout in which the blocks may write.
  for (const name of readdirSync(PACKAGE_ROOT)) {
    if (name !== "var") symlinkSync(join(PACKAGE_ROOT, name), join(dir, name));
  }
  stack = await startStack({
    dir: join(dir, "stack"),
    ...{ port: 0, adminPort: 0, probesPort: 0, grpcPort: 0 },
    onStep: () => {},
  });
  const denied = await fetch(`${stack.origin}/v1/other`, { headers: { "x-api-key": "demo-acme-analyst" } });
  await denied.arrayBuffer();
  decisionId = denied.headers.get("x-regent-decision-id") ?? "";
});

after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function isRunElsewhere(line: string): boolean {
  return Object.keys(RUN_ELSEWHERE).some((command) => line === command || line.startsWith(`${command} `));
}

/** The block with the addresses and names of this run. */
function here(block: string): string {
  return block
    .replaceAll("http://127.0.0.1:10000", stack.origin)
    .replaceAll("var/audit", stack.auditDir)
    .replaceAll(/\b6f0c1a52-[0-9a-f-]+/g, decisionId);
}

test("every block of commands in the README runs as it is written", {
  timeout: 5 * COMMAND_MS_MAX,
}, async () => {
  const outputs: string[] = [];
  for (const block of blocks) {
    if (block.trimEnd().split("\n").every(isRunElsewhere)) continue;
    const { stdout } = await run("bash", ["-e", "-c", here(block)], { cwd: dir, timeout: COMMAND_MS_MAX });
    outputs.push(stdout);
  }
  const all = outputs.join("\n");
  for (const sign of [
    "<EMAIL_ADDRESS>",
    '"format":"openai-chat"',
    '"max_tokens":4096',
    "no faults",
    "all end as in OPA",
    '"code": "unknown_endpoint"',
    decisionId,
    "verified",
  ]) {
    assert.ok(all.includes(sign), `${sign} in what the README's commands print`);
  }
});

test("make knows every target that the README names", async () => {
  const targets = new Set([...readme.matchAll(/\bmake ([a-z]+)\b/g)].map((match) => match[1] ?? ""));
  for (const target of targets) await run("make", ["-n", target], { cwd: PACKAGE_ROOT });
  for (const file of Object.values(RUN_ELSEWHERE)) assert.ok(existsSync(packageFile(file)), file);
});

test("every page that the README links to exists", () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !/^https?:/.test(link));
  for (const link of links) assert.ok(existsSync(packageFile(link)), link);
});
