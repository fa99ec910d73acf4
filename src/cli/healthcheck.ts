import { Command } from "commander";
import { CommandFailure } from "./failure.ts";
import { unreachable } from "./unreachable.ts";

/** A probe that takes longer than this is a failed probe: container runtimes ask every few seconds. */
const PROBE_TIMEOUT_MS = 3_000;

/** `regent healthcheck`: whether a running sidecar is ready. For images without a shell. */
export function healthcheckCommand(): Command {
  return new Command("healthcheck")
    .description("ask a running sidecar whether it is ready; exit 0 when it is, 1 when not")
    .option("--url <url>", "the probe to ask", "http://127.0.0.1:8282/readyz")
    .addHelpText("after", "\nExample:\n  regent healthcheck --url http://127.0.0.1:8282/readyz")
    .action(async (options: { url: string }) => {
      process.stdout.write(`${await probe(options.url)}\n`);
    });
}

/** The text of a probe that answers with 2xx. Throws a {@link CommandFailure} that says what was answered instead. */
export async function probe(url: string): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS), redirect: "error" });
    text = (await response.text()).trim();
  } catch (error) {
    throw unreachable(url, error);
  }
  if (!response.ok) throw new CommandFailure(`${url} answered ${response.status}: ${text}`);
  return text;
}
