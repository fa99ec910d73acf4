import type { CheckRequest, CheckRequest2 } from "../codec.ts";
import { listsText, messageText } from "./document-text.ts";
import { attributesText2 } from "./document-text-2.ts";
import { parseQuery, unescapePath } from "./go-text.ts";
import type { GrpcMethods } from "./grpc/descriptors.ts";
import { type BodySource, parseBody } from "./parsed-body.ts";

export type InputOptions = {
  /** Leaves `parsed_body` and `truncated_body` out. */
  readonly skipRequestBodyParse: boolean;
  /** What is known of gRPC methods; absent: bodies of gRPC are null. */
  readonly grpc?: GrpcMethods | undefined;
};

const VERSION = '{"ext_authz":"v3","encoding":"protojson"}';
const VERSION_2 = '{"ext_authz":"v2","encoding":"encoding/json"}';

/**
 * The input document of opa-envoy-plugin, in JSON text: the whole CheckRequest as it came, and beside it what is read
 * of its path, query and body. XFCC, credentials and `x-regent-*` stay in it: users of that contract read them.
 * @throws RequestParseError when the path, the query or the body cannot be read
 */
export function inputDocument(check: CheckRequest, options: InputOptions): Buffer {
  const { attributes } = check;
  const members = attributes === null ? [] : [`"attributes":${messageText(attributes)}`];
  members.push(`"version":${VERSION}`, ...readMembers(attributes, options));
  return Buffer.from(`{${members.join(",")}}`);
}

/** The same for version 2 of the protocol, where the attributes stand as Go's structs are called. */
export function inputDocument2(check: CheckRequest2, options: InputOptions): Buffer {
  const { attributes } = check;
  const members = attributes === null ? [] : [`"attributes":${attributesText2(attributes)}`];
  members.push(`"version":${VERSION_2}`, ...readMembers(attributes, options));
  return Buffer.from(`{${members.join(",")}}`);
}

type Attributes = {
  readonly source: { readonly principal: string } | null;
  readonly request: { readonly http: (BodySource & { readonly path: string }) | null } | null;
};

/** What is read of path, query and body. */
function readMembers(attributes: Attributes | null, options: InputOptions): string[] {
  const http = attributes?.request?.http;
  const path = http?.path ?? "";
  const mark = path.indexOf("?");
  const parts = pathParts(mark === -1 ? path : path.slice(0, mark));
  const query = mark === -1 ? "" : path.slice(mark + 1);
  const members = [`"parsed_path":${JSON.stringify(parts)}`, `"parsed_query":${queryText(query)}`];
  if (!options.skipRequestBodyParse) {
    const body = http == null ? NO_BODY : parseBody(http, parts, options.grpc);
    members.push(`"parsed_body":${body.text}`, `"truncated_body":${body.truncated}`);
  }
  const principal = attributes?.source?.principal;
  if (principal) members.push(`"source_principal":${JSON.stringify(principal)}`);
  return members;
}

const NO_BODY = { text: "null", truncated: false };

/** Decoded first, so that an encoded slash separates; then every leading slash goes. */
function pathParts(pathname: string): string[] {
  const plain = unescapePath(pathname);
  let start = 0;
  while (plain[start] === "/") start++;
  return plain.slice(start).split("/");
}

function queryText(query: string): string {
  const parameters = [...parseQuery(query)];
  return listsText(
    new Map(parameters.map(([name, values]) => [name, values.map((value) => JSON.stringify(value))])),
  );
}
