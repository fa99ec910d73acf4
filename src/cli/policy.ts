import { Command } from "commander";
import { buildCommand } from "./policy/build.ts";
import { checkCommand, lintCommand } from "./policy/check.ts";
import { initCommand } from "./policy/init.ts";
import { signCommand } from "./policy/sign.ts";
import { testCommand } from "./policy/test.ts";

/** `regent policy …`: what policy authors do before a bundle reaches a server. */
export function policyCommand(): Command {
  return new Command("policy")
    .description("write, check, test, build and sign policies")
    .addCommand(initCommand())
    .addCommand(checkCommand())
    .addCommand(lintCommand())
    .addCommand(testCommand())
    .addCommand(buildCommand())
    .addCommand(signCommand())
    .addHelpText("after", "\nExample:\n  regent policy build policies -o dist/policies.tar.gz");
}
