import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { measureRequests } from "./requests.ts";

/**
 * `make bench`: what Regent adds to a request through Envoy, then the benches of single rooms (every other file of this
 * folder), each a process of its own. `--peer name:port` measures another ext_authz server beside Regent; `--only NAME`
 * runs one part.
 */
const { values } = parseArgs({ options: { peer: { type: "string" }, only: { type: "string" } } });

const THIS_FILES = ["main.ts", "requests.ts"];
const rooms = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !THIS_FILES.includes(name))
  .map((name) => name.slice(0, -".ts".length))
  .sort();

if (values.only === undefined || values.only === "requests") await measureRequests(values.peer);
for (const room of rooms) {
  if (values.only !== undefined && values.only !== room) continue;
  console.log(`\n## ${room}`);
  const bench = spawn(process.execPath, [`${import.meta.dirname}/${room}.ts`], { stdio: "inherit" });
  const [code] = await once(bench, "exit");
  if (code !== 0) process.exitCode = 1;
}
