import { Command } from "commander";
import { buildCommand } from "./policy/build.ts";
import { checkCommand, lintCommand } from "./policy/check.ts";
import { initCommand } from "./policy/init.ts";
import { changeCommands, statusCommand } from "./policy/rollout.ts";
import { signCommand } from "./policy/sign.ts";
import { testCommand } from "./policy/test.ts";

/** `regent policy …`: what policy authors do before a bundle reaches a server, and how it comes to decide there. */
export function policyCommand(): Command {
  const command = new Command("policy")
    .description("write, check, test, build, sign and roll out policies")
    .addCommand(initCommand())
    .addCommand(checkCommand())
    .addCommand(lintCommand())
    .addCommand(testCommand())
    .addCommand(buildCommand())
    .addCommand(signCommand())
    .addCommand(statusCommand());
  for (const change of changeCommands()) command.addCommand(change);
  return command.addHelpText(
    "after",
    "\nExample:\n  regent policy build policies my-rules --ignore demo --ignore examples -o policies.tar.gz",
  );
}
