import { type Context, Hono } from "hono";
import { createDataHandlers } from "./data.ts";
import { createHealthHandlers } from "./health.ts";
import { ApiError, errorReply, flag, jsonReply } from "./reply.ts";
import type { ApiRooms } from "./rooms.ts";

export type ApiLog = { error(facts: object, message: string): void };

type Handler = (context: Context) => Response | Promise<Response>;

/** The routes of one address: method, path, OPA's name for the handler in metrics. */
type Route = readonly [method: string, path: string, name: string, handler: Handler];

/** What OPA serves and compiled policies cannot, with what to do instead. docs/migrate-from-opa-envoy.md has the same. */
export const UNSERVED: readonly (readonly [path: string, why: string])[] = [
  ["/v1/policies", "policies are compiled: change the bundle or the files that are served"],
  ["/v1/policies/*", "policies are compiled: change the bundle or the files that are served"],
  ["/v1/query", "only rules can be asked, at /v1/data: put the query into a rule"],
  ["/v1/query/*", "only rules can be asked, at /v1/data: put the query into a rule"],
  ["/v1/compile", "compiled policies cannot be evaluated in part: use OPA for it"],
  ["/v1/compile/*", "compiled policies cannot be evaluated in part: use OPA for it"],
  ["/debug/pprof/*", "this is no Go program: use node --inspect"],
];

/** The part of the API that changes nothing and shows no data, for `--diagnostic-addr`. */
export function createDiagnosticApi(rooms: ApiRooms, log: ApiLog): Hono {
  return withRoutes(rooms, log, { count: 0 }, diagnosticRoutes(rooms));
}

/** OPA's HTTP API as far as compiled policies can serve it. @see https://www.openpolicyagent.org/docs/rest-api */
export function createApi(rooms: ApiRooms, log: ApiLog): Hono {
  const requests = { count: 0 };
  const data = createDataHandlers(rooms, requests);
  const pretty = (context: Context) => flag(new URL(context.req.url).searchParams, "pretty");
  return withRoutes(rooms, log, requests, [
    ...diagnosticRoutes(rooms),
    ["GET", "/", "index", () => indexPage(rooms.version)],
    ["POST", "/", "index", (context) => data.index(context)],
    ["POST", "/v0/data", "v0/data", (context) => data.v0(context, "")],
    ["POST", "/v0/data/*", "v0/data", (context) => data.v0(context, pathBelow(context, "/v0/data"))],
    ["GET", "/v1/data", "v1/data", (context) => data.get(context, "")],
    ["GET", "/v1/data/*", "v1/data", (context) => data.get(context, pathBelow(context, "/v1/data"))],
    ["POST", "/v1/data", "v1/data", (context) => data.post(context, "")],
    ["POST", "/v1/data/*", "v1/data", (context) => data.post(context, pathBelow(context, "/v1/data"))],
    ...["PUT", "PATCH", "DELETE"].flatMap((method) =>
      ["/v1/data", "/v1/data/*"].map((path) => [method, path, "v1/data", refuseWrite] as const),
    ),
    ["GET", "/v1/config", "v1/config", (context) => jsonReply({ result: rooms.config() }, pretty(context))],
    ["GET", "/v1/status", "v1/status", (context) => statusReply(rooms, pretty(context))],
    ...UNSERVED.flatMap(([path, why]) =>
      ["GET", "POST", "PUT", "PATCH", "DELETE"].map(
        (method) => [method, path, "unserved", () => notServed(path, why)] as const,
      ),
    ),
    ["ALL", "/v0/data/*", "v0/data", () => new Response(null, { status: 405 })],
    ["ALL", "/v1/data/*", "v1/data", () => new Response(null, { status: 405 })],
  ]);
}

function diagnosticRoutes(rooms: ApiRooms): readonly Route[] {
  const { health, byPolicy } = createHealthHandlers(rooms);
  return [
    ["GET", "/health", "health", (context) => health(new URL(context.req.url).searchParams)],
    ["GET", "/health/*", "health", (context) => byPolicy(pathBelow(context, "/health"))],
    ["GET", "/metrics", "metrics", () => metricsReply(rooms)],
  ];
}

function withRoutes(
  rooms: ApiRooms,
  log: ApiLog,
  requests: { count: number },
  routes: readonly Route[],
): Hono {
  const app = new Hono();
  app.use((_context, next) => {
    requests.count += 1;
    return next();
  });
  for (const [method, path, name, handler] of routes) {
    const observed: Handler = async (context) => {
      const startedAt = performance.now();
      const reply = await replyOf(handler, context, log);
      rooms.observe(name, method.toLowerCase(), reply.status, (performance.now() - startedAt) / 1000);
      return reply;
    };
    if (method === "ALL") app.all(path, observed);
    else app.on(method, path, observed);
  }
  app.notFound(() =>
    errorReply(new ApiError(404, "resource_not_found", "no such route; GET / says what is served")),
  );
  return app;
}

async function replyOf(handler: Handler, context: Context, log: ApiLog): Promise<Response> {
  try {
    return await handler(context);
  } catch (error) {
    if (error instanceof ApiError) return errorReply(error);
    log.error({ err: error, path: context.req.path }, "a request to the API could not be answered");
    return errorReply(new ApiError(500, "internal_error", "internal error"));
  }
}

/** The path behind a prefix, still escaped: an escaped slash is part of a name. */
function pathBelow(context: Context, prefix: string): string {
  return new URL(context.req.url).pathname.slice(prefix.length);
}

const refuseWrite: Handler = () =>
  notServed("/v1/data", "data comes in bundles and files: change those that are served");

function notServed(path: string, why: string): Response {
  return errorReply(new ApiError(501, "not_implemented", `${path.replace("/*", "")} is not served: ${why}`));
}

function statusReply(rooms: ApiRooms, pretty: boolean): Response {
  const status = rooms.status();
  if (status === undefined) throw new ApiError(500, "internal_error", "status plugin not enabled");
  return jsonReply({ result: status }, pretty);
}

async function metricsReply(rooms: ApiRooms): Promise<Response> {
  const { contentType, text } = await rooms.metrics();
  return new Response(text, { headers: { "content-type": contentType, "cache-control": "no-store" } });
}

function indexPage(version: string): Response {
  const lines = [
    `Regent ${version}, with the HTTP API of Open Policy Agent.`,
    "",
    "GET, POST /v1/data/{path}   a decision, or data",
    "POST      /                 the default decision",
    "GET       /v1/config, /v1/status",
    "GET       /health, /metrics",
    "",
  ];
  return new Response(lines.join("\n"), { headers: { "content-type": "text/plain; charset=utf-8" } });
}
