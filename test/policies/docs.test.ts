import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KIND_STATUS } from "../../src/exchange/decision.ts";
import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import {
  annotatedPackages,
  CAPABILITIES,
  POLICIES,
  POLICY_DOCS,
  policyCodes,
  ruleOf,
  shippedRules,
} from "./policies.ts";

const SECTIONS = ["## What it does", "## Example of a denial", "## How to configure", "## Why"];

/** The cells of the rows of all tables in a page, without heads. */
function tableRows(text: string): readonly (readonly string[])[] {
  const rows = text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const isRule = (row: readonly string[] | undefined) => row?.every((cell) => /^-+$/.test(cell)) === true;
  return rows.filter((row, index) => !isRule(row) && !isRule(rows[index + 1]));
}

const page = (name: string) => readFile(join(POLICY_DOCS, `${name}.md`), "utf8");

test("every rule has METADATA with a title, a description, its category and its codes", async () => {
  const annotated = new Map(
    (await annotatedPackages()).map((entry) => [ruleOf(entry.path), entry.annotations]),
  );
  for (const rule of await shippedRules()) {
    const annotations = annotated.get(rule);
    assert.ok(annotations?.title && annotations.description, rule);
    assert.equal(annotations.custom?.category, rule.split("/")[0]);
    assert.ok(Array.isArray(annotations.custom?.codes), rule);
  }
});

test("every code has a kind of the contract and the status of that kind", async () => {
  for (const { code, kind, status } of await policyCodes()) {
    assert.ok(kind in KIND_STATUS, code);
    if (status !== undefined) assert.equal(status, KIND_STATUS[kind], code);
  }
});

test("every rule has a page with all sections, and every page has a rule", async () => {
  const entries = await readdir(POLICY_DOCS, { recursive: true });
  const pages = entries.filter((entry) => entry.endsWith(".md") && entry !== "README.md");
  assert.deepEqual(pages.map((entry) => entry.slice(0, -3)).sort(), await shippedRules());
  for (const rule of await shippedRules()) {
    const text = await page(rule);
    const places = [`\`${rule}\``, ...SECTIONS].map((section) => text.indexOf(section));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      rule,
    );
  }
});

test("the pages give every code of their rule, with kind and status, and no other", async () => {
  const codes = await policyCodes();
  for (const rule of await shippedRules()) {
    const documented = tableRows(await page(rule));
    const given = codes
      .filter(({ policy }) => policy === rule)
      .map(({ code, kind, status }) => [
        `\`${code}\``,
        kind,
        status === undefined ? "none: a warning" : String(status),
      ]);
    assert.deepEqual(documented, given, rule);
  }
});

test("the index lists every rule with its codes, and every code of composition", async () => {
  const index = await readFile(join(POLICY_DOCS, "README.md"), "utf8");
  const codes = await policyCodes();
  const rows = tableRows(index);
  for (const rule of await shippedRules()) {
    const given = codes.filter(({ policy }) => policy === rule).map(({ code }) => `\`${code}\``);
    const row = rows.find(([link]) => link === `[${rule}](${rule}.md)`);
    assert.equal(row?.[2], given.join(" "), rule);
  }
  const composed = codes
    .filter(({ policy }) => policy === "regent")
    .map(({ code, kind, status }) => [`\`${code}\``, kind, String(status)].join(" "));
  const documented = rows.filter((row) => row.length === 4).map((row) => row.slice(0, 3).join(" "));
  assert.deepEqual(documented.sort(), [...new Set(composed)].sort());
});

test("no rule gives a code that its METADATA does not have", async () => {
  const codes = await policyCodes();
  for (const rule of await shippedRules()) {
    const source = await readFile(join(POLICIES, "rules", rule, `${rule.split("/")[1]}.rego`), "utf8");
    const given = new Set(
      [...source.matchAll(/result\.(?:denial|warning)\("(\w+)", "(\w+)"/g)].map(([, ...pair]) =>
        pair.join(" "),
      ),
    );
    const declared = codes.filter(({ policy }) => policy === rule).map(({ code, kind }) => `${code} ${kind}`);
    assert.deepEqual([...given].sort(), declared.sort(), rule);
  }
});

test("the rule that the docs show compiles in strict mode", async () => {
  const index = await readFile(join(POLICY_DOCS, "README.md"), "utf8");
  const rule = /```rego\n([\s\S]+?)```/.exec(index)?.[1];
  assert.ok(rule !== undefined);
  const folder = await mkdtemp(join(tmpdir(), "regent-docs-"));
  try {
    await writeFile(join(folder, "access.rego"), rule);
    const opa = await findOpa();
    const checked = await runOpa(opa, ["check", "--strict", ...CAPABILITIES, folder, join(POLICIES, "lib")]);
    assert.equal(checked.stdout + checked.stderr, "");
    const formatted = await runOpa(opa, ["fmt", "--list", folder]);
    assert.equal(formatted.stdout, "");
  } finally {
    await rm(folder, { recursive: true });
  }
});
