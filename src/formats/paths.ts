/**
 * Which other spellings of a path some server may read as a governed one. Envoy's own normalisation takes care of most
 * of them; what comes here regardless is refused, because a path that Regent and the server read differently is a way
 * around every rule (CVE-2021-29492, CVE-2026-26205).
 */

/** Servers decode once, some twice when a proxy stands in front of them. */
const DECODINGS_MAX = 3;

/**
 * Whether some usual reading of `path` is one of `governed`: slashes merged, dot segments resolved or dropped, percent
 * and other encodings undone up to {@link DECODINGS_MAX} times, path parameters cut off, backslashes and full-width
 * characters taken for what they look like, case and trailing dots ignored, an authority or scheme taken for one.
 *
 * @param isGoverned is asked about paths in the form that {@link plainPath} gives
 */
export function mayBeReadAs(path: string, isGoverned: (plain: string) => boolean): boolean {
  for (const spelling of decodings(path)) {
    for (const read of readings(spelling)) if (isGoverned(read)) return true;
  }
  return false;
}

/**
 * Whether some reading of a path has slashes or backslashes that its spelling has not, or a backslash: its segments are then
 * others to one server than to the next.
 */
export function hidesSlash(path: string): boolean {
  const count = slashes(path);
  for (const spelling of decodings(path))
    if (spelling.includes("\\") || slashes(spelling) > count) return true;
  return false;
}

function slashes(spelling: string): number {
  return spelling.split("/").length;
}

/**
 * A name in a path, percent-decoded once; undefined when it has a character or segment that servers read in more than
 * one way.
 */
export function plainName(escaped: string): string | undefined {
  const name = decodeOnceStrictly(escaped);
  if (name === undefined || name.split("/").some((part) => part === "" || part === "." || part === ".."))
    return undefined;
  for (const char of name) if (isSpecial(char) || looksLikeMark(char)) return undefined;
  return name;
}

function isSpecial(char: string): boolean {
  return char < "!" || "%;\\?#\x7f".includes(char);
}

/** A full-width slash is one to servers that fold characters. */
function looksLikeMark(char: string): boolean {
  if (char < "\x80") return false;
  for (const folded of char.normalize("NFKC"))
    if (folded < "\x80" && (isSpecial(folded) || folded === "/" || folded === ".")) return true;
  return false;
}

function decodeOnceStrictly(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}

/** `/v1/Models/` as `v1/models` */
export function plainPath(path: string): string {
  return join(path.toLowerCase().split("/"), true);
}

function* decodings(path: string): Generator<string> {
  let spelling = path;
  for (let i = 0; i <= DECODINGS_MAX; i++) {
    yield spelling;
    const decoded = decodeOnce(spelling);
    if (decoded === spelling) return;
    spelling = decoded;
  }
}

function* readings(spelling: string): Generator<string> {
  const folded = cutAtEnd(spelling).normalize("NFKC").toLowerCase().replaceAll("\\", "/");
  const segments = folded.split("/");
  const shapes = [segments];
  if (folded.startsWith("//")) shapes.push(segments.slice(3));
  if (segments[0]?.endsWith(":")) shapes.push(segments.slice(3));
  const parameters = folded.indexOf(";");
  if (parameters >= 0) shapes.push(folded.slice(0, parameters).split("/"));
  for (const shape of shapes) {
    const plain = shape.map(plainSegment);
    yield join(plain, true);
    yield join(plain, false);
  }
}

/** What some readers take for the end of a path, without the characters that URL parsers drop silently. */
function cutAtEnd(spelling: string): string {
  let end = spelling.length;
  for (const mark of ["\0", "?", "#"]) {
    const at = spelling.indexOf(mark);
    if (at >= 0 && at < end) end = at;
  }
  return spelling.slice(0, end).replaceAll("\t", "").replaceAll("\n", "").replaceAll("\r", "");
}

function plainSegment(segment: string): string {
  const parameters = segment.indexOf(";");
  const name = (parameters < 0 ? segment : segment.slice(0, parameters)).trim();
  if (name === "." || name === "..") return name;
  let end = name.length;
  while (name[end - 1] === ".") end--;
  return name.slice(0, end);
}

function join(segments: readonly string[], resolveParents: boolean): string {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (resolveParents) kept.pop();
  }
  return kept.join("/");
}

/** Undoes one layer of `%2F`, `%u002F` and overlong UTF-8. What is no valid escape stays. */
function decodeOnce(spelling: string): string {
  if (!spelling.includes("%")) return spelling;
  const bytes: number[] = [];
  const source = Buffer.from(spelling, "utf8");
  for (let at = 0; at < source.length; at++) {
    const unicode = source[at] === PERCENT && (source[at + 1] === 0x75 || source[at + 1] === 0x55);
    const digits = unicode ? 4 : 2;
    const from = at + (unicode ? 2 : 1);
    const code =
      source[at] === PERCENT ? hex(source.toString("latin1", from, from + digits), digits) : undefined;
    if (code === undefined) bytes.push(source[at] as number);
    else {
      bytes.push(...(unicode ? Buffer.from(String.fromCharCode(code), "utf8") : [code]));
      at = from + digits - 1;
    }
  }
  return Buffer.from(withoutOverlong(bytes)).toString("utf8");
}

const PERCENT = 0x25;

function hex(digits: string, length: number): number | undefined {
  if (digits.length !== length) return undefined;
  for (const digit of digits) if (!"0123456789abcdefABCDEF".includes(digit)) return undefined;
  return Number.parseInt(digits, 16);
}

/** Old decoders take C0 AF, E0 80 AF and F0 80 80 AF for a slash: ASCII in more bytes than it needs. */
function withoutOverlong(bytes: readonly number[]): number[] {
  const plain: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const length = LEAD_LENGTHS.get(bytes[at] as number);
    const code = length === undefined ? undefined : codeOf(bytes.slice(at, at + length), length);
    if (length === undefined || code === undefined || code >= 0x80) plain.push(bytes[at] as number);
    else {
      plain.push(code);
      at += length - 1;
    }
  }
  return plain;
}

/** Bytes that can begin an overlong form of an ASCII character, with its length. */
const LEAD_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xc1, 2],
  [0xe0, 3],
  [0xf0, 4],
]);

function codeOf([lead, ...rest]: readonly number[], length: number): number | undefined {
  if (lead === undefined || rest.length !== length - 1) return undefined;
  return rest.reduce((code, byte) => (code << 6) | (byte & 0x3f), lead & (0x7f >> length));
}
