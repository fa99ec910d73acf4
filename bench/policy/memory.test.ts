import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

// The bench itself, in a process of its own, with fewer evaluations: what leaks 100 bytes in each would pass 5 MiB.
test("memory after 70,000 evaluations is within 5 MiB of that after 10,000", async () => {
  const file = `${import.meta.dirname}/memory.ts`;
  const { stdout } = await run(process.execPath, ["--expose-gc", file, "--few", "10000", "--many", "70000"]);
  assert.match(stdout, /^ok {5}memory after 70000 evaluations is within 5 MiB of that after 10000: /);
});
