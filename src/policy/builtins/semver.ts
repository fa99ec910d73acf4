import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { stringAt } from "./operands.ts";

type Version = { readonly numbers: readonly bigint[]; readonly preRelease: string };

export const semverBuiltins: readonly HostBuiltin[] = [
  {
    name: "semver.is_valid",
    call: ([value]) => typeof value === "string" && parseVersion(value) !== undefined,
  },
  {
    name: "semver.compare",
    call: (args) => compareVersions(versionAt(stringAt(args, 0)), versionAt(stringAt(args, 1))),
  },
];

/** Semantic Versioning 2.0.0, with a leading `v` as OPA allows it. */
const VERSION =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:[0-9A-Za-z-]+)(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const INT64_MAX = 2n ** 63n - 1n;

function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, preRelease = ""] = VERSION.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const numbers = [major, minor, patch].map(BigInt);
  const leadingZero = preRelease.split(".").some((identifier) => /^0\d+$/.test(identifier));
  return leadingZero || numbers.some((number) => number > INT64_MAX) ? undefined : { numbers, preRelease };
}

function versionAt(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new BuiltinError("operand is not a valid SemVer");
  return version;
}

function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  return comparePreReleases(a.preRelease, b.preRelease);
}

/** A release comes after its pre-releases; these go by their identifiers, numbers before words, fewer before more. */
function comparePreReleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return Math.sign(left.length - right.length);
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = /^\d+$/;
  if (numeric.test(a) && numeric.test(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  if (numeric.test(a) !== numeric.test(b)) return numeric.test(a) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
