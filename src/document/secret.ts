import { resolve } from "node:path";
import { inspect } from "node:util";
import { z } from "zod";
import { readSecretFileAtOnce } from "./secret-file.ts";

export { SECRET_BYTES_MAX } from "./secret-file.ts";

const REDACTED = "[redacted]";
const ENV_PATTERN = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

const REFERENCE_RULE = `a secret is written as \${NAME} (an environment variable) or { file: PATH }, never as its value`;

/** What is printed as `[redacted]` in every way there is to print it. */
abstract class Redacted {
  /** The value. Hand it to what needs it, keep it nowhere. */
  abstract reveal(): string;

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** A secret whose every printed form is `[redacted]`: only `reveal()` gives the value. */
export class Secret extends Redacted {
  readonly #value: string;

  constructor(value: string) {
    super();
    this.#value = value;
  }

  override reveal(): string {
    return this.#value;
  }
}

/** The same, of a value that is replaced while it is in use. What was revealed before stays as it was. */
export class ReplaceableSecret extends Redacted {
  #value: string;

  constructor(value: string) {
    super();
    this.#value = value;
  }

  override reveal(): string {
    return this.#value;
  }

  replace(value: string): void {
    this.#value = value;
  }
}

/** Where a secret comes from. Documents hold references, never values. */
export type SecretReference =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

/** `${NAME}` or `{ file: path }` in a document; anything else, a plain value above all, is a fault. */
export const secretSchema = z
  .union([z.string().regex(ENV_PATTERN, REFERENCE_RULE), z.strictObject({ file: z.string().min(1) })], {
    error: REFERENCE_RULE,
  })
  .transform((source): SecretReference => {
    if (typeof source !== "string") return { kind: "file", path: source.file };
    return { kind: "env", name: ENV_PATTERN.exec(source)?.[1] ?? "" };
  });

/**
 * Reads a secret. A relative path is relative to `baseDir`; one line ending at the end of a file is cut off.
 * Throws an Error that names the variable or the file and never quotes the value.
 */
export function resolveSecret(
  reference: SecretReference,
  baseDir: string,
  environment: { readonly [name: string]: string | undefined } = process.env,
): Secret {
  if (reference.kind === "env") {
    const value = environment[reference.name];
    if (value === undefined || value === "") {
      throw new Error(`the environment variable ${reference.name} is not set`);
    }
    return new Secret(value);
  }
  return new Secret(readSecretFileAtOnce(resolve(baseDir, reference.path), reference.path));
}
