import { resolve } from "node:path";
import { ReplaceableSecret, resolveSecret, type SecretReference } from "../document/secret.ts";
import { readSecretFile, stateOfSecretFile } from "../document/secret-file.ts";
import type { SecretText } from "../exchange/model.ts";

/**
 * Characters of a secret that is sent: what model servers take in all headers together is 8 to 32 KiB, and the longest tokens
 * have some 4 KiB.
 */
export const SENT_CHARS_MAX = 16 * 1024;

/** The files in which the secrets of one target stand. */
export type SecretFiles = {
  readonly target: string;
  /** Absolute; at least one. */
  readonly paths: readonly string[];
  /** How the files stand now. Throws an Error where one is not there. */
  state(): Promise<string>;
  /**
   * Reads the files, and takes all of them at once or none: an id of AWS must not meet the secret of another.
   *
   * @param state what {@link SecretFiles.state} said; of another one nothing is taken
   * @returns whether anything in them is new
   * @throws Error that names the file and the reason, never the value
   */
  take(state: string): Promise<boolean>;
};

/** The secrets of one target: those from files are kept so that they can be read again, together. */
export class TargetSecrets implements SecretFiles {
  readonly target: string;
  readonly #baseDir: string;
  readonly #environment: { readonly [name: string]: string | undefined };
  readonly #held = new Map<string, ReplaceableSecret>();

  constructor(target: string, baseDir: string, environment: { readonly [name: string]: string | undefined }) {
    this.target = target;
    this.#baseDir = baseDir;
    this.#environment = environment;
  }

  get paths(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Throws an Error that names the variable or the file and never quotes the value. */
  secretOf(reference: SecretReference): SecretText {
    const secret = resolveSecret(reference, this.#baseDir, this.#environment);
    const name = reference.kind === "env" ? `the environment variable ${reference.name}` : reference.path;
    assertSendable(secret.reveal(), name);
    if (reference.kind === "env") return secret;
    const path = resolve(this.#baseDir, reference.path);
    const held = this.#held.get(path) ?? new ReplaceableSecret(secret.reveal());
    this.#held.set(path, held);
    return held;
  }

  async state(): Promise<string> {
    return (await Promise.all(this.paths.map(stateOfSecretFile))).join();
  }

  async take(state: string): Promise<boolean> {
    const read = await Promise.all(
      [...this.#held].map(async ([path, held]) => ({ path, held, file: await readSecretFile(path) })),
    );
    for (const { path, file } of read) assertSendable(file.value, path);
    if (read.map(({ file }) => file.state).join() !== state)
      throw new Error(`${this.paths.join(" and ")} changed while it was read`);
    const changed = read.filter(({ held, file }) => held.reveal() !== file.value);
    for (const { held, file } of changed) held.replace(file.value);
    return changed.length > 0;
  }
}

/**
 * A secret goes into a header (RFC 9110 5.5), where a space or a line ending would make it another one or split it.
 */
function assertSendable(value: string, name: string): void {
  if (value.length > SENT_CHARS_MAX) throw new Error(`${name} has more than ${SENT_CHARS_MAX} characters`);
  if (!/^[!-~]+$/.test(value))
    throw new Error(`${name} must be one word of printable ASCII characters, with nothing around it`);
}
