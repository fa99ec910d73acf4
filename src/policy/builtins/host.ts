import type { HostBuiltin } from "./builtin.ts";
import { timeBuiltins } from "./time.ts";

const FAMILIES: readonly (readonly HostBuiltin[])[] = [timeBuiltins];

/** Every builtin that the host supplies, by name. */
export const HOST_BUILTINS: ReadonlyMap<string, HostBuiltin> = new Map(
  FAMILIES.flat().map((builtin) => [builtin.name, builtin]),
);
