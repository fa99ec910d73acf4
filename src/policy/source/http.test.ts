import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startHttpServer, startRawServer } from "../../../test/support/http-server.ts";
import { withFolder } from "../../../test/support/rego.ts";
import { tarGzOf } from "../../../test/support/tar.ts";
import { createService } from "../../services/index.ts";
import { ARCHIVE_BYTES_MAX } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { createHttpSource, type HttpSourceOptions } from "./http.ts";
import { bundlePersistence, HEADER_BYTES_MAX } from "./persistence.ts";
import type { BundleFiles, BundleSink, BundleSource, Verdict } from "./source.ts";

const NO_LOG = { info() {}, warn() {}, error() {} };
const archive = (revision: string) => tarGzOf([{ path: ".manifest", content: JSON.stringify({ revision }) }]);
const revisionOf = ({ files }: BundleFiles): string =>
  JSON.parse(files.get(".manifest")?.toString() ?? "{}").revision;

/** A sink that writes down what it is told, in words: `offer r1`, `unchanged`, `failed …`. */
class Told extends EventEmitter implements BundleSink {
  readonly said: string[] = [];
  readonly errors: BundleError[] = [];
  refuse = (_revision: string): boolean => false;

  async offer(version: BundleFiles): Promise<Verdict> {
    const revision = revisionOf(version);
    const refused = this.refuse(revision);
    this.#say(`${refused ? "refuse" : "accept"} ${revision}`);
    return refused ? { accepted: false, error: new BundleError("it is bad") } : { accepted: true };
  }
  unchanged(): void {
    this.#say("unchanged");
  }
  failed(error: BundleError): void {
    this.errors.push(error);
    this.#say("failed");
  }
  /** Resolves once it has been told so many things. */
  async until(count: number): Promise<void> {
    while (this.said.length < count) await once(this, "said");
  }
  #say(what: string): void {
    this.said.push(what);
    this.emit("said");
  }
}

type Asked = { readonly path: string; readonly prefer?: string; readonly etag?: string };
type Handler = (response: ServerResponse, request: IncomingMessage, count: number) => void;

type Stand = {
  readonly told: Told;
  readonly asked: Asked[];
  readonly source: BundleSource;
  readonly url: string;
};

/** A source before a real server, not started yet. */
async function stand(
  t: TestContext,
  handler: Handler,
  options: Partial<HttpSourceOptions> = {},
): Promise<Stand> {
  const asked: Asked[] = [];
  const server = await startHttpServer((request, response) => {
    const { prefer, "if-none-match": etag } = request.headers;
    asked.push({
      path: request.url ?? "",
      ...(prefer === undefined ? {} : { prefer: String(prefer) }),
      ...(etag === undefined ? {} : { etag }),
    });
    handler(response, request, asked.length);
  });
  t.after(() => server.close());
  return { asked, url: server.url, ...sourceOf(t, server.url, options) };
}

function sourceOf(t: TestContext, url: string, options: Partial<HttpSourceOptions> = {}) {
  const service = createService({ name: "acme", url });
  const source = createHttpSource({ name: "main", service, log: NO_LOG, polling: NEVER, ...options });
  t.after(async () => {
    await source.close();
    await service.close();
  });
  return { told: new Told(), source };
}

/** So long that only `reload` looks again. */
const NEVER = { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
/** Fast enough for a test. */
const FAST = { minDelayMs: 1, maxDelayMs: 5 };
const send = (response: ServerResponse, revision: string, headers: { [name: string]: string } = {}) =>
  response.writeHead(200, { etag: `"${revision}"`, ...headers }).end(archive(revision));

describe("a bundle of an HTTP service", () => {
  test("is asked for as OPA asks, and again with the ETag of what was accepted", async (t) => {
    const { told, asked, source, url } = await stand(t, (response, request) => {
      if (request.headers["if-none-match"] === '"r1"') response.writeHead(304).end();
      else send(response, "r1");
    });
    await source.start(told);
    await source.reload();
    assert.deepEqual(told.said, ["accept r1", "unchanged"]);
    assert.deepEqual(asked, [
      { path: "/bundles/main", prefer: "modes=snapshot" },
      { path: "/bundles/main", prefer: "modes=snapshot", etag: '"r1"' },
    ]);
    assert.equal(source.location, `${url}/bundles/main`);
    assert.equal(source.remote, true);
  });

  test("is found at its resource, whose query is in no location", async (t) => {
    const resource = "/some/bundle.tar.gz?X-Amz-Signature=abc";
    const { told, asked, source, url } = await stand(t, (response) => send(response, "r1"), { resource });
    await source.start(told);
    assert.equal(asked[0]?.path, resource);
    assert.equal(source.location, `${url}/some/bundle.tar.gz`);
  });

  test("that was refused does not leave its ETag, and is asked for again", async (t) => {
    let current = "good";
    const { told, asked, source } = await stand(t, (response) => send(response, current));
    told.refuse = (revision) => revision === "bad";
    await source.start(told);
    current = "bad";
    await source.reload();
    current = "better";
    await source.reload();
    await source.reload();
    assert.deepEqual(told.said, ["accept good", "refuse bad", "accept better", "accept better"]);
    assert.deepEqual(
      asked.map(({ etag }) => etag),
      [undefined, '"good"', '"good"', '"better"'],
    );
  });

  test("is polled between the least and the most delay", async (t) => {
    const { told, source } = await stand(t, (response) => send(response, "r"), { polling: FAST });
    await source.start(told);
    await told.until(5);
  });

  test("is asked for at the start and by reload only when the trigger is manual", async (t) => {
    const { told, asked, source } = await stand(t, (response) => send(response, "r"), {
      polling: FAST,
      trigger: "manual",
    });
    await source.start(told);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(asked.length, 1);
    await source.reload();
    assert.equal(asked.length, 2);
  });

  test("does not hold up the start of the process: it is taken when it comes", async (t) => {
    let late: ServerResponse | undefined;
    const { told, source } = await stand(
      t,
      (response) => {
        late = response;
      },
      { firstLookWaitMs: 50 },
    );
    await source.start(told);
    assert.deepEqual(told.said, ["failed"]);
    assert.match(told.errors[0]?.message ?? "", /acme: no whole answer within 50 ms; it is still waited for/);
    if (late !== undefined) send(late, "r1");
    await told.until(2);
    assert.deepEqual(told.said, ["failed", "accept r1"]);
  });

  test("is not asked for in a circle, whatever the polling says", async (t) => {
    const day = 2 ** 33;
    for (const polling of [
      { minDelayMs: 0, maxDelayMs: 0 },
      { minDelayMs: day, maxDelayMs: day },
    ]) {
      const { told, asked, source } = await stand(t, (response) => send(response, "r"), { polling });
      await source.start(told);
      await new Promise((resolve) => setTimeout(resolve, 250));
      assert.ok(asked.length <= 3, String(asked.length));
    }
  });

  test("is taken once the server is good again, which is waited for longer and longer", async (t) => {
    const times: number[] = [];
    const polling = { ...NEVER, maxDelayMs: 3_600_000 };
    const { told, source } = await stand(
      t,
      (response, _, count) => {
        times.push(performance.now());
        if (count <= 3) response.writeHead(500).end("stack trace");
        else send(response, "r1");
      },
      { polling },
    );
    await source.start(told);
    assert.deepEqual(told.said, ["failed"]);
    assert.match(
      told.errors[0]?.message ?? "",
      /^the service acme: the server replied with 500 Internal Server Error$/,
    );
    assert.equal(told.errors[0]?.httpStatus, 500);
    await told.until(4);
    assert.equal(told.said.at(-1), "accept r1");
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    assert.ok((gaps[0] ?? 0) >= 78 && (gaps[2] ?? 0) > (gaps[0] ?? 0), String(gaps));
  });
});

describe("long polling", () => {
  const LONG = { ...NEVER, longPollingTimeoutMs: 30_000 };
  const SPEAKS = { "content-type": "application/vnd.openpolicyagent.bundles" };

  test("waits at the server that speaks it, and takes news at once", async (t) => {
    let waiting: ServerResponse | undefined;
    const waits = new EventEmitter();
    const { told, asked, source } = await stand(
      t,
      (response, _, count) => {
        if (count === 1) return void send(response, "r1", SPEAKS);
        waiting = response;
        waits.emit("waits");
      },
      { polling: LONG },
    );
    const waited = once(waits, "waits");
    await source.start(told);
    await waited;
    assert.deepEqual(asked, [
      { path: "/bundles/main", prefer: "modes=snapshot" },
      { path: "/bundles/main", prefer: "modes=snapshot;wait=30", etag: '"r1"' },
    ]);
    if (waiting !== undefined) send(waiting, "r2", SPEAKS);
    await told.until(2);
    assert.deepEqual(told.said, ["accept r1", "accept r2"]);
    const started = performance.now();
    await source.close();
    assert.ok(performance.now() - started < 1_000);
  });

  test("is ended at once by close, and by a look that is asked for", async (t) => {
    const waits = new EventEmitter();
    const { told, asked, source } = await stand(
      t,
      (response, { headers }, count) => {
        if (count === 1) return void send(response, "r1", SPEAKS);
        if (String(headers.prefer).includes("wait")) waits.emit("waits");
        else response.writeHead(304).end();
      },
      { polling: LONG },
    );
    let waited = once(waits, "waits");
    await source.start(told);
    await waited;
    waited = once(waits, "waits");
    const started = performance.now();
    await source.reload();
    assert.ok(performance.now() - started < 1_000);
    assert.deepEqual(told.said, ["accept r1", "unchanged"]);
    await waited;
    await source.close();
    assert.ok(performance.now() - started < 5_000);
    assert.deepEqual(told.said, ["accept r1", "unchanged"]);
    assert.equal(asked.length, 4);
  });

  test("is not asked of a server that does not speak it", async (t) => {
    const { told, asked, source } = await stand(t, (response) => send(response, "r"), {
      polling: { ...FAST, longPollingTimeoutMs: 30_000 },
    });
    await source.start(told);
    await told.until(3);
    assert.ok(asked.every(({ prefer }) => prefer === "modes=snapshot"));
  });

  test("does not become a circle at a server that answers at once", async (t) => {
    const { told, asked, source } = await stand(
      t,
      (response, _, count) => {
        if (count === 1) send(response, "r", SPEAKS);
        else response.writeHead(304).end();
      },
      { polling: { ...FAST, longPollingTimeoutMs: 30_000 } },
    );
    await source.start(told);
    await told.until(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(asked.length <= 3, String(asked.length));
  });
});

describe("an answer that is no bundle", () => {
  const bundle = archive("r1");
  const cases: readonly [string, Handler, RegExp][] = [
    [
      "304 to a first request",
      (response) => response.writeHead(304).end(),
      /304 Not Modified to a request that named no/,
    ],
    ["401", (response) => response.writeHead(401).end(), /401 Unauthorized: check the credentials/],
    ["404", (response) => response.writeHead(404).end(), /404 Not Found: check the resource/],
    ["204", (response) => response.writeHead(204).end(), /204 No Content/],
    ["nothing", (response) => response.end(), /empty body/],
    [
      "a page",
      (response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>"),
      /of content-type text\/html is no bundle: it is not a whole gzip file/,
    ],
    [
      "half a bundle",
      (response, request) => {
        response.writeHead(200, { "content-length": bundle.length });
        response.write(bundle.subarray(0, 50), () => request.socket.destroySoon());
      },
      /ended inside its answer, after 50 bytes/,
    ],
    [
      "a bundle that is cut off and says it is whole",
      (response) => response.end(bundle.subarray(0, bundle.length - 4)),
      /not a whole gzip file/,
    ],
    [
      "a coding that is not known",
      (response) => response.writeHead(200, { "content-encoding": "br" }).end(bundle),
      /content-encoding br is not supported/,
    ],
    [
      "a coding that is a lie",
      (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("plain"),
      /content-encoding gzip cannot be undone/,
    ],
    [
      "a redirect elsewhere",
      (response) => response.writeHead(302, { location: "http://elsewhere.invalid/?token=s3cret" }).end(),
      /redirects to http:\/\/elsewhere\.invalid, which is another host/,
    ],
    [
      "a redirect loop",
      (response) => response.writeHead(302, { location: "?" }).end(),
      /redirects more than 5 times/,
    ],
    ["a bundle over the limit", (response) => response.end(Buffer.alloc(2_000)), /larger than 1000 bytes/],
    ["no answer", (_, request) => request.socket.destroy(), /connection ended before an answer/],
  ];
  for (const [what, handler, message] of cases) {
    test(`${what} is told as a failure of the service, and the next good answer is taken`, async (t) => {
      let well = false;
      const { told, asked, source } = await stand(
        t,
        (response, request, count) => (well ? send(response, "r1") : handler(response, request, count)),
        { sizeLimitBytes: 1_000, trigger: "manual" },
      );
      await source.start(told);
      assert.deepEqual(told.said, ["failed"]);
      assert.match(told.errors[0]?.message ?? "", message);
      assert.match(told.errors[0]?.message ?? "", /^the service acme: /);
      assert.doesNotMatch(told.errors[0]?.message ?? "", /s3cret/);
      well = true;
      await source.reload();
      assert.deepEqual(told.said, ["failed", "accept r1"]);
      assert.ok(asked.every(({ etag }) => etag === undefined));
    });
  }

  test("does not change what is active, nor the ETag it is known by", async (t) => {
    let well = true;
    const { told, asked, source } = await stand(t, (response) =>
      well ? send(response, "r1") : response.writeHead(200, { etag: '"x"' }).end("no bundle"),
    );
    await source.start(told);
    well = false;
    await source.reload();
    await source.reload();
    assert.deepEqual(told.said, ["accept r1", "failed", "failed"]);
    assert.equal(asked.at(-1)?.etag, '"r1"');
  });

  test("that trickles is given up after the deadline of a download", async (t) => {
    const server = await startRawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bundle.length}\r\n\r\n`);
      let at = 0;
      const timer = setInterval(() => socket.write(bundle.subarray(at, ++at)), 20);
      socket.on("close", () => clearInterval(timer));
    });
    t.after(() => server.close());
    const { told, source } = sourceOf(t, server.url, { downloadTimeoutMs: 100, trigger: "manual" });
    await source.start(told);
    assert.match(told.errors[0]?.message ?? "", /no complete answer within \d+ ms/);
  });

  test("a bundle in a second gzip is the bundle, and so is one whose own gzip is called a coding", async (t) => {
    let twice = true;
    const { told, source } = await stand(t, (response) => {
      const body = twice ? gzipSync(bundle) : bundle;
      response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    });
    await source.start(told);
    twice = false;
    await source.reload();
    assert.deepEqual(told.said, ["accept r1", "accept r1"]);
  });
});

describe("the persisted copy", () => {
  const persisted = (folder: string, url: string) => bundlePersistence(folder, "main", `${url}/bundles/main`);

  test("is what was accepted last, and is offered before the server is asked", async (t) => {
    await withFolder(async (folder) => {
      const dir = join(folder, "state");
      let current = "good";
      const first = await stand(t, (response, { headers }) =>
        headers["if-none-match"] === '"good"' && current === "good"
          ? response.writeHead(304).end()
          : send(response, current),
      );
      const options = { persistence: persisted(dir, first.url) };
      const one = sourceOf(t, first.url, options);
      one.told.refuse = (revision) => revision === "bad";
      await one.source.start(one.told);
      current = "bad";
      await one.source.reload();
      await one.source.close();

      current = "good";
      const two = sourceOf(t, first.url, options);
      await two.source.start(two.told);
      assert.deepEqual(two.told.said.slice(0, 1), ["accept good"]);
      await two.told.until(2);
      assert.deepEqual(two.told.said, ["accept good", "unchanged"]);
      assert.equal(first.asked.at(-1)?.etag, '"good"');

      const [file = ""] = await readdir(dir);
      assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600);
      assert.equal((await stat(dir)).mode & 0o777, 0o700);
    });
  });

  test("decides at the start when the server is away", async (t) => {
    await withFolder(async (folder) => {
      const server = await startHttpServer((_, response) => void send(response, "r1"));
      const options = { persistence: persisted(folder, server.url) };
      const one = sourceOf(t, server.url, options);
      await one.source.start(one.told);
      await one.source.close();
      await server.close();
      const two = sourceOf(t, server.url, options);
      await two.source.start(two.told);
      assert.deepEqual(two.told.said.slice(0, 1), ["accept r1"]);
      await two.told.until(2);
      assert.match(two.told.errors[0]?.message ?? "", /ECONNREFUSED/);
    });
  });

  test("that is corrupt, from elsewhere or refused is reported, and the server is asked without its ETag", async (t) => {
    await withFolder(async (folder) => {
      const errors: string[] = [];
      const log = { ...NO_LOG, error: (_: object, message: string) => void errors.push(message) };
      const { asked, url } = await stand(t, (response) => send(response, "new"));
      const persistence = persisted(folder, url);
      await persistence.save({ archive: archive("old"), etag: '"old"' });
      const whole = await readFile(persistence.file);

      const startWith = async (bytes: Buffer, refuse = false): Promise<string[]> => {
        await writeFile(persistence.file, bytes);
        const { told, source } = sourceOf(t, url, { persistence, log });
        told.refuse = (revision) => refuse && revision === "old";
        await source.start(told);
        await source.close();
        return told.said;
      };
      const flipped = Buffer.from(whole);
      flipped[whole.length - 5] = (flipped[whole.length - 5] ?? 0) ^ 1;
      for (const bytes of [
        flipped,
        whole.subarray(0, -1),
        Buffer.from("{}\n"),
        Buffer.from("x"),
        Buffer.alloc(0),
      ])
        assert.deepEqual(await startWith(bytes), ["accept new"]);
      assert.deepEqual(await startWith(whole, true), ["refuse old", "accept new"]);
      const other = bundlePersistence(folder, "main", "http://elsewhere/bundles/main");
      await other.save({ archive: archive("old"), etag: '"old"' });
      assert.deepEqual(await startWith(await readFile(other.file)), ["accept new"]);

      assert.equal(errors.length, 7);
      assert.ok(errors.every((message) => message.includes("policy bundle main is not used")));
      assert.match(errors[0] ?? "", /main\.bundle is corrupt: its digest does not match/);
      assert.match(errors[5] ?? "", /it is bad/);
      assert.match(errors[6] ?? "", /came from http:\/\/elsewhere\/bundles\/main, not from/);
      assert.ok(asked.every(({ etag }) => etag === undefined));
    });
  });

  test("that cannot be written is told, and written once it can be", async (t) => {
    await withFolder(async (folder) => {
      const persistence = bundlePersistence(join(folder, "file", "state"), "main", "x");
      const { told, asked, source } = await stand(t, (response) => send(response, "r1"), {
        trigger: "manual",
        persistence,
      });
      await writeFile(join(folder, "file"), "in the way");
      await source.start(told);
      assert.deepEqual(told.said, ["accept r1", "failed"]);
      assert.match(told.errors[0]?.message ?? "", /^it is active but not persisted: .*cannot be written/);
      await rm(join(folder, "file"));
      await source.reload();
      assert.deepEqual(told.said, ["accept r1", "failed", "accept r1"]);
      assert.equal(asked.at(-1)?.etag, undefined);
      assert.deepEqual(await persistence.load(), { archive: archive("r1"), etag: '"r1"' });
    });
  });

  test("is read up to the size of an archive and no further", async () => {
    await withFolder(async (folder) => {
      const persistence = bundlePersistence(folder, "main", "x");
      await persistence.save({ archive: archive("r1") });
      // A hole in the file: it takes no room on the disk.
      await truncate(persistence.file, ARCHIVE_BYTES_MAX + HEADER_BYTES_MAX + 1);
      await assert.rejects(
        persistence.load(),
        /main\.bundle cannot be read: it is larger than 67108864 bytes/,
      );
    });
  });

  test("replaces its predecessor, and leaves nothing else in the folder", async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, "s"));
      await writeFile(join(folder, "s", "a%2Fb.bundle.0123.tmp"), "left by a crash");
      const persistence = bundlePersistence(join(folder, "s"), "a/b", "x");
      assert.equal(await persistence.load(), undefined);
      for (const revision of ["r1", "r2"]) await persistence.save({ archive: archive(revision) });
      assert.deepEqual(await readdir(join(folder, "s")), ["a%2Fb.bundle"]);
      assert.deepEqual(await persistence.load(), { archive: archive("r2") });
    });
  });
});
