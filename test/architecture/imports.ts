/** One import in a source file. */
export type Import = {
  /** As written. */
  readonly specifier: string;
  /** Whether it is there when the program runs. `import { type X }` is: only `import type` goes away. */
  readonly value: boolean;
};

/** `import … from "x"`, `export … from "x"`, `import "x"`. */
const STATIC = /^\s*(import|export)\b(\s+type\b(?!\s*,|\s+from\b))?[^;"']*?(?:\bfrom\s*)?["']([^"']+)["']/gm;
/** `import("x")`; followed by a capitalised name it is a type. */
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']\s*\)(\.[A-Z])?/g;

/** The imports of a TypeScript source. Comments are left out first. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const [, keyword, type, specifier] of code.matchAll(STATIC)) {
    if (keyword === "export" && !/\bfrom\b/.test(statementAt(code, specifier as string))) continue;
    found.push({ specifier: specifier as string, value: type === undefined });
  }
  for (const [, specifier, typeName] of code.matchAll(DYNAMIC)) {
    found.push({ specifier: specifier as string, value: typeName === undefined });
  }
  return found;
}

/** An `export const x = "text"` has a string too, but no `from` in front of it. */
function statementAt(code: string, specifier: string): string {
  const end = code.search(new RegExp(`["']${specifier.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["']`));
  return code.slice(Math.max(0, code.lastIndexOf("\nexport", end)), end);
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
