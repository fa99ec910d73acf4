import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { runCommand } from "../../../test/support/run-command.ts";
import { startAdmin } from "../../admin/admin.ts";
import { Secret } from "../../document/secret.ts";
import { policyCommand } from "../policy.ts";

test("promote, approve and rollback say that no rollout is configured, and how to give the token", async (t) => {
  const token = randomBytes(16).toString("hex");
  const server = await startAdmin({
    listen: { host: "127.0.0.1", port: 0 },
    token: new Secret(token),
    status: () => ({}),
    log: { error: (_, message) => t.diagnostic(message), info: (_, message) => t.diagnostic(message) },
  });
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address.port}`;
  await withFolder(async (folder) => {
    const [right, wrong] = [join(folder, "token"), join(folder, "wrong")];
    await writeFile(right, `${token}\n`);
    await writeFile(wrong, "other\n");
    for (const name of ["status", "promote", "approve", "rollback"]) {
      const ask = (...args: string[]) => runCommand(policyCommand(), [name, "--url", url, ...args]);
      const answered = await ask("--token-file", right);
      assert.equal(answered.status, 1, name);
      assert.match(
        answered.failure ?? "",
        /answered 404: new policies are active at once: no rollout is configured/,
      );
      assert.match((await ask()).failure ?? "", /asks for its token.* --token-file/);
      assert.match((await ask("--token-file", wrong)).failure ?? "", /does not take the token of .*wrong/);
    }
  });
});

test("what is no URL of an admin port is refused", async () => {
  for (const url of ["nonsense", "localhost:8181", "/run/admin.sock"]) {
    const asked = runCommand(policyCommand(), ["status", "--url", url]);
    await assert.rejects(asked, /Expected http:\/\/HOST:PORT/, url);
  }
});
