/** One header field: lower-case name, value as text. Values that are not UTF-8 are carried escaped (`\xNN`). */
export type HeaderField = readonly [name: string, value: string];

/** Header fields by lower-case name. A name keeps all its values, in the order Envoy showed them. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** Builds {@link Headers} from fields in order. Names are lower-cased. */
export function headersFrom(fields: Iterable<HeaderField>): Headers {
  const headers = new Map<string, string[]>();
  for (const [rawName, value] of fields) {
    const name = rawName.toLowerCase();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** All values of a header, empty when it is absent. */
export function headerValues(headers: Headers, name: string): readonly string[] {
  return headers.get(name) ?? NONE;
}

/**
 * The value of a header that may be sent once. Undefined when absent; "repeated" is for the caller to refuse:
 * taking the first of several values is how two readers come to disagree (CVE-2026-31838).
 */
export function singleHeader(
  headers: Headers,
  name: string,
): { value: string | undefined; repeated: boolean } {
  const values = headerValues(headers, name);
  return { value: values[0], repeated: values.length > 1 };
}

/** The media type of a body in lower case, without parameters; empty when its sender does not say. */
export function mediaTypeOf(headers: Headers): string {
  const { value = "" } = singleHeader(headers, "content-type");
  return value.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

const NONE: readonly string[] = [];
