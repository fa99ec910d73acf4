import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";

export const OPA_VERSION = "v1.22.0";

/** A case of OPA's conformance suite, as its YAML files have it. */
export type Case = {
  readonly note: string;
  readonly query: string;
  readonly modules?: readonly string[];
  readonly data?: unknown;
  readonly input?: unknown;
  readonly input_term?: string;
  readonly want_result?: readonly Record<string, unknown>[];
  readonly want_error_code?: string;
  readonly want_error?: string;
  readonly strict_error?: boolean;
  readonly sort_bindings?: boolean;
};

/**
 * The folder of the case files in the OPA module. They are read in place; Go fetches the module where its cache does not
 * have it, which is so when the `opa` that set-up found was not compiled on this machine.
 */
export async function casesFolder(): Promise<string> {
  const { stdout } = await promisify(execFile)("go", [
    ...["mod", "download", "-json"],
    `github.com/open-policy-agent/opa@${OPA_VERSION}`,
  ]);
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return join(Dir, "v1/test/cases/testdata/v1");
}

export async function readCases(folder: string): Promise<readonly Case[]> {
  const cases: Case[] = [];
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    if (!name.endsWith(".yaml")) continue;
    const file = parse(await readFile(join(folder, name), "utf8"), {
      intAsBigInt: true,
      maxAliasCount: -1,
    }) as { cases: Case[] };
    cases.push(...file.cases);
  }
  return cases;
}

/** What a case asks: a document by its path, and the variable that takes it. */
export type Entrypoint = { readonly path: readonly string[]; readonly variable: string };

const DOCUMENT_QUERY = /^data((?:\.[A-Za-z_]\w*|\["[^"]+"\])+) = ([A-Za-z_]\w*)$/;

/** The document that a query asks for; undefined for a query of another form. */
export function entrypointOf(query: string): Entrypoint | undefined {
  const [, path, variable] = DOCUMENT_QUERY.exec(query) ?? [];
  if (path === undefined || variable === undefined || variable === "input") return undefined;
  const parts = [...path.matchAll(/\.(\w+)|\["([^"]+)"\]/g)].map(
    ([, plain, quoted]) => plain ?? quoted ?? "",
  );
  return { path: parts, variable };
}

/** JSON with integers of any size, in a canonical order of keys. */
export function canonical(value: unknown, sets: boolean): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item, sets));
    return `[${(sets ? items.sort() : items).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(key)}:${canonical(item, sets)}`,
    );
    return `{${members.sort().join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function canonicalNumber(value: number): string {
  return Number.isInteger(value) ? String(BigInt(value)) : String(value);
}

/** JSON text as YAML gave the value, for Wasm. */
export function toJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`)
      .join(",")}}`;
  return JSON.stringify(value) ?? "null";
}
