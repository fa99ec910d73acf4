import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { JsonObject } from "../exchange/json.ts";
import { asksForChange, type ChangeLog, type Changes, routeChanges } from "./changes.ts";
import {
  type HttpAddress,
  type HttpLimits,
  type HttpServer,
  listenHttp,
  plain,
  refuseUnread,
} from "./http.ts";

export type AdminOptions = {
  /** A loopback address: the configuration accepts no other. */
  readonly listen: HttpAddress;
  /** What `authorization: Bearer` must carry; undefined: whoever is on this machine may ask. */
  readonly token: { reveal(): string } | undefined;
  /** What `/status` answers: revision, bundles, listeners. No secret, no policy text. */
  readonly status: () => JsonObject;
  /** What `/v1/rollout` answers; undefined where new policies are active at once. */
  readonly rollout?: (() => JsonObject) | undefined;
  /** What can be changed here, by path. */
  readonly changes?: Changes;
  readonly log: ChangeLog;
  readonly limits?: HttpLimits;
};

/** Serves `/status`, and `/v1/rollout` to look at and to change. Throws an Error that names the port and its holder when it is taken. */
export async function startAdmin(options: AdminOptions): Promise<HttpServer> {
  const app = new Hono();
  const { changes = {} } = options;
  app.use(async ({ req }, next) => {
    const refused = refuseForeign(req.raw.headers) ?? refuseUnknown(req.raw.headers, options.token);
    if (refused !== undefined) return refused;
    if (options.rollout === undefined && /^\/v1\/rollout(\/|$)/.test(req.path))
      return plain(404, NO_ROLLOUT, { connection: "close" });
    return (asksForChange(req.raw, changes) ? undefined : refuseUnread(req.raw)) ?? next();
  });
  routeChanges(app, changes, options.token !== undefined, options.log);
  app.get("/v1/rollout", (context) =>
    context.json(options.rollout?.() ?? {}, 200, { "cache-control": "no-store" }),
  );
  app.get("/status", (context) =>
    context.json(options.status(), 200, { "cache-control": "no-store", "x-content-type-options": "nosniff" }),
  );
  app.notFound(() => plain(404, "there are /status and /v1/rollout"));
  app.onError((error) => {
    options.log.error({ err: error }, "a request could not be answered");
    return plain(500, "failed");
  });
  return listenHttp(options.listen, app.fetch, options.log, options.limits);
}

/** To look at, and to whoever wants to approve, promote or roll back. */
const NO_ROLLOUT = "new policies are active at once: no rollout is configured";

/** `localhost`, `127.x.y.z` or `[::1]`, with any port: tunnels change it. */
const LOOPBACK_HOST = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/i;

/**
 * A page in a browser can make requests to this port. It cannot choose their Host, unless it has its own name resolve to
 * loopback (DNS rebinding): then Host is that name. And it cannot leave out Origin or Sec-Fetch-Site.
 */
function refuseForeign(headers: Headers): Response | undefined {
  const host = headers.get("host") ?? "";
  if (!LOOPBACK_HOST.test(host)) return plain(403, "the Host of this request is not this machine");
  const origin = headers.get("origin");
  const own = origin === null || (URL.canParse(origin) && new URL(origin).host === host.toLowerCase());
  if (!own || headers.get("sec-fetch-site") === "cross-site")
    return plain(403, "cross-site requests are refused");
  return undefined;
}

function refuseUnknown(headers: Headers, token: AdminOptions["token"]): Response | undefined {
  if (token === undefined) return undefined;
  const given = /^Bearer ([^\s]+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (given !== undefined && equalInConstantTime(given, token.reveal())) return undefined;
  return plain(401, "a bearer token is required", { "www-authenticate": "Bearer" });
}

/** Digests have one length, so the time says nothing about the length of the token either. */
function equalInConstantTime(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
