import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { keyPointer, pointerToken } from "../wire/json/index.ts";

/**
 * Texts of one answer or one event. A long answer has some hundreds with its tool calls and citations; each is looked
 * through by every detector, however short it is. What has more counts as opaque.
 */
export const ANSWER_TEXTS_MAX = 20_000;

/** A text of an answer, or a piece of one that goes on in other places and events. */
export type AnswerText = {
  /** Where it stands: RFC 6901, or with `~#` behind it the name of a member. */
  readonly pointer: string;
  readonly text: string;
  /** The running text that this is the next piece of; absent: it stands for itself, whole. */
  readonly continues?: RunningName;
};

/** Of the running texts of one lane (a choice, say) a model writes one after the other, and lanes side by side. */
export type RunningName = { readonly lane: string; readonly name: string };

/** What of an answer, or of an event of one, says something. */
export type AnswerTexts = {
  readonly texts: readonly AnswerText[];
  /** Pointer to something that is said in another form than text: sound, images, tokens. Undefined: there is no such. */
  readonly opaque: string | undefined;
  /** Lanes in which nothing more is written. */
  readonly ended: readonly string[];
};

/** What a dialect says in JSON, for those who inspect and change it. */
export type AnswerTextReader = {
  whole(answer: JsonValue): AnswerTexts;
  /** An event of a stream, in whatever framing; absent where a dialect has none. */
  event?: EventTextReader;
};

/** @param name of the event; empty where it has none */
export type EventTextReader = (event: JsonValue, name: string) => AnswerTexts;

/** Collects the texts of one answer or event: every string in it, whether the dialect knows its member or not. */
export class AnswerTextCollector {
  readonly #texts: AnswerText[] = [];
  readonly #ended = new Set<string>();
  #opaque: string | undefined;

  get texts(): AnswerTexts {
    return { texts: this.#texts, opaque: this.#opaque, ended: [...this.#ended] };
  }

  end(lane: string): void {
    this.#ended.add(lane);
  }

  opaque(pointer: string): void {
    this.#opaque ??= pointer;
  }

  add(pointer: string, text: string, continues?: RunningName): void {
    if (text === "") return;
    if (this.#texts.length === ANSWER_TEXTS_MAX) {
      this.opaque(pointer);
      return;
    }
    this.#texts.push(continues === undefined ? { pointer, text } : { pointer, text, continues });
  }

  /** All strings in a value, each for itself. Numbers in a list are tokens, as far as anybody can tell. */
  tree(pointer: string, value: JsonValue): void {
    if (typeof value === "string") {
      this.add(pointer, value);
      return;
    }
    if (isJsonObject(value)) {
      this.members(pointer, value, (at, _, inner) => this.tree(at, inner));
      return;
    }
    if (Array.isArray(value)) this.elements(pointer, value, (at, inner) => this.tree(at, inner));
  }

  /** All strings in a value of a caller's own making, each for itself. Its numbers are no tokens. */
  data(pointer: string, value: JsonValue): void {
    if (typeof value === "string") this.add(pointer, value);
    else if (isJsonObject(value)) this.members(pointer, value, (at, _, inner) => this.data(at, inner));
    else if (Array.isArray(value))
      for (const [index, element] of (value as readonly JsonValue[]).entries())
        if (typeof element !== "number") this.data(`${pointer}/${index}`, element);
  }

  /**
   * Visits the members of an object. A name that is no plain word is a text as well.
   *
   * @param known names that are the schema's, whatever they look like
   */
  members(
    pointer: string,
    object: JsonObject,
    visit: (pointer: string, key: string, value: JsonValue) => void,
    known?: ReadonlySet<string>,
  ): void {
    for (const [key, value] of Object.entries(object)) {
      const at = `${pointer}/${pointerToken(key)}`;
      if (!PLAIN_KEY.test(key) && known?.has(key) !== true) this.add(keyPointer(at), key);
      visit(at, key, value);
    }
  }

  elements(
    pointer: string,
    array: readonly JsonValue[],
    visit: (pointer: string, value: JsonValue, index: number) => void,
  ): void {
    for (const [index, element] of array.entries()) {
      if (typeof element === "number") {
        this.opaque(pointer);
        return;
      }
      visit(`${pointer}/${index}`, element, index);
    }
  }
}

/** Names of schemas. Nothing that a detector looks for is made of small letters alone. */
export const PLAIN_KEY = /^[a-z_]{1,40}$/;

/** Whether a member holds anything: null, an empty text and empty lists say nothing. */
export function isPresent(value: JsonValue | undefined): boolean {
  if (value === null || value === undefined || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isJsonObject(value) || Object.values(value).some(isPresent);
}
