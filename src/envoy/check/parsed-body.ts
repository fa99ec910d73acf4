import type { HttpRequest } from "../codec.ts";
import { parseInt64, parseQuery, textOfUtf8 } from "./go-text.ts";
import { readGrpcBody } from "./grpc/body.ts";
import type { GrpcMethods } from "./grpc/descriptors.ts";
import { parseJsonText } from "./json-text.ts";
import { parseMediaType } from "./media-type.ts";
import { listsText } from "./message-text.ts";
import { parseMultipart } from "./multipart.ts";

/** What a policy sees of a body: JSON text, and whether Envoy cut it. */
export type ParsedBody = { readonly text: string; readonly truncated: boolean };

const NOT_PARSED: ParsedBody = { text: "null", truncated: false };
const TRUNCATED: ParsedBody = { text: "null", truncated: true };

/** The parts of a request that a body is read by: those of v2 have no `rawBody`. */
export type BodySource = Pick<HttpRequest, "headers" | "body"> & { readonly rawBody?: Buffer };

/**
 * Reads a body by what its content type contains, letter by letter, as opa-envoy-plugin does; other bodies are null.
 * @param path the parts of the request's path
 * @param grpc what is known of gRPC methods; undefined: bodies of gRPC are null
 * @throws RequestParseError
 */
export function parseBody(
  http: BodySource,
  path: readonly string[],
  grpc: GrpcMethods | undefined,
): ParsedBody {
  if (header(http, "x-envoy-auth-partial-body") === "true") return TRUNCATED;
  const contentType = header(http, "content-type") ?? "";
  if (contentType.includes("application/json")) return parsePlain(http, (bytes) => parseJsonText(bytes));
  if (contentType.includes("application/grpc")) return parseGrpc(http.rawBody, path, grpc);
  if (contentType.includes("application/x-www-form-urlencoded"))
    return parsePlain(http, (bytes) => listsText(quoted(parseQuery(textOfUtf8(bytes)))));
  if (contentType.includes("multipart/form-data"))
    return parsePlain(http, (bytes) => parseForm(bytes, contentType));
  return NOT_PARSED;
}

/** The body, wherever Envoy put it: `raw_body` with `pack_as_bytes`, else `body`. Empty when there is none. */
export function bodyBytes(http: BodySource): Buffer {
  return http.body === "" ? (http.rawBody ?? NO_BYTES) : Buffer.from(http.body, "utf8");
}

const NO_BYTES = Buffer.alloc(0);

/** A header of the CheckRequest's map, whose names Envoy writes in lower case. */
export function header(http: Pick<BodySource, "headers">, name: string): string | undefined {
  return Object.hasOwn(http.headers, name) ? http.headers[name] : undefined;
}

/** A body that is not there is null, and one that is shorter than its `content-length` was cut by Envoy. */
function parsePlain(http: BodySource, parse: (bytes: Buffer) => string): ParsedBody {
  const bytes = bodyBytes(http);
  if (bytes.length === 0) return NOT_PARSED;
  const length = header(http, "content-length");
  if (length !== undefined && parseInt64(length) > BigInt(bytes.length)) return TRUNCATED;
  return { text: parse(bytes), truncated: false };
}

/** Only the raw bytes count: text would have lost some (`pack_as_bytes` of Envoy's `with_request_body`). */
function parseGrpc(
  bytes: Buffer | undefined,
  path: readonly string[],
  grpc: GrpcMethods | undefined,
): ParsedBody {
  if (grpc === undefined || bytes === undefined || bytes.length === 0) return NOT_PARSED;
  const body = readGrpcBody(bytes, path, grpc);
  if (body === "truncated") return TRUNCATED;
  return body === "unknown" ? NOT_PARSED : { text: body.json, truncated: false };
}

function parseForm(bytes: Buffer, contentType: string): string {
  const boundary = parseMediaType(Buffer.from(contentType, "utf8").toString("latin1")).parameters.get(
    "boundary",
  );
  if (boundary === undefined) return "null";
  const values = new Map<string, string[]>();
  for (const part of parseMultipart(bytes, boundary)) {
    const isJson = part.contentType.includes("application/json");
    const text = isJson ? parseJsonText(part.bytes) : JSON.stringify(textOfUtf8(part.bytes));
    const known = values.get(part.name);
    if (known === undefined) values.set(part.name, [text]);
    else known.push(text);
  }
  return listsText(values);
}

function quoted(lists: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map([...lists].map(([name, values]) => [name, values.map((value) => JSON.stringify(value))]));
}
