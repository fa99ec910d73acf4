import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { createAuthority } from "../../test/support/certificates.ts";
import { type RunningServer, startHttpServer, startRawServer } from "../../test/support/http-server.ts";
import { withFolder } from "../../test/support/rego.ts";
import { Secret } from "../document/secret.ts";
import { CONNECTIONS_MAX } from "./connections.ts";
import { ServiceError, type ServiceFault } from "./error.ts";
import { createService, REDIRECTS_MAX, type Service, type ServiceOptions } from "./service.ts";

const ASK = { method: "GET", path: "bundles/main", timeoutMs: 5_000, maxBytes: 1_000 } as const;

async function serve(
  t: TestContext,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RunningServer> {
  const server = await startHttpServer(handler);
  t.after(() => server.close());
  return server;
}

function open(t: TestContext, options: Partial<ServiceOptions> & { readonly url: string }): Service {
  const service = createService({ name: "acme", ...options });
  t.after(() => service.close());
  return service;
}

/** Fails with this fault, and says so without any of these words. */
async function failsWith(
  request: Promise<unknown>,
  fault: ServiceFault,
  message: RegExp,
  secrets: readonly string[] = [],
): Promise<void> {
  await assert.rejects(request, (error: unknown) => {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.fault, fault, error.message);
    assert.match(error.message, message);
    assert.match(error.message, /^the service acme: /);
    for (const secret of secrets) assert.ok(!error.message.includes(secret), error.message);
    return true;
  });
}

describe("a service", () => {
  test("is asked below its URL and gives any answer as it is", async (t) => {
    const server = await serve(t, (request, response) => {
      response.writeHead(404, { "x-asked": request.url ?? "", etag: '"7"' }).end("none");
    });
    const service = open(t, {
      url: `${server.url}/base/`,
      headers: { "x-team": "a", "x-key": new Secret("k") },
    });
    const answer = await service.request({ ...ASK, path: "/bundles/main?sig=1" });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get("x-asked"), "/base/bundles/main?sig=1");
    assert.equal(answer.headers.get("etag"), '"7"');
    assert.equal(answer.body.toString(), "none");
    assert.equal(service.url, `${server.url}/base`);
  });

  test("reuses its connection", async (t) => {
    const ports = new Set<number | undefined>();
    const server = await serve(t, (request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    const service = open(t, { url: server.url });
    for (let i = 0; i < 3; i++) await service.request(ASK);
    assert.equal(ports.size, 1);
  });

  test("is asked again on a new connection when the kept one was closed", async (t) => {
    let requests = 0;
    const server = await startRawServer((socket) => {
      requests += 1;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      // The next request on this connection meets a reset.
      socket.once("data", () => socket.resetAndDestroy());
    });
    t.after(() => server.close());
    const service = open(t, { url: server.url });
    await service.request(ASK);
    assert.equal((await service.request(ASK)).body.toString(), "ok");
    assert.equal(requests, 2);
    const told = service.request({ ...ASK, method: "POST", body: Buffer.from("x") });
    await failsWith(told, "unreachable", /connection ended before an answer/);
  });

  test("has so many connections open and no more: further requests take their turn", async (t) => {
    let underWay = 0;
    let most = 0;
    const waiting: ServerResponse[] = [];
    const server = await serve(t, (_, response) => {
      most = Math.max(most, ++underWay);
      response.on("close", () => underWay--);
      waiting.push(response);
      // The last of the first turn lets everybody go.
      if (waiting.length >= CONNECTIONS_MAX) for (const held of waiting) held.end();
    });
    const service = open(t, { url: server.url });
    const answers = await Promise.all(
      Array.from({ length: CONNECTIONS_MAX + 10 }, () => service.request(ASK)),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(most, CONNECTIONS_MAX);
  });

  test("refuses what is no URL of HTTP", () => {
    for (const url of ["ftp://host/", "host", "", "file:///etc/passwd"])
      assert.throws(() => createService({ name: "acme", url }), /the service acme: its url is not an http/);
  });
});

describe("credentials", () => {
  test("a bearer token is read anew from its file, with its scheme", async (t) => {
    const seen: (string | undefined)[] = [];
    const server = await serve(t, (request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    await withFolder(async (folder) => {
      const file = join(folder, "token");
      const service = open(t, {
        url: server.url,
        credentials: { kind: "bearer", token: { file }, scheme: "Token" },
      });
      await failsWith(service.request(ASK), "credentials", /token file .* cannot be read/);
      for (const token of ["one", "two"]) {
        await writeFile(file, `${token}\n`);
        await service.request(ASK);
      }
      await writeFile(file, "\n");
      await failsWith(service.request(ASK), "credentials", /token file .* is empty/);
      await writeFile(file, "a".repeat(64 * 1024 + 1));
      await failsWith(service.request(ASK), "credentials", /is larger than 65536 bytes/);
    });
    assert.deepEqual(seen, ["Token one", "Token two"]);
  });

  test("a user and a password in the URL are basic authentication and in no message", async (t) => {
    const password = randomBytes(8).toString("hex");
    const server = await serve(t, (request, response) => {
      if (request.headers.authorization === undefined) response.end();
      else response.end(request.headers.authorization);
    });
    const service = open(t, { url: server.url.replace("//", `//ann:${password}@`) });
    const { body } = await service.request(ASK);
    assert.equal(body.toString(), `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`);
    assert.equal(service.url, server.url);
    await failsWith(service.request({ ...ASK, maxBytes: 1 }), "too_large", /larger than 1 bytes/, [password]);
  });

  test("are told of at the start when they go out in clear text, or TLS checks nothing", async () => {
    const credentials = { kind: "bearer", token: new Secret("t") } as const;
    const warnings = (options: Omit<ServiceOptions, "name">) =>
      createService({ name: "acme", ...options }).warnings;
    assert.match(warnings({ url: "http://bundles.example", credentials })[0] ?? "", /in clear text/);
    assert.match(warnings({ url: "https://h", allowInsecureTls: true })[0] ?? "", /believes any certificate/);
    for (const url of [
      "http://127.0.0.1:1",
      "http://localhost",
      "http://[::1]:8080",
      "https://bundles.example",
    ])
      assert.deepEqual(warnings({ url, credentials }), []);
    assert.deepEqual(warnings({ url: "http://bundles.example" }), []);
  });

  test("never leave with a token that is no header value, nor are they quoted", async (t) => {
    const server = await serve(t, (_, response) => void response.end());
    const credentials = { kind: "bearer", token: new Secret("secret\nx-evil: 1") } as const;
    const service = open(t, { url: server.url, credentials });
    await failsWith(service.request(ASK), "invalid", /Invalid character in header content/, [
      "secret",
      "evil",
    ]);
  });
});

describe("redirects", () => {
  test("within the origin are followed, with the credentials, up to a limit", async (t) => {
    const seen: string[] = [];
    const server = await serve(t, ({ url = "", headers }, response) => {
      seen.push(`${url} ${headers.authorization}`);
      const hop = Number(url.replace("/hop/", ""));
      if (hop === 0) response.end("there");
      else response.writeHead(hop % 2 === 0 ? 302 : 308, { location: `/hop/${hop - 1}` }).end();
    });
    const service = open(t, { url: server.url, credentials: { kind: "bearer", token: new Secret("t") } });
    const answer = await service.request({ ...ASK, path: `hop/${REDIRECTS_MAX}` });
    assert.equal(answer.body.toString(), "there");
    assert.equal(seen.length, REDIRECTS_MAX + 1);
    assert.ok(seen.every((line) => line.endsWith("Bearer t")));
    const tooMany = service.request({ ...ASK, path: `hop/${REDIRECTS_MAX + 1}` });
    await failsWith(tooMany, "redirect", /redirects more than 5 times/);
  });

  test("to another origin are refused, and nothing is sent there", async (t) => {
    let reached = 0;
    const other = await serve(t, (_, response) => {
      reached += 1;
      response.end();
    });
    const server = await serve(t, ({ url }, response) => {
      const location = url === "/nowhere" ? "http://" : `${other.url}/steal?signature=abc`;
      response.writeHead(307, { location }).end();
    });
    const service = open(t, { url: server.url, credentials: { kind: "bearer", token: new Secret("t") } });
    await failsWith(
      service.request(ASK),
      "redirect",
      /redirects to http:\/\/127\.0\.0\.1:\d+, which is another/,
      ["signature", "abc"],
    );
    await failsWith(service.request({ ...ASK, path: "nowhere" }), "redirect", /something that is no URL/);
    assert.equal(reached, 0);
  });

  test("that would lose the body of a POST are refused", async (t) => {
    const server = await serve(t, ({ url }, response) => {
      if (url === "/kept") response.writeHead(204).end();
      else response.writeHead(url === "/lost" ? 302 : 307, { location: "/kept" }).end();
    });
    const service = open(t, { url: server.url });
    const post = { ...ASK, method: "POST", body: Buffer.from("x") } as const;
    await failsWith(service.request({ ...post, path: "lost" }), "redirect", /would lose its body/);
    assert.equal((await service.request({ ...post, path: "moved" })).status, 204);
  });
});

describe("a server that misbehaves", () => {
  test("does not hold a request beyond its deadlines", async (t) => {
    const silent = await startRawServer(() => {});
    const trickling = await startRawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
      const timer = setInterval(() => socket.write("x"), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const slowHead = await startRawServer((socket) => {
      const timer = setInterval(() => socket.write("H"), 5);
      socket.on("close", () => clearInterval(timer));
    });
    t.after(() => Promise.all([silent.close(), trickling.close(), slowHead.close()]));
    const maxBytes = 1_000_000;
    await failsWith(
      open(t, { url: silent.url, responseHeaderTimeoutMs: 30 }).request(ASK),
      "timeout",
      /no head of an answer within 30 ms/,
    );
    await failsWith(
      open(t, { url: silent.url }).request({ ...ASK, timeoutMs: 40, responseHeaderTimeoutMs: 0 }),
      "timeout",
      /no complete answer within 40 ms/,
    );
    await failsWith(
      open(t, { url: trickling.url }).request({ ...ASK, timeoutMs: 60, maxBytes }),
      "timeout",
      /no complete answer within \d+ ms/,
    );
    const head = open(t, { url: slowHead.url }).request({ ...ASK, timeoutMs: 60, maxBytes });
    await assert.rejects(head, /no complete answer|does not answer in HTTP/);
  });

  test("does not make Regent hold more than was allowed", async (t) => {
    const server = await serve(t, ({ url }, response) => {
      if (url === "/declared") response.writeHead(200, { "content-length": "1001" });
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64)));
      };
      response.on("drain", more);
      if (url !== "/exact") return more();
      response.end(Buffer.alloc(1_000));
    });
    const service = open(t, { url: server.url });
    await failsWith(service.request({ ...ASK, path: "declared" }), "too_large", /larger than 1000 bytes/);
    await failsWith(service.request({ ...ASK, path: "endless" }), "too_large", /larger than 1000 bytes/);
    assert.equal((await service.request({ ...ASK, path: "exact" })).body.length, 1_000);
  });

  test("is told apart: half an answer, a lie about its length, no HTTP, a head without end", async (t) => {
    const answers: { readonly [path: string]: string } = {
      "/half": "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
      "/chunk": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
      "/none": "",
      "/words": "hello there\r\n\r\n",
      "/both": "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "/head": `HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
    };
    const server = await startRawServer((socket, head) => {
      socket.end(answers[head.split(" ")[1] ?? ""] ?? "");
    });
    t.after(() => server.close());
    const service = open(t, { url: server.url });
    const ask = (path: string) => service.request({ ...ASK, path });
    await failsWith(ask("half"), "broken", /ended inside its answer, after 4 bytes/);
    await failsWith(ask("chunk"), "broken", /ended inside its answer/);
    await failsWith(ask("none"), "unreachable", /connection ended before an answer/);
    await failsWith(ask("words"), "broken", /does not answer in HTTP/);
    await failsWith(ask("both"), "broken", /does not answer in HTTP/);
    await failsWith(ask("head"), "broken", /does not answer in HTTP/);
  });

  test("that is not there is named, and so is a name that does not resolve", async (t) => {
    const gone = await startHttpServer((_, response) => void response.end());
    await gone.close();
    await failsWith(open(t, { url: gone.url }).request(ASK), "unreachable", /ECONNREFUSED/);
    const nobody = open(t, { url: "http://nobody.invalid" });
    await failsWith(nobody.request({ ...ASK, path: "x?token=s3cret" }), "unreachable", /nobody\.invalid/, [
      "s3cret",
    ]);
  });

  test("cannot hold up closing, nor a request that is given up", async (t) => {
    const silent = await startRawServer(() => {});
    t.after(() => silent.close());
    const service = createService({ name: "acme", url: silent.url });
    const giveUp = new AbortController();
    const wait = { ...ASK, timeoutMs: 60_000, responseHeaderTimeoutMs: 0 };
    const givenUp = service.request({ ...wait, signal: giveUp.signal });
    const closed = service.request(wait);
    giveUp.abort();
    await failsWith(givenUp, "aborted", /given up/);
    await service.close();
    await failsWith(closed, "aborted", /given up/);
    await failsWith(service.request(wait), "aborted", /given up/);
  });
});

describe("TLS", () => {
  const authority = createAuthority();
  const serverCertificate = authority.issue({ ipAddresses: ["127.0.0.1"] });

  /** A server that wants a client certificate of the authority and says who it sees. */
  async function startTls(t: TestContext, tls: object = serverCertificate): Promise<RunningServer> {
    const server = await startHttpServer((request, response) => {
      const { subject } = (request.socket as import("node:tls").TLSSocket).getPeerCertificate();
      response.end(String(subject?.CN ?? "nobody"));
    }, tls);
    t.after(() => server.close());
    return server;
  }
  const wantsClients = {
    ...serverCertificate,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  };

  test("an unknown CA is refused unless it is named, or everything is believed", async (t) => {
    const server = await startTls(t);
    await failsWith(open(t, { url: server.url }).request(ASK), "tls", /TLS failed.*tls\.caFile/s);
    await withFolder(async (folder) => {
      const caFile = join(folder, "ca.pem");
      const service = open(t, { url: server.url, tls: { caFile } });
      await failsWith(service.request(ASK), "credentials", /the CA file .* cannot be read/);
      await writeFile(caFile, "no certificate");
      await failsWith(service.request(ASK), "tls", /ca\.pem holds no CA certificate/);
      await writeFile(caFile, createAuthority().cert);
      await failsWith(service.request(ASK), "tls", /TLS failed/);
      await writeFile(caFile, authority.cert);
      assert.equal((await service.request(ASK)).status, 200);
      const withSystem = open(t, { url: server.url, tls: { caFile, systemCaRequired: true } });
      assert.equal((await withSystem.request(ASK)).status, 200);
    });
    const gullible = open(t, { url: server.url, allowInsecureTls: true });
    assert.equal((await gullible.request(ASK)).status, 200);
  });

  test("a certificate for another host is refused", async (t) => {
    const server = await startTls(t, authority.issue({ dnsNames: ["other.example"] }));
    await withFolder(async (folder) => {
      const caFile = join(folder, "ca.pem");
      await writeFile(caFile, authority.cert);
      await failsWith(open(t, { url: server.url, tls: { caFile } }).request(ASK), "tls", /TLS failed/);
    });
  });

  test("a client certificate is shown, and a rotated one is taken up", async (t) => {
    const server = await startTls(t, wantsClients);
    await withFolder(async (folder) => {
      const [caFile, certFile, keyFile] = ["ca", "cert", "key"].map((name) =>
        join(folder, `${name}.pem`),
      ) as [string, string, string];
      const put = async (commonName: string, options: object = {}) => {
        const pair = authority.issue({ commonName, ...options });
        await writeFile(`${certFile}.new`, pair.cert);
        await writeFile(`${keyFile}.new`, pair.key);
        await rename(`${certFile}.new`, certFile);
        await rename(`${keyFile}.new`, keyFile);
      };
      await writeFile(caFile, authority.cert);
      const service = open(t, {
        url: server.url,
        tls: { caFile },
        credentials: { kind: "clientTls", certFile, keyFile },
      });
      await failsWith(service.request(ASK), "credentials", /client certificate .* cannot be read/);
      for (const name of ["first", "second"]) {
        await put(name);
        assert.equal((await service.request(ASK)).body.toString(), name);
      }
      await writeFile(keyFile, authority.issue({}).key);
      await failsWith(service.request(ASK), "credentials", /key\.pem is not the key of the certificate/);
      await put("late", { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") });
      await assert.rejects(
        service.request(ASK),
        /client certificate .*cert\.pem expired at Jan {2}1 .* 2021/,
      );
      await put("third");
      assert.equal((await service.request(ASK)).body.toString(), "third");
    });
    const credentials = { kind: "clientTls", certFile: "c", keyFile: "k" } as const;
    assert.throws(
      () => createService({ name: "acme", url: "http://h", credentials }),
      /needs an https:\/\/ URL/,
    );
  });
});
