import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Parsed, parseDocument } from "../document/document.ts";
import { type Fault, type FaultPath, renderFault } from "../document/fault.ts";
import { resolveSecret, type Secret } from "../document/secret.ts";
import { crossCheck } from "./checks.ts";
import { type Config, configFrom } from "./config.ts";
import { type ConfigDocument, configSchema } from "./schema.ts";

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
    return configFrom(configSchema.parse({ version: 1 }), { baseDir: cwd, packagedBundle });
  const absolute = resolve(cwd, file);
  const parsed = parseConfig(readFileSync(absolute, "utf8"), file);
  if (!parsed.ok) throw new ConfigError(parsed.faults);
  const baseDir = dirname(absolute);
  const adminToken = secretOf(parsed, baseDir, environment);
  return configFrom(parsed.value, { baseDir, packagedBundle, file: absolute, adminToken });
}

function secretOf(
  parsed: Extract<Parsed<ConfigDocument>, { ok: true }>,
  baseDir: string,
  environment: Environment,
): Secret | undefined {
  const reference = parsed.value.admin.token;
  if (reference === undefined) return undefined;
  try {
    return resolveSecret(reference, baseDir, environment);
  } catch (error) {
    throw new ConfigError([parsed.faultAt(["admin", "token"], "secret", messageOf(error))]);
  }
}

/**
 * What a well-formed file refers to and this machine does not have: warnings, for the file may be meant for another
 * machine.
 */
export function missingReferences(
  parsed: Extract<Parsed<ConfigDocument>, { ok: true }>,
  baseDir: string,
  environment: Environment = process.env,
): Fault[] {
  const faults = filesOf(parsed.value)
    .map(([at, path]) => [at, resolve(baseDir, path)] as const)
    .filter(([, path]) => !existsSync(path))
    .map(([at, path]) => parsed.faultAt(at, "file-missing", `${path} does not exist here`, "warning"));
  try {
    secretOf(parsed, baseDir, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults.map((fault) => ({ ...fault, severity: "warning" as const })));
  }
  return faults;
}

function filesOf({ tls, bundles, identity, registry }: ConfigDocument): (readonly [FaultPath, string])[] {
  const files: (readonly [FaultPath, string | undefined])[] = [
    [["tls", "certFile"], tls?.certFile],
    [["tls", "keyFile"], tls?.keyFile],
    [["tls", "clientCaFile"], tls?.clientCaFile],
    ...bundles.map(({ path }, index) => [["bundles", index, "path"], path] as const),
    [["identity", "apiKeys", "file"], identity.apiKeys?.file],
    [["registry", "file"], registry.file],
  ];
  return files.flatMap(([at, path]) => (path === undefined ? [] : [[at, path] as const]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
