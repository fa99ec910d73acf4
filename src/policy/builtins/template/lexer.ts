import { BuiltinError } from "../builtin.ts";

/** The inside of an action, in pieces. `space` says whether a blank stands in front of it. */
export type Token = {
  readonly kind: "word" | "field" | "variable" | "number" | "character" | "string" | "symbol" | "end";
  readonly text: string;
  readonly space: boolean;
};

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[] };

/** Splits a template into text and actions. `{{-` and `-}}` take the blanks beside them away. @throws BuiltinError */
export function splitTemplate(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimming = false;
  for (;;) {
    const open = template.indexOf("{{", at);
    const raw = template.slice(at, open === -1 ? undefined : open);
    const before = trimming ? raw.trimStart() : raw;
    const trimBefore = open !== -1 && /^-\s/.test(template.slice(open + 2, open + 4));
    const text = trimBefore ? before.trimEnd() : before;
    if (text !== "") pieces.push({ kind: "text", text });
    if (open === -1) return pieces;
    const action = readAction(template, open + (trimBefore ? 3 : 2));
    if (action.tokens !== undefined) pieces.push({ kind: "action", tokens: action.tokens });
    at = action.end;
    trimming = action.trimAfter;
  }
}

type Action = {
  /** Undefined: a comment. */
  readonly tokens: readonly Token[] | undefined;
  readonly end: number;
  readonly trimAfter: boolean;
};

const COMMENT_END = /\*\/(\s-)?\}\}/g;

function readAction(template: string, start: number): Action {
  const comment = /^\s*\/\*/.exec(template.slice(start, start + 100));
  if (comment === null) return readTokens(template, start);
  COMMENT_END.lastIndex = start;
  const end = COMMENT_END.exec(template);
  if (end === null) throw new BuiltinError("template: unclosed comment");
  return { tokens: undefined, end: COMMENT_END.lastIndex, trimAfter: end[1] !== undefined };
}

const PATTERNS: readonly (readonly [Token["kind"] | "blank" | "close", RegExp])[] = [
  ["close", /(\s-)?\}\}/y],
  ["blank", /\s+/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["character", /'(?:[^'\\\n]|\\.)+'/y],
  [
    "number",
    /[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][-+]?\d+)?)/y,
  ],
  ["field", /\.(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy],
  ["variable", /\$(?:[\p{L}\p{Nd}_]+)?/uy],
  ["word", /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ["symbol", /:=|[=|(),]/y],
];

function readTokens(template: string, start: number): Action {
  const tokens: Token[] = [];
  let at = start;
  let space = true;
  for (;;) {
    const found = match(template, at);
    at += found.text.length;
    if (found.kind === "close") {
      tokens.push({ kind: "end", text: "", space });
      return { tokens, end: at, trimAfter: found.text.length > 2 };
    }
    if (found.kind !== "blank") tokens.push({ kind: found.kind, text: found.text, space });
    space = found.kind === "blank";
  }
}

function match(template: string, at: number): { kind: Token["kind"] | "blank" | "close"; text: string } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(template)?.[0];
    if (text !== undefined && text !== "") return { kind, text };
  }
  throw new BuiltinError(
    at >= template.length
      ? "template: unclosed action"
      : `template: unexpected ${JSON.stringify(template[at])} in action`,
  );
}
