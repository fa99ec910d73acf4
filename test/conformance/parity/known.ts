import type { Call } from "./harness.ts";

/** Where OPA's interpreter is known to answer otherwise: most are builtins that compiled Wasm brings along. */
export type KnownDifference = {
  /** Of the line that tells of it. */
  readonly pattern: RegExp;
  readonly example: Call;
  readonly reason: string;
};

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    pattern: /^base64(?:url)?\.(?:decode|is_valid)\(""\)/,
    example: { name: "base64.decode", operands: ['""'] },
    reason: "`base64.decode` and its kin take an empty text for no base64.",
  },
  {
    pattern: /^indexof\(.*, ""\)/,
    example: { name: "indexof", operands: ['"x"', '""'] },
    reason: "`indexof` finds an empty text at the start, where the interpreter has an error.",
  },
  {
    pattern: /^object\.union_n\(\[\]\)/,
    example: { name: "object.union_n", operands: ["[]"] },
    reason: "`object.union_n` of no objects is undefined, where the interpreter has an empty object.",
  },
  {
    pattern: /^replace\(.*, "", .*\)/,
    example: { name: "replace", operands: ['"x"', '""', '"y"'] },
    reason: "`replace` of an empty text never ends, and the evaluation is cut off: the decision is a denial.",
  },
  {
    pattern: /^json\.(?:unmarshal|is_valid)\("\s*-?[0-9]/,
    example: { name: "json.unmarshal", operands: ['"0a"'] },
    reason: "`json.unmarshal` and `json.is_valid` read a number and let any text follow it.",
  },
  {
    pattern: /^json\.marshal\(.*[<>&\u2028\u2029]/,
    example: { name: "json.marshal", operands: ['"<"'] },
    reason: "`json.marshal` writes `<`, `>` and `&` as they are, where the interpreter escapes them.",
  },
  {
    pattern: /^json\.marshal\(.*\{.*,/,
    example: { name: "json.marshal", operands: ['{"b":1,"a":2}'] },
    reason: "`json.marshal` does not sort the keys of objects.",
  },
  {
    pattern: /^time\.format\(.*wanted ".*[A-Z]{3,4}", got ".*[+-][0-9]{2,4}"$/,
    example: { name: "time.format", operands: ['[0,"Asia/Kolkata","RFC1123"]'] },
    reason:
      "`time.format` with a layout that names the zone writes the offset (`+0530`) where Node knows no abbreviation (`IST`).",
  },
];
