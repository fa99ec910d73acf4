import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { packageFile } from "../../src/document/package-root.ts";
import { withFolder } from "../support/rego.ts";

const run = promisify(execFile);
const page = await readFile(packageFile("docs", "answers.md"), "utf8");
const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, text = ""]) => text);
const [refusing = "", refusingTest = "", masking = ""] = blocksOf("rego");
const [init = "", ...others] = (blocksOf("sh")[0] ?? "").trimEnd().split("\n");

/** Runs the commands of the page on a rule and its test, in the files that the first of them makes. */
function commandsOn(rule: string, its: string): Promise<string> {
  return withFolder(async (folder) => {
    await symlink(packageFile("policies"), join(folder, "policies"));
    const PATH = [packageFile("node_modules", ".bin"), process.env.PATH].join(delimiter);
    const sh = (command: string) =>
      run("sh", ["-ec", command], { cwd: folder, env: { ...process.env, PATH } });
    await sh(init);
    const file = join(folder, "my-rules/rules/acme/no_cards/no_cards");
    await writeFile(`${file}.rego`, rule);
    await writeFile(`${file}_test.rego`, its);
    const { stdout } = await sh(others.join("\n"));
    return stdout;
  });
}

test("the commands of docs/answers.md check, test and build the rule that it shows", async () => {
  const told = await commandsOn(refusing, refusingTest);
  assert.match(told, /nothing found\nOPA: (\d+) of \1 pass\n/);
  assert.match(told, /^policies\.tar\.gz: revision /m);
});

test("what docs/answers.md shows of masking is a rule", async () => {
  const [head = ""] = refusing.split("\n");
  const its = `${refusingTest.split("\n\ntest_")[0]}

test_masks if {
	count(no_cards.redact) == 1 with input as {"phase": "request", "inference": {}}
}
`;
  assert.match(await commandsOn(`${head}\n\n${masking}`, its), /^policies\.tar\.gz: revision /m);
});
