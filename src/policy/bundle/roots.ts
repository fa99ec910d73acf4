import { BundleError } from "./error.ts";

/** Whether a path of data (`a/b`) is the root or lies below it. The root `""` is everything. */
export function isWithin(path: string, root: string): boolean {
  return root === "" || path === root || path.startsWith(`${root}/`);
}

/** Whether two roots have data in common. */
export function overlap(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/**
 * OPA's rule for bundles that are active together: no part of the data belongs to two of them.
 * @throws BundleError that names both bundles and both roots
 */
export function assertRootsApart(bundles: ReadonlyMap<string, { readonly roots: readonly string[] }>): void {
  const owned = [...bundles].flatMap(([bundle, { roots }]) => roots.map((root) => ({ bundle, root })));
  for (const [index, one] of owned.entries()) {
    const other = owned.find(
      ({ bundle, root }, at) => at > index && bundle !== one.bundle && overlap(root, one.root),
    );
    if (other !== undefined)
      throw new BundleError(
        `the root "${one.root}" of the bundle ${one.bundle} and the root "${other.root}" of the bundle ${other.bundle} overlap: give each its own roots in .manifest`,
      );
  }
}
