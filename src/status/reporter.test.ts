import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { bodyOf, startHttpServer } from "../../test/support/http-server.ts";
import type { JsonObject } from "../exchange/json.ts";
import { createService } from "../services/index.ts";
import { statusDocument } from "./document.ts";
import { createStatusReporter, type StatusReporter, type StatusReporterOptions } from "./reporter.ts";

const NEVER_MS = 3_600_000;

type Line = { readonly level: string; readonly fields: object; readonly message: string };

class Receiver extends EventEmitter {
  readonly got: { readonly path: string; readonly document: JsonObject }[] = [];
  status = 200;
  /** Holds answers back until it is let go. */
  held: Promise<void> | undefined;

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assert.equal(request.method, "POST");
    assert.equal(request.headers["content-type"], "application/json");
    const document = JSON.parse((await bodyOf(request)).toString()) as JsonObject;
    this.got.push({ path: request.url ?? "", document });
    this.emit("got");
    await this.held;
    response.writeHead(this.status).end();
  }
  async until(count: number): Promise<void> {
    while (this.got.length < count) await once(this, "got");
  }
}

async function stand(t: TestContext, options: Partial<StatusReporterOptions> = {}) {
  const receiver = new Receiver();
  const server = await startHttpServer((request, response) => void receiver.handle(request, response));
  const service = createService({ name: "tower", url: server.url });
  const lines: Line[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const state = { revision: 0 };
  const start = (): StatusReporter => {
    const reporter = createStatusReporter({
      document: () => ({ revision: state.revision }),
      service,
      intervalMs: NEVER_MS,
      settleMs: 5,
      retry: { minMs: 10, maxMs: 20 },
      log: { info: line("info"), warn: line("warn"), error: line("error") },
      ...options,
    });
    t.after(() => reporter.close());
    return reporter;
  };
  t.after(async () => {
    await service.close();
    await server.close();
  });
  return { receiver, lines, state, start };
}

describe("the status reporter", () => {
  test("reports at the start and after changes, those that come together at once", async (t) => {
    const { receiver, state, start } = await stand(t);
    const reporter = start();
    await receiver.until(1);
    for (const revision of [1, 2, 3]) {
      state.revision = revision;
      reporter.changed();
    }
    await receiver.until(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(receiver.got, [
      { path: "/status", document: { revision: 0 } },
      { path: "/status", document: { revision: 3 } },
    ]);
  });

  test("reports from time to time when nothing changes, at its partition", async (t) => {
    const { receiver, start } = await stand(t, { intervalMs: 10, partition: "eu/west" });
    start();
    await receiver.until(3);
    assert.ok(receiver.got.every(({ path }) => path === "/status/eu/west"));
  });

  test("sends the newest state, once, to a receiver that was away, and says so in two lines", async (t) => {
    const { receiver, state, lines, start } = await stand(t);
    receiver.status = 503;
    const reporter = start();
    await receiver.until(3);
    assert.match(reporter.fault() ?? "", /the service tower replied with 503 Service Unavailable/);
    for (let revision = 1; revision <= 500; revision++) {
      state.revision = revision;
      reporter.changed();
    }
    receiver.status = 204;
    const before = receiver.got.length;
    await receiver.until(before + 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(
      receiver.got.slice(before).map(({ document }) => document),
      [{ revision: 500 }],
    );
    assert.equal(reporter.fault(), undefined);
    assert.deepEqual(
      lines.map(({ level, message }) => `${level} ${message}`),
      [
        "error the status cannot be told, it is tried again: the service tower replied with 503 Service Unavailable",
        "info the status is told again",
      ],
    );
  });

  test("has one report under way however slow the receiver is", async (t) => {
    const { receiver, state, start } = await stand(t);
    let letGo = () => {};
    receiver.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const reporter = start();
    await receiver.until(1);
    for (let revision = 1; revision <= 100; revision++) {
      state.revision = revision;
      reporter.changed();
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(receiver.got.length, 1);
    letGo();
    await receiver.until(2);
    assert.deepEqual(receiver.got[1]?.document, { revision: 100 });
  });

  test("tells what is new when it is closed, and does not wait for a receiver that hangs", async (t) => {
    const { receiver, state, start } = await stand(t, { settleMs: NEVER_MS });
    const reporter = start();
    state.revision = 7;
    await reporter.close();
    assert.deepEqual(receiver.got, [{ path: "/status", document: { revision: 7 } }]);
    await reporter.close();
    reporter.changed();
    assert.equal(receiver.got.length, 1);

    receiver.held = new Promise(() => {});
    const hanging = start();
    const startedAt = performance.now();
    await hanging.close();
    assert.ok(performance.now() - startedAt < 4_000);
    assert.match(hanging.fault() ?? "", /no complete answer within 2000 ms/);
  });

  test("writes each report to the log when it is asked to, with or without a service", async (t) => {
    const { receiver, lines, start } = await stand(t, { console: true });
    receiver.status = 500;
    start();
    await receiver.until(3);
    assert.deepEqual(
      lines.filter(({ level }) => level === "info"),
      [{ level: "info", fields: { revision: 0, type: "openpolicyagent.org/status" }, message: "Status Log" }],
    );
  });

  test("survives a state that cannot be told", async (t) => {
    let broken = true;
    const { receiver, start } = await stand(t, {
      document: () => {
        if (broken) throw new Error("no state");
        return { fine: true };
      },
    });
    const reporter = start();
    while (reporter.fault() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(reporter.fault(), "no state");
    broken = false;
    await receiver.until(1);
    assert.deepEqual(receiver.got[0]?.document, { fine: true });
  });
});

test("a status document has what OPA's has", () => {
  const parts = { labels: { id: "1" }, bundles: { main: { name: "main" } }, ready: false };
  assert.deepEqual(statusDocument(parts), {
    labels: { id: "1" },
    bundles: { main: { name: "main" } },
    plugins: { bundle: { state: "NOT_READY" }, discovery: { state: "OK" }, status: { state: "OK" } },
  });
  const more = statusDocument({
    ...parts,
    ready: true,
    discovery: { name: "d" },
    decisionLogs: {},
    metrics: { m: {} },
  });
  assert.deepEqual(more.plugins, {
    bundle: { state: "OK" },
    decision_logs: { state: "OK" },
    discovery: { state: "OK" },
    status: { state: "OK" },
  });
  assert.deepEqual(more.metrics, { prometheus: { m: {} } });
});
