import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { parseConfig } from "../../src/config/load.ts";
import { PACKAGE_ROOT, packageFile } from "../../src/document/package-root.ts";
import { type Stack, startStack } from "../../src/local/stack.ts";

const run = promisify(execFile);
const page = readFileSync(packageFile("docs", "policy.md"), "utf8");
const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? "");
const RUN = "node_modules/.bin/regent run --bundle bundle.tar.gz --rollout\n";
const COMMAND_MS_MAX = 60_000;
/** How long a candidate may take to be noticed, compared and come to its approval. */
const APPROVAL_MS_MAX = 60_000;

let dir: string;
let stack: Stack | undefined;

before(() => {
  dir = mkdtempSync(join(tmpdir(), "regent-policy-page-"));
  for (const name of readdirSync(PACKAGE_ROOT))
    if (name !== "var") symlinkSync(join(PACKAGE_ROOT, name), join(dir, name));
});

after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A block with the addresses of this run. */
async function sh(block: string): Promise<string> {
  const here = block
    .replaceAll("http://127.0.0.1:10000", stack?.origin ?? "")
    .replaceAll("--token-file", `--url ${stack?.adminOrigin} --token-file`);
  const options = { cwd: dir, timeout: COMMAND_MS_MAX };
  const { stdout } = await run("bash", ["-e", "-o", "pipefail", "-c", here], options);
  return stdout;
}

/** The page in its own order: what the blocks before `regent run` print, and those after it. */
function aroundRun(): readonly [readonly string[], readonly string[]] {
  const at = blocks.indexOf(RUN);
  assert.ok(at > 0, "the page starts the local stack");
  return [blocks.slice(0, at), blocks.slice(at + 1)];
}

test("the commands of docs/policy.md take a rule from nothing to deciding, and back", {
  timeout: 5 * COMMAND_MS_MAX,
}, async () => {
  const [before, behind] = aroundRun();
  const said: string[] = [];
  for (const block of before) said.push(await sh(block));
  const all = said.join("\n");
  for (const sign of [
    "3 files: nothing found",
    "OPA: 4 of 4 pass",
    "all end as in OPA",
    '"allow": false',
    "signed with ES256",
  ])
    assert.ok(all.includes(sign), `${sign} in: ${all}`);

  stack = await startStack({
    ...{ dir: join(dir, "var"), port: 0, adminPort: 0, probesPort: 0, grpcPort: 0 },
    ...{ bundle: join(dir, "bundle.tar.gz"), rollout: true, onStep: () => {} },
  });
  const [requests = "", promote = "", rollback = ""] = behind;
  const [first = ""] = /live {7}\S+/.exec(await sh(statusOnly(requests))) ?? [];
  await sh(requests);
  // The bundle is noticed and its answers compared while requests come: the page's own block again, until it waits.
  const waiting = await until(async () => {
    const status = await sh(requests.slice(requests.indexOf("for i")));
    return status.includes("waits for the approval of you") ? status : undefined;
  });
  assert.match(waiting, /candidate {2}\S+: step 2 of 2/);
  assert.match(waiting, /failed 0, skipped \d+/);

  const promoted = await sh(promote);
  assert.match(promoted, /^done$/m);
  assert.match(promoted, /promoted \S+ by regent/);
  assert.doesNotMatch(promoted, new RegExp(first));
  await sh(rollback);
  assert.match(await sh(statusOnly(requests)), new RegExp(first));
  assert.match(await sh(statusOnly(requests)), /rolled_back \S+ by you: the night shift complains/);
});

function statusOnly(block: string): string {
  return block.trimEnd().split("\n").at(-1) ?? "";
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const endsAt = Date.now() + APPROVAL_MS_MAX;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    assert.ok(Date.now() < endsAt, "the candidate came to its approval");
  }
}

test("the configuration of docs/policy.md is a good one", () => {
  const [, yaml = ""] = /```yaml\n([^`]*)```/.exec(page) ?? [];
  const parsed = parseConfig(
    yaml.replace("{ file: admin-token }", `{ file: ${packageFile("LICENSE")} }`),
    "policy.md",
  );
  assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
});

test("every page that docs/policy.md links to exists", () => {
  for (const [, link = ""] of page.matchAll(/\]\(([^)#]+\.md)[^)]*\)/g))
    assert.ok(existsSync(join(dirname(packageFile("docs", "policy.md")), link)), link);
});
