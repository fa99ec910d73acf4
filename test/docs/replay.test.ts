import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";
import { packageFile } from "../../src/document/package-root.ts";
import { REGENT_MAIN } from "../../src/local/programs.ts";
import { FLIP_KINDS } from "../../src/replay/flip.ts";
import { compileBundle, withFolder } from "../support/rego.ts";
import { writeLog } from "../support/replay-log.ts";

const DOCS = await readFile(packageFile("docs", "replay.md"), "utf8");
const blocks = (language: string): string[] =>
  [...DOCS.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, text]) => text ?? "");

const ENTRYPOINT = "regent/request/decision";
const OLD = `package regent.request

default decision := {"allow": true, "reasons": []}

decision := {"allow": false, "reasons": [{"code": "c", "kind": "permission", "message": "no", "policy": "a/b", "severity": "error"}]} if {
	input.identity.tenant in {"initech"CLOSED}
}
`;

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs a command of the page as it is written, but for the program and the id. */
function run(command: string, cwd: string, id: string): Promise<Ended> {
  const [program, ...args] = command.replace(/\b74a63f4b-[0-9a-f-]{27}/, id).split(" ");
  assert.equal(program, "regent");
  return new Promise((resolve) => {
    execFile(process.execPath, [REGENT_MAIN, ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe("docs/replay.md", () => {
  test("shows a configuration that is a good one", () => {
    const [yaml = assert.fail()] = blocks("yaml");
    const parsed = parseConfig(yaml, "docs/replay.md");
    assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
  });

  test("shows commands that run and end as it says", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "var", "decisions"), { recursive: true });
      for (const [name, closed] of [
        ["old", ""],
        ["new", ', "acme", "globex"'],
      ] as const) {
        const rego = OLD.replace("CLOSED", closed);
        await writeFile(
          join(folder, `${name}.tar.gz`),
          await compileBundle({ "a.rego": rego }, [ENTRYPOINT]),
        );
      }
      const log = join(folder, "var", "decisions", "decisions-000000000001.jsonl");
      const asked = ["initech", "acme", "globex"].map((tenant) => ({
        entrypoint: ENTRYPOINT,
        input: { identity: { tenant } },
      }));
      const [id = assert.fail()] = await writeLog(log, join(folder, "old.tar.gz"), asked);
      const commands = blocks("sh").map((text) => text.trim());
      const ended = await Promise.all(commands.map((command) => run(command, folder, id)));
      assert.deepEqual(
        ended.map(({ status, stderr }) => [status, stderr]),
        [
          [2, ""],
          [2, ""],
          [0, ""],
        ],
      );
      assert.match(ended[0]?.stdout ?? "", /^3 decisions, 3 decided again: 1 the same, 2 newly denied, /m);
      assert.match(ended[1]?.stdout ?? "", /"decisions":1,.*"newly_denied":1/);
      assert.match(ended[2]?.stdout ?? "", /input\.identity\.tenant = "initech"/);
    }));

  test("names every kind of flip and every reason not to decide again", async () => {
    for (const kind of FLIP_KINDS) assert.ok(DOCS.includes(kind.replace("_", "-")), kind);
    const source = await readFile(packageFile("src", "replay", "replayable.ts"), "utf8");
    const reasons = [...source.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, reason]) => reason ?? "");
    assert.equal(reasons.length, 9);
    for (const reason of reasons) assert.ok(DOCS.includes(`\`${reason}\``), reason);
  });
});
