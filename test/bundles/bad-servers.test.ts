import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { before, describe, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { RegentError } from "../../src/exchange/errors.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../../src/policy/engine.ts";
import { createHttpSource } from "../../src/policy/source/http.ts";
import { bundlePersistence } from "../../src/policy/source/persistence.ts";
import { createService, type ServiceOptions } from "../../src/services/index.ts";
import { createAuthority } from "../support/certificates.ts";
import { startHttpServer } from "../support/http-server.ts";
import { compileBundle, withFolder } from "../support/rego.ts";

const NO_LOG = { info() {}, warn() {}, error() {} };
type Handler = (response: ServerResponse, request: IncomingMessage) => void;

const archives = new Map<string, Buffer>();
before(async () => {
  for (const revision of ["r1", "r2"])
    archives.set(
      revision,
      await compileBundle({ "p.rego": `package p\n\nr := "${revision}"\n` }, ["p/r"], revision),
    );
});
const archiveOf = (revision: string): Buffer => archives.get(revision) ?? assert.fail(revision);
const serve =
  (revision: string): Handler =>
  (response) =>
    void response.writeHead(200, { etag: `"${revision}"` }).end(archiveOf(revision));

/** An engine whose one bundle is asked for when a test says so. */
async function openEngine(
  t: TestContext,
  options: Omit<ServiceOptions, "name">,
  persistDir?: string,
): Promise<ManagedPolicyEngine> {
  const service = createService({ name: "tower", responseHeaderTimeoutMs: 200, ...options });
  const location = `${service.url}/bundles/main`;
  const source = createHttpSource({
    name: "main",
    service,
    trigger: "manual",
    sizeLimitBytes: 100_000,
    downloadTimeoutMs: 400,
    log: NO_LOG,
    ...(persistDir === undefined ? {} : { persistence: bundlePersistence(persistDir, "main", location) }),
  });
  const engine = await createPolicyEngine({
    bundles: [{ name: "main", source }],
    entrypoints: ["p/r"],
    log: NO_LOG,
  });
  t.after(async () => {
    await engine.close();
    await service.close();
  });
  return engine;
}

const decided = async (engine: ManagedPolicyEngine) => (await engine.for("").evaluate("p/r", {})).result;

/** The newest look failed for this reason, and says which bundle of which service it was. */
function assertFault(engine: ManagedPolicyEngine, message: RegExp): void {
  const fault = engine.status()[0]?.lastError?.message ?? "";
  assert.match(fault, /^the policy bundle main \(http\S+\/bundles\/main\) cannot be used: /);
  assert.match(fault, /the service tower: |it /);
  assert.match(fault, message);
}

const BAD: readonly [string, Handler, RegExp][] = [
  ["hangs before its answer", () => {}, /service tower: no head of an answer within 200 ms/],
  [
    "hangs inside its answer",
    (response) => void response.writeHead(200, { "content-length": 9_999 }).write("half"),
    /service tower: no complete answer within \d+ ms/,
  ],
  [
    "sends a byte at a time",
    (response) => {
      response.writeHead(200, { "content-length": archiveOf("r2").length });
      let at = 0;
      const timer = setInterval(() => response.write(archiveOf("r2").subarray(at, ++at)), 10);
      response.on("close", () => clearInterval(timer));
    },
    /service tower: no complete answer within \d+ ms/,
  ],
  [
    "ends early",
    (response, { socket }) => {
      response.writeHead(200, { "content-length": archiveOf("r2").length });
      response.write(archiveOf("r2").subarray(0, 100), () => socket.destroySoon());
    },
    /service tower: the connection ended inside its answer, after 100 bytes/,
  ],
  [
    "says that it is shorter than it is",
    (response, { socket }) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n");
      socket.end(archiveOf("r2"));
      void response;
    },
    /service tower: (?:its answer .* is no bundle|it does not answer in HTTP)/,
  ],
  [
    "closes the connection",
    (_, { socket }) => socket.destroy(),
    /service tower: the connection ended before/,
  ],
  [
    "sends without end",
    (response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", more);
      more();
    },
    /service tower: its answer is larger than 100000 bytes/,
  ],
  [
    "fails",
    (response) => void response.writeHead(500).end("stack"),
    /service tower: .*500 Internal Server Error/,
  ],
  [
    "wants credentials",
    (response) => void response.writeHead(401).end(),
    /tower: .*401 Unauthorized: check the cred/,
  ],
  [
    "redirects to another host",
    (response) => void response.writeHead(302, { location: "http://elsewhere.invalid/b" }).end(),
    /service tower: it redirects to http:\/\/elsewhere\.invalid, which is another host/,
  ],
  [
    "redirects in a circle",
    (response) => void response.writeHead(302, { location: "/bundles/main" }).end(),
    /service tower: it redirects more than 5 times/,
  ],
  [
    "sends a page",
    (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>"),
    /service tower: its answer of content-type text\/html is no bundle/,
  ],
  [
    "sends an archive that is no bundle",
    (response) => void response.end(gzipSync(Buffer.alloc(2048, 7))),
    /service tower: .*is no bundle: the archive is corrupt/,
  ],
];

describe("a bundle server that", () => {
  for (const [what, handler, message] of BAD) {
    test(`${what} changes nothing but the status, at the start and later, until it is well`, async (t) => {
      let handle: Handler = handler;
      const server = await startHttpServer((request, response) => handle(response, request));
      t.after(() => server.close());
      const engine = await openEngine(t, { url: server.url });
      // Nothing is active: the process runs and everything is refused.
      assert.equal(engine.ready, false);
      assertFault(engine, message);
      await assert.rejects(decided(engine), (error) => {
        assert.ok(error instanceof RegentError);
        return error.code === "policy_unavailable" && error.status === 503;
      });

      handle = serve("r1");
      await engine.reload();
      assert.deepEqual([engine.ready, await decided(engine)], [true, "r1"]);
      assert.equal(engine.status()[0]?.lastError, undefined);

      handle = handler;
      await engine.reload();
      assertFault(engine, message);
      assert.deepEqual([engine.ready, await decided(engine), engine.revision], [true, "r1", "r1"]);

      handle = serve("r2");
      await engine.reload();
      assert.deepEqual([await decided(engine), engine.status()[0]?.lastError], ["r2", undefined]);
    });
  }

  test("answers 304 to everything is asked again without an ETag, and taken once it sends a bundle", async (t) => {
    const etags: (string | undefined)[] = [];
    let handle: Handler = (response) => void response.writeHead(304).end();
    const server = await startHttpServer((request, response) => {
      etags.push(request.headers["if-none-match"]);
      handle(response, request);
    });
    t.after(() => server.close());
    const engine = await openEngine(t, { url: server.url });
    await engine.reload();
    assertFault(engine, /service tower: .*304 Not Modified to a request that named no version/);
    handle = serve("r1");
    await engine.reload();
    assert.deepEqual(etags, [undefined, undefined, undefined]);
    assert.equal(await decided(engine), "r1");
    await engine.reload();
    assert.deepEqual(etags.slice(3), ['"r1"']);
  });

  test("has no name, decides by the persisted copy", async (t) => {
    await withFolder(async (folder) => {
      const location = "http://nobody.invalid/bundles/main";
      await bundlePersistence(folder, "main", location).save({ archive: archiveOf("r1"), etag: '"r1"' });
      const engine = await openEngine(t, { url: "http://nobody.invalid" }, folder);
      assert.equal(await decided(engine), "r1");
      await engine.reload();
      assertFault(engine, /service tower: it cannot be reached: .*nobody\.invalid/);
      assert.equal(await decided(engine), "r1");
    });
  });

  test("shows a certificate of an unknown CA is believed once that CA is named", async (t) => {
    const authority = createAuthority();
    const server = await startHttpServer(
      (request, response) => serve("r1")(response, request),
      authority.issue({ ipAddresses: ["127.0.0.1"] }),
    );
    t.after(() => server.close());
    await withFolder(async (folder) => {
      const caFile = join(folder, "ca.pem");
      await writeFile(caFile, createAuthority().cert);
      const engine = await openEngine(t, { url: server.url, tls: { caFile } });
      assertFault(engine, /service tower: TLS failed: .*tls\.caFile/);
      assert.equal(engine.ready, false);
      await writeFile(caFile, authority.cert);
      await engine.reload();
      assert.equal(await decided(engine), "r1");
    });
  });

  test("does not take our certificate any more is told of with its expiry, until a new one is there", async (t) => {
    const authority = createAuthority();
    let revision = "r1";
    const server = await startHttpServer((request, response) => serve(revision)(response, request), {
      ...authority.issue({ ipAddresses: ["127.0.0.1"] }),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    t.after(() => server.close());
    await withFolder(async (folder) => {
      const [caFile, certFile, keyFile] = [join(folder, "ca"), join(folder, "cert"), join(folder, "key")];
      const put = async (options: { notBefore?: Date; notAfter?: Date }) => {
        const pair = authority.issue({ commonName: "regent", ...options });
        await writeFile(certFile, pair.cert);
        await writeFile(keyFile, pair.key);
      };
      await writeFile(caFile, authority.cert);
      await put({});
      const credentials = { kind: "clientTls", certFile, keyFile } as const;
      const engine = await openEngine(t, { url: server.url, tls: { caFile }, credentials });
      assert.equal(await decided(engine), "r1");
      revision = "r2";
      await put({ notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") });
      await engine.reload();
      assertFault(engine, /service tower: .*the client certificate \S+ expired at Jan {2}1/);
      assert.equal(await decided(engine), "r1");
      await put({});
      await engine.reload();
      assert.equal(await decided(engine), "r2");
    });
  });
});

test("a persisted copy is verified and proved like any other: one without the entrypoint is not used", async (t) => {
  await withFolder(async (folder) => {
    const server = await startHttpServer((request, response) => serve("r2")(response, request));
    t.after(() => server.close());
    await mkdir(folder, { recursive: true });
    const other = await compileBundle({ "q.rego": "package q\n\nr := 1\n" }, ["q/r"], "other");
    await bundlePersistence(folder, "main", `${server.url}/bundles/main`).save({
      archive: other,
      etag: '"r2"',
    });
    const engine = await openEngine(t, { url: server.url }, folder);
    assert.equal(await decided(engine), "r2");
  });
});
