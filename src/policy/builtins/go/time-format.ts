import { type LayoutPart, MONTHS, parseLayout, WEEKDAYS } from "./time-layout.ts";
import { abbreviationOf, type Civil, civilOf, type ZonedTime } from "./zone.ts";

/** A time in a layout, as Go's Time.Format. */
export function formatTime(time: ZonedTime, layout: string): string {
  const civil = civilOf(time);
  return parseLayout(layout)
    .map((part) => formatPart(part, civil, time))
    .join("");
}

function formatPart(part: LayoutPart, civil: Civil, time: ZonedTime): string {
  if (part.kind === "literal") return part.text;
  if (part.kind === "fraction") return formatFraction(part, civil.nanosecond);
  const format = ELEMENTS[part.text];
  return format === undefined ? formatOffset(part.text, time.offsetS) : format(civil, time);
}

const two = (value: number): string => String(value).padStart(2, "0");
const hour12 = ({ hour }: Civil): number => hour % 12 || 12;

const ELEMENTS: { readonly [element: string]: (civil: Civil, time: ZonedTime) => string } = {
  January: ({ month }) => MONTHS[month - 1] ?? "",
  Jan: ({ month }) => (MONTHS[month - 1] ?? "").slice(0, 3),
  "1": ({ month }) => String(month),
  "01": ({ month }) => two(month),
  Monday: ({ weekday }) => WEEKDAYS[weekday] ?? "",
  Mon: ({ weekday }) => (WEEKDAYS[weekday] ?? "").slice(0, 3),
  "2": ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2, " "),
  "02": ({ day }) => two(day),
  __2: ({ yearDay }) => String(yearDay).padStart(3, " "),
  "002": ({ yearDay }) => String(yearDay).padStart(3, "0"),
  "15": ({ hour }) => two(hour),
  "3": (civil) => String(hour12(civil)),
  "03": (civil) => two(hour12(civil)),
  "4": ({ minute }) => String(minute),
  "04": ({ minute }) => two(minute),
  "5": ({ second }) => String(second),
  "05": ({ second }) => two(second),
  "2006": ({ year }) => String(year).padStart(4, "0"),
  "06": ({ year }) => two(year % 100),
  PM: ({ hour }) => (hour >= 12 ? "PM" : "AM"),
  pm: ({ hour }) => (hour >= 12 ? "pm" : "am"),
  MST: (_, time) => abbreviationOf(time),
};

function formatFraction(part: LayoutPart & { kind: "fraction" }, nanosecond: number): string {
  const digits = String(nanosecond).padStart(9, "0").slice(0, part.digits).padEnd(part.digits, "0");
  const shown = part.trim ? digits.replace(/0+$/, "") : digits;
  return shown === "" ? "" : `${part.text[0]}${shown}`;
}

/** `-07:00` and its kin; with a `Z` in front, UTC is a plain Z. */
function formatOffset(element: string, offsetS: number): string {
  if (element.startsWith("Z") && offsetS === 0) return "Z";
  const magnitude = Math.abs(offsetS);
  const parts = [Math.floor(magnitude / 3600), Math.floor((magnitude % 3600) / 60), magnitude % 60].map(two);
  const count = element.replaceAll(":", "").length >= 7 ? 3 : element.replaceAll(":", "").length >= 5 ? 2 : 1;
  return (offsetS < 0 ? "-" : "+") + parts.slice(0, count).join(element.includes(":") ? ":" : "");
}
