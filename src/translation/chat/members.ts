import type { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../../formats/members.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { Warn } from "../translation.ts";

/**
 * An object of a request, read member by member. What nobody asked for is told by {@link tellRest}, so that a member which
 * a reader does not know cannot get lost without a word. Null counts as absent, as it does for OpenAI and Anthropic.
 *
 * @throws RegentError body_invalid, with the pointer, where a member is of another type than it is read as
 */
export class Members {
  /** RFC 6901, of the object. */
  readonly pointer: string;
  readonly #object: JsonObject;
  readonly #taken = new Set<string>();

  constructor(value: JsonValue | undefined, pointer: string) {
    if (!isJsonObject(value)) throw invalid(`${pointer === "" ? "The body" : pointer} must be an object`);
    this.#object = value;
    this.pointer = pointer;
  }

  /** The pointer of a member. */
  at(key: string): string {
    return `${this.pointer}/${pointerToken(key)}`;
  }

  /** Whether it is there, read or not. */
  has(key: string): boolean {
    return Object.hasOwn(this.#object, key) && this.#object[key] !== null;
  }

  value(key: string): JsonValue | undefined {
    this.#taken.add(key);
    return this.has(key) ? this.#object[key] : undefined;
  }

  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, "a text");
  }

  /** @throws RegentError body_invalid also when it is missing */
  needText(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw invalid(`${this.at(key)} is missing`);
    return value;
  }

  number(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined || (typeof value === "number" && Number.isFinite(value))) return value;
    throw this.#wrong(key, "a number");
  }

  /** A whole number from 0 up that every reader takes the same way. */
  count(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
    throw this.#wrong(key, "a whole number of at least 0");
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  list(key: string): readonly JsonValue[] | undefined {
    const value = this.value(key);
    if (value === undefined || Array.isArray(value)) return value as readonly JsonValue[] | undefined;
    throw this.#wrong(key, "an array");
  }

  texts(key: string): readonly string[] | undefined {
    const list = this.list(key);
    if (list === undefined || list.every((item) => typeof item === "string")) return list;
    throw this.#wrong(key, "an array of texts");
  }

  /** The object as it stands, all of it read. */
  json(key: string): JsonObject | undefined {
    const value = this.value(key);
    if (value === undefined || isJsonObject(value)) return value;
    throw this.#wrong(key, "an object");
  }

  object(key: string): Members | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : new Members(value, this.at(key));
  }

  /** Members of which nothing gets lost: they say what the other dialect says by its form. */
  skip(...keys: readonly string[]): void {
    for (const key of keys) this.#taken.add(key);
  }

  /** Tells that all members are dropped which were not read. */
  tellRest(warn: Warn): void {
    for (const key of Object.keys(this.#object)) {
      if (this.#taken.has(key) || !this.has(key)) continue;
      warn({ code: "dropped", member: this.at(key), message: "it has no counterpart" });
    }
  }

  #wrong(key: string, type: string): RegentError {
    return invalid(`${this.at(key)} must be ${type}`);
  }
}

/** Tells that a member is gone. */
export function dropped(warn: Warn, member: string, message: string): void {
  warn({ code: "dropped", member, message });
}

/** Tells that a member says something close. */
export function changed(warn: Warn, member: string, message: string): void {
  warn({ code: "changed", member, message });
}

/** Tells that something was made up because the other dialect demands it. */
export function invented(warn: Warn, member: string, message: string): void {
  warn({ code: "invented", member, message });
}

/** Adds all of a list behind another one. A body may hold more parts than one call of `push` takes arguments. */
export function append<T>(list: T[], more: readonly T[]): void {
  for (const element of more) list.push(element);
}

/** An object without the members that are undefined. */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Members that may be undefined may be absent, and are never undefined. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
