/** Bytes that a base64 text stands for. */
export function decodedBytes(data: string): number {
  return Buffer.byteLength(data, "base64");
}

/** Bytes that a `data:` URL (RFC 2397) holds; undefined for any other text. */
export function dataUrlBytes(url: string): number | undefined {
  if (!url.startsWith("data:")) return undefined;
  const comma = url.indexOf(",");
  const data = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(";base64") ? decodedBytes(data) : Buffer.byteLength(data, "utf8");
}

/** The host of a URL that has one. */
export function hostOf(url: string): string | undefined {
  const host = URL.parse(url)?.host;
  return host === "" ? undefined : host;
}
