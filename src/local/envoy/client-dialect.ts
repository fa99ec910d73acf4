import {
  BY_CLIENT_HEADER,
  type ClientHeader,
  FORMATS,
  type Format,
  USUAL_DIALECT,
} from "../../formats/index.ts";
import { note, type Yaml } from "./note.ts";
import { pathPattern } from "./path-pattern.ts";

/** Formats that word refusals alike, under the name of the first. */
export type Dialect = { readonly name: string; readonly formats: readonly Format[] };

/** Where Envoy keeps whose client asks, for as long as the request lives. Nothing a client could write to. */
const NAMESPACE = "regent.client";
const ANY_PATH = "path";
const pathKey = ({ name }: Dialect) => `path:${name}`;

/** Whether this is what is spoken where nothing says whose client asks. */
export function isUsual({ formats }: Dialect): boolean {
  return formats.includes(USUAL_DIALECT);
}

/** Notes whose path a request has, by the rules of `dialectOf`, while it is the one that the client sent. */
export function dialectFilter(dialects: readonly Dialect[]): Yaml {
  const all = Object.values(FORMATS);
  return note(
    "Whose path it is, for the wording of Envoy's own answers. It is noted here, because an attempt to reach a target of\n" +
      "another dialect changes it.",
    {
      name: "regent.client_dialect",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
        request_rules: [
          pathRule(ANY_PATH, all),
          ...dialects
            .filter((dialect) => !isUsual(dialect))
            .map((dialect) => pathRule(pathKey(dialect), dialect.formats)),
        ],
      },
    },
  );
}

/** Keeps the path, where it is one of the formats' and without a query; else the value is empty, and nothing is kept. */
function pathRule(key: string, formats: readonly Format[]): Yaml {
  const paths = formats.flatMap(({ endpoints }) => endpoints.map(({ path }) => path));
  const regex = `^(?:(${pathPattern([...new Set(paths)])})(?:\\?.*)?|.*)$`;
  const regex_value_rewrite = { pattern: { regex }, substitution: "\\1" };
  return {
    header: ":path",
    on_header_present: { metadata_namespace: NAMESPACE, key, regex_value_rewrite },
  };
}

function headersOf({ formats }: Dialect) {
  return BY_CLIENT_HEADER.filter((format) => formats.includes(format)).map(
    ({ clientHeader }) => clientHeader,
  );
}

/**
 * Whether the client of a request is one of this dialect: its path says so, or a header where the path says nothing. What has
 * such a path may be translated, which changes headers; what has not never is.
 */
export function isSpoken(dialect: Dialect): Yaml {
  const byPath = isKept(pathKey(dialect));
  const byHeader = headersOf(dialect).map((header) => ({
    and_filter: { filters: [isSent(header), isNotKept(ANY_PATH)] },
  }));
  return byHeader.length === 0 ? byPath : { or_filter: { filters: [byPath, ...byHeader] } };
}

/** Whether the path is one of any dialect. */
export function isOfSomeDialect(): Yaml {
  return isKept(ANY_PATH);
}

/**
 * Whether a header binds the framing of the answer, whatever the path: Envoy itself makes trailers of what it answers to
 * clients of gRPC.
 *
 * @throws Error when no header tells the clients of the dialect
 */
export function isFramed(dialect: Dialect): Yaml {
  const [header] = headersOf(dialect);
  if (header?.mediaType === undefined) throw new Error(`no header says that a client speaks ${dialect.name}`);
  return isSent(header);
}

/** Of media types the same as Envoy's own rule for clients of gRPC. */
function isSent({ name, mediaType }: ClientHeader): Yaml {
  const how =
    mediaType === undefined
      ? { present_match: true }
      : { string_match: { safe_regex: { regex: `${mediaType.replaceAll(".", "\\.")}(?:\\+.*)?` } } };
  return { header_filter: { header: { name, ...how } } };
}

function isKept(key: string): Yaml {
  return metadataFilter(key, { present_match: true }, false);
}

function isNotKept(key: string): Yaml {
  return metadataFilter(key, { null_match: {} }, true);
}

function metadataFilter(key: string, value: Yaml, match_if_key_not_found: boolean): Yaml {
  return {
    metadata_filter: { matcher: { filter: NAMESPACE, path: [{ key }], value }, match_if_key_not_found },
  };
}
