import { RegentError } from "../exchange/errors.ts";
import { headerValues, singleHeader } from "../exchange/headers.ts";
import type { Context } from "./context.ts";
import { timed } from "./timed.ts";

/**
 * What can be refused before the body is there. Establishes the identity.
 *
 * @throws RegentError
 */
export function checkHead(context: Context): void {
  const { rooms, options, account, detection } = context;
  const { request, source, handOver } = account.exchange;
  const fault = rooms.audit.fault();
  if (fault !== undefined) throw new RegentError("audit_unavailable", undefined, { cause: fault });
  account.identity = timed(context, "identity", () =>
    handOver === undefined ? rooms.identity.identify(request, source.principal) : handOver.identity,
  );
  if (handOver !== undefined && !handOver.allowed) throw new RegentError("ext_authz_denied");
  if (request.method === "CONNECT" || headerValues(request.headers, "upgrade").length > 0)
    throw new RegentError("upgrade_refused");
  // `OPTIONS *` has no path; no route of the configuration is about it.
  if (detection.kind === "ambiguous" || !request.pathname.startsWith("/"))
    throw new RegentError("path_ambiguous");
  if (detection.kind === "inference" && request.query !== undefined)
    detection.format.checkQuery?.(request.query);
  const length = singleHeader(request.headers, "content-length").value;
  if (length !== undefined) assertBodySize(Number(length), options.maxBodyBytes(request));
}

/** @throws RegentError body_too_large */
export function assertBodySize(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new RegentError(
    "body_too_large",
    `The request body is larger than the ${bytesMax} bytes that are accepted here.`,
  );
}
