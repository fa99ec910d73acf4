import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CAPABILITIES_FILE, findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import { type Sources, withFolder, writeSources } from "./rego.ts";

/** A key pair, or a secret, made for one run. */
export type SigningKey = {
  readonly algorithm: "RS256" | "PS256" | "ES256" | "HS256";
  /** What signs: PEM, or the secret. */
  readonly sign: string;
  /** What verifies: PEM, or the secret. */
  readonly verify: string;
};

export function createSigningKey(algorithm: SigningKey["algorithm"]): SigningKey {
  if (algorithm === "HS256") {
    const secret = randomBytes(32).toString("hex");
    return { algorithm, sign: secret, verify: secret };
  }
  const { privateKey, publicKey } =
    algorithm === "ES256"
      ? generateKeyPairSync("ec", { namedCurve: "P-256" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    algorithm,
    sign: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    verify: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

export type OpaBuildOptions = {
  readonly entrypoints?: readonly string[];
  readonly revision?: string;
  readonly key?: SigningKey;
  /** Written into the token; `default` unless said otherwise. */
  readonly keyId?: string;
  /** Claims of the token beside the files. */
  readonly claims?: object;
};

/** A bundle that the real `opa build` made of these sources: Wasm when there are entrypoints, signed when there is a key. */
export async function opaBuild(sources: Sources, options: OpaBuildOptions = {}): Promise<Buffer> {
  return withFolder(async (folder) => {
    const input = join(folder, "sources");
    const output = join(folder, "bundle.tar.gz");
    await writeSources(input, sources);
    const { entrypoints = [], revision, key, keyId = "default", claims } = options;
    await runs([
      ...["build", "--bundle", input, "--output", output, "--capabilities", CAPABILITIES_FILE],
      ...(entrypoints.length === 0 ? [] : ["--target", "wasm"]),
      ...entrypoints.flatMap((entrypoint) => ["--entrypoint", entrypoint]),
      ...(revision === undefined ? [] : ["--revision", revision]),
      ...(key === undefined ? [] : await signing(folder, key, claims)),
      ...(key === undefined ? [] : ["--verification-key-id", keyId]),
    ]);
    return readFile(output);
  });
}

/** Signs a folder in place with the real `opa sign`, which names files as they are reached from where it runs. */
export async function opaSign(folder: string, key: SigningKey, claims?: object): Promise<void> {
  const opa = await findOpa();
  await withFolder(async (scratch) => {
    const args = ["sign", ...(await signing(scratch, key, claims)), "--bundle", "."];
    await promisify(execFile)(opa, args, { cwd: folder });
  });
}

async function signing(folder: string, key: SigningKey, claims: object | undefined): Promise<string[]> {
  const file = join(folder, "signing-key");
  await writeFile(file, key.sign);
  const args = ["--signing-key", file, "--signing-alg", key.algorithm];
  if (claims === undefined) return args;
  const claimsFile = join(folder, "claims.json");
  await writeFile(claimsFile, JSON.stringify(claims));
  return [...args, "--claims-file", claimsFile];
}

async function runs(args: readonly string[]): Promise<void> {
  const run = await runOpa(await findOpa(), args);
  if (run.status !== 0) throw new Error(`opa ${args[0]} failed: ${run.stderr || run.stdout}`);
}
