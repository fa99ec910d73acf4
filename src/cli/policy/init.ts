import { Command, InvalidArgumentError, Option } from "commander";
import { ScaffoldError, scaffoldPolicy } from "../../policy/authoring/scaffold.ts";
import { CommandFailure } from "../failure.ts";
import { type Format, formatOption } from "./report.ts";

type Flags = { readonly style: "governance" | "envoy"; readonly rule: string; readonly format: Format };

/** `regent policy init` */
export function initCommand(): Command {
  return new Command("init")
    .description("write a policy that works, with its test, METADATA and a sample input")
    .argument("<dir>", "folder that it goes to; made when it is not there")
    .addOption(
      new Option("--style <style>", "a rule of the policy contract, or a policy for ext_authz")
        .choices(["governance", "envoy"])
        .default("governance"),
    )
    .option("--rule <category/name>", "what the rule is called", ruleName, "access/night")
    .addOption(formatOption())
    .addHelpText("after", "\nExample:\n  regent policy init my-rules --rule access/night")
    .action(init);
}

function ruleName(text: string): string {
  if (!/^[a-z_]\w*\/[a-z_]\w*$/.test(text))
    throw new InvalidArgumentError(
      "must be CATEGORY/NAME such as access/night: lower-case letters first, then letters, digits and _",
    );
  return text;
}

async function init(folder: string, { style, rule, format }: Flags): Promise<void> {
  try {
    const files = await scaffoldPolicy({ folder, style, rule });
    process.stdout.write(
      format === "json"
        ? `${JSON.stringify({ files })}\n`
        : `${[...files, "", ...next(folder, style)].join("\n")}\n`,
    );
  } catch (error) {
    if (error instanceof ScaffoldError) throw new CommandFailure(error.message, undefined, { cause: error });
    throw error;
  }
}

function next(folder: string, style: Flags["style"]): readonly string[] {
  const build =
    style === "envoy"
      ? `regent policy build ${folder} -e envoy/authz/allow -o bundle.tar.gz`
      : `regent policy build policies ${folder} --ignore demo --ignore examples -o bundle.tar.gz`;
  const entrypoint = style === "envoy" ? "envoy/authz/allow" : "regent/request/decision";
  return [
    "next:",
    `  regent policy test ${folder}`,
    `  ${build}`,
    `  regent eval --bundle bundle.tar.gz --entrypoint ${entrypoint} --input ${folder}/input.json`,
  ];
}
