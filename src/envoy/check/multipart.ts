import { trim, trimEnd } from "./go-text.ts";
import { parseMediaType } from "./media-type.ts";
import { RequestParseError } from "./request-parse-error.ts";

/** Parts of one body. Go knows no limit here; a form has some dozens and each costs an object. */
export const PARTS_MAX = 10_000;

/** A part of a form: its name, its content type as it was written, its bytes. */
export type FormPart = { readonly name: string; readonly contentType: string; readonly bytes: Buffer };

/**
 * The named parts of a multipart/form-data body (RFC 7578), read as Go's `mime/multipart` reads them: CRLF or, when the
 * first boundary line ends so, bare LF; a body without its closing boundary is an error; parts without a name, or with
 * another disposition than form-data, are left out.
 * @throws RequestParseError
 */
export function parseMultipart(body: Buffer, boundary: string): FormPart[] {
  if (boundary === "") throw new RequestParseError("multipart: boundary is empty");
  const reader = new PartReader(
    body.toString("latin1"),
    `--${Buffer.from(boundary, "utf8").toString("latin1")}`,
  );
  const parts: FormPart[] = [];
  for (let count = 0; reader.next(); count++) {
    if (count >= PARTS_MAX) throw new RequestParseError(`multipart: more than ${PARTS_MAX} parts`);
    const headers = reader.headers();
    const text = reader.content();
    const name = formName(headers.get("content-disposition") ?? "");
    const decoded = isQuotedPrintable(headers) ? decodeQuotedPrintable(text) : text;
    if (name === "") continue;
    const bytes = Buffer.from(decoded, "latin1");
    parts.push({ name, contentType: headers.get("content-type") ?? "", bytes });
  }
  return parts;
}

/** Reads a body of one byte a character from front to back. */
class PartReader {
  readonly #text: string;
  readonly #dashBoundary: string;
  #newline = "\r\n";
  #at = 0;
  #partsRead = 0;

  constructor(text: string, dashBoundary: string) {
    this.#text = text;
    this.#dashBoundary = dashBoundary;
  }

  /** Steps behind the next boundary line; false behind the closing one. */
  next(): boolean {
    let expectsBoundary = false;
    for (;;) {
      const line = this.#line();
      if (this.#isClosing(line)) return false;
      if (!line.endsWith("\n")) throw new RequestParseError("multipart: NextPart: EOF");
      if (this.#isBoundary(line)) {
        this.#partsRead++;
        return true;
      }
      if (this.#partsRead === 0) continue;
      if (expectsBoundary || line !== this.#newline)
        throw new RequestParseError("multipart: expecting a new Part");
      expectsBoundary = true;
    }
  }

  /** Header fields by lower-case name, the first value of each. */
  headers(): Map<string, string> {
    const headers = new Map<string, string>();
    let line = this.#headerLine();
    if (line.startsWith(" ") || line.startsWith("\t")) {
      throw new RequestParseError("malformed MIME header initial line");
    }
    while (line !== "") {
      let next = this.#headerLine();
      while (next.startsWith(" ") || next.startsWith("\t")) {
        line += ` ${trim(next)}`;
        next = this.#headerLine();
      }
      const colon = line.indexOf(":");
      if (colon === -1) throw new RequestParseError("malformed MIME header: missing colon");
      const name = line.slice(0, colon).toLowerCase();
      if (!HEADER_NAME.test(name)) throw new RequestParseError("malformed MIME header line");
      if (!headers.has(name)) headers.set(name, trim(line.slice(colon + 1)));
      line = next;
    }
    return headers;
  }

  /** What stands before the next boundary. */
  content(): string {
    const start = this.#at;
    // A boundary may follow at once: the part is empty.
    const ends = this.#boundaryAt(start) ? start : this.#boundaryAfter(start);
    if (ends === undefined) throw new RequestParseError("unexpected EOF");
    this.#at = ends;
    return this.#text.slice(start, ends);
  }

  #boundaryAfter(start: number): number | undefined {
    const separator = this.#newline + this.#dashBoundary;
    for (
      let at = this.#text.indexOf(separator, start);
      at !== -1;
      at = this.#text.indexOf(separator, at + 1)
    ) {
      if (this.#boundaryAt(at + this.#newline.length)) return at;
    }
    return undefined;
  }

  /** Whether a boundary, not only the beginning of a longer word, stands at a place. */
  #boundaryAt(at: number): boolean {
    if (!this.#text.startsWith(this.#dashBoundary, at)) return false;
    const after = at + this.#dashBoundary.length;
    const character = this.#text[after];
    return character === undefined || " \t\r\n".includes(character) || this.#text.startsWith("--", after);
  }

  #line(): string {
    const newline = this.#text.indexOf("\n", this.#at);
    const end = newline === -1 ? this.#text.length : newline + 1;
    const line = this.#text.slice(this.#at, end);
    this.#at = end;
    return line;
  }

  /** Without its end. @throws RequestParseError when the body ends in the headers */
  #headerLine(): string {
    const line = this.#line();
    if (line === "") throw new RequestParseError("unexpected EOF");
    return line.replace(/\r?\n$/, "");
  }

  #isClosing(line: string): boolean {
    const closing = `${this.#dashBoundary}--`;
    if (!line.startsWith(closing)) return false;
    const rest = withoutSpaces(line.slice(closing.length));
    return rest === "" || rest === this.#newline;
  }

  #isBoundary(line: string): boolean {
    if (!line.startsWith(this.#dashBoundary)) return false;
    const rest = withoutSpaces(line.slice(this.#dashBoundary.length));
    if (this.#partsRead === 0 && rest === "\n") this.#newline = "\n";
    return rest === this.#newline;
  }
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

function withoutSpaces(text: string): string {
  let start = 0;
  while (text[start] === " " || text[start] === "\t") start++;
  return text.slice(start);
}

function formName(disposition: string): string {
  try {
    const { type, parameters } = parseMediaType(disposition);
    return type === "form-data" ? (parameters.get("name") ?? "") : "";
  } catch (error) {
    if (error instanceof RequestParseError) return "";
    throw error;
  }
}

function isQuotedPrintable(headers: ReadonlyMap<string, string>): boolean {
  return headers.get("content-transfer-encoding")?.toLowerCase() === "quoted-printable";
}

/** RFC 2045 section 6.7: `=41` is A, `=` at the end of a line joins it with the next. @throws RequestParseError */
function decodeQuotedPrintable(text: string): string {
  const lines = text.split("\n").map(trimEnd);
  const joined = lines.map((line, index) => {
    if (line.endsWith("=")) return line.slice(0, -1);
    return index === lines.length - 1 ? line : `${line}\r\n`;
  });
  return joined.join("").replace(/=([0-9A-Fa-f]{2})?/g, (_all, code?: string) => {
    if (code === undefined) throw new RequestParseError("quotedprintable: invalid hex byte");
    return String.fromCharCode(Number.parseInt(code, 16));
  });
}
