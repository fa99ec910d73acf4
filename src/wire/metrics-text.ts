/** One line with a value. */
export type MetricSample = {
  readonly name: string;
  /** Unescaped. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};

export type MetricsText = {
  /** `counter`, `gauge`, `histogram` ... by the name of the family, of every `# TYPE` line. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly MetricSample[];
};

/** Lines with a value in one text: a model server has some hundreds, and one that sends more than this sends them without end. */
export const METRIC_SAMPLES_MAX = 100_000;

/**
 * Reads Prometheus' text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Time stamps are passed over.
 *
 * @returns a sentence that names the line where it is none
 */
export function readMetricsText(text: string): MetricsText | { readonly invalid: string } {
  const types = new Map<string, string>();
  const samples: MetricSample[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    if (trimmed.startsWith("#")) {
      const [, name, type] = /^#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\S+)$/.exec(trimmed) ?? [];
      if (name !== undefined && type !== undefined) types.set(name, type);
      continue;
    }
    const sample = samples.length < METRIC_SAMPLES_MAX ? sampleOf(trimmed) : undefined;
    if (sample === undefined) return { invalid: `line ${index + 1} is no sample` };
    samples.push(sample);
  }
  return { types, samples };
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,?)/y;

function sampleOf(line: string): MetricSample | undefined {
  const name = match(NAME, line, 0)?.[0];
  if (name === undefined) return undefined;
  const behind = line.slice(name.length).trimStart();
  const labels = new Map<string, string>();
  const at = behind.startsWith("{") ? readLabels(behind, labels) : 0;
  if (at === undefined) return undefined;
  const [value, time, ...rest] = behind
    .slice(at)
    .trim()
    .split(/[ \t]+/);
  if (rest.length > 0 || (time !== undefined && !/^-?\d+$/.test(time))) return undefined;
  const number = numberOf(value ?? "");
  return number === undefined ? undefined : { name, labels, value: number };
}

/** Where the closing bracket ends; undefined when there is none or something else stands before it. */
function readLabels(text: string, labels: Map<string, string>): number | undefined {
  let at = 1;
  for (let label = match(LABEL, text, at); label !== null; label = match(LABEL, text, at)) {
    const [whole, name = "", escaped = "", comma] = label;
    if (labels.has(name)) return undefined;
    labels.set(name, unescaped(escaped));
    at += whole.length;
    if (comma === "") break;
  }
  while (text[at] === " " || text[at] === "\t") at++;
  return text[at] === "}" ? at + 1 : undefined;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

/** As Go's `ParseFloat` reads it. */
function numberOf(text: string): number | undefined {
  const special = SPECIAL.get(text.toLowerCase());
  if (special !== undefined) return special;
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["+inf", Number.POSITIVE_INFINITY],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);
