/** Google's well-known types, which have JSON forms of their own (https://protobuf.dev/programming-guides/json/). */
import { RequestParseError } from "../request-parse-error.ts";
import { type FieldShape, type MessageShape, zeroText } from "./descriptors.ts";

/** The fields of a message that are set, with their JSON texts. */
type Members = ReadonlyMap<FieldShape, string>;
/** The JSON of what an Any holds, when it is a well-known type; undefined when it is not known. */
type ReadAny = (fullName: string, bytes: Buffer) => string | undefined;

const PREFIX = "google.protobuf.";
const WRAPPERS = ["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map(
  (name) => `${name}Value`,
);
const NAMES: ReadonlySet<string> = new Set(
  ["Any", "Duration", "Empty", "FieldMask", "ListValue", "Struct", "Timestamp", "Value", ...WRAPPERS].map(
    (name) => PREFIX + name,
  ),
);

export function isWellKnown({ fullName }: MessageShape): boolean {
  return NAMES.has(fullName);
}

/** @throws RequestParseError when the message has no JSON: a time out of range, a value without a kind, a type unknown */
export function wellKnownText(shape: MessageShape, members: Members, readAny: ReadAny): string {
  const of = (number: number): string | undefined => {
    const field = shape.fields.get(number);
    return field === undefined ? undefined : members.get(field);
  };
  switch (shape.fullName.slice(PREFIX.length)) {
    case "Any":
      return anyText(of(1), of(2), readAny);
    case "Empty":
      return "{}";
    case "Timestamp":
      return timestampText(integer(of(1)), Number(of(2) ?? 0));
    case "Duration":
      return durationText(integer(of(1)), Number(of(2) ?? 0));
    case "FieldMask":
      return fieldMaskText(of(1));
    case "Struct":
      return of(1) ?? "{}";
    case "ListValue":
      return of(1) ?? "[]";
    case "Value":
      return valueText(of(NUMBER_VALUE), [...members.values()][0]);
    default: {
      const field = shape.fields.get(1);
      return of(1) ?? (field === undefined ? "null" : zeroText(field));
    }
  }
}

function integer(text: string | undefined): bigint {
  return text === undefined ? 0n : BigInt(JSON.parse(text) as string);
}

/** Of the members of a oneof there is one at most. JSON has no number that is not finite. */
function valueText(number: string | undefined, text: string | undefined): string {
  if (text === undefined)
    throw new RequestParseError("proto: google.protobuf.Value: none of the oneof fields is set");
  if (number?.startsWith('"'))
    throw new RequestParseError(`proto: google.protobuf.Value cannot have ${number} value`);
  return text;
}

/** `number_value` of google.protobuf.Value. */
const NUMBER_VALUE = 2;

/** 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds of the epoch. */
const TIMESTAMP_SECONDS = { min: -62_135_596_800n, max: 253_402_300_799n };
/** About 10,000 years. */
const DURATION_SECONDS_MAX = 315_576_000_000n;
const NANOS_MAX = 999_999_999;

function timestampText(seconds: bigint, nanos: number): string {
  if (seconds < TIMESTAMP_SECONDS.min || seconds > TIMESTAMP_SECONDS.max || nanos < 0 || nanos > NANOS_MAX)
    throw new RequestParseError("proto: google.protobuf.Timestamp: out of range");
  const date = new Date(Number(seconds) * 1000).toISOString();
  return `"${date.slice(0, "0001-01-01T00:00:00".length)}${fraction(nanos)}Z"`;
}

function durationText(seconds: bigint, nanos: number): string {
  const magnitude = seconds < 0n ? -seconds : seconds;
  const mixed = (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
  if (magnitude > DURATION_SECONDS_MAX || Math.abs(nanos) > NANOS_MAX || mixed)
    throw new RequestParseError("proto: google.protobuf.Duration: out of range");
  const sign = seconds < 0n || nanos < 0 ? "-" : "";
  return `"${sign}${magnitude}${fraction(Math.abs(nanos))}s"`;
}

/** Nothing, or a point with 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  return `.${digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}

/** `a.foo_bar` becomes `a.fooBar`; a path that would not come back is refused. */
function fieldMaskText(paths: string | undefined): string {
  const names = JSON.parse(paths ?? "[]") as string[];
  const camel = names.map((name) => {
    if (!/^[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(name) || /_(?![a-z])/.test(name))
      throw new RequestParseError("proto: google.protobuf.FieldMask.paths contains an irreversible value");
    return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  });
  return JSON.stringify(camel.join(","));
}

/** The original knows no types but its own, so a message of the application in an Any cannot be read there either. */
function anyText(url: string | undefined, value: string | undefined, readAny: ReadAny): string {
  if (url === undefined && value === undefined) return "{}";
  const typeUrl = JSON.parse(url ?? '""') as string;
  const name = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  const text = readAny(name, Buffer.from(JSON.parse(value ?? '""') as string, "base64"));
  if (text === undefined)
    throw new RequestParseError(`proto: google.protobuf.Any: unable to resolve ${JSON.stringify(typeUrl)}`);
  const type = `"@type":${JSON.stringify(typeUrl)}`;
  return name === `${PREFIX}Empty` ? `{${type}}` : `{${type},"value":${text}}`;
}
