import { STATUS_CODES } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { ServiceResponse } from "../../services/index.ts";
import { BundleError } from "../bundle/error.ts";

/** The content type by which a server says that it speaks long polling. @see OPA's bundle service API */
export const BUNDLE_CONTENT_TYPE = "application/vnd.openpolicyagent.bundles";

/** What a service said of a bundle. */
export type BundleAnswer =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "bundle";
      readonly archive: Buffer;
      readonly etag: string | undefined;
      readonly contentType: string | undefined;
      readonly longPolling: boolean;
    };

const ADVICE: { readonly [status: number]: string } = {
  401: ": check the credentials of the service",
  403: ": check the credentials of the service and what they may read",
  404: ": check the resource of the bundle",
};

const gunzipAsync = promisify(gunzip);

/**
 * Reads the answer to a request for a bundle.
 * @param asked the ETag that went out in `If-None-Match`.
 * @throws BundleError
 */
export async function readBundleAnswer(
  { status, headers, body }: ServiceResponse,
  asked: string | undefined,
  maxBytes: number,
): Promise<BundleAnswer> {
  if (status === 304 && asked !== undefined) return { kind: "unchanged" };
  if (status === 304)
    throw new BundleError(
      "the server replied with 304 Not Modified to a request that named no version it could be",
    );
  if (status !== 200) throw statusError(status);
  if (body.length === 0) throw new BundleError("the server replied with an empty body");
  const contentType = mediaType(headers.get("content-type"));
  return {
    kind: "bundle",
    archive: await withoutCoding(body, headers.get("content-encoding"), maxBytes),
    etag: headers.get("etag"),
    contentType,
    longPolling: contentType === BUNDLE_CONTENT_TYPE,
  };
}

function statusError(status: number): BundleError {
  const words = `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
  return new BundleError(`the server replied with ${words}${ADVICE[status] ?? ""}`, { httpStatus: status });
}

/**
 * A bundle is gzip itself. Some servers compress it once more, and some call the bundle's own gzip a content coding:
 * what is inside says which of the two it was.
 */
async function withoutCoding(body: Buffer, coding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (coding === undefined || coding === "identity") return body;
  if (coding !== "gzip" && coding !== "x-gzip")
    throw new BundleError(
      `its content-encoding ${coding} is not supported: serve it without one, or with gzip`,
    );
  let inner: Buffer;
  try {
    inner = await gunzipAsync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    // A plain bundle that unpacks to more than its archive may: what it is, its own reader finds out within its bounds.
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return body;
    throw new BundleError(`its content-encoding gzip cannot be undone: ${String(error)}`, { cause: error });
  }
  return isGzip(inner) ? inner : body;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase();
}
