import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { runCommand } from "../../test/support/run-command.ts";
import { validateCommand } from "./validate.ts";

function fileWith(t: TestContext, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), "regent-validate-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "regent.yaml"), text);
  return join(dir, "regent.yaml");
}

test("ends with 0 for a good file", async (t) => {
  const file = fileWith(t, "version: 1\n");
  assert.deepEqual(await runCommand(validateCommand(), [file]), {
    stdout: `${file}: no faults\n`,
    status: 0,
  });
});

test("ends with 3 and every fault of a bad file, one a line", async (t) => {
  const file = fileWith(t, "version: 1\nlog: { level: inf }\nlissten: x\n");
  const { stdout, status } = await runCommand(validateCommand(), [file]);
  assert.equal(status, 3);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    `${file}:2:15 error config/value log.level: must be one of trace, debug, info, warn, error, fatal; did you mean "info"?`,
    `${file}:3:1 error config/unknown-field lissten: unknown field; did you mean "listen"?`,
  ]);
});

test("ends with 2 when the file is good but names what is not here", async (t) => {
  const file = fileWith(t, "version: 1\nregistry: { file: absent.yaml }\n");
  const { stdout, status } = await runCommand(validateCommand(), [file, "--format", "json"]);
  assert.equal(status, 2);
  const { faults } = JSON.parse(stdout) as { faults: { severity: string; path: string; line: number }[] };
  assert.deepEqual(
    faults.map(({ severity, path, line }) => [severity, path, line]),
    [["warning", "registry.file", 2]],
  );
});

test("tells the faults and warnings of a configuration of OPA in the order of the file", async (t) => {
  const file = fileWith(t, "decision_logs: { mask_desision: x }\nstatus: { service: s }\nlables: {}\n");
  const { stdout, status } = await runCommand(validateCommand(), ["--opa-config", file]);
  assert.equal(status, 3);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(`${file}:`, "").split(":").slice(0, 2).join(":")),
    [
      "1:18 warning config/unknown-field decision_logs.mask_desision",
      "2:20 error config/value status.service",
      "3:1 warning config/unknown-field lables",
    ],
  );
});

test("warns of variables in a configuration of OPA that are not set", async (t) => {
  const unset = "REGENT_TEST_VARIABLE_THAT_NOBODY_SETS";
  const file = fileWith(t, `# \${${unset}}\nlabels:\n  home: "\${HOME}"\n  x: "\${${unset}}"\n`);
  const { stdout, status } = await runCommand(validateCommand(), ["--opa-config", file]);
  assert.equal(status, 2);
  assert.equal(
    stdout,
    `${file}:4:7 warning config/environment: \${${unset}} stays as it is, as in OPA: the environment variable is not set\n`,
  );
});

test("ends with 1 when the file cannot be read", async () => {
  const { status, failure } = await runCommand(validateCommand(), ["/nowhere/regent.yaml"]);
  assert.equal(status, 1);
  assert.match(failure ?? "", /cannot read \/nowhere\/regent.yaml: ENOENT/);
});

test("ends with 3 and the faults of the keys and models that the file names", async (t) => {
  const file = fileWith(
    t,
    "version: 1\nidentity: { apiKeys: { file: keys.yaml } }\nregistry: { file: registry.yaml }\n",
  );
  const beside = (name: string) => join(dirname(file), name);
  writeFileSync(beside("keys.yaml"), "version: 1\n");
  writeFileSync(beside("registry.yaml"), "version: 2\n");
  const { stdout, status } = await runCommand(validateCommand(), [file]);
  assert.equal(status, 3);
  assert.ok(stdout.includes(`${beside("keys.yaml")}:1:1 error config/missing-field`), stdout);
  assert.ok(stdout.includes(`${beside("registry.yaml")}:1:10 error config/value version`), stdout);
});

test("ends with 3 when gRPC bodies cannot be read by the descriptor that the file names", async (t) => {
  const file = fileWith(t, "version: 1\nextAuthz: { entrypoint: a/b, protoDescriptor: shop.pb }\n");
  assert.equal((await runCommand(validateCommand(), [file])).status, 2);
  writeFileSync(join(dirname(file), "shop.pb"), "no descriptor");
  const { stdout, status } = await runCommand(validateCommand(), [file]);
  assert.equal(status, 3);
  assert.match(
    stdout,
    /:2:47 error config\/value extAuthz\.protoDescriptor: .*shop\.pb cannot be used: it is no/,
  );
});
