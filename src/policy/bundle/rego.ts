import type { Manifest, RegoVersion } from "./manifest.ts";

/** A source file of policy in a bundle. */
export type RegoFile = {
  /** Path inside the bundle. */
  readonly path: string;
  readonly content: Buffer;
};

const COMMENT_OR_BLANK = /(?:\s|#[^\n]*(?:\n|$))*/y;
const PACKAGE = /package[ \t]+([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\["(?:[^"\\]|\\.)*"\])*)/y;
const PART = /\.([A-Za-z_]\w*)|\[("(?:[^"\\]|\\.)*")\]/g;

/**
 * The package of a Rego file as a path of data (`a/b`); undefined when the file does not begin with one, which is for
 * OPA to complain about.
 */
export function packageOf(rego: string): string | undefined {
  COMMENT_OR_BLANK.lastIndex = 0;
  COMMENT_OR_BLANK.exec(rego);
  PACKAGE.lastIndex = COMMENT_OR_BLANK.lastIndex;
  const [, first, rest = ""] = PACKAGE.exec(rego) ?? [];
  if (first === undefined) return undefined;
  const parts = [...rest.matchAll(PART)].map(
    ([, name, quoted]) => name ?? (JSON.parse(quoted ?? '""') as string),
  );
  return [first, ...parts].join("/");
}

/** Whether a Rego file has rules of this name, as far as its text tells. */
export function definesRule(rego: string, name: string): boolean {
  return new RegExp(`^(?:default[ \\t]+)?${name}\\b`, "m").test(rego);
}

/** At the beginning of a line: the name of a rule, and no function, behind which comes what rules have. */
const RULE_HEAD = /^(?:default[ \t]+)?([A-Za-z_]\w*)(?=[ \t]*(?::?=|\bcontains\b|\bif\b|[{[.]|$))/gm;
const KEYWORDS = new Set(["package", "import", "else", "default", "some", "every", "not", "with"]);

/** Names of the rules in a Rego file, as far as its text tells: a text inside of it may look like one. */
export function ruleNames(rego: string): readonly string[] {
  const names = [...rego.matchAll(RULE_HEAD)].map(([, name]) => name ?? "");
  return [...new Set(names)].filter((name) => !KEYWORDS.has(name));
}

/** What a manifest says about the versions of Rego that its files are written in. */
export type RegoVersions = {
  readonly rego_version?: RegoVersion;
  readonly file_rego_versions?: { readonly [pattern: string]: RegoVersion };
};

export function regoVersionsOf({ regoVersion, fileRegoVersions }: Manifest): RegoVersions {
  return {
    ...(regoVersion === undefined ? {} : { rego_version: regoVersion }),
    ...(Object.keys(fileRegoVersions).length === 0 ? {} : { file_rego_versions: fileRegoVersions }),
  };
}
