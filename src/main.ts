import { runCommandLine } from "./cli/main.ts";

// A reader that has seen enough (`regent … | head`) is no failure of the command.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
