import { type LayoutPart, MONTHS, parseLayout, WEEKDAYS } from "./time-layout.ts";

/** A text that does not fit its layout, or names a day that there is not. */
export class TimeParseError extends Error {
  override readonly name = "TimeParseError";
}

/** Parses a text by a layout, as Go's time.Parse. Without a zone the time is UTC. Nanoseconds since the epoch. */
export function parseTime(layout: string, text: string): bigint {
  const reader = new TimeReader(text);
  const parts = parseLayout(layout);
  for (const [index, part] of parts.entries()) reader.part(part, parts[index + 1]);
  return reader.finish();
}

type Fields = {
  year: number;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon: boolean | undefined;
  offsetS: number;
};

class TimeReader {
  #rest: string;
  readonly #fields: Fields = {
    year: 0,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    afternoon: undefined,
    offsetS: 0,
  };

  constructor(text: string) {
    this.#rest = text;
  }

  part(part: LayoutPart, next: LayoutPart | undefined): void {
    if (part.kind === "literal") this.#literal(part.text);
    else if (part.kind === "fraction") this.#fraction(part);
    else this.#element(part.text, next);
  }

  /** Checks that nothing is left and that the day exists. */
  finish(): bigint {
    if (this.#rest !== "") throw new TimeParseError("extra text");
    const fields = this.#fields;
    const hour = hourOf(fields);
    const { month, day } = dateOf(fields);
    const date = new Date(0);
    date.setUTCFullYear(fields.year, month - 1, day);
    date.setUTCHours(hour, fields.minute, fields.second);
    const seconds = BigInt(date.getTime() / 1000) - BigInt(fields.offsetS);
    return seconds * 1_000_000_000n + BigInt(fields.nanosecond);
  }

  #take(pattern: RegExp): string {
    const [found] = pattern.exec(this.#rest) ?? [];
    if (found === undefined) throw new TimeParseError("the text does not fit the layout");
    this.#rest = this.#rest.slice(found.length);
    return found;
  }

  #number(pattern: RegExp, min: number, max: number): number {
    const value = Number(this.#take(pattern));
    if (value < min || value > max) throw new TimeParseError("a part is out of range");
    return value;
  }

  /** Blanks of a layout match any run of blanks. */
  #literal(text: string): void {
    for (const character of text) {
      if (character === " ") {
        if (this.#rest !== "" && !this.#rest.startsWith(" ")) throw new TimeParseError("a blank is missing");
        this.#rest = this.#rest.replace(/^ +/, "");
      } else if (this.#rest.startsWith(character)) this.#rest = this.#rest.slice(character.length);
      else throw new TimeParseError("the text does not fit the layout");
    }
  }

  #fraction({ digits, trim }: LayoutPart & { kind: "fraction" }): void {
    if (trim && !/^[.,]\d/.test(this.#rest)) return;
    const text = this.#take(trim ? /^[.,]\d+/ : new RegExp(`^[.,]\\d{${digits}}`));
    this.#fields.nanosecond = nanosecondOf(text.slice(1));
  }

  #name(names: readonly string[], length?: number): number {
    const lower = this.#rest.toLowerCase();
    const index = names.findIndex((name) => lower.startsWith(name.slice(0, length).toLowerCase()));
    if (index === -1) throw new TimeParseError("a name is unknown");
    this.#rest = this.#rest.slice((names[index] ?? "").slice(0, length).length);
    return index;
  }

  #element(element: string, next: LayoutPart | undefined): void {
    const fields = this.#fields;
    switch (element) {
      case "2006":
        fields.year = this.#number(/^\d{4}/, 0, 9999);
        break;
      case "06": {
        const year = this.#number(/^\d{2}/, 0, 99);
        fields.year = year >= 69 ? 1900 + year : 2000 + year;
        break;
      }
      case "January":
        fields.month = this.#name(MONTHS) + 1;
        break;
      case "Jan":
        fields.month = this.#name(MONTHS, 3) + 1;
        break;
      case "1":
        fields.month = this.#number(/^\d{1,2}/, 1, 12);
        break;
      case "01":
        fields.month = this.#number(/^\d{2}/, 1, 12);
        break;
      case "Monday":
        this.#name(WEEKDAYS);
        break;
      case "Mon":
        this.#name(WEEKDAYS, 3);
        break;
      case "2":
      case "_2":
        if (element === "_2") this.#rest = this.#rest.replace(/^ /, "");
        fields.day = this.#number(/^\d{1,2}/, 0, 99);
        break;
      case "02":
        fields.day = this.#number(/^\d{2}/, 0, 99);
        break;
      case "__2":
      case "002":
        fields.yearDay = this.#number(/^[ \d]{2}\d/, 1, 366);
        break;
      case "15":
        fields.hour = this.#number(/^\d{1,2}/, 0, 23);
        break;
      case "3":
        fields.hour = this.#number(/^\d{1,2}/, 0, 12);
        break;
      case "03":
        fields.hour = this.#number(/^\d{2}/, 0, 12);
        break;
      case "4":
        fields.minute = this.#number(/^\d{1,2}/, 0, 59);
        break;
      case "04":
        fields.minute = this.#number(/^\d{2}/, 0, 59);
        break;
      case "5":
      case "05":
        fields.second = this.#number(element === "5" ? /^\d{1,2}/ : /^\d{2}/, 0, 59);
        this.#unannouncedFraction(next);
        break;
      case "PM":
        fields.afternoon = this.#take(/^(?:AM|PM)/) === "PM";
        break;
      case "pm":
        fields.afternoon = this.#take(/^(?:am|pm)/) === "pm";
        break;
      case "MST":
        this.#abbreviation();
        break;
      default:
        this.#offset(element);
    }
  }

  /** A fraction may follow the seconds even where the layout has none. */
  #unannouncedFraction(next: LayoutPart | undefined): void {
    if (next?.kind === "fraction" || !/^[.,]\d/.test(this.#rest)) return;
    this.#fields.nanosecond = nanosecondOf(this.#take(/^[.,]\d+/).slice(1));
  }

  /** A zone's short name. Only UTC and GMT+N say which offset they mean; others count as UTC. */
  #abbreviation(): void {
    const name = this.#take(/^(?:GMT[+-]\d{1,2}|[A-Z]{3,5}|[+-]\d{2}(?:\d{2})?)/);
    const [, hours] = /^GMT([+-]\d+)$/.exec(name) ?? [];
    if (hours !== undefined) this.#fields.offsetS = Number(hours) * 3600;
  }

  #offset(element: string): void {
    if (element.startsWith("Z") && this.#rest.startsWith("Z")) {
      this.#rest = this.#rest.slice(1);
      return;
    }
    const separator = element.includes(":") ? ":" : "";
    const digits = element.replace(/[^\d]/g, "").length / 2;
    const text = this.#take(new RegExp(`^[+-]\\d{2}(?:${separator}\\d{2}){${digits - 1}}`));
    const [hours = 0, minutes = 0, seconds = 0] = (text.slice(1).match(/\d{2}/g) ?? []).map(Number);
    if (hours > 24 || minutes >= 60 || seconds >= 60) throw new TimeParseError("an offset is out of range");
    this.#fields.offsetS = (text.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
  }
}

function nanosecondOf(digits: string): number {
  return Number(digits.slice(0, 9).padEnd(9, "0"));
}

function hourOf({ hour, afternoon }: Fields): number {
  if (afternoon === true && hour < 12) return hour + 12;
  return afternoon === false && hour === 12 ? 0 : hour;
}

function dateOf({ year, month, day, yearDay }: Fields): { month: number; day: number } {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (yearDay !== undefined) {
    if (yearDay === 366 && !leap) throw new TimeParseError("day-of-year out of range");
    const date = new Date(Date.UTC(leap ? 2000 : 2001, 0, yearDay));
    return { month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  }
  const given = { month: month ?? 1, day: day ?? 1 };
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (given.day < 1 || given.day > (lengths[given.month - 1] ?? 0))
    throw new TimeParseError("day out of range");
  return given;
}
