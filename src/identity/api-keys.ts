import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { type CrossCheck, type Parsed, parseDocument } from "../document/document.ts";
import type { Fault } from "../document/fault.ts";

/** Longer keys are refused before they are hashed: hashing costs time in proportion to what a stranger sends. */
export const API_KEY_LENGTH_MAX = 512;

/** Bytes of a digest that the index may branch on. The whole digest is compared in constant time. */
const INDEX_BYTES = 8;

const word = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, {
  error: "must be 1 to 128 letters, digits, dots, dashes or underscores",
});
const printable = z
  .string()
  .regex(/^[!-~]{1,256}$/, { error: "must be 1 to 256 printable ASCII characters, no space" });

const keySchema = z.strictObject({
  id: word,
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be "sha256:" and 64 lower-case hex digits' }),
  subject: printable,
  tenant: word,
  roles: z.array(word).max(64),
  team: word.optional(),
  project: word.optional(),
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** Hex, at least 16 bytes: one for each file, so that equal keys of two installations have different hashes. */
  salt: z.string().regex(/^(?:[0-9a-f]{2}){16,64}$/, { error: "must be 16 to 64 bytes in lower-case hex" }),
  keys: z.array(keySchema),
});

/** One key as the file describes it; the key itself is not in it. */
export type ApiKey = z.output<typeof keySchema>;
/** `keys.yaml`, checked. */
export type ApiKeyFile = z.output<typeof fileSchema>;

/** Parses `keys.yaml`. All faults are reported at once, duplicate ids and hashes among them. */
export function parseApiKeys(text: string, fileName: string): Parsed<ApiKeyFile> {
  return parseDocument(text, fileName, fileSchema, checkDuplicates);
}

/** The form of a key in the file: HMAC-SHA-256 with the file's salt as its key. */
export function hashApiKey(saltHex: string, key: string): string {
  return `sha256:${digestOf(saltFrom(saltHex), key).toString("hex")}`;
}

/** Finds a presented key; undefined when it is not known. */
export type ApiKeyLookup = (presented: string) => ApiKey | undefined;

/**
 * The lookup takes the same steps for every presented key. What it branches on, the first bytes of a salted digest,
 * says nothing about a key to somebody who does not know the salt; the digest itself is compared in constant time.
 */
export function createApiKeyLookup(file: ApiKeyFile): ApiKeyLookup {
  const salt = saltFrom(file.salt);
  const entries = file.keys.map((key) => ({
    key,
    digest: Buffer.from(key.hash.slice("sha256:".length), "hex"),
  }));
  const index = Map.groupBy(entries, ({ digest }) => digest.readBigUInt64BE(0));
  return (presented) => {
    if (presented.length > API_KEY_LENGTH_MAX) return undefined;
    const digest = digestOf(salt, presented);
    const bucket = index.get(digest.subarray(0, INDEX_BYTES).readBigUInt64BE(0));
    return bucket?.find((entry) => timingSafeEqual(entry.digest, digest))?.key;
  };
}

/** Prepared once: from bytes Node would prepare it for every request, at more than the cost of the digest. */
function saltFrom(hex: string): KeyObject {
  return createSecretKey(hex, "hex");
}

function digestOf(salt: KeyObject, key: string): Buffer {
  return createHmac("sha256", salt).update(key).digest();
}

/** What the cross-check needs of a file that may be wrong elsewhere. */
const sketchSchema = z
  .object({
    keys: z
      .array(
        z
          .object({
            id: z.string().optional().catch(undefined),
            hash: z.string().optional().catch(undefined),
          })
          .catch({}),
      )
      .catch([]),
  })
  .catch({ keys: [] });

const checkDuplicates: CrossCheck = (raw, faultAt) => {
  const { keys } = sketchSchema.parse(raw);
  const faults: Fault[] = [];
  for (const field of ["id", "hash"] as const) {
    const seen = new Set<string>();
    for (const [index, key] of keys.entries()) {
      const value = key[field];
      if (value === undefined) continue;
      if (seen.has(value)) {
        faults.push(
          faultAt(["keys", index, field], "duplicate", `another key of this file has the same ${field}`),
        );
      }
      seen.add(value);
    }
  }
  return faults;
};
