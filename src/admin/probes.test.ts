import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { Check } from "./check.ts";
import { HTTP_LIMITS, type HttpLimits, type HttpServer } from "./http.ts";
import { startProbes } from "./probes.ts";

type Started = { readonly server: HttpServer; readonly url: string };

async function started(
  t: TestContext,
  checks: readonly Check[],
  limits: HttpLimits = HTTP_LIMITS,
): Promise<Started> {
  const server = await startProbes({
    listen: { host: "127.0.0.1", port: 0 },
    checks,
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "regent_audit_healthy 1\n" }),
    log: { error: (_, message) => t.diagnostic(message) },
    limits,
  });
  t.after(() => server.close());
  return { server, url: `http://127.0.0.1:${server.address.port}` };
}

/** Sends bytes as they are and gives everything that comes back until the connection ends. */
async function raw(server: HttpServer, bytes: string): Promise<string> {
  const socket = connect(server.address.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(bytes);
  return text(socket);
}

test("is ready only while every check is well, and names those that are not", async (t) => {
  let fault: string | undefined;
  const checks = [
    { name: "policy", fault: () => undefined },
    { name: "audit", fault: () => fault },
  ];
  const { url } = await started(t, checks);
  const get = async (path: string) => {
    const response = await fetch(url + path);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get("/readyz"), [200, "ok\n"]);
  assert.deepEqual(await get("/readyz?verbose"), [200, "[+]policy ok\n[+]audit ok\nreadyz check passed\n"]);
  fault = "no space left";
  assert.deepEqual(await get("/readyz"), [503, "audit: no space left\n"]);
  assert.deepEqual(await get("/readyz?verbose"), [
    503,
    "[+]policy ok\n[-]audit failed: no space left\nreadyz check failed\n",
  ]);
  const health = await fetch(`${url}/health`);
  assert.equal(health.status, 503);
  assert.deepEqual(await health.json(), {
    status: "unavailable",
    checks: { policy: "ok", audit: "no space left" },
  });
});

test("tells what is worth knowing and does not stand in the way", async (t) => {
  const checks = [
    { name: "policy", fault: () => undefined, detail: () => "the newest bundle was refused" },
    { name: "audit", fault: () => undefined, detail: () => undefined },
  ];
  const { url } = await started(t, checks);
  const health = await fetch(`${url}/health`);
  assert.equal(health.status, 200);
  assert.deepEqual(await health.json(), {
    status: "ok",
    checks: { policy: "ok", audit: "ok" },
    details: { policy: "the newest bundle was refused" },
  });
  assert.equal(await (await fetch(`${url}/readyz`)).text(), "ok\n");
});

test("a check that throws is one that failed", async (t) => {
  const check = {
    name: "policy",
    fault: () => {
      throw new Error("gone");
    },
  };
  const { url } = await started(t, [check]);
  const response = await fetch(`${url}/readyz`);
  assert.deepEqual([response.status, await response.text()], [503, "policy: gone\n"]);
});

test("is alive whether or not it is ready", async (t) => {
  const { url } = await started(t, [{ name: "policy", fault: () => "none" }]);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});

test("answers metrics with the type that Prometheus expects", async (t) => {
  const { url } = await started(t, []);
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4");
  assert.equal(await response.text(), "regent_audit_healthy 1\n");
});

test("answers nothing else", async (t) => {
  const { url, server } = await started(t, []);
  for (const path of ["/", "/status", "/metrics/x", "//livez", "/../etc/passwd", "/livez/..%2f"]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
  const traversal = await raw(
    server,
    "GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
  );
  assert.match(traversal, /^HTTP\/1\.1 404/);
  assert.equal((await fetch(`${url}/livez`, { method: "POST" })).status, 405);
});

test("refuses a body without reading it, and closes", async (t) => {
  const { server } = await started(t, []);
  const gigabyte = "content-length: 1073741824";
  assert.match(
    await raw(server, `POST /livez HTTP/1.1\r\nhost: x\r\n${gigabyte}\r\n\r\nxxx`),
    /^HTTP\/1\.1 405/,
  );
  assert.match(
    await raw(server, `GET /livez HTTP/1.1\r\nhost: x\r\n${gigabyte}\r\n\r\nxxx`),
    /^HTTP\/1\.1 413/,
  );
  const chunked = "GET /livez HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nxxx\r\n";
  assert.match(await raw(server, chunked), /^HTTP\/1\.1 413/);
});

test("drops a client that sends its headers too slowly, or too many of them", async (t) => {
  const { server } = await started(t, [], {
    ...HTTP_LIMITS,
    headersTimeoutMs: 50,
    requestTimeoutMs: 50,
    checkMs: 10,
  });
  assert.match(await raw(server, "GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "), /^HTTP\/1\.1 408/);
  const long = `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(HTTP_LIMITS.headerBytesMax)}\r\n\r\n`;
  assert.match(await raw(server, long), /^HTTP\/1\.1 431/);
});

test("takes no more connections than its limit", async (t) => {
  const { server } = await started(t, [], { ...HTTP_LIMITS, connectionsMax: 1 });
  const first = connect(server.address.port, "127.0.0.1");
  await once(first, "connect");
  t.after(() => first.destroy());
  first.write("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(first, "data");
  assert.equal(await raw(server, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").catch(() => ""), "");
});

test("names the port and who holds it when it is taken", async (t) => {
  const { server } = await started(t, []);
  const { port } = server.address;
  const again = startProbes({
    listen: { host: "127.0.0.1", port },
    checks: [],
    log: { error: () => undefined },
    metrics: async () => ({ contentType: "", text: "" }),
  });
  await assert.rejects(again, new RegExp(`port ${port} is taken by .*\\(process ${process.pid}\\)`));
});

test("ends also with a connection that stays open", async (t) => {
  const { server } = await started(t, [], { ...HTTP_LIMITS, closeMs: 20 });
  const socket = connect(server.address.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /livez HTTP/1.1\r\n");
  const ended = once(socket, "close");
  socket.resume();
  socket.on("error", () => undefined);
  await server.close();
  await ended;
});

test("answers 500 and tells the log when the metrics cannot be read", async (t) => {
  const said: string[] = [];
  const server = await startProbes({
    listen: { host: "127.0.0.1", port: 0 },
    checks: [],
    log: { error: (_, message) => said.push(message) },
    metrics: () => Promise.reject(new Error("told to fail")),
  });
  t.after(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.address.port}/metrics`);
  assert.deepEqual([response.status, await response.text()], [500, "failed\n"]);
  assert.deepEqual(said, ["a request could not be answered"]);
});
