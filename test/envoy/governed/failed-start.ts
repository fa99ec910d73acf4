import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import type { ConfigSource } from "../../../src/config/schema.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { REGENT_MAIN } from "../../../src/local/programs.ts";

const run = promisify(execFile);
const START_MS_MAX = 30_000;

/** Runs a sidecar that must not start, and gives its exit code and what it said. */
export async function failedStart(
  dir: string,
  changes: Partial<ConfigSource>,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const [listen, admin, probes] = [await claimPort(0), await claimPort(0), await claimPort(0)].map(
    (port) => `127.0.0.1:${port}`,
  );
  const config: ConfigSource = {
    version: 1,
    listen,
    admin: { listen: admin },
    probes: { listen: probes },
    audit: { dir: join(dir, "audit") },
    ...changes,
  };
  const file = join(dir, "failed-start.yaml");
  writeFileSync(file, stringify(config));
  const serving = run(process.execPath, [REGENT_MAIN, "serve", "-c", file], { timeout: START_MS_MAX });
  return serving.then(
    () => assert.fail("it ended well"),
    (reason: { code: number; stderr: string }) => reason,
  );
}
