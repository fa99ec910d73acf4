import { isUtf8 } from "node:buffer";
import { type HeaderField, type Headers, headersFrom } from "../exchange/headers.ts";
import type { HeaderMap, HeaderValue } from "./codec.ts";

/** Header fields as Envoy lists them, pseudo-headers apart (their names keep the colon). */
export type EnvoyHeaders = { readonly headers: Headers; readonly pseudo: Headers };

/** Reads a header map: `raw_value` where it is set (Envoy 1.40 always sets it), else `value`. Null is no headers. */
export function headersFromMap(map: HeaderMap | null): EnvoyHeaders {
  return splitPseudo((map?.headers ?? []).map((field) => [field.key, headerText(field)]));
}

/** Separates `:method` and the like, which are no header fields (RFC 9113 section 8.3), from the others. */
export function splitPseudo(fields: readonly HeaderField[]): EnvoyHeaders {
  const isPseudo = ([name]: HeaderField) => name.startsWith(":");
  return {
    headers: headersFrom(fields.filter((field) => !isPseudo(field))),
    pseudo: headersFrom(fields.filter(isPseudo)),
  };
}

function headerText(field: HeaderValue): string {
  return field.rawValue.length === 0 ? field.value : textOfBytes(field.rawValue);
}

/** UTF-8 as text; in bytes that are not UTF-8 every byte beyond ASCII is spelt `\xNN`, so that nothing is lost or made up. */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let text = "";
  for (const byte of bytes) {
    text += byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}
