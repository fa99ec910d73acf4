import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { parseConfig } from "../../src/config/load.ts";
import { createPolicyEngine } from "../../src/policy/engine.ts";
import { findOpa } from "../../src/policy/opa/opa.ts";
import { withFolder, writeSources } from "../support/rego.ts";

const run = promisify(execFile);
const DOCS = await readFile(new URL("../../docs/services.md", import.meta.url), "utf8");
const blocks = (language: string): string[] =>
  [...DOCS.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, text]) => text ?? "");

describe("docs/services.md", () => {
  test("shows configurations that are good ones", () => {
    const yaml = blocks("yaml");
    assert.equal(yaml.length, 3);
    for (const text of yaml) {
      const parsed = parseConfig(text, "docs/services.md");
      assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
    }
  });

  test("shows a command that makes a signed bundle, which its keys verify", async () => {
    const commands = blocks("sh").flatMap((text) => text.trim().split("\n"));
    assert.equal(commands.length, 1);
    await withFolder(async (folder) => {
      const { publicKey, privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      });
      await writeFile(join(folder, "private.pem"), privateKey, { mode: 0o600 });
      await writeSources(join(folder, "policies"), { "p.rego": "package p\n\nr := 1\n" });
      await mkdir(join(folder, "public", "bundles"), { recursive: true });
      const path = `${dirname(await findOpa())}${delimiter}${process.env.PATH}`;
      for (const command of commands)
        await run("sh", ["-c", command], { cwd: folder, env: { ...process.env, PATH: path } });
      const engine = await createPolicyEngine({
        bundles: [
          {
            name: "main",
            path: join(folder, "public", "bundles", "main.tar.gz"),
            verification: { keys: new Map([["default", { algorithm: "ES256", key: publicKey }]]) },
          },
        ],
        entrypoints: ["p/r"],
        watch: false,
        log: { info() {}, warn() {}, error() {} },
      });
      assert.equal(engine.revision, "r1");
      await engine.close();
    });
  });
});
