/** IP addresses and networks as Go's net package reads and prints them. @see https://pkg.go.dev/net#ParseCIDR */

export type Address = { readonly bits: 32 | 128; readonly value: bigint };
/** `value` is the address as written, or masked: {@link networkOf}. */
export type Network = Address & { readonly prefix: number };

/** Undefined when the text is no address. An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is an IPv4 address. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

/** `address/prefix`. Undefined when the text is no network. */
export function parseNetwork(text: string): Network | undefined {
  const [, address, prefixText] = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (address === undefined) return undefined;
  const prefix = Number(prefixText);
  if (!address.includes(":")) {
    const ipv4 = parseIpv4(address);
    return ipv4 === undefined || prefix > 32 ? undefined : { ...ipv4, prefix };
  }
  const value = parseIpv6(address);
  if (value === undefined || prefix > 128) return undefined;
  const mapped = prefix >= 96 && value >> 32n === 0xffffn;
  return mapped
    ? { bits: 32, value: value & 0xffffffffn, prefix: prefix - 96 }
    : { bits: 128, value, prefix };
}

/** The network with the bits behind its prefix cleared. */
export function networkOf(network: Network): Network {
  return { ...network, value: firstOf(network) };
}

export function firstOf({ bits, value, prefix }: Network): bigint {
  const host = BigInt(bits - prefix);
  return (value >> host) << host;
}

export function lastOf(network: Network): bigint {
  return firstOf(network) | ((1n << BigInt(network.bits - network.prefix)) - 1n);
}

export function printNetwork(network: Network): string {
  return `${printAddress(network)}/${network.prefix}`;
}

export function printAddress({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(16 * (7 - index))) & 0xffffn),
  );
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let at = 0; at <= groups.length; at++) {
    if (groups[at] === 0) continue;
    if (at - start > best.length) best = { start, length: at - start };
    start = at + 1;
  }
  return best;
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { bits: 32, value };
}

function parseIpv6(text: string): bigint | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = parseGroups(head, tail === undefined);
  const after = parseGroups(tail ?? "", true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<bigint>(missing).fill(0n), ...after];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. */
function parseGroups(text: string, atEnd: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && atEnd && index === parts.length - 1) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      groups.push(ipv4.value >> 16n, ipv4.value & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
