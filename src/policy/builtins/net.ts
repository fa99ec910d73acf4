import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { setOf } from "./compare.ts";
import {
  firstOf,
  lastOf,
  type Network,
  networkOf,
  parseAddress,
  parseNetwork,
  printAddress,
  printNetwork,
} from "./ip.ts";
import { collectionAt, stringAt } from "./operands.ts";
import { isArray, isObject, RegoSet, type RegoValue } from "./value.ts";

/** Addresses that `net.cidr_expand` lists at most, a /16. More would fill the memory of the policy with a few bytes of input. */
export const EXPANDED_MAX = 65_536;

export const netBuiltins: readonly HostBuiltin[] = [
  {
    name: "net.cidr_is_valid",
    call: ([value]) => typeof value === "string" && parseNetwork(value) !== undefined,
  },
  { name: "net.cidr_expand", call: (args) => expand(networkFrom(stringAt(args, 0))) },
  { name: "net.cidr_merge", call: (args) => merge(collectionAt(args, 0).map(mergeable)) },
  {
    name: "net.cidr_contains_matches",
    call: ([left, right], context) =>
      containsMatches(left as RegoValue, right as RegoValue, () => context.checkTime()),
  },
];

function networkFrom(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new BuiltinError("invalid CIDR address");
  return network;
}

function expand(network: Network): RegoSet {
  const first = firstOf(network);
  const count = lastOf(network) - first + 1n;
  if (count > EXPANDED_MAX)
    throw new RangeError(`net.cidr_expand: the network has more than ${EXPANDED_MAX} addresses`);
  return new RegoSet(
    Array.from({ length: Number(count) }, (_, index) =>
      printAddress({ bits: network.bits, value: first + BigInt(index) }),
    ),
  );
}

type Indexed = { readonly text: RegoValue; readonly index: RegoValue };

/** Pairs of a network and an address in it, at most: some 10 MB in the memory of the policy. */
export const MATCHES_MAX = 100_000;

/** Pairs of indexes (or elements, for sets and single strings) where a network of the left contains one of the right. */
function containsMatches(left: RegoValue, right: RegoValue, checkTime: () => void): RegoSet {
  const [networks, addresses] = [indexed(left), indexed(right)];
  // Nothing is wrong with what is never compared.
  if (networks.length === 0 || addresses.length === 0) return new RegoSet([]);
  const candidates = addresses.map(({ text, index }) => ({ range: rangeOf(text), index }));
  const pairs: RegoValue[] = [];
  for (const { text, index } of networks) {
    checkTime();
    const network = networkFrom(asString(text));
    const [first, last] = [firstOf(network), lastOf(network)];
    for (const { range, index: other } of candidates) {
      if (range.bits === network.bits && first <= range.first && range.last <= last)
        pairs.push([index, other]);
    }
    if (pairs.length > MATCHES_MAX)
      throw new RangeError(`net.cidr_contains_matches: there are more than ${MATCHES_MAX} matches`);
  }
  return setOf(pairs);
}

function indexed(value: RegoValue): readonly Indexed[] {
  if (typeof value === "string") return [{ text: value, index: value }];
  if (isArray(value)) return value.map((item, index) => ({ text: firstText(item), index }));
  if (value instanceof RegoSet) return value.items.map((item) => ({ text: firstText(item), index: item }));
  return isObject(value) ? [...value].map(([key, item]) => ({ text: firstText(item), index: key })) : [];
}

function firstText(item: RegoValue): RegoValue {
  const text = isArray(item) ? item[0] : item;
  if (text === undefined || (typeof text !== "string" && !isArray(item)))
    throw new BuiltinError("element must be string or non-empty array");
  return text;
}

function asString(value: RegoValue): string {
  if (typeof value !== "string") throw new BuiltinError("element must be string");
  return value;
}

function rangeOf(value: RegoValue): { bits: number; first: bigint; last: bigint } {
  const text = asString(value);
  const address = parseAddress(text);
  if (address !== undefined) return { bits: address.bits, first: address.value, last: address.value };
  const network = networkFrom(text);
  return { bits: network.bits, first: firstOf(network), last: lastOf(network) };
}

/** A network, or an IPv4 address, which stands for its old class A, B or C network. */
function mergeable(item: RegoValue): Network {
  const text = asString(item);
  const address = parseAddress(text);
  if (address === undefined) return networkOf(networkFrom(text));
  if (address.bits === 128) throw new BuiltinError("IPv6 invalid: needs prefix length");
  const top = address.value >> 24n;
  return { ...address, prefix: top < 128n ? 8 : top < 192n ? 16 : 24 };
}

type Range = {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
  readonly single?: Network;
};

/** The smallest set of networks that covers the same addresses. */
function merge(networks: readonly Network[]): RegoSet {
  const ranges = networks
    .map(
      (network): Range => ({
        bits: network.bits,
        first: firstOf(network),
        last: lastOf(network),
        single: network,
      }),
    )
    .sort((a, b) => a.bits - b.bits || compare(a.first, b.first) || compare(b.last, a.last));
  const merged: Range[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    const touches = previous?.bits === range.bits && range.first <= previous.last + 1n;
    if (previous === undefined || !touches) merged.push(range);
    else {
      merged[merged.length - 1] = {
        bits: range.bits,
        first: previous.first,
        last: compare(range.last, previous.last) > 0 ? range.last : previous.last,
      };
    }
  }
  return setOf(
    merged
      .flatMap(({ single, ...range }) => (single === undefined ? cover(range) : [single]))
      .map(printNetwork),
  );
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Networks that cover a range exactly, the largest that fits at each step. */
function cover({ bits, first, last }: Omit<Range, "single">): Network[] {
  const networks: Network[] = [];
  for (let at = first; at <= last; ) {
    let host = 0;
    while (host < bits && at % (1n << BigInt(host + 1)) === 0n && at + (1n << BigInt(host + 1)) - 1n <= last)
      host += 1;
    networks.push({ bits, value: at, prefix: bits - host });
    at += 1n << BigInt(host);
  }
  return networks;
}
