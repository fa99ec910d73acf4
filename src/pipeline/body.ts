import { RegentError } from "../exchange/errors.ts";
import { headerValues, singleHeader } from "../exchange/headers.ts";
import type { Inference } from "../exchange/inference.ts";
import { parseBody, type ReadRequest } from "../formats/index.ts";
import { decodeContent } from "../wire/content-encoding.ts";
import type { JsonDocument } from "../wire/json/index.ts";
import type { Context } from "./context.ts";
import { timedAsync } from "./timed.ts";

/** A request body as far as it was understood: no document for a body that is not JSON and need not be. */
export type ReadBody = {
  readonly document: JsonDocument | undefined;
  /** The body without its content codings; undefined where it was not looked into. */
  readonly body: Buffer | undefined;
  /** Of an inference. */
  readonly request: ReadRequest | undefined;
};

/**
 * Decodes and reads a request body. An inference endpoint takes what its dialect has, whatever its content-type says. At
 * any other endpoint a body that claims to be JSON must be, and another one is not looked into.
 *
 * @throws RegentError body_invalid, body_too_large or encoding_unsupported
 */
export function readBody(context: Context, body: Buffer | undefined): Promise<ReadBody> {
  return timedAsync(context, "formats", async () => {
    const { detection } = context;
    if (detection.kind === "inference") {
      assertUtf8(context);
      const { format, endpoint } = detection;
      const bytes = await decode(context, body ?? EMPTY);
      const request = format.readRequest({
        bytes,
        endpoint,
        headers: context.account.exchange.request.headers,
        before: context.before,
      });
      assertOneModel(request.inference);
      return { body: bytes, document: request.document, request };
    }
    if (body === undefined || body.length === 0 || !claimsJson(context)) return NOTHING_READ;
    assertUtf8(context);
    const bytes = await decode(context, body);
    return { body: bytes, document: parseBody(bytes), request: undefined };
  });
}

/** @throws RegentError body_invalid */
function assertOneModel({ otherModels = [] }: Inference): void {
  const [place] = otherModels;
  if (place === undefined) return;
  throw new RegentError("body_invalid", `${place} lets another model read or answer, which is not governed.`);
}

const EMPTY = Buffer.alloc(0);
const NOTHING_READ: ReadBody = { body: undefined, document: undefined, request: undefined };

async function decode({ account, options }: Context, body: Buffer): Promise<Buffer> {
  const { request } = account.exchange;
  const codings = headerValues(request.headers, "content-encoding");
  if (codings.length === 0) return body;
  const decoded = await decodeContent(body, codings, options.maxBodyBytes(request));
  if (decoded.ok) return decoded.bytes;
  throw new RegentError(DECODING_ERRORS[decoded.fault], `The request has ${decoded.reason}.`);
}

const DECODING_ERRORS = { unsupported: "encoding_unsupported", too_large: "body_too_large" } as const;

/**
 * JSON is UTF-8 (RFC 8259 8.1), whatever its content-type says, but some servers decode by what that says: to a reader of
 * UTF-7 other members may stand in a body than those that were governed.
 *
 * @throws RegentError encoding_unsupported
 */
function assertUtf8({ account }: Context): void {
  const types = headerValues(account.exchange.request.headers, "content-type");
  if (types.some((type) => OTHER_CHARSET.test(type)))
    throw new RegentError("encoding_unsupported", "The request names a character set other than utf-8.");
}

/** `charset` followed by anything but a plain `=utf-8`: other spellings are read in more than one way. */
const OTHER_CHARSET = /charset(?![ \t]?=[ \t]?"?(?:utf-?8|us-ascii)"?[ \t]*(?:[;,]|$))/i;

function claimsJson({ account }: Context): boolean {
  const type = singleHeader(account.exchange.request.headers, "content-type").value ?? "";
  return /^[^;]*[/+]json\b/i.test(type);
}
