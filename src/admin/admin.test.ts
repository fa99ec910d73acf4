import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { Secret } from "../document/secret.ts";
import { startAdmin } from "./admin.ts";

type Ask = (
  headers?: { readonly [name: string]: string },
  path?: string,
) => Promise<{ status: number; text: string }>;

/** An admin server and a client that sends exactly the headers it is told to. */
async function started(t: TestContext, token?: string): Promise<Ask> {
  const server = await startAdmin({
    listen: { host: "127.0.0.1", port: 0 },
    token: token === undefined ? undefined : new Secret(token),
    status: () => ({ revision: "r1" }),
    log: { error: (_, message) => t.diagnostic(message) },
  });
  t.after(() => server.close());
  const { host, port } = server.address;
  return (headers = {}, path = "/status") =>
    new Promise((resolve, reject) => {
      const call = request(
        { host, port, path, headers: { host: `127.0.0.1:${port}`, ...headers } },
        (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      call.on("error", reject);
      call.end();
    });
}

test("shows the status to whoever is on this machine when no token is configured", async (t) => {
  const ask = await started(t);
  const { status, text } = await ask();
  assert.deepEqual([status, JSON.parse(text)], [200, { revision: "r1" }]);
  assert.equal((await ask({}, "/config")).status, 404);
});

test("asks for the token when one is configured", async (t) => {
  const token = randomBytes(16).toString("hex");
  const ask = await started(t, token);
  assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await ask({ authorization: `bearer ${token}` })).status, 200);
  for (const authorization of [
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Basic ${token}`,
    token,
  ]) {
    const { status, text } = await ask({ authorization });
    assert.deepEqual([status, text.includes("r1")], [401, false], authorization);
  }
  assert.equal((await ask()).status, 401);
  assert.equal((await ask({}, "/config")).status, 401);
});

test("refuses a Host that is not this machine: a name that somebody made resolve to loopback", async (t) => {
  const ask = await started(t);
  for (const host of [
    "evil.example",
    "evil.example:8181",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "localhost@evil.example",
  ]) {
    assert.notEqual((await ask({ host })).status, 200, host);
  }
  for (const host of ["localhost", "LOCALHOST:8181", "127.0.0.1:1", "[::1]:8181"]) {
    assert.equal((await ask({ host })).status, 200, host);
  }
});

test("refuses what a page in a browser asks for", async (t) => {
  const ask = await started(t);
  for (const origin of [
    "https://evil.example",
    "null",
    "http://localhost:3000",
    "http://127.0.0.1.evil.example",
  ]) {
    assert.equal((await ask({ origin, host: "localhost:8181" })).status, 403, origin);
  }
  assert.equal((await ask({ "sec-fetch-site": "cross-site" })).status, 403);
  assert.equal((await ask({ origin: "http://localhost:8181", host: "localhost:8181" })).status, 200);
});
