import { BoundedCache } from "../bounded-cache.ts";

/** Time zones of the IANA database, as this Node knows them. */

/** A point in time in a zone; `offsetS` is the zone's offset from UTC then, in seconds. */
export type ZonedTime = { readonly ns: bigint; readonly zone: string; readonly offsetS: number };

/** Fields of the calendar and the clock. `month` 1 to 12, `weekday` 0 is Sunday. */
export type Civil = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly weekday: number;
  readonly yearDay: number;
};

const NS_PER_S = 1_000_000_000n;
const MS_PER_DAY = 86_400_000;

/** Formatters by zone. There are about 600 zones, and one costs some 20 KB, so a few at a time. */
export const ZONES_MAX = 50;
const formatters = new BoundedCache<Intl.DateTimeFormat>(ZONES_MAX);

/** The time in a zone; undefined when there is no such zone. Empty and `UTC` are UTC, `Local` is this system's zone. */
export function inZone(ns: bigint, name: string): ZonedTime | undefined {
  if (name === "" || name === "UTC") return { ns, zone: "UTC", offsetS: 0 };
  const zone = name === "Local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : name;
  const offsetS = offsetAt(zone, floorSeconds(ns));
  return offsetS === undefined ? undefined : { ns, zone, offsetS };
}

export function civilOf({ ns, offsetS }: ZonedTime): Civil {
  const seconds = floorSeconds(ns);
  const date = new Date((seconds + offsetS) * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: Number(ns - BigInt(seconds) * NS_PER_S),
    weekday: date.getUTCDay(),
    yearDay:
      (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - yearStart(date)) /
        MS_PER_DAY +
      1,
  };
}

function yearStart(date: Date): number {
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
}

/** The point in time of a local clock. In a gap or an overlap it is right in one of the two offsets, as in Go. */
export function fromLocal(localSeconds: number, nanosecond: number, zone: string): bigint {
  const first = zone === "UTC" ? 0 : (offsetAt(zone, localSeconds) ?? 0);
  const second = zone === "UTC" ? 0 : (offsetAt(zone, localSeconds - first) ?? 0);
  return BigInt(localSeconds - second) * NS_PER_S + BigInt(nanosecond);
}

/** The zone's short name then, such as CET; the offset where there is none. */
export function abbreviationOf({ ns, zone, offsetS }: ZonedTime): string {
  if (zone === "UTC") return "UTC";
  for (const locale of ["en-US", "en-GB"]) {
    const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short" }).formatToParts(
      new Date(floorSeconds(ns) * 1000),
    );
    const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  const sign = offsetS < 0 ? "-" : "+";
  const hours = String(Math.floor(Math.abs(offsetS) / 3600)).padStart(2, "0");
  const minutes = Math.floor((Math.abs(offsetS) % 3600) / 60);
  return sign + hours + (minutes === 0 ? "" : String(minutes).padStart(2, "0"));
}

function offsetAt(zone: string, seconds: number): number | undefined {
  const formatter = formatterOf(zone);
  if (formatter === undefined) return undefined;
  const fields = new Map(
    formatter.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, Number(value)]),
  );
  const field = (name: Intl.DateTimeFormatPartTypes): number => fields.get(name) ?? 0;
  const local = Date.UTC(
    field("year"),
    field("month") - 1,
    field("day"),
    field("hour"),
    field("minute"),
    field("second"),
  );
  return local / 1000 - seconds;
}

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  // Intl knows offsets such as +01:00 as zones; the IANA database does not.
  if (!/^[A-Za-z]/.test(zone)) return undefined;
  try {
    return formatters.get(zone, createFormatter);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError when there is no such zone. */
function createFormatter(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}

function floorSeconds(ns: bigint): number {
  const seconds = ns / NS_PER_S;
  return Number(ns < 0n && seconds * NS_PER_S !== ns ? seconds - 1n : seconds);
}
