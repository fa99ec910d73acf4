import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { parseConfig } from "./load.ts";
import { configSchema } from "./schema.ts";

const DOCS = readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8");

test("docs/config.md has a row for every key, with its default, and every row is a key", () => {
  const rows = [...DOCS.matchAll(/^\| `([^`]+)` \| (.*?) \| (.*) \|$/gm)].map(([, path, value, meaning]) => [
    path,
    value,
    meaning,
  ]);
  const keys = configKeys().map(({ path, default: value, description }) => [
    path,
    value === undefined ? "" : `\`${value.replace(/^"|"$/g, "")}\``,
    description,
  ]);
  assert.deepEqual(rows, keys);
});

test("the configuration that docs/config.md shows is a good one", () => {
  const [, example = ""] = /```yaml\n([^`]*)```/.exec(DOCS) ?? [];
  const parsed = parseConfig(example, "docs/config.md");
  assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
  assert.match(example, /version: 1/);
});

/** One key of the configuration, as docs/config.md lists it. */
type ConfigKey = {
  /** `audit.flush`, `routes[].match.path` */
  readonly path: string;
  /** As JSON; undefined when there is none. */
  readonly default: string | undefined;
  readonly description: string | undefined;
};

type Node = {
  readonly properties?: { readonly [name: string]: Node };
  readonly items?: Node;
  readonly default?: unknown;
  readonly description?: string;
};

/** Every key that holds a value, in the order of the schema. */
function configKeys(): ConfigKey[] {
  return keysOf("", z.toJSONSchema(configSchema, { io: "input" }) as Node);
}

function keysOf(path: string, node: Node): ConfigKey[] {
  if (node.properties !== undefined) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(node.properties).flatMap(([name, member]) => keysOf(`${prefix}${name}`, member));
  }
  if (node.items?.properties !== undefined) return keysOf(`${path}[]`, node.items);
  const { description } = node;
  return [
    { path, default: node.default === undefined ? undefined : JSON.stringify(node.default), description },
  ];
}
