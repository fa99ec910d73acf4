/**
 * The policy engine: evaluation beside OPA's Go library, memory, hostile input, bundle swaps. Each part is a process of
 * its own; `--part NAME` runs one.
 *
 *     node bench/policy.ts --part evaluation
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

const PARTS = ["evaluation", "pruning", "memory", "swaps", "hostile"];

const { values } = parseArgs({ options: { part: { type: "string" } } });
for (const part of PARTS) {
  if (values.part !== undefined && values.part !== part) continue;
  const file = `${import.meta.dirname}/policy/${part}.ts`;
  const [code] = await once(spawn(process.execPath, ["--expose-gc", file], { stdio: "inherit" }), "exit");
  if (code !== 0) process.exitCode = 1;
}
