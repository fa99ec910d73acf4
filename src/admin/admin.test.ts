import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { Secret } from "../document/secret.ts";
import { startAdmin } from "./admin.ts";
import { WORDS_CHARS_MAX } from "./changes.ts";

type Ask = (
  headers?: { readonly [name: string]: string },
  path?: string,
  method?: string,
) => Promise<{ status: number; text: string }>;

/** An admin server and a client that sends exactly the headers it is told to. `asked` gets what was asked for. */
async function started(t: TestContext, token?: string, asked: string[] = []): Promise<Ask> {
  const server = await startAdmin({
    listen: { host: "127.0.0.1", port: 0 },
    token: token === undefined ? undefined : new Secret(token),
    status: () => ({ revision: "r1" }),
    rollout: () => ({ live: { revision: "r1" } }),
    changes: {
      "/v1/rollout/promote": ({ by, force }) => {
        asked.push(`promote by ${by}${force ? " by force" : ""}`);
        return by === "nobody" ? "there is no candidate" : undefined;
      },
    },
    log: {
      error: (_, message) => t.diagnostic(message),
      info: (facts, message) => void asked.push(`${message}: ${JSON.stringify(facts)}`),
    },
  });
  t.after(() => server.close());
  const { host, port } = server.address;
  return (headers = {}, path = "/status", method = "GET") =>
    new Promise((resolve, reject) => {
      const call = request(
        { host, port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
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

test("changes what it is asked to with a token, in somebody's name, and writes it down", async (t) => {
  const asked: string[] = [];
  const token = randomBytes(16).toString("hex");
  const ask = await started(t, token, asked);
  const headers = { authorization: `Bearer ${token}`, "content-length": "0" };
  const promote = (query: string, more = {}) =>
    ask({ ...headers, ...more }, `/v1/rollout/promote${query}`, "POST");
  assert.deepEqual(await promote("?by=ann"), { status: 200, text: "done\n" });
  assert.deepEqual(await promote("?by=ann&force=true"), { status: 200, text: "done\n" });
  assert.deepEqual(await promote("?by=nobody"), { status: 409, text: "there is no candidate\n" });
  assert.deepEqual(
    asked.filter((line) => line.startsWith("promote")),
    ["promote by ann", "promote by ann by force", "promote by nobody"],
  );
  assert.match(asked[1] ?? "", /^a change was asked for: .*"by":"ann"/);

  asked.length = 0;
  for (const query of [
    "",
    "?by=",
    `?by=${"x".repeat(WORDS_CHARS_MAX + 1)}`,
    "?by=a%0Ab",
    "?by=ann&reason=%00",
  ])
    assert.equal((await promote(query)).status, 400, query);
  assert.equal((await promote("?by=ann", { authorization: "Bearer other" })).status, 401);
  assert.equal((await promote("?by=ann", { host: "evil.example" })).status, 403);
  assert.equal((await promote("?by=ann", { origin: "https://evil.example" })).status, 403);
  assert.equal((await ask(headers, "/v1/rollout/promote?by=ann")).status, 404);
  assert.equal((await ask(headers, "/v1/rollout/other?by=ann", "POST")).status, 405);
  assert.equal(
    (await ask({ ...headers, "content-length": "1" }, "/v1/rollout/promote?by=ann", "POST")).status,
    405,
  );
  assert.deepEqual(asked, []);
});

test("changes nothing where no token is configured, and shows what there is", async (t) => {
  const asked: string[] = [];
  const ask = await started(t, undefined, asked);
  const refused = await ask({ "content-length": "0" }, "/v1/rollout/promote?by=ann", "POST");
  assert.deepEqual(refused, { status: 403, text: "changes need a token: set admin.token\n" });
  assert.deepEqual(asked, []);
  const { status, text } = await ask({}, "/v1/rollout");
  assert.deepEqual([status, JSON.parse(text)], [200, { live: { revision: "r1" } }]);
});

test("says that no rollout is configured to whoever looks at it or wants to steer it", async (t) => {
  const server = await startAdmin({
    listen: { host: "127.0.0.1", port: 0 },
    token: undefined,
    status: () => ({}),
    changes: { "/v1/bundles/reload": () => undefined },
    log: { error: (_, message) => t.diagnostic(message), info: (_, message) => t.diagnostic(message) },
  });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address.port}`;
  for (const [method, path] of [
    ["GET", "/v1/rollout"],
    ["POST", "/v1/rollout/promote?by=ann"],
    ["POST", "/v1/rollout/approve?by=ann"],
    ["POST", "/v1/rollout/rollback?by=ann"],
  ] as const) {
    const answer = await fetch(`${url}${path}`, { method });
    assert.deepEqual(
      [answer.status, await answer.text()],
      [404, "new policies are active at once: no rollout is configured\n"],
      path,
    );
  }
});
