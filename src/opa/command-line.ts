import { readFileSync, statSync } from "node:fs";
import { SIGNATURE_ALGORITHMS, type Verification } from "../policy/bundle/signature/key.ts";
import { type OpaAddress, parseOpaAddress } from "./address.ts";
import { OPA_FLAGS } from "./flags.ts";
import { isRemote } from "./remote.ts";

/** The options as the command line gives them, by their names in camel case. */
export type OpaOptions = { readonly [option: string]: string | boolean | readonly string[] | undefined };

/** What the command line asks for, checked. */
export type OpaCommand = {
  readonly configFile: string;
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  readonly paths: readonly string[];
  /** Bundles that are named by their URL. */
  readonly remotes: readonly string[];
  readonly bundleMode: boolean;
  readonly ignore: readonly string[];
  readonly watch: boolean;
  readonly watchConfig: boolean;
  readonly addresses: readonly OpaAddress[];
  readonly diagnosticAddresses: readonly OpaAddress[];
  readonly socketMode: number;
  readonly logLevel: "debug" | "info" | "error";
  readonly logFormat: "json" | "pretty";
  readonly graceMs: number;
  readonly waitMs: number;
  /** 0: not waited for. */
  readonly readyTimeoutMs: number;
  /** Of the bundles that `paths` name. */
  readonly verification?: Verification;
  /** What was given and has no effect. */
  readonly warnings: readonly string[];
};

/** What is wrong with the command line. */
export class OpaUsageError extends Error {
  override readonly name = "OpaUsageError";
}

/** As OPA 1.x: on this machine only. */
const ADDRESS = "localhost:8181";
/** As opa run. */
const GRACE_S = 10;
/** Longest of the waits. A day: more is a slip of the finger. */
const SECONDS_MAX = 86_400;

/** Checks the options of a command line that names OPA's configuration. @throws OpaUsageError */
export function opaCommandFrom(
  configFile: string,
  paths: readonly string[],
  options: OpaOptions,
): OpaCommand {
  refuseFlags(options);
  const bundleMode = options.bundle === true;
  const verification = verificationOf(options, bundleMode);
  return {
    configFile,
    paths: paths.filter((path) => !isRemote(path)),
    remotes: paths.filter(isRemote),
    bundleMode,
    set: list(options.set),
    setFile: list(options.setFile),
    ignore: list(options.ignore),
    watch: options.watch === true,
    watchConfig: options.watchConfig === true,
    addresses: addresses("--addr", options.addr, [ADDRESS]),
    diagnosticAddresses: addresses("--diagnostic-addr", options.diagnosticAddr, []),
    socketMode: socketMode(options.unixSocketPerm),
    logLevel: oneOf("--log-level", options.logLevel, ["debug", "info", "error"], "info"),
    logFormat:
      oneOf("--log-format", options.logFormat, ["json", "json-pretty", "text"], "json") === "json"
        ? "json"
        : "pretty",
    graceMs: seconds("--shutdown-grace-period", options.shutdownGracePeriod, GRACE_S),
    waitMs: seconds("--shutdown-wait-period", options.shutdownWaitPeriod, 0),
    readyTimeoutMs: seconds("--ready-timeout", options.readyTimeout, 0),
    ...(verification === undefined ? {} : { verification }),
    warnings: OPA_FLAGS.filter((flag) => flag.state === "no effect" && given(options, flag.declaration)).map(
      ({ declaration, note }) => `${nameOf(declaration)} has no effect: ${note}`,
    ),
  };
}

/** The flags that are refused, but for those that are switched off in so many words. */
function refuseFlags(options: OpaOptions): void {
  const faults = OPA_FLAGS.filter(
    ({ state, declaration }) => state === "refused" && given(options, declaration),
  )
    .filter(({ declaration }) => !/^--auth/.test(declaration) || optionOf(options, declaration) !== "off")
    .map(({ declaration, note }) => `${nameOf(declaration)} is not supported: ${note}`);
  if (faults.length > 0) throw new OpaUsageError(faults.join("\n"));
}

function given(options: OpaOptions, declaration: string): boolean {
  const value = optionOf(options, declaration);
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}

function optionOf(options: OpaOptions, declaration: string): OpaOptions[string] {
  const key = nameOf(declaration)
    .slice(2)
    .replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return options[key];
}

function nameOf(declaration: string): string {
  return /--[a-z0-9-]+/.exec(declaration)?.[0] ?? "";
}

function list(value: OpaOptions[string]): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function addresses(
  flag: string,
  value: OpaOptions[string],
  otherwise: readonly string[],
): readonly OpaAddress[] {
  const written = list(value).length === 0 ? otherwise : list(value);
  return written.map((text) => {
    const address = parseOpaAddress(text);
    if (typeof address === "string") throw new OpaUsageError(`${flag} ${text} ${address}`);
    return address;
  });
}

function socketMode(value: OpaOptions[string]): number {
  const text = value ?? "755";
  if (typeof text === "string" && /^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new OpaUsageError(`--unix-socket-perm ${text} is not three octal digits such as 755`);
}

function oneOf<const T extends string>(
  flag: string,
  value: OpaOptions[string],
  allowed: readonly T[],
  otherwise: T,
): T {
  const found = allowed.find((each) => each === (value ?? otherwise));
  if (found === undefined) throw new OpaUsageError(`${flag} must be one of ${allowed.join(", ")}`);
  return found;
}

function seconds(flag: string, value: OpaOptions[string], otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= SECONDS_MAX) return number * 1000;
  throw new OpaUsageError(`${flag} must be a whole number of seconds, 0 to ${SECONDS_MAX}`);
}

function verificationOf(options: OpaOptions, bundleMode: boolean): Verification | undefined {
  const { verificationKey, verificationKeyId: id = "default", signingAlg, scope } = options;
  if (verificationKey === undefined) return undefined;
  if (!bundleMode) throw new OpaUsageError("--verification-key needs --bundle: only bundles are signed");
  const algorithm = oneOf("--signing-alg", signingAlg, SIGNATURE_ALGORITHMS, "RS256");
  return {
    keys: new Map([[String(id), { algorithm, key: keyOf(String(verificationKey)) }]]),
    ...(scope === undefined ? {} : { scope: String(scope) }),
    excludeFiles: list(options.excludeFilesVerify),
  };
}

/** A file where there is one of this name, else the secret itself, as OPA takes it. */
function keyOf(text: string): string {
  const isFile = statSync(text, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? readFileSync(text, "utf8") : text;
}
