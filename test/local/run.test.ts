import assert from "node:assert/strict";
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { promisify } from "node:util";
import OpenAI from "openai";
import { PACKAGE_ROOT } from "../../src/document/package-root.ts";
import { claimPort } from "../../src/local/ports.ts";
import { REGENT_MAIN } from "../../src/local/programs.ts";
import {
  type SampleModel,
  type SampleModelOptions,
  startSampleModel,
} from "../../tools/sample-model/server.ts";
import { temporaryFolder } from "./support/envoy.ts";
import { untilGone } from "./support/process.ts";

const run = promisify(execFile);
const made: { remove(): void }[] = [];
/** Stacks that run, so that a test that fails leaves none behind. */
const running = new Set<ChildProcess>();
/** Servers of the user's own, likewise. */
const owned: SampleModel[] = [];
afterEach(async () => {
  await Promise.all([...running].map(end));
  await Promise.all(owned.splice(0).map((server) => server.close()));
});
after(() => {
  for (const folder of made) folder.remove();
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  if (child.kill("SIGTERM")) await ended;
}

function folder(): string {
  const fresh = temporaryFolder();
  made.push(fresh);
  return fresh.path;
}

const ANY_PORTS = ["--port", "--admin-port", "--probes-port", "--grpc-port"].flatMap((flag) => [flag, "0"]);

async function ownServer(options: Partial<SampleModelOptions>): Promise<SampleModel> {
  const server = await startSampleModel({ name: "own", region: "us", ...options });
  owned.push(server);
  return server;
}

type Running = { readonly process: ChildProcess; readonly said: string; readonly origin: string };

/** `regent run` until it says that it is ready. */
function regentRun(...args: string[]): Promise<Running> {
  return ready(spawn(process.execPath, [REGENT_MAIN, "run", ...ANY_PORTS, "--dir", folder(), ...args]));
}

async function ready(child: ChildProcessWithoutNullStreams): Promise<Running> {
  running.add(child);
  child.once("exit", () => running.delete(child));
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`regent run ended with ${code}:\n${errors.join("")}`);
  });
  const said = await Promise.race([untilSaid(child, "Ctrl-C ends everything."), ended]);
  // From here on its end is what the tests are about.
  ended.catch(() => {});
  return { process: child, said, origin: /ready at (\S+)/.exec(said)?.[1] as string };
}

async function untilSaid(child: ChildProcess, words: string): Promise<string> {
  let said = "";
  for await (const text of child.stdout?.setEncoding("utf8") ?? []) {
    said += text;
    if (said.includes(words)) return said;
  }
  return said;
}

/** Its status and what it said on stderr, when it does not come up. */
async function failedRun(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stderr: string }> {
  const words = [REGENT_MAIN, "run", ...ANY_PORTS, "--dir", folder(), ...args];
  const error = await run(process.execPath, words, { env: { ...process.env, ...env } }).then(
    () => assert.fail("it came up"),
    (reason: { code: number; stderr: string }) => reason,
  );
  return error;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).map(Number);
}

const ask = { model: "default", messages: [{ role: "user" as const, content: "Hello" }] };

describe("regent run", { timeout: 240_000 }, () => {
  test("prints a curl and a snippet that work, and takes everything along when it is asked to end", async () => {
    const stack = await regentRun();
    const pid = stack.process.pid as number;
    const children = childrenOf(pid);
    assert.ok(children.length >= 4, "two models, the sidecar and Envoy");

    const curl = /^ {2}curl [\s\S]*?'$/m.exec(stack.said)?.[0] as string;
    const answer = JSON.parse(
      (await run("/bin/sh", ["-c", `${curl} --silent --fail`])).stdout,
    ) as OpenAI.ChatCompletion;
    assert.match(answer.choices[0]?.message.content ?? "", /You said: Hello$/);

    const snippet = /^ {2}import OpenAI[\s\S]*?console\.log\(.*\);$/m.exec(stack.said)?.[0] as string;
    const printed = await run(process.execPath, ["--input-type=module", "--eval", snippet], {
      cwd: PACKAGE_ROOT,
    });
    assert.match(printed.stdout, /You said: Hello\n$/);

    stack.process.kill("SIGTERM");
    assert.deepEqual(await once(stack.process, "exit"), [0, null]);
    for (const child of children) await untilGone(child, 1_000);
  });

  test("leaves nothing behind when it is killed", async () => {
    const stack = await regentRun();
    const children = childrenOf(stack.process.pid as number);
    stack.process.kill("SIGKILL");
    for (const child of children) await untilGone(child, 15_000);
  });

  test("ends with a sentence, and takes the others along, when one of its processes ends", async () => {
    const stack = await regentRun();
    const errors: string[] = [];
    stack.process.stderr?.on("data", (text: string) => errors.push(text));
    const children = childrenOf(stack.process.pid as number);
    const envoy = children.find((pid) =>
      readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("envoy"),
    ) as number;
    process.kill(envoy, "SIGKILL");
    assert.deepEqual(await once(stack.process, "exit"), [1, null]);
    assert.match(errors.join(""), /envoy ended with signal SIGKILL/);
    for (const child of children) await untilGone(child, 1_000);
  });

  test("names the port that is taken and the process that holds it", async () => {
    for (const flag of ["--port", "--probes-port"]) {
      const holder = createServer().listen(0, "127.0.0.1");
      await once(holder, "listening");
      const { port } = holder.address() as { port: number };
      const { code, stderr } = await failedRun([flag, String(port)]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`regent: port ${port} is taken by .*\\(process ${process.pid}\\)`));
      holder.close();
    }
  });

  test("quotes what Envoy says when it does not start, and says how to get one when there is none", async () => {
    const envoy = join(folder(), "envoy");
    writeFileSync(envoy, "#!/bin/sh\necho 'error: no such flag' >&2\nexit 3\n", { mode: 0o755 });
    const broken = await failedRun([], { ENVOY: envoy });
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /envoy ended with exit code 3\. It said:\n {2}\| error: no such flag/);
  });

  test("puts a server of the user's own behind it, with its models and its key", async () => {
    const key = randomBytes(16).toString("hex");
    const keyFile = join(folder(), "key");
    writeFileSync(keyFile, `${key}\n`);
    const own = await ownServer({ models: ["mine/one", "mine-two"], key });
    const stack = await regentRun("--upstream", `${own.origin}/v1`, "--upstream-key-file", keyFile);
    const client = new OpenAI({
      apiKey: "demo-acme-analyst",
      baseURL: `${stack.origin}/v1`,
      maxRetries: 0,
    });
    const listed = (await client.models.list()).data.map(({ id }) => id);
    assert.deepEqual(listed.filter((id) => id !== "default").sort(), ["mine-two", "mine/one"]);
    for (const [model, upstream] of [
      ["mine-two", "mine-two"],
      ["default", "mine/one"],
    ] as const) {
      const answer = await client.chat.completions.create({ ...ask, model });
      assert.equal(answer.model, upstream);
    }
    const seen = own.witness.find().at(-1);
    assert.deepEqual(
      seen?.headers.filter(([name]) => name === "authorization"),
      [["authorization", `Bearer ${key}`]],
    );
    await assert.rejects(client.chat.completions.create({ ...ask, model: "sim-small" }), { status: 404 });
  });

  test("comes up through make as well, registers the models that were named, and ends with Ctrl-C", async () => {
    const own = await ownServer({});
    const flags = `FLAGS=${ANY_PORTS.join(" ")} --dir ${folder()}`;
    const words = ["run", `UPSTREAM=${own.origin}`, "MODELS=a,b", flags];
    // In a group of its own, so that it can be signalled as a terminal does.
    const stack = await ready(spawn("make", words, { cwd: PACKAGE_ROOT, detached: true }));
    assert.equal(own.witness.count, 0);
    const client = new OpenAI({
      apiKey: "demo-acme-analyst",
      baseURL: `${stack.origin}/v1`,
      maxRetries: 0,
    });
    assert.equal((await client.chat.completions.create({ ...ask, model: "b" })).model, "b");

    const pid = stack.process.pid as number;
    const regent = childrenOf(pid)[0] as number;
    const children = childrenOf(regent);
    assert.ok(children.length >= 2, "the sidecar and Envoy");
    process.kill(-pid, "SIGINT");
    for (const child of [pid, regent, ...children]) await untilGone(child, 15_000);
  });

  test("says what to do when the server of the user does not answer", async () => {
    const { code, stderr } = await failedRun(["--upstream", `http://127.0.0.1:${await claimPort(0)}`]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\/v1\/models could not be read \(.*ECONNREFUSED.*\); if the server is there .*name them: MODELS=a,b/,
    );
  });
});
