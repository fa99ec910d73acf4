import { dirname } from "node:path";
import { type Parsed, parseDocument } from "../document/document.ts";
import type { Fault } from "../document/fault.ts";
import { deepFreeze } from "../document/freeze.ts";
import type { SecretReference } from "../document/secret.ts";
import type { Model, ModelVersion, SecretText, Target, TargetAws } from "../exchange/model.ts";
import { checkRegistry } from "./cross-check.ts";
import { type RegistryDocument, registrySchema } from "./schema.ts";
import { type SecretFiles, TargetSecrets } from "./target-secrets.ts";

/** The models an organisation knows. */
export type Registry = {
  /**
   * A model by its name or by an alias of it. Names are compared exactly: nothing is trimmed, no case is folded, so
   * what policy judges is what the model server will read.
   */
  resolve(name: string): Model | undefined;
  /** In the order of the document. */
  models(): readonly Model[];
  /** Alias to model name. */
  aliases(): ReadonlyMap<string, string>;
  /** Of the targets whose secrets stand in files. */
  secretFiles(): readonly SecretFiles[];
};

/**
 * Parses `registry.yaml` and reads the targets' keys: files relative to the document, or environment variables. All
 * faults are reported at once with their place; a key that cannot be read is one.
 */
export function parseRegistry(
  text: string,
  fileName: string,
  environment: { readonly [name: string]: string | undefined } = process.env,
): Parsed<Registry> {
  const parsed = parseDocument(text, fileName, registrySchema, checkRegistry);
  if (!parsed.ok) return parsed;
  const targets = new Map<string, Target>();
  const secrets: SecretFiles[] = [];
  const faults: Fault[] = [];
  for (const [index, written] of parsed.value.targets.entries()) {
    try {
      const own = new TargetSecrets(written.name, dirname(fileName), environment);
      targets.set(
        written.name,
        targetFrom(written, (reference) => own.secretOf(reference)),
      );
      if (own.paths.length > 0) secrets.push(own);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const member = written.aws === undefined ? "key" : "aws";
      faults.push(parsed.faultAt(["targets", index, member], "secret", message));
    }
  }
  if (faults.length > 0) return { ok: false, faults };
  const models = parsed.value.models.map((model) => modelFrom(model, targets));
  return {
    ok: true,
    value: createRegistry(models, new Map(Object.entries(parsed.value.aliases)), secrets),
    faultAt: parsed.faultAt,
  };
}

/** Builds a registry from models that are known to be sound. */
export function createRegistry(
  models: readonly Model[],
  aliases: ReadonlyMap<string, string> = new Map(),
  secretFiles: readonly SecretFiles[] = [],
): Registry {
  const byName = new Map(models.map((model) => [model.name, deepFreeze(model)]));
  const all = [...byName.values()];
  return {
    resolve: (name) => byName.get(name) ?? byName.get(aliases.get(name) ?? ""),
    models: () => all,
    aliases: () => aliases,
    secretFiles: () => secretFiles,
  };
}

function targetFrom(
  { key, aws, cluster, ...written }: WrittenTarget,
  secretOf: (reference: SecretReference) => SecretText,
): Target {
  return {
    ...(written as Omit<Target, "cluster" | "key" | "aws">),
    cluster: cluster ?? written.name,
    ...(key === undefined ? {} : { key: secretOf(key) }),
    ...(aws === undefined ? {} : { aws: awsFrom(aws, secretOf) }),
  };
}

function awsFrom(
  { region, service, accessKeyId, secretAccessKey, sessionToken }: NonNullable<WrittenTarget["aws"]>,
  secretOf: (reference: SecretReference) => SecretText,
): TargetAws {
  return {
    region,
    service,
    accessKeyId: secretOf(accessKeyId),
    secretAccessKey: secretOf(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: secretOf(sessionToken) }),
  };
}

type WrittenTarget = RegistryDocument["targets"][number];

function modelFrom(
  { versions, ...written }: RegistryDocument["models"][number],
  targets: ReadonlyMap<string, Target>,
): Model {
  const bound = versions.map(({ targets: names, ...version }) => ({
    ...(version as Omit<ModelVersion, "targets">),
    targets: names.flatMap((target) => targets.get(target) ?? []),
  }));
  // An optional field that is absent is not there at all in a parsed document, so nothing here is `undefined`.
  return { ...(written as Omit<Model, "versions">), versions: bound };
}
