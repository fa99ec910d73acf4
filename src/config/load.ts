import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Parsed, parseDocument } from "../document/document.ts";
import { type Fault, type FaultPath, renderFault } from "../document/fault.ts";
import { resolveSecret, type Secret } from "../document/secret.ts";
import { crossCheck } from "./checks.ts";
import { type Config, configFrom } from "./config.ts";
import { type ConfigDocument, configSchema } from "./schema.ts";
import { bundleSecrets } from "./sections/bundles.ts";
import { placeOf, type SecretAt } from "./sections/secrets.ts";
import { serviceFiles, serviceSecrets } from "./sections/services.ts";

type ParsedConfig = Extract<Parsed<ConfigDocument>, { ok: true }>;
type Environment = { readonly [name: string]: string | undefined };

/** Every fault of a configuration file, with its place. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(renderFault).join("\n"));
    this.faults = faults;
  }
}

/** Checks the text of a configuration file and fills in its defaults. Reads no other file. */
export function parseConfig(text: string, fileName: string): Parsed<ConfigDocument> {
  return parseDocument(text, fileName, configSchema, crossCheck);
}

export type LoadOptions = {
  /** The policies that come with the package, for a configuration that names none. */
  readonly packagedBundle: string;
  readonly cwd?: string;
  readonly environment?: Environment;
};

/**
 * The configuration of a file, or the built-in one when there is none (relative paths are then relative to `cwd`).
 * Throws ConfigError with every fault, and the error of the file system when the file cannot be read.
 */
export function loadConfig(file: string | undefined, options: LoadOptions): Config {
  const { packagedBundle, cwd = process.cwd(), environment = process.env } = options;
  if (file === undefined)
    return configFrom(configSchema.parse({ version: 1 }), {
      baseDir: cwd,
      packagedBundle,
      secretAt: noSecret,
    });
  const absolute = resolve(cwd, file);
  const parsed = parseConfig(readFileSync(absolute, "utf8"), file);
  if (!parsed.ok) throw new ConfigError(parsed.faults);
  const baseDir = dirname(absolute);
  const secrets = readSecrets(parsed, baseDir, environment);
  if (secrets.faults.length > 0) throw new ConfigError(secrets.faults);
  return configFrom(parsed.value, { baseDir, packagedBundle, file: absolute, secretAt: secrets.at });
}

type Secrets = { readonly at: SecretAt; readonly faults: readonly Fault[] };

/** Reads every secret that a document names, with a fault for each that cannot be read. */
function readSecrets(parsed: ParsedConfig, baseDir: string, environment: Environment): Secrets {
  const { admin, services, bundles } = parsed.value;
  const references = [
    ...(admin.token === undefined ? [] : [[["admin", "token"], admin.token] as const]),
    ...serviceSecrets(services),
    ...bundleSecrets(bundles),
  ];
  const secrets = new Map<string, Secret>();
  const faults: Fault[] = [];
  for (const [path, reference] of references) {
    try {
      secrets.set(placeOf(path), resolveSecret(reference, baseDir, environment));
    } catch (error) {
      faults.push(parsed.faultAt(path, "secret", messageOf(error)));
    }
  }
  return { faults, at: (path) => secrets.get(placeOf(path)) ?? noSecret(path) };
}

function noSecret(path: FaultPath): never {
  throw new TypeError(`no secret was read for ${placeOf(path)}`);
}

/**
 * What a well-formed file refers to and this machine does not have: warnings, for the file may be meant for another
 * machine.
 */
export function missingReferences(
  parsed: ParsedConfig,
  baseDir: string,
  environment: Environment = process.env,
): Fault[] {
  const faults = filesOf(parsed.value)
    .map(([at, path]) => [at, resolve(baseDir, path)] as const)
    .filter(([, path]) => !existsSync(path))
    .map(([at, path]) => parsed.faultAt(at, "file-missing", `${path} does not exist here`, "warning"));
  const secrets = readSecrets(parsed, baseDir, environment).faults;
  return [...faults, ...secrets.map((fault) => ({ ...fault, severity: "warning" as const }))];
}

function filesOf({
  tls,
  services,
  bundles,
  extAuthz,
  identity,
  registry,
}: ConfigDocument): (readonly [FaultPath, string])[] {
  const files: (readonly [FaultPath, string | undefined])[] = [
    [["tls", "certFile"], tls?.certFile],
    [["tls", "keyFile"], tls?.keyFile],
    [["tls", "clientCaFile"], tls?.clientCaFile],
    ...serviceFiles(services),
    ...bundles.map(({ path }, index) => [["bundles", index, "path"], path] as const),
    [["extAuthz", "protoDescriptor"], extAuthz.protoDescriptor],
    [["identity", "apiKeys", "file"], identity.apiKeys?.file],
    [["registry", "file"], registry.file],
  ];
  return files.flatMap(([at, path]) => (path === undefined ? [] : [[at, path] as const]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
