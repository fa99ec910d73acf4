import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

/** The shipped manifests. */
export const ISTIO = fileURLToPath(new URL("../../istio/", import.meta.url));

/** A Kubernetes object as written, and the file it is in, relative to istio/. */
export type Manifest = {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly [key: string]: unknown;
};

/** Every object of one file below istio/. @throws Error with the parser's words when it is not YAML. */
export function manifestsIn(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(ISTIO, file), "utf8"), { version: "1.1" }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join("; ")}`);
    return { ...(document.toJS() as Manifest), file };
  });
}

/** Every file below istio/ that ends in `.yaml`. */
export function yamlFiles(): readonly string[] {
  return readdirSync(ISTIO, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .sort();
}

/** Every Kubernetes object below istio/; the other files are configuration of Regent and of the mesh. */
export function allManifests(): readonly Manifest[] {
  return yamlFiles()
    .flatMap(manifestsIn)
    .filter(({ kind }) => kind !== undefined);
}

/** The one object of a kind in a file. */
export function manifest(file: string, kind: string): Manifest {
  const [found, ...others] = manifestsIn(file).filter((candidate) => candidate.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`${file} must hold one ${kind}`);
  return found;
}

/** How Regent is named to the mesh as a provider, from mesh.yaml. */
export type Provider = {
  readonly name: string;
  readonly envoyExtAuthzGrpc: { readonly [field: string]: unknown };
};

/** The one provider of mesh.yaml. */
export function meshProvider(): Provider {
  const [mesh, ...others] = manifestsIn("mesh.yaml");
  const providers = (mesh?.extensionProviders ?? []) as readonly Provider[];
  const [provider] = providers;
  if (provider === undefined || providers.length > 1 || others.length > 0)
    throw new Error("mesh.yaml must name one provider");
  return provider;
}
