import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { packageFile } from "../document/package-root.ts";
import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { packageOf } from "../policy/bundle/rego.ts";

/** What METADATA says of a rule. */
export type RuleWords = { readonly title?: string; readonly description?: string };

/** `category/rule` of rules and their words. */
export type Words = ReadonlyMap<string, RuleWords>;

const METADATA = /^# METADATA\n((?:#.*\n)+)(?=package\b)/m;
const RULES = "regent/rules/";

/** The METADATA of the package of each rule. One whose METADATA is no YAML has no words; it decides all the same. */
export function wordsOf(files: readonly { readonly content: Buffer }[]): Words {
  const words = new Map<string, RuleWords>();
  for (const { content } of files) {
    const text = content.toString("utf8").replaceAll("\r\n", "\n");
    const name = packageOf(text);
    const block = METADATA.exec(text)?.[1];
    if (block === undefined || name === undefined || !name.startsWith(RULES)) continue;
    words.set(name.slice(RULES.length), metadata(block));
  }
  return words;
}

function metadata(block: string): RuleWords {
  try {
    const value = parse(block.replaceAll(/^# ?/gm, "")) as JsonValue;
    if (!isJsonObject(value)) return {};
    const { title, description } = value;
    return {
      ...(typeof title === "string" && { title }),
      ...(typeof description === "string" && { description: description.trim().replaceAll(/\s+/g, " ") }),
    };
  } catch {
    return {};
  }
}

/** The words of a rule that comes with the package; undefined when there is no such rule. */
export async function shippedWords(rule: string): Promise<RuleWords | undefined> {
  const [, category, name] = /^(\w+)\/(\w+)$/.exec(rule) ?? [];
  if (category === undefined || name === undefined) return undefined;
  const file = join(packageFile("policies", "rules"), category, name, `${name}.rego`);
  const content = await readFile(file).catch(() => undefined);
  return content === undefined ? undefined : wordsOf([{ content }]).get(rule);
}

/** What docs/errors.md advises, by code. */
export async function adviceByCode(): Promise<ReadonlyMap<string, string>> {
  const page = await readFile(packageFile("docs", "errors.md"), "utf8");
  const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.flatMap((cells) => {
      const code = /^`(\w+)`$/.exec(cells[1] ?? "")?.[1];
      const advice = cells.at(-2);
      return code === undefined || advice === undefined ? [] : [[code, advice] as const];
    }),
  );
}
