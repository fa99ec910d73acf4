import { randomUUID } from "node:crypto";
import type { HostBuiltin } from "./builtin.ts";
import { numberOf } from "./decimal.ts";
import { stringAt } from "./operands.ts";
import type { RegoObject, RegoValue } from "./value.ts";

export const uuidBuiltins: readonly HostBuiltin[] = [
  {
    name: "uuid.rfc4122",
    call: (args, context) => context.nondeterministic("uuid.rfc4122", args, () => randomUUID()),
  },
  { name: "uuid.parse", call: (args) => parseUuid(stringAt(args, 0)) },
];

const FORMS = [
  /^urn:uuid:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i,
  // Only the middle 36 of 38 bytes are looked at: braces in most cases.
  /^.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}).$/is,
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i,
  /^([0-9a-f]{32})$/i,
];

/** What a UUID says of itself (RFC 4122); undefined for a text that is none. */
function parseUuid(text: string): RegoObject | undefined {
  const hex = FORMS.map((form) => form.exec(text)?.[1]).find((found) => found !== undefined);
  if (hex === undefined) return undefined;
  const bytes = Buffer.from(hex.replaceAll("-", ""), "hex");
  const version = bytes.readUInt8(6) >> 4;
  const fields = new Map<RegoValue, RegoValue>([
    ["version", version],
    ["variant", variantOf(bytes.readUInt8(8))],
  ]);
  if (version !== 1 && version !== 2) return fields;
  // Go multiplies in 64 bits, so times before 1678 wrap around.
  fields.set("time", numberOf(BigInt.asIntN(64, timeOf(bytes))));
  fields.set("nodeid", [...bytes.subarray(10)].map((byte) => byte.toString(16).padStart(2, "0")).join("-"));
  fields.set("macvariables", macVariables(bytes.readUInt8(10)));
  fields.set("clocksequence", bytes.readUInt16BE(8) & 0x3fff);
  if (version === 2) {
    fields.set("id", bytes.readUInt32BE(0));
    fields.set("domain", ["Person", "Group", "Org"][bytes.readUInt8(9)] ?? `Domain${bytes.readUInt8(9)}`);
  }
  return fields;
}

function variantOf(byte: number): string {
  if ((byte & 0xc0) === 0x80) return "RFC4122";
  if ((byte & 0xe0) === 0xc0) return "Microsoft";
  return (byte & 0xe0) === 0xe0 ? "Future" : "Reserved";
}

/** 100-nanosecond steps from 15 October 1582 to the epoch. */
const GREGORIAN_STEPS = 122_192_928_000_000_000n;

/** Nanoseconds since the epoch. */
function timeOf(bytes: Buffer): bigint {
  const low = BigInt(bytes.readUInt32BE(0));
  const middle = BigInt(bytes.readUInt16BE(4));
  const high = BigInt(bytes.readUInt16BE(6) & 0x0fff);
  return (((high << 48n) | (middle << 32n) | low) - GREGORIAN_STEPS) * 100n;
}

function macVariables(byte: number): string {
  return `${(byte & 2) === 0 ? "global" : "local"}:${(byte & 1) === 0 ? "unicast" : "multicast"}`;
}
