import { type Reads, readsOf } from "../../exchange/reads.ts";
import type { CheckRequest, CheckRequest2 } from "../codec.ts";
import { attributesV2Text } from "./attributes-v2-text.ts";
import { parseQuery, unescapePath } from "./go-text.ts";
import type { GrpcMethods } from "./grpc/descriptors.ts";
import { listsText, messageText } from "./message-text.ts";
import { type BodySource, parseBody } from "./parsed-body.ts";

export type InputOptions = {
  /** Leaves `parsed_body` and `truncated_body` out. */
  readonly skipRequestBodyParse: boolean;
  /** What is known of gRPC methods; absent: bodies of gRPC are null. */
  readonly grpc?: GrpcMethods | undefined;
};

const VERSION = '{"ext_authz":"v3","encoding":"protojson"}';
const VERSION_2 = '{"ext_authz":"v2","encoding":"encoding/json"}';

/** The input document of one request, of which any part can be written. */
export type InputDocument = {
  /** JSON text in UTF-8: the members that are read, each of which is written only then. */
  text(reads: Reads): Buffer;
};

/**
 * The input document of opa-envoy-plugin: the whole CheckRequest as it came, and beside it what is read of its path,
 * query and body. XFCC, credentials and `x-regent-*` stay in it: users of that contract read them. Path, query and body
 * are read at once, so that a request which cannot be read is refused whatever the policy reads.
 * @throws RequestParseError when the path, the query or the body cannot be read
 */
export function inputDocument(check: CheckRequest, options: InputOptions): InputDocument {
  const { attributes } = check;
  return documentOf({
    attributes: attributes === null ? undefined : (reads) => messageText(attributes, reads),
    version: () => VERSION,
    ...readMembers(attributes, options),
  });
}

/** The same for version 2 of the protocol, where the attributes stand as Go's structs are called. */
export function inputDocument2(check: CheckRequest2, options: InputOptions): InputDocument {
  const { attributes } = check;
  const text = attributes === null ? undefined : attributesV2Text(attributes);
  return documentOf({
    attributes: text === undefined ? undefined : () => text,
    version: () => VERSION_2,
    ...readMembers(attributes, options),
  });
}

/** What writes each member; undefined: the request has no such member. */
type Members = { readonly [name: string]: ((reads: Reads) => string) | undefined };

function documentOf(members: Members): InputDocument {
  return {
    text(reads) {
      const texts = Object.entries(members).flatMap(([name, write]) => {
        const inner = readsOf(reads, name);
        return inner === undefined || write === undefined ? [] : [`"${name}":${write(inner)}`];
      });
      return Buffer.from(`{${texts.join(",")}}`);
    },
  };
}

type Attributes = {
  readonly source: { readonly principal: string } | null;
  readonly request: { readonly http: (BodySource & { readonly path: string }) | null } | null;
};

/** What is read of path, query and body. */
function readMembers(attributes: Attributes | null, options: InputOptions): Members {
  const http = attributes?.request?.http;
  const path = http?.path ?? "";
  const mark = path.indexOf("?");
  const parts = pathParts(mark === -1 ? path : path.slice(0, mark));
  const query = [...parseQuery(mark === -1 ? "" : path.slice(mark + 1))];
  const body = options.skipRequestBodyParse
    ? undefined
    : http == null
      ? NO_BODY
      : parseBody(http, parts, options.grpc);
  const principal = attributes?.source?.principal;
  return {
    parsed_path: () => JSON.stringify(parts),
    parsed_query: () => queryText(query),
    parsed_body: body && (() => body.text),
    truncated_body: body && (() => String(body.truncated)),
    source_principal: principal ? () => JSON.stringify(principal) : undefined,
  };
}

const NO_BODY = { text: "null", truncated: false };

/** Decoded first, so that an encoded slash separates; then every leading slash goes. */
function pathParts(pathname: string): string[] {
  const plain = unescapePath(pathname);
  let start = 0;
  while (plain[start] === "/") start++;
  return plain.slice(start).split("/");
}

function queryText(parameters: readonly (readonly [string, readonly string[]])[]): string {
  return listsText(
    new Map(parameters.map(([name, values]) => [name, values.map((value) => JSON.stringify(value))])),
  );
}
