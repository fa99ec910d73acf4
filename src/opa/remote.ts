import type { Override } from "./overrides.ts";

/** Whether an argument names a bundle of an HTTP server rather than a path. */
export function isRemote(path: string): boolean {
  return /^https?:\/\//.test(path);
}

/**
 * What the URL of a bundle on the command line stands for: a service and a bundle that is kept, both called `cli` and
 * the number of the URL, as in OPA.
 */
export function remoteOverrides(urls: readonly string[]): readonly Override[] {
  return urls.flatMap((written, index) => {
    const url = new URL(written);
    const name = `cli${index + 1}`;
    const option = `the URL ${url.origin}${url.pathname}`;
    const set = (path: readonly string[], value: unknown): Override => ({ path, value, option });
    return [
      set(["services", name, "url"], url.origin),
      set(["bundles", name, "service"], name),
      set(["bundles", name, "resource"], `${url.pathname}${url.search}`),
      set(["bundles", name, "persist"], true),
    ];
  });
}
