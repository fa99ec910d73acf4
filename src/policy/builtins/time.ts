import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { decimalOf, integerOf, numberOf } from "./decimal.ts";
import { formatTime } from "./go/time-format.ts";
import { NAMED_LAYOUTS, WEEKDAYS } from "./go/time-layout.ts";
import { parseTime, TimeParseError } from "./go/time-parse.ts";
import { type Civil, civilOf, fromLocal, inZone, type ZonedTime } from "./go/zone.ts";
import { integerAt, stringAt } from "./operands.ts";
import { parseDurationNs } from "./time-duration.ts";
import { isArray, isNumber, type RegoNumber, type RegoValue } from "./value.ts";

export const timeBuiltins: readonly HostBuiltin[] = [
  { name: "time.now_ns", call: (_, context) => numberOf(context.nowNs()) },
  { name: "time.parse_ns", call: (args) => parse(layoutOf(stringAt(args, 0)), stringAt(args, 1)) },
  { name: "time.parse_rfc3339_ns", call: (args) => parse(layoutOf("RFC3339"), stringAt(args, 0)) },
  { name: "time.parse_duration_ns", call: (args) => numberOf(parseDurationNs(stringAt(args, 0))) },
  {
    name: "time.format",
    call: (args) => {
      const { time, layout } = timeAt(args, 0);
      return formatTime(time, layoutOf(layout === "" ? "RFC3339Nano" : layout));
    },
  },
  {
    name: "time.date",
    call: (args) => {
      const { year, month, day } = civilOf(timeAt(args, 0).time);
      return [year, month, day];
    },
  },
  {
    name: "time.clock",
    call: (args) => {
      const { hour, minute, second } = civilOf(timeAt(args, 0).time);
      return [hour, minute, second];
    },
  },
  { name: "time.weekday", call: (args) => WEEKDAYS[civilOf(timeAt(args, 0).time).weekday] ?? "" },
  {
    name: "time.add_date",
    call: (args) => addDate(timeAt(args, 0).time, integerAt(args, 1), integerAt(args, 2), integerAt(args, 3)),
  },
  { name: "time.diff", call: (args) => difference(timeAt(args, 0).time, timeAt(args, 1).time) },
];

const INT64_MAX = 2n ** 63n - 1n;

/** Nanoseconds since the epoch have 64 bits: the years 1677 to 2262. */
function nanoseconds(ns: bigint): RegoNumber {
  if (ns > INT64_MAX || ns < -INT64_MAX - 1n) throw new BuiltinError("time outside of valid range");
  return numberOf(ns);
}

function layoutOf(name: string): string {
  return NAMED_LAYOUTS.get(name) ?? name;
}

function parse(layout: string, text: string): RegoNumber {
  try {
    return nanoseconds(parseTime(layout, text));
  } catch (error) {
    if (error instanceof TimeParseError) throw new BuiltinError(error.message, { cause: error });
    throw error;
  }
}

/** The operand of most functions: `ns`, `[ns, zone]` or `[ns, zone, layout]`. */
function timeAt(args: readonly RegoValue[], index: number): { time: ZonedTime; layout: string } {
  const operand = args[index] as RegoValue;
  const [ns, zone = "", layout = ""] = isArray(operand) ? operand : [operand];
  if (
    ns === undefined ||
    ns === null ||
    !isNumber(ns) ||
    typeof zone !== "string" ||
    typeof layout !== "string"
  )
    throw new BuiltinError(`operand ${index + 1} must be either number (ns) or [number (ns), string (tz)]`);
  const exact = integerOf(decimalOf(ns));
  if (exact === undefined || exact > INT64_MAX || exact < -INT64_MAX - 1n)
    throw new BuiltinError("timestamp too big");
  const time = inZone(exact, zone);
  if (time === undefined) throw new BuiltinError("unknown time zone");
  return { time, layout };
}

function addDate(time: ZonedTime, years: number, months: number, days: number): RegoNumber {
  const civil = civilOf(time);
  const date = new Date(0);
  date.setUTCFullYear(civil.year + years, civil.month - 1 + months, civil.day + days);
  date.setUTCHours(civil.hour, civil.minute, civil.second);
  if (Number.isNaN(date.getTime())) throw new BuiltinError("time outside of valid range");
  return nanoseconds(fromLocal(date.getTime() / 1000, civil.nanosecond, time.zone));
}

/** Years, months, days, hours, minutes and seconds between two times, on the calendar of the first one's zone. */
function difference(a: ZonedTime, b: ZonedTime): RegoValue {
  const other = inZone(b.ns, a.zone) ?? b;
  const [from, to] = a.ns > other.ns ? [civilOf(other), civilOf(a)] : [civilOf(a), civilOf(other)];
  const fields = DIFFERENCE_FIELDS.map((field) => to[field] - from[field]);
  borrow(fields, 5, 60);
  borrow(fields, 4, 60);
  borrow(fields, 3, 24);
  borrow(fields, 2, new Date(Date.UTC(from.year, from.month, 0)).getUTCDate());
  borrow(fields, 1, 12);
  return fields;
}

const DIFFERENCE_FIELDS = [
  "year",
  "month",
  "day",
  "hour",
  "minute",
  "second",
] as const satisfies readonly (keyof Civil)[];

function borrow(fields: number[], index: number, size: number): void {
  const value = fields[index] ?? 0;
  if (value >= 0) return;
  fields[index] = value + size;
  fields[index - 1] = (fields[index - 1] ?? 0) - 1;
}
