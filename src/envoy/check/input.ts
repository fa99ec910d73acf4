import type { CheckRequest } from "../codec.ts";
import { listsText, messageText } from "./document-text.ts";
import { parseQuery, unescapePath } from "./go-text.ts";
import { parseBody } from "./parsed-body.ts";

export type InputOptions = {
  /** Leaves `parsed_body` and `truncated_body` out. */
  readonly skipRequestBodyParse: boolean;
};

const VERSION = '{"ext_authz":"v3","encoding":"protojson"}';

/**
 * The input document of opa-envoy-plugin, in JSON text: the whole CheckRequest as it came, and beside it what is read
 * of its path, query and body. XFCC, credentials and `x-regent-*` stay in it: users of that contract read them.
 * @throws RequestParseError when the path, the query or the body cannot be read
 */
export function inputDocument(check: CheckRequest, options: InputOptions): Buffer {
  const { attributes } = check;
  const http = attributes?.request?.http;
  const path = http?.path ?? "";
  const mark = path.indexOf("?");
  const pathname = mark === -1 ? path : path.slice(0, mark);
  const query = mark === -1 ? "" : path.slice(mark + 1);
  const members = [
    ...(attributes === null ? [] : [`"attributes":${messageText(attributes)}`]),
    `"version":${VERSION}`,
    `"parsed_path":${JSON.stringify(pathParts(pathname))}`,
    `"parsed_query":${queryText(query)}`,
  ];
  if (!options.skipRequestBodyParse) {
    const body = http == null ? { text: "null", truncated: false } : parseBody(http);
    members.push(`"parsed_body":${body.text}`, `"truncated_body":${body.truncated}`);
  }
  const principal = attributes?.source?.principal;
  if (principal) members.push(`"source_principal":${JSON.stringify(principal)}`);
  return Buffer.from(`{${members.join(",")}}`);
}

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
