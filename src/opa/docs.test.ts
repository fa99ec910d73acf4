import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageFile } from "../document/package-root.ts";
import { findOpa } from "../policy/opa/opa.ts";
import { UNSERVED } from "./api/api.ts";
import { longName, OPA_FLAGS } from "./flags.ts";
import { KEYS, lookUpKey } from "./keys.ts";

const page = readFileSync(packageFile("docs", "migrate-from-opa-envoy.md"), "utf8");

/** Rows of the table with this head: the words in backquotes of the first column, and the state. */
function rowsOf(head: string): readonly (readonly [name: string, state: string, note: string])[] {
  const [, table = ""] = page.split(`| ${head} | state |`);
  const rows = table.split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return rows.map((row) => {
    const [, name = "", state = "", note = ""] = row.replaceAll("\\|", "¦").split("|");
    return [name.trim().replaceAll("`", ""), state.trim(), note.trim().replaceAll("¦", "|")] as const;
  });
}

const rendered = (path: readonly string[]) =>
  path.map((step) => (step.includes(".") ? `"${step}"` : step)).join(".");

describe("docs/migrate-from-opa-envoy.md", () => {
  test("has every key of the configuration, its state and its note, and no other", () => {
    assert.deepEqual(
      rowsOf("key"),
      KEYS.map(([path, { state, note = "" }]) => [rendered(path), state, note]),
    );
  });

  test("has every flag, and no other", () => {
    assert.deepEqual(
      rowsOf("flag"),
      OPA_FLAGS.map((flag) => [longName(flag), flag.state, flag.note]),
    );
  });

  test("says of every route that is not served what to do instead", () => {
    for (const [path, why] of UNSERVED)
      assert.ok(
        page.includes(
          `| \`${path.replace(/\/\*$/, path.startsWith("/debug") ? "/*" : "")}\` | 501: ${why} |`,
        ),
        path,
      );
  });
});

test("the flags are those of opa run, none left out", async (t) => {
  const opa = await findOpa().catch(() => undefined);
  if (opa === undefined) return t.skip("there is no opa to ask for its flags");
  const help = execFileSync(opa, ["run", "--help"], { encoding: "utf8" });
  const [, usage = ""] = help.split("\nFlags:\n");
  const flags = [...usage.matchAll(/^ +(?:-\w, )?(--[a-z0-9-]+)/gm)].map(([, name]) => name);
  assert.ok(flags.length > 30, `${flags.length}`);
  const known = new Set([...OPA_FLAGS.map(longName), "--help"]);
  assert.deepEqual(
    flags.filter((name) => !known.has(name ?? "")),
    [],
  );
});

test("the keys are those of OPA's own documentation, none left out", (t) => {
  const { OPA_VERSION = "" } = Object.fromEntries(
    readFileSync(packageFile("tools", "versions.env"), "utf8")
      .split("\n")
      .map((line) => line.split("=") as [string, string]),
  );
  const modules = process.env.GOMODCACHE ?? join(homedir(), "go", "pkg", "mod");
  const file = join(
    modules,
    `github.com/open-policy-agent/opa@v${OPA_VERSION.replace(/^v/, "")}`,
    "docs/docs/configuration.md",
  );
  if (!existsSync(file)) return t.skip(`OPA's documentation is not there: ${file}`);
  const names = [...readFileSync(file, "utf8").matchAll(/^\| `([a-z_]+(?:[[._][^`]*)?)`/gm)].map(
    ([, name]) => name ?? "",
  );
  const keys = names.filter((name) => name.includes(".") || name.includes("_"));
  assert.ok(keys.length > 120, `${keys.length}`);
  const unknown = keys.filter(
    (key) => lookUpKey(key.replaceAll("[_]", ".name").split(".")).kind === "unknown",
  );
  assert.deepEqual(unknown, []);
});
