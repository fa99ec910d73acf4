import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { compileBundle, withFolder } from "../../../test/support/rego.ts";
import { unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import type { SignatureAlgorithm } from "../bundle/signature/key.ts";
import { verifySignature } from "../bundle/signature/verify.ts";
import { findOpa, runOpa } from "../opa/opa.ts";
import { signBundle } from "./sign.ts";

const SOURCES = {
  "p.rego": "package p\n\nr := data.org.word\n",
  "org/data.json": '{"word": "yes", "n": 1.50}',
};
const NOW_MS = Date.now();

type Keys = { readonly signing: string; readonly verifying: string };

function keysFor(algorithm: SignatureAlgorithm): Keys {
  if (algorithm.startsWith("HS")) {
    const secret = randomBytes(32).toString("hex");
    return { signing: secret, verifying: secret };
  }
  const pair = algorithm.startsWith("ES")
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    signing: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    verifying: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** Gives a bundle, the file of a key and what verifies. */
function withBundle(
  algorithm: SignatureAlgorithm,
  work: (bundle: string, keyFile: string, keys: Keys, folder: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const bundle = join(folder, "bundle.tar.gz");
    const keyFile = join(folder, "key");
    const keys = keysFor(algorithm);
    await writeFile(bundle, await compileBundle(SOURCES, ["p/r"]));
    await writeFile(keyFile, `${keys.signing}\n`);
    await work(bundle, keyFile, keys, folder);
  });
}

for (const algorithm of ["RS256", "PS256", "ES256", "HS256"] as const) {
  test(`a bundle signed with ${algorithm} is taken by the server and by OPA`, async () => {
    await withBundle(algorithm, async (bundle, keyFile, keys, folder) => {
      const files = await signBundle({
        bundle,
        keyFile,
        algorithm,
        keyId: "k",
        scope: "write",
        output: bundle,
      });
      const unpacked = await unpackArchive(await readFile(bundle));
      assert.equal(files, unpacked.files.size - 1);
      const verification = { keys: new Map([["k", { algorithm, key: keys.verifying }]]), scope: "write" };
      await verifySignature(unpacked.files, verification, NOW_MS);

      const publicFile = join(folder, "public.pem");
      await writeFile(publicFile, keys.verifying);
      const key = algorithm.startsWith("HS") ? keys.verifying : publicFile;
      const run = await runOpa(await findOpa(), [
        ...["build", "--bundle", bundle, "--output", join(folder, "again.tar.gz"), "--scope", "write"],
        ...["--verification-key", key, "--verification-key-id", "k", "--signing-alg", algorithm],
      ]);
      assert.equal(run.stderr + run.stdout, "");
      assert.equal(run.status, 0);
    });
  });
}

test("signing again replaces the signature and changes nothing else", async () => {
  await withBundle("ES256", async (bundle, keyFile, _, folder) => {
    const before = await unpackArchive(await readFile(bundle));
    const output = join(folder, "signed.tar.gz");
    const options = { bundle, keyFile, algorithm: "ES256", output } as const;
    await signBundle(options);
    await signBundle({ ...options, bundle: output, keyId: "other" });
    const after = new Map((await unpackArchive(await readFile(output))).files);
    assert.ok(after.delete(".signatures.json"));
    assert.deepEqual(after, before.files);
  });
});

test("a signature with a term ends", async () => {
  await withBundle("ES256", async (bundle, keyFile, keys) => {
    await signBundle({ bundle, keyFile, algorithm: "ES256", keyId: "k", expiresInS: 3600, output: bundle });
    const { files } = await unpackArchive(await readFile(bundle));
    const verification = { keys: new Map([["k", { algorithm: "ES256" as const, key: keys.verifying }]]) };
    await verifySignature(files, verification, NOW_MS);
    await assert.rejects(verifySignature(files, verification, NOW_MS + 7_200_000), /has expired/);
  });
});

test("a key of another kind, no key and no bundle are refused, and the bundle stays as it is", async () => {
  await withBundle("ES256", async (bundle, keyFile, _, folder) => {
    const before = await readFile(bundle);
    const refused = (options: Partial<Parameters<typeof signBundle>[0]>, message: RegExp) =>
      assert.rejects(
        signBundle({ bundle, keyFile, algorithm: "RS256", output: bundle, ...options }),
        (error) => error instanceof BundleError && message.test(error.message),
      );
    await refused({}, /key is no key for RS256/);
    await refused({ keyFile: bundle }, /the key .* cannot be read/);
    await refused({ bundle: join(folder, "none") }, /none cannot be read/);
    assert.deepEqual(await readFile(bundle), before);
  });
});
