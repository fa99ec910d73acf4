const SIMPLE: { readonly [character: string]: string } = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const ESCAPE = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))/s;

/** What a literal of Go stands for, quotes of any kind included; undefined when it is none. */
export function unquoteGo(literal: string): string | undefined {
  const quote = literal[0];
  const inner = literal.slice(1, -1);
  if (quote === "`") return inner.replaceAll("\r", "");
  const bytes: Buffer[] = [];
  for (let at = 0; at < inner.length; ) {
    const backslash = inner.indexOf("\\", at);
    bytes.push(Buffer.from(inner.slice(at, backslash === -1 ? undefined : backslash), "utf8"));
    if (backslash === -1) break;
    const found = unescaped(inner.slice(backslash + 1, backslash + 10), quote);
    if (found === undefined) return undefined;
    bytes.push(found.bytes);
    at = backslash + 1 + found.length;
  }
  const text = Buffer.concat(bytes).toString("utf8");
  return quote === "'" && [...text].length !== 1 ? undefined : text;
}

function unescaped(text: string, quote: string | undefined): { bytes: Buffer; length: number } | undefined {
  const [whole = "", byte, short, long, octal, simple] = ESCAPE.exec(text) ?? [];
  if (byte !== undefined) return { bytes: Buffer.from(byte, "hex"), length: whole.length };
  if (octal !== undefined) return { bytes: Buffer.from([Number.parseInt(octal, 8)]), length: whole.length };
  const code = Number.parseInt(short ?? long ?? "", 16);
  if (code <= 0x10ffff)
    return { bytes: Buffer.from(String.fromCodePoint(code).toWellFormed(), "utf8"), length: whole.length };
  const other = quote === '"' ? "'" : '"';
  const plain = simple === undefined || simple === other ? undefined : SIMPLE[simple];
  return plain === undefined ? undefined : { bytes: Buffer.from(plain, "utf8"), length: whole.length };
}
