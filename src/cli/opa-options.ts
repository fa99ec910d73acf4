import { type Command, Option } from "commander";
import { OPA_FLAGS, type OpaFlag } from "../opa/flags.ts";

/** Adds the flags of `opa run`: those that work to the help, the others so that they can be refused by name. */
export function addOpaOptions(command: Command): Command {
  for (const flag of OPA_FLAGS) {
    const option = new Option(flag.declaration, flag.note).helpGroup(
      "Options of opa run, only with --opa-config:",
    );
    if (flag.state !== "same") option.hideHelp();
    if (flag.list !== undefined) option.argParser(collector(flag.list));
    command.addOption(option);
  }
  return command;
}

function collector(list: NonNullable<OpaFlag["list"]>) {
  return (value: string, previous: readonly string[] | undefined): readonly string[] => [
    ...(previous ?? []),
    ...(list === "commas" ? value.split(",") : [value]),
  ];
}
