import type { FileBundleConfig } from "./config/sections/bundles.ts";
import type { VerificationConfig } from "./config/sections/verification.ts";
import type { Verification } from "./policy/bundle/signature/key.ts";
import type { BundleOptions } from "./policy/engine.ts";

/** A bundle on disk as the policy room takes it. */
export function fileBundle({ name, path, verification }: FileBundleConfig): BundleOptions {
  return { name, path, ...verificationOption(verification) };
}

/** How its signature is verified, as an option: absent when nothing is said about it. */
export function verificationOption(config: VerificationConfig | undefined): {
  readonly verification?: Verification;
} {
  if (config === undefined) return {};
  const { keys, keyId, scope, excludeFiles } = config;
  const verification: Verification = {
    keys: new Map(
      keys.map(({ id, algorithm, key, scope: ofKey }) => [
        id,
        { algorithm, key: key.reveal(), ...(ofKey === undefined ? {} : { scope: ofKey }) },
      ]),
    ),
    excludeFiles,
    ...(keyId === undefined ? {} : { keyId }),
    ...(scope === undefined ? {} : { scope }),
  };
  return { verification };
}
