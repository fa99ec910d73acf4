/** What later values of a full label count as. */
export const OTHER = "other";
/** What an absent value counts as. */
export const NONE = "none";
/** Characters of a label value. Names that people choose are shorter. */
export const LABEL_LENGTH_MAX = 128;

/** Bounds how many values a label has: a series is memory here and in every server that scrapes it. */
export class LabelCap {
  readonly #valuesMax: number;
  readonly #onOverflow: () => void;
  readonly #seen = new Set<string>();

  constructor(valuesMax: number, onOverflow: () => void = () => undefined) {
    this.#valuesMax = valuesMax;
    this.#onOverflow = onOverflow;
  }

  /** The value itself for the first values that come, `other` for all later ones, `none` for an absent one. */
  value(raw: string | undefined): string {
    if (raw === undefined || raw === "") return NONE;
    const value = raw.slice(0, LABEL_LENGTH_MAX);
    if (this.#seen.has(value)) return value;
    if (this.#seen.size < this.#valuesMax) {
      this.#seen.add(value);
      return value;
    }
    this.#onOverflow();
    return OTHER;
  }
}
