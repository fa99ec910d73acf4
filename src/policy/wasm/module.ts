import { ABI_MAJOR, ABI_MINOR_MIN, ALLOWED_IMPORTS, PAGE_BYTES, REQUIRED_FUNCTIONS } from "./abi.ts";
import { IMPORT_KIND, readDataEnd, readImports, readSections } from "./binary.ts";
import { meterModule } from "./meter.ts";

/** A policy that cannot be loaded; the message says why. */
export class PolicyModuleError extends Error {
  override readonly name = "PolicyModuleError";
}

/** A compiled policy, checked for the ABI that Regent speaks, that counts its steps. Instances are made from it. */
export type PolicyModule = {
  readonly module: WebAssembly.Module;
  /** Memory that the policy needs before anything is loaded. */
  readonly memoryMinPages: number;
};

/**
 * The largest module that is compiled. A policy of 1,000 rules is about 2 MB; V8's own limit is 1 GiB and it would
 * spend minutes of CPU on the way there.
 */
export const MODULE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Compiles a policy, off the main thread, and checks that it is one: imports of OPA's ABI and no others, and every
 * export that the evaluator calls.
 * @throws PolicyModuleError
 */
export async function compilePolicyModule(bytes: Buffer): Promise<PolicyModule> {
  if (bytes.length > MODULE_BYTES_MAX)
    throw new PolicyModuleError(`the Wasm module is larger than ${MODULE_BYTES_MAX} bytes`);
  try {
    const unmetered = await WebAssembly.compile(new Uint8Array(bytes));
    assertImports(unmetered);
    assertExports(unmetered);
    // Whether a module is valid is V8's to say, before its code is rewritten.
    const module = await WebAssembly.compile(meterModule(bytes));
    return { module, memoryMinPages: neededPages(bytes) };
  } catch (error) {
    if (error instanceof PolicyModuleError) throw error;
    throw new PolicyModuleError(`the Wasm module cannot be compiled: ${String(error)}`, { cause: error });
  }
}

function assertImports(module: WebAssembly.Module): void {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== "env" || ALLOWED_IMPORTS.get(name) !== kind)
      throw new PolicyModuleError(
        `the Wasm module imports ${from}.${name} (${kind}), which is not part of OPA's ABI`,
      );
  }
}

function assertExports(module: WebAssembly.Module): void {
  const exports = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  for (const name of ["opa_wasm_abi_version", "opa_wasm_abi_minor_version"]) {
    if (exports.get(name) !== "global")
      throw new PolicyModuleError(
        "the Wasm module states no ABI version: it was not built by opa build -t wasm",
      );
  }
  const missing = REQUIRED_FUNCTIONS.filter((name) => exports.get(name) !== "function");
  if (missing.length > 0)
    throw new PolicyModuleError(`the Wasm module does not export ${missing.join(", ")}`);
}

/** @throws PolicyModuleError when the version is one that Regent does not speak. */
export function assertAbiVersion(major: unknown, minor: unknown): void {
  if (major !== ABI_MAJOR || typeof minor !== "number" || minor < ABI_MINOR_MIN)
    throw new PolicyModuleError(
      `the Wasm module speaks ABI ${String(major)}.${String(minor)}; Regent speaks ${ABI_MAJOR}.${ABI_MINOR_MIN} and newer ${ABI_MAJOR}.x`,
    );
}

function neededPages(bytes: Buffer): number {
  const sections = readSections(bytes);
  const memory = readImports(sections).find(({ kind }) => kind === IMPORT_KIND.memory);
  if (memory?.minPages === undefined)
    throw new PolicyModuleError("the Wasm module does not import env.memory");
  return Math.max(memory.minPages, pagesFor(readDataEnd(sections)));
}

/** Pages that hold so many bytes. */
export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}
