import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";

/** The folder that holds package.json: the checkout, or the installed package; the same from `src/` and from `dist/src/`. */
export const PACKAGE_ROOT = dirname(findPackageJSON(".", import.meta.url) as string);

/** Absolute path of a file that is shipped with the package. */
export function packageFile(...segments: string[]): string {
  return join(PACKAGE_ROOT, ...segments);
}
