import type { HttpRequest } from "../codec.ts";
import { listsText } from "./document-text.ts";
import { parseInt64, parseQuery, textOfUtf8 } from "./go-text.ts";
import { parseJsonText } from "./json-text.ts";
import { parseMediaType } from "./media-type.ts";
import { parseMultipart } from "./multipart.ts";

/** What a policy sees of a body: JSON text, and whether Envoy cut it. */
export type ParsedBody = { readonly text: string; readonly truncated: boolean };

const NOT_PARSED: ParsedBody = { text: "null", truncated: false };
const TRUNCATED: ParsedBody = { text: "null", truncated: true };

/**
 * Reads a body by what its content type contains, letter by letter, as opa-envoy-plugin does; other bodies are null.
 * Bodies of gRPC need descriptors, which are not supported yet, so they are null too.
 * @throws RequestParseError
 */
export function parseBody(http: HttpRequest): ParsedBody {
  if (header(http, "x-envoy-auth-partial-body") === "true") return TRUNCATED;
  const contentType = header(http, "content-type") ?? "";
  const bytes = bodyBytes(http);
  if (contentType.includes("application/json")) return parseJsonBody(bytes, header(http, "content-length"));
  if (contentType.includes("application/grpc")) return NOT_PARSED;
  if (contentType.includes("application/x-www-form-urlencoded")) {
    return whole(listsText(quoted(parseQuery(textOfUtf8(bytes)))));
  }
  return contentType.includes("multipart/form-data") ? parseForm(bytes, contentType) : NOT_PARSED;
}

/** The body, wherever Envoy put it: `raw_body` with `pack_as_bytes`, else `body`. Empty when there is none. */
export function bodyBytes(http: HttpRequest): Buffer {
  return http.body === "" ? http.rawBody : Buffer.from(http.body, "utf8");
}

/** A header of the CheckRequest's map, whose names Envoy writes in lower case. */
export function header(http: HttpRequest, name: string): string | undefined {
  return Object.hasOwn(http.headers, name) ? http.headers[name] : undefined;
}

function parseJsonBody(bytes: Buffer, contentLength: string | undefined): ParsedBody {
  if (bytes.length === 0) return NOT_PARSED;
  if (contentLength !== undefined && parseInt64(contentLength) > BigInt(bytes.length)) return TRUNCATED;
  return whole(parseJsonText(bytes));
}

function parseForm(bytes: Buffer, contentType: string): ParsedBody {
  const boundary = parseMediaType(Buffer.from(contentType, "utf8").toString("latin1")).parameters.get(
    "boundary",
  );
  if (boundary === undefined) return NOT_PARSED;
  const values = new Map<string, string[]>();
  for (const part of parseMultipart(bytes, boundary)) {
    const isJson = part.contentType.includes("application/json");
    const text = isJson ? parseJsonText(part.bytes) : JSON.stringify(textOfUtf8(part.bytes));
    const known = values.get(part.name);
    if (known === undefined) values.set(part.name, [text]);
    else known.push(text);
  }
  return whole(listsText(values));
}

function quoted(lists: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map([...lists].map(([name, values]) => [name, values.map((value) => JSON.stringify(value))]));
}

function whole(text: string): ParsedBody {
  return { text, truncated: false };
}
