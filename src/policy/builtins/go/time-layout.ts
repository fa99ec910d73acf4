/** The layouts of Go's time package: a reference time whose parts stand for what they are. @see https://pkg.go.dev/time#Layout */

export type LayoutPart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "element"; readonly text: string }
  /** A fraction of a second: `.000` keeps zeros, `.999` drops those at the end. */
  | { readonly kind: "fraction"; readonly text: string; readonly digits: number; readonly trim: boolean };

/** Longest first where one begins with another. */
const ELEMENTS = [
  "January",
  "Jan",
  "Monday",
  "Mon",
  "MST",
  "2006",
  "002",
  "01",
  "02",
  "03",
  "04",
  "05",
  "06",
  "15",
  "__2",
  "_2",
  "-07:00:00",
  "-070000",
  "-07:00",
  "-0700",
  "-07",
  "Z07:00:00",
  "Z070000",
  "Z07:00",
  "Z0700",
  "Z07",
  "PM",
  "pm",
  "1",
  "2",
  "3",
  "4",
  "5",
];

const FRACTION = /^[.,](0+|9+)(?!\d)/;

/** Splits a layout into its parts. */
export function parseLayout(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let literal = "";
  for (let at = 0; at < layout.length; ) {
    const part = elementAt(layout, at);
    if (part === undefined) {
      literal += layout[at];
      at += 1;
      continue;
    }
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
    parts.push(part);
    at += part.text.length;
  }
  if (literal !== "") parts.push({ kind: "literal", text: literal });
  return parts;
}

function elementAt(layout: string, at: number): LayoutPart | undefined {
  const rest = layout.slice(at, at + 32);
  const [text, digits] = FRACTION.exec(rest) ?? [];
  if (text !== undefined && digits !== undefined)
    return { kind: "fraction", text, digits: digits.length, trim: digits.startsWith("9") };
  const element = ELEMENTS.find((candidate) => rest.startsWith(candidate));
  if (element === undefined) return undefined;
  // `_2006` is an underscore and a year; `Jan` and `Mon` are no names when a word goes on behind them.
  if (element === "_2" && rest.startsWith("_2006")) return undefined;
  if ((element === "Jan" || element === "Mon") && /^[a-z]/.test(rest.slice(3))) return undefined;
  return { kind: "element", text: element };
}

export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The layouts that Go has names for. */
export const NAMED_LAYOUTS: ReadonlyMap<string, string> = new Map([
  ["ANSIC", "Mon Jan _2 15:04:05 2006"],
  ["UnixDate", "Mon Jan _2 15:04:05 MST 2006"],
  ["RubyDate", "Mon Jan 02 15:04:05 -0700 2006"],
  ["RFC822", "02 Jan 06 15:04 MST"],
  ["RFC822Z", "02 Jan 06 15:04 -0700"],
  ["RFC850", "Monday, 02-Jan-06 15:04:05 MST"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"],
  ["RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"],
  ["RFC3339", "2006-01-02T15:04:05Z07:00"],
  ["RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"],
]);
