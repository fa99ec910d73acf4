import { type BigIntStats, closeSync, constants, openSync, readSync } from "node:fs";
import { open, stat } from "node:fs/promises";

/** A key or token is well below this; a larger file is the wrong file. */
export const SECRET_BYTES_MAX = 64 * 1024;

/** A secret, and how its file stood when it was read. */
export type SecretFile = {
  readonly value: string;
  /** Tells this state of the file from any other. */
  readonly state: string;
};

/**
 * Reads a secret while the process serves: a regular file, in one state from its first byte to its last. Throws an Error that
 * says what is wrong with the file and never quotes the value.
 */
export async function readSecretFile(path: string): Promise<SecretFile> {
  // A pipe without a writer would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) throw new Error(`the secret file ${path} is not a file`);
    const bytes = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = (await file.read(bytes, length, bytes.length - length)).bytesRead;
    const value = secretIn(bytes.subarray(0, length), path);
    const state = stateOf(before);
    if (BigInt(length) !== before.size || stateOf(await file.stat({ bigint: true })) !== state)
      throw new Error(`the secret file ${path} changed while it was read`);
    return { value, state };
  } finally {
    await file.close();
  }
}

/** How the file at a path stands now, as in {@link SecretFile}. Throws as the file system does. */
export async function stateOfSecretFile(path: string): Promise<string> {
  return stateOf(await stat(path, { bigint: true }));
}

function stateOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

/**
 * Reads a secret when nothing is served yet; it may come from a pipe. Throws an Error that names the file and never quotes the
 * value.
 *
 * @param name what the document calls the file
 */
export function readSecretFileAtOnce(path: string, name: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    return secretIn(bytes.subarray(0, length), name);
  } finally {
    closeSync(file);
  }
}

/** One line ending at the end is cut off: that of an editor. */
function secretIn(bytes: Buffer, name: string): string {
  if (bytes.length > SECRET_BYTES_MAX)
    throw new Error(`the secret file ${name} is larger than ${SECRET_BYTES_MAX} bytes`);
  const value = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (value === "") throw new Error(`the secret file ${name} is empty`);
  return value;
}
