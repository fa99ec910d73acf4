import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";
import { ERRORS } from "../../src/exchange/errors.ts";
import { ENVOY_ERRORS } from "../../src/local/envoy/local-replies.ts";
import { policyCodes } from "../policies/policies.ts";

type Row = { readonly status: number | undefined; readonly sources: readonly string[] };

/** The rows of the tables of docs/errors.md, by code. */
function documented(): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const line of readFileSync(packageFile("docs", "errors.md"), "utf8").split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const code = /^`(\w+)`$/.exec(cells[1] ?? "")?.[1];
    if (code === undefined) continue;
    assert.ok(!rows.has(code), `${code} has two rows`);
    const status = /^\d{3}$/.test(cells[2] ?? "") ? Number(cells[2]) : undefined;
    rows.set(code, { status, sources: (status === undefined ? cells[2] : cells[3])?.split(", ") ?? [] });
  }
  return rows;
}

/** Codes that `policies/main` and `policies/lib` give, beside the rules. */
function composingCodes(): string[] {
  const page = readFileSync(packageFile("docs", "policies", "README.md"), "utf8");
  return [...page.matchAll(/^\| `(\w+)` \| \w+ \| \d{3} \|/gm)].map((match) => match[1] ?? "");
}

async function given(): Promise<Map<string, Set<string>>> {
  const sources = new Map<string, Set<string>>();
  const add = (code: string, source: string) =>
    sources.set(code, (sources.get(code) ?? new Set()).add(source));
  for (const code of Object.keys(ERRORS)) add(code, "regent");
  for (const code of Object.keys(ENVOY_ERRORS)) add(code, "envoy");
  for (const { code } of await policyCodes()) add(code, "policy");
  for (const code of composingCodes()) add(code, "policy");
  return sources;
}

test("docs/errors.md lists every code that can be given, and who gives it", async () => {
  const rows = documented();
  for (const [code, sources] of await given()) {
    assert.deepEqual([...(rows.get(code)?.sources ?? [])].sort(), [...sources].sort(), code);
  }
});

test("docs/errors.md lists no code that nobody gives", async () => {
  const sources = await given();
  for (const code of documented().keys()) assert.ok(sources.has(code), code);
});

test("docs/errors.md has the status that a code is given with", () => {
  const rows = documented();
  for (const [code, { status }] of [...Object.entries(ERRORS), ...Object.entries(ENVOY_ERRORS)]) {
    assert.equal(rows.get(code)?.status, status, code);
  }
});
