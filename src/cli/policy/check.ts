import { Command } from "commander";
import { checkPolicies } from "../../policy/authoring/check.ts";
import { lintPolicies } from "../../policy/authoring/lint.ts";
import { findOpa } from "../../policy/opa/opa.ts";
import { collectPolicies } from "../../policy/opa/sources.ts";
import { append, type Format, formatOption, printFindings, reportingFaults } from "./report.ts";

type Flags = { readonly format: Format; readonly ignore?: string[] };

/** `regent policy check` */
export function checkCommand(): Command {
  return findingCommand("check", checkPolicies)
    .description("find what does not compile, builtins that Regent lacks and input that the contract lacks")
    .addHelpText(
      "after",
      "\nIn packages regent.*, `input` is the policy contract's: a misspelt `input.modle` is an error.\nExit status: 3 when something is found.\n\nExample:\n  regent policy check policies my-rules --ignore demo",
    );
}

/** `regent policy lint` */
export function lintCommand(): Command {
  return findingCommand("lint", lintPolicies)
    .description("the same as check, and format, negations, heads, form of rules, rules without tests")
    .addHelpText(
      "after",
      "\nRegal's findings come too where regal is on PATH.\nExit status: 3 for errors, 2 for warnings.\n\nExample:\n  regent policy lint policies my-rules --ignore demo",
    );
}

function findingCommand(name: string, find: typeof checkPolicies): Command {
  return new Command(name)
    .argument("<dir...>", "folders with .rego files, or such files; with all that they import")
    .option("--ignore <pattern>", "leave out names or paths that match (repeatable)", append)
    .addOption(formatOption())
    .action((dirs: string[], flags: Flags) =>
      reportingFaults(async () => {
        const sources = await collectPolicies(dirs, flags.ignore ?? []);
        const findings = await find(await findOpa(), sources);
        printFindings(findings, flags.format, well(sources));
      }),
    );
}

function well({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? "file" : "files"}: nothing found`;
}
