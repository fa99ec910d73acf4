import { adviceOnBuiltins } from "../builtins/absent.ts";

/**
 * What its author can do about a fault of OPA's compiler, where OPA's own words leave that open; empty for others.
 * @param fault OPA's words
 */
export function adviceOn(fault: string): string {
  if (fault.includes("requires at least one entrypoint")) return NO_ENTRYPOINT;
  return adviceOnImports(fault) ?? adviceOnBuiltins(fault);
}

const NO_ENTRYPOINT =
  "Name what can be asked with --entrypoint, or mark it with `entrypoint: true` in its METADATA. Rules of regent.rules are asked by the packaged policies: build them together with the folder policies.";

/** Of functions that another package defines, whose folder was not named. Undefined when there are none. */
function adviceOnImports(fault: string): string | undefined {
  const names = [...fault.matchAll(/undefined function data\.([\w.]+)\.\w+/g)].map(([, name = ""]) => name);
  if (names.length === 0) return undefined;
  const shipped = names.some((name) => name.startsWith("regent.lib."));
  return `Name the folder of the package ${[...new Set(names)].join(", ")} too${shipped ? ": regent.lib is in policies/lib" : ""}.`;
}
