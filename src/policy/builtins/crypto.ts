import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HostBuiltin } from "./builtin.ts";
import { stringAt } from "./operands.ts";

const HASHES = ["md5", "sha1", "sha256"];
const HMACS = ["md5", "sha1", "sha256", "sha512"];

export const cryptoBuiltins: readonly HostBuiltin[] = [
  ...HASHES.map((hash) => ({
    name: `crypto.${hash}`,
    call: (args: Parameters<HostBuiltin["call"]>[0]) =>
      createHash(hash).update(stringAt(args, 0)).digest("hex"),
  })),
  ...HMACS.map((hash) => ({
    name: `crypto.hmac.${hash}`,
    call: (args: Parameters<HostBuiltin["call"]>[0]) =>
      createHmac(hash, stringAt(args, 1)).update(stringAt(args, 0)).digest("hex"),
  })),
  { name: "crypto.hmac.equal", call: (args) => equalInConstantTime(stringAt(args, 0), stringAt(args, 1)) },
];

function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
