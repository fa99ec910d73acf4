import { OpaError, runOpa } from "../opa/opa.ts";

/** A node of OPA's syntax tree, as `opa parse` prints it. */
export type Term = { readonly type: string; readonly value: unknown };
export type Location = { readonly row: number; readonly col: number };
export type Rule = {
  readonly head: {
    readonly name?: string;
    readonly ref?: readonly Term[];
    /** Of a function. */
    readonly args?: readonly Term[];
  };
  readonly location?: Location;
};

/** One Rego file as OPA parsed it. */
export type Module = {
  readonly file: string;
  /** Without `data`: `["regent", "rules", "models", "access"]`. */
  readonly package: readonly string[];
  readonly packageLocation: Location;
  readonly rules: readonly Rule[];
  /** METADATA of the package. */
  readonly annotations: Annotations | undefined;
  /** The whole tree, for who looks through all of it. */
  readonly tree: unknown;
};

export type Annotations = {
  readonly title?: string;
  readonly description?: string;
  readonly custom?: { readonly category?: unknown; readonly codes?: unknown };
};

type Parsed = {
  readonly package: { readonly path: readonly Term[]; readonly location?: Location };
  readonly rules?: readonly Rule[];
  readonly annotations?: readonly (Annotations & { readonly scope: string })[];
};

/** Files that are parsed at a time: each is a process of its own. */
const PARALLEL_MAX = 4;

/** Parses files with OPA. @throws OpaError with OPA's words when one is not Rego */
export async function parseModules(opa: string, files: readonly string[]): Promise<readonly Module[]> {
  const modules: Module[] = [];
  for (let start = 0; start < files.length; start += PARALLEL_MAX) {
    const some = files.slice(start, start + PARALLEL_MAX);
    modules.push(...(await Promise.all(some.map((file) => parseModule(opa, file)))));
  }
  return modules;
}

export async function parseModule(opa: string, file: string): Promise<Module> {
  const run = await runOpa(opa, ["parse", "--format", "json", "--json-include", "locations", file]);
  if (run.status !== 0) throw new OpaError((run.stderr || run.stdout).trim());
  const tree = JSON.parse(run.stdout) as Parsed;
  return {
    file,
    package: tree.package.path.slice(1).map(({ value }) => String(value)),
    packageLocation: tree.package.location ?? { row: 1, col: 1 },
    rules: tree.rules ?? [],
    annotations: tree.annotations?.find(({ scope }) => scope === "package"),
    tree,
  };
}
