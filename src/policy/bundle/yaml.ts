import { parse, type ScalarTag, type Tags } from "yaml";

/**
 * YAML as OPA reads it, as JSON text. It is YAML 1.2 with what remains of 1.1 there: `0777` is octal, `1_000` a number,
 * `<<` merges, and a date is a string. Integers keep 53 bits, as in OPA.
 * @throws Error when it is no YAML, or refers to itself without end
 */
export function yamlToJson(text: string): string {
  const value: unknown = parse(text, {
    schema: "yaml-1.1",
    customTags: (tags) => [...tags.filter(isRead), TRUTH, OCTAL],
  });
  return JSON.stringify(value ?? null, refuseInfinity);
}

function refuseInfinity(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error(`the number at ${key} cannot be written as JSON`);
  return value;
}

type Tag = Tags[number];

const NOT_READ = new Set(["tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"]);

/** Of YAML 1.1: not its further truth values (`yes`, `on`), not its dates, and not `1:30` for 90. */
function isRead(tag: Tag): boolean {
  if (typeof tag === "string") return true;
  const { format } = tag as ScalarTag;
  return !NOT_READ.has(tag.tag) && format !== "TIME";
}

const TRUTH: ScalarTag = {
  identify: (value) => typeof value === "boolean",
  default: true,
  tag: "tag:yaml.org,2002:bool",
  test: /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/,
  resolve: (text) => text[0] === "t" || text[0] === "T",
};

const OCTAL: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:int",
  format: "OCT",
  test: /^0o[0-7]+$/,
  resolve: (text) => Number(text),
};
