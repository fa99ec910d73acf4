import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createSigningKey, opaBuild } from "../test/support/opa-sign.ts";
import { KeptLog } from "../test/support/policy-engine.ts";
import { compileBundle, withFolder } from "../test/support/rego.ts";
import { fileBundle } from "./bundles.ts";
import { loadConfig } from "./config/load.ts";
import { createPolicyEngine } from "./policy/engine.ts";

test("a configured bundle is verified with the keys, the scope and the exceptions that the configuration names", async () => {
  await withFolder(async (folder) => {
    const key = createSigningKey("ES256");
    const sources = { "p.rego": "package p\n\nr := data.x\n", "x/data.json": '{"n":1}' };
    const claims = { keyid: "k", scope: "read" };
    await writeFile(join(folder, "key.pem"), key.verify);
    await writeFile(
      join(folder, "signed.tar.gz"),
      await opaBuild(sources, { entrypoints: ["p/r"], key, keyId: "k", claims }),
    );
    await writeFile(join(folder, "unsigned.tar.gz"), await compileBundle(sources, ["p/r"]));
    const start = async (path: string, verification: string) => {
      const file = join(folder, "regent.yaml");
      const keys = "keys: [{ id: k, algorithm: ES256, key: { file: key.pem } }]";
      await writeFile(
        file,
        `version: 1\nbundles: [{ name: main, path: ${path}, verification: { ${keys}, ${verification} } }]\n`,
      );
      const { bundles } = loadConfig(file, { packagedBundle: "none" });
      const engine = await createPolicyEngine({
        bundles: bundles.map((bundle) =>
          "path" in bundle ? fileBundle(bundle) : assert.fail("it is a file"),
        ),
        entrypoints: ["p/r"],
        log: new KeptLog(),
        watch: false,
      });
      const { result } = await engine.for("").evaluate("p/r", {});
      await engine.close();
      return result;
    };
    assert.deepEqual(await start("signed.tar.gz", "scope: read, keyId: k"), { n: 1 });
    await assert.rejects(
      start("signed.tar.gz", "scope: write"),
      /for the scope "read", and "write" is configured/,
    );
    await assert.rejects(
      start("signed.tar.gz", "excludeFiles: []"),
      /for the scope "read", and "" is configured/,
    );
    await assert.rejects(start("unsigned.tar.gz", "scope: read"), /holds no \.signatures\.json/);
  });
});
