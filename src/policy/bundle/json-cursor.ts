/** Reads through a text that is known to be JSON, keeping its parts as they are written. */
export class JsonCursor {
  readonly text: string;
  position = 0;
  /** The most levels that one call of `value` has gone through. */
  depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next character that is no blank. */
  peek(): string {
    while (BLANKS.has(this.text.charCodeAt(this.position))) this.position += 1;
    return this.text.charAt(this.position);
  }

  /** Goes past the next character that is no blank when it is this one. */
  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.position += 1;
    return true;
  }

  /** A string, number, `true`, `false` or `null`, as it is written. */
  primitive(): string {
    const quoted = this.peek() === '"';
    const start = this.position;
    if (quoted) this.#skipString();
    else {
      END_OF_LITERAL.lastIndex = start;
      this.position = END_OF_LITERAL.exec(this.text)?.index ?? this.text.length;
    }
    return this.text.slice(start, this.position);
  }

  /** The value of a string that stands next. */
  string(): string {
    return JSON.parse(this.primitive()) as string;
  }

  /** Any value, as it is written. Nesting costs no stack. */
  value(): string {
    const first = this.peek();
    if (first !== "{" && first !== "[") return this.primitive();
    const start = this.position;
    let depth = 0;
    do {
      const character = this.text.charAt(this.position);
      if (character === '"') this.#skipString();
      else {
        if (character === "{" || character === "[") this.depth = Math.max(this.depth, ++depth);
        if (character === "}" || character === "]") depth -= 1;
        this.position += 1;
      }
    } while (depth > 0);
    return this.text.slice(start, this.position);
  }

  #skipString(): void {
    let end = this.position;
    do end = this.text.indexOf('"', end + 1);
    while (backslashesBefore(this.text, end) % 2 === 1);
    this.position = end + 1;
  }
}

const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);
const END_OF_LITERAL = /[\s,\]}]/g;

function backslashesBefore(text: string, position: number): number {
  let count = 0;
  while (text.charCodeAt(position - 1 - count) === 0x5c) count += 1;
  return count;
}

/** The members of an object as they are written; of a repeated key the last one counts, as for OPA. */
export function membersOf(object: string): Map<string, string> {
  const cursor = new JsonCursor(object);
  const members = new Map<string, string>();
  cursor.take("{");
  while (!cursor.take("}")) {
    const key = cursor.string();
    cursor.take(":");
    members.set(key, cursor.value());
    cursor.take(",");
  }
  return members;
}

/** Levels of lists and objects inside each other. */
export function depthOf(json: string): number {
  const cursor = new JsonCursor(json);
  cursor.value();
  return cursor.depth;
}
