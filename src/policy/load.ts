import { access, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOST_BUILTINS } from "./builtins/host.ts";
import { readBundle } from "./bundle/bundle.ts";
import { systemClock } from "./clock.ts";
import { buildBundle } from "./opa/build.ts";
import { PolicyRevision } from "./revision.ts";

/** A person at a terminal may try out what a server would cut off; an endless evaluation ends all the same. */
const TIME_LIMIT_MS = 10_000;

/**
 * Loads what a person names to evaluate something once: a bundle, an unpacked bundle, or Rego sources (a folder or a
 * file), which OPA compiles first.
 * @throws BundleError, OpaError, PolicyModuleError
 */
export async function loadForEvaluation(
  path: string,
  entrypoint: string,
  print: (line: string) => void,
): Promise<PolicyRevision> {
  const bundle = (await isSource(path)) ? await compile(path, entrypoint) : await readBundle(path);
  const revision = await PolicyRevision.create(bundle, {
    builtins: HOST_BUILTINS,
    clock: systemClock,
    print,
    timeLimitMs: TIME_LIMIT_MS,
  });
  revision.assertEntrypoints([entrypoint]);
  return revision;
}

async function isSource(path: string): Promise<boolean> {
  if (path.endsWith(".rego")) return true;
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return false;
  return access(join(path, "policy.wasm")).then(
    () => false,
    () => true,
  );
}

async function compile(path: string, entrypoint: string): ReturnType<typeof readBundle> {
  const folder = await mkdtemp(join(tmpdir(), "regent-eval-"));
  try {
    const output = join(folder, "bundle.tar.gz");
    await buildBundle({ paths: [path], output, entrypoints: [entrypoint] });
    return await readBundle(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
