import type { Context, Hono } from "hono";
import { type HttpLog, plain } from "./http.ts";

export type ChangeLog = HttpLog & { info(facts: object, message: string): void };

/** Characters of a name or a reason: they go into histories and logs. */
export const WORDS_CHARS_MAX = 200;

/** Who asks for a change and why, as they say. */
export type Asked = { readonly by: string; readonly reason: string; readonly force: boolean };

/** Carries a change out. @returns a sentence why it cannot be done; undefined when it is done */
export type Change = (asked: Asked) => string | undefined | Promise<string | undefined>;

/** Changes by the path that they are asked for at: `POST PATH?by=NAME`, with everything they need in the query. */
export type Changes = { readonly [path: string]: Change };

/** A request for a change; it has no body. */
export function asksForChange(request: Request, changes: Changes): boolean {
  const { pathname } = new URL(request.url);
  const bodiless =
    (request.headers.get("content-length") ?? "0") === "0" && !request.headers.has("transfer-encoding");
  return request.method === "POST" && bodiless && Object.hasOwn(changes, pathname);
}

/** Whoever is on this machine may look. To change what is allowed takes a token, which `hasToken` says there is. */
export function routeChanges(app: Hono, changes: Changes, hasToken: boolean, log: ChangeLog): void {
  for (const [path, change] of Object.entries(changes)) app.post(path, (context) => answer(context, change));

  async function answer({ req }: Context, change: Change): Promise<Response> {
    if (!hasToken) return plain(403, "changes need a token: set admin.token");
    const { by = "", reason = "", force } = req.query();
    if (!isWords(by)) return plain(400, "by must say who asks, in one line");
    if (reason !== "" && !isWords(reason)) return plain(400, "reason must be one line, and not a long one");
    const fault = await change({ by, reason, force: force === "true" });
    log.info({ change: req.path, by, reason, force, fault }, "a change was asked for");
    return fault === undefined ? plain(200, "done") : plain(409, fault);
  }
}

/** One line of text that can be shown. */
function isWords(text: string): boolean {
  return text.length > 0 && text.length <= WORDS_CHARS_MAX && !/[\p{Cc}\p{Cs}]/u.test(text);
}
