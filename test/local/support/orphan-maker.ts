// Starts a process as the local stack does, says which, and stays until it is killed.
import { startChild } from "../../../src/local/child.ts";
import { startWatchdog } from "../../../src/local/watchdog.ts";

const child = await startChild({
  name: "sleeper",
  command: "/bin/sleep",
  args: ["600"],
  logFile: process.argv[2] as string,
  watchdog: startWatchdog(),
});
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 60_000);
