import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { RegentError } from "../exchange/errors.ts";
import { faultOf } from "../policy/fault.ts";
import { loadForEvaluation } from "../policy/load.ts";
import { resultJson } from "../policy/result.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { reportingFaults } from "./policy/report.ts";

type Flags = {
  readonly bundle: string;
  readonly entrypoint: string;
  readonly input?: string;
  readonly format: "pretty" | "json";
};

/** `regent eval`: one evaluation by the same engine as the server's. */
export function evalCommand(): Command {
  return new Command("eval")
    .description("evaluate one entrypoint and print its result; an undefined one has no result")
    .requiredOption(
      "-b, --bundle <path>",
      "a bundle, an unpacked bundle, a folder of policies or a .rego file",
    )
    .requiredOption("-e, --entrypoint <path>", "what to ask, e.g. regent/request/decision")
    .option("-i, --input <file>", "the input document, - for stdin (default: no input)")
    .addOption(new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty"))
    .addHelpText(
      "after",
      "\nExample:\n  regent eval --bundle dist/policies.tar.gz --entrypoint regent/request/decision --input input.json",
    )
    .action((flags: Flags) => reportingFaults(() => evaluate(flags)));
}

async function evaluate({ bundle, entrypoint, input, format }: Flags): Promise<void> {
  const document = input === undefined ? undefined : await readInput(input);
  const startedAt = process.hrtime.bigint();
  const revision = await loadForEvaluation(bundle, entrypoint, (line) => process.stderr.write(`${line}\n`));
  const loadedAt = process.hrtime.bigint();
  try {
    const { result } = revision.evaluate(entrypoint, document);
    const metrics = {
      timer_bundle_load_ns: Number(loadedAt - startedAt),
      timer_eval_ns: Number(process.hrtime.bigint() - loadedAt),
    };
    const member = result === undefined ? "" : `"result":${resultJson(result)},`;
    const output = `{${member}"metrics":${JSON.stringify(metrics)}}`;
    process.stdout.write(`${format === "json" ? output : indented(output)}\n`);
  } catch (error) {
    if (error instanceof RegentError)
      throw new CommandFailure(`${error.code}: ${faultOf(error)}`, EXIT.errors, { cause: error });
    throw error;
  }
}

/** The bytes of the input document, once it is known to be JSON. */
async function readInput(path: string): Promise<Buffer> {
  const content = await (path === "-" ? text(process.stdin) : readFile(path, "utf8")).catch(
    (error: Error) => {
      throw new CommandFailure(`the input cannot be read: ${error.message}`);
    },
  );
  try {
    JSON.parse(content);
  } catch (error) {
    throw new CommandFailure(`the input is not JSON: ${(error as Error).message}`);
  }
  return Buffer.from(content, "utf8");
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** JSON with line breaks and indents. It works on the text, so that every number keeps its digits. */
function indented(json: string): string {
  let depth = 0;
  let output = "";
  const newLine = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of json.matchAll(TOKENS)) {
    const empty = output.endsWith("{") || output.endsWith("[");
    if (token === "}" || token === "]") {
      depth -= 1;
      output += empty ? token : `${newLine()}${token}`;
      continue;
    }
    if (empty) output += newLine();
    output += token === ":" ? ": " : token;
    if (token === ",") output += newLine();
    if (token === "{" || token === "[") depth += 1;
  }
  return output;
}
