import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listenOnPath } from "./unix-socket.ts";

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "regent-socket-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function listening(t: TestContext, path: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}).end("hello"));
  t.after(() => server.close());
  await listenOnPath(server, path);
  return server;
}

async function greeting(path: string): Promise<string> {
  const [data] = await once(createConnection(path), "data");
  return String(data);
}

test("makes the folder for itself and its group, and a socket that others cannot open", async (t) => {
  const path = join(folder(t), "run", "regent", "x.sock");
  await listening(t, path);
  assert.equal(statSync(join(path, "..")).mode & 0o777, 0o750);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(await greeting(path), "hello");
});

test("replaces the socket that a killed process left behind", async (t) => {
  const path = join(folder(t), "x.sock");
  const program = `require("node:net").createServer().listen(process.argv[1], () => console.log("up"))`;
  const killed = spawn(process.execPath, ["-e", program, path], { stdio: ["ignore", "pipe", "inherit"] });
  await once(killed.stdout, "data");
  killed.kill("SIGKILL");
  await once(killed, "exit");
  assert.ok(existsSync(path));
  await listening(t, path);
  assert.equal(await greeting(path), "hello");
});

test("leaves a socket alone on which somebody listens", async (t) => {
  const path = join(folder(t), "x.sock");
  await listening(t, path);
  await assert.rejects(listening(t, path), { message: `${path} is in use: another process listens there` });
  assert.equal(await greeting(path), "hello");
});

test("leaves a file alone that is no socket", async (t) => {
  const path = join(folder(t), "x.sock");
  writeFileSync(path, "precious");
  await assert.rejects(listening(t, path), /exists and is not a socket/);
  assert.equal(statSync(path).size, "precious".length);
});

test("does not listen where anyone could replace the socket", async (t) => {
  const dir = join(folder(t), "open");
  mkdirSync(dir);
  chmodSync(dir, 0o777);
  await assert.rejects(listening(t, join(dir, "x.sock")), /anyone may write to .*chmod o-w/);
  chmodSync(dir, 0o1777);
  await listening(t, join(dir, "x.sock"));
});

test("listens on an abstract name, which leaves no file and is taken only once", async (t) => {
  const name = `@regent-${process.pid}-${Date.now()}`;
  await listening(t, name);
  assert.equal(await greeting(`\0${name.slice(1)}`), "hello");
  await assert.rejects(listening(t, name), { message: `${name} is in use: another process listens there` });
});
