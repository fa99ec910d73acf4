import { z } from "zod";
import type { Fault, FaultAt, FaultPath } from "../../document/fault.ts";
import { type Secret, type SecretReference, secretSchema } from "../../document/secret.ts";
import type { SignatureAlgorithm } from "../../policy/bundle/signature/key.ts";
import type { SecretAt } from "./secrets.ts";

/** Keys of one bundle: the one of today and the one of tomorrow. More is a generated file gone wrong. */
const KEYS_MAX = 32;

/** OPA's algorithms. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512"],
  ...["HS256", "HS384", "HS512"],
] as readonly string[] as readonly [SignatureAlgorithm, ...SignatureAlgorithm[]];

/** How the signature of a bundle is verified. */
export const verificationSchema = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          id: z.string().min(1).describe("How signatures name it (`kid`)"),
          algorithm: z.enum(ALGORITHMS).default("RS256").describe("The one algorithm that it is used with"),
          key: secretSchema.describe("Public key or certificate, PEM; the secret itself for `HS…`"),
          scope: z.string().min(1).optional().describe("`scope` of bundles that say nothing of their own"),
        }),
      )
      .min(1)
      .max(KEYS_MAX)
      .describe("The keys that count"),
    keyId: z
      .string()
      .min(1)
      .optional()
      .describe("The key that must have signed; left out, the signature names one"),
    scope: z.string().min(1).optional().describe("What the signature must be for; nothing when left out"),
    excludeFiles: z
      .array(z.string().min(1))
      .max(100)
      .default([])
      .describe("Files that need not be signed, such as `data/*.json`"),
  })
  .optional();

type VerificationDocument = z.output<typeof verificationSchema>;

/** As the composition takes it, with keys that print as nothing. */
export type VerificationConfig = {
  readonly keys: readonly {
    readonly id: string;
    readonly algorithm: SignatureAlgorithm;
    readonly key: Secret;
    readonly scope: string | undefined;
  }[];
  readonly keyId: string | undefined;
  readonly scope: string | undefined;
  readonly excludeFiles: readonly string[];
};

export function verificationFrom(
  verification: NonNullable<VerificationDocument>,
  at: FaultPath,
  secretAt: SecretAt,
): VerificationConfig {
  const { keys, keyId, scope, excludeFiles } = verification;
  return {
    keys: keys.map((key, index) => ({
      id: key.id,
      algorithm: key.algorithm,
      key: secretAt([...at, "keys", index, "key"]),
      scope: key.scope,
    })),
    keyId,
    scope,
    excludeFiles,
  };
}

/** The keys that are read when the configuration is loaded, by their place. */
export function verificationSecrets(
  verification: VerificationDocument,
  at: FaultPath,
): (readonly [FaultPath, SecretReference])[] {
  return (verification?.keys ?? []).map(({ key }, index) => [[...at, "keys", index, "key"], key] as const);
}

/** Ids that are there once, and the one that must have signed among them. */
export function verificationFaults(
  verification: VerificationDocument,
  at: FaultPath,
  faultAt: FaultAt,
): Fault[] {
  if (verification === undefined) return [];
  const { keys, keyId } = verification;
  const ids = keys.map(({ id }) => id);
  const twice = ids.flatMap((id, index) =>
    ids.indexOf(id) === index
      ? []
      : [faultAt([...at, "keys", index, "id"], "duplicate", `the key ${id} is there twice`)],
  );
  const unknown =
    keyId === undefined || ids.includes(keyId)
      ? []
      : [faultAt([...at, "keyId"], "value", `there is no such key; there is ${ids.join(", ")}`)];
  return [...twice, ...unknown];
}
