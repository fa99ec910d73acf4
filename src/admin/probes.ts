import { Hono } from "hono";
import { askAll, type Check, type CheckResult, isReady } from "./check.ts";
import {
  type HttpAddress,
  type HttpLimits,
  type HttpLog,
  type HttpServer,
  listenHttp,
  plain,
  refuseUnread,
} from "./http.ts";

export type ProbesOptions = {
  readonly listen: HttpAddress;
  readonly checks: readonly Check[];
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly log: HttpLog;
  readonly limits?: HttpLimits;
};

/**
 * Serves `/livez`, `/readyz[?verbose]`, `/health` and `/metrics`. Throws an Error that names the port and its holder
 * when it is taken.
 */
export async function startProbes(options: ProbesOptions): Promise<HttpServer> {
  const app = new Hono();
  app.use(async (context, next) => refuseUnread(context.req.raw) ?? next());
  // Alive is whoever can answer: a restart would not mend a full disk or a missing bundle.
  app.get("/livez", () => plain(200, "ok"));
  app.get("/readyz", (context) => {
    const results = askAll(options.checks);
    const verbose = context.req.query("verbose") !== undefined;
    return plain(isReady(results) ? 200 : 503, verbose ? verboseText(results) : shortText(results));
  });
  app.get("/health", (context) => {
    const results = askAll(options.checks);
    const checks = Object.fromEntries(results.map(({ name, fault }) => [name, fault ?? "ok"]));
    const ready = isReady(results);
    const told = results.flatMap(({ name, detail }) =>
      detail === undefined ? [] : [[name, detail] as const],
    );
    const details = told.length === 0 ? {} : { details: Object.fromEntries(told) };
    const status = ready ? "ok" : "unavailable";
    return context.json({ status, checks, ...details }, ready ? 200 : 503, NO_STORE);
  });
  app.get("/metrics", async () => {
    const { contentType, text } = await options.metrics();
    return new Response(text, { headers: { "content-type": contentType, ...NO_STORE } });
  });
  app.notFound(() => plain(404, "there are /livez, /readyz, /health and /metrics"));
  app.onError((error) => {
    options.log.error({ err: error }, "a request could not be answered");
    return plain(500, "failed");
  });
  return listenHttp(options.listen, app.fetch, options.log, options.limits);
}

const NO_STORE = { "cache-control": "no-store" };

function shortText(results: readonly CheckResult[]): string {
  const failed = results.filter(({ fault }) => fault !== undefined);
  return failed.length === 0 ? "ok" : failed.map(({ name, fault }) => `${name}: ${fault}`).join("\n");
}

/** The form that Kubernetes components use. */
function verboseText(results: readonly CheckResult[]): string {
  const lines = results.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
  );
  return [...lines, isReady(results) ? "readyz check passed" : "readyz check failed"].join("\n");
}
