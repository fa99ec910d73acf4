import { Argument, Command } from "commander";
import { renderJsonSchema } from "../config/json-schema.ts";
import { policyInputJsonSchema } from "../policy/input.ts";

/** `regent schema`: the JSON schemas of the configuration file and of what policies are asked with. */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON schema of the configuration file, or of the input of policies")
    .addArgument(new Argument("[what]", "which schema").choices(["config", "policy-input"]).default("config"))
    .addHelpText(
      "after",
      "\nExamples:\n  regent schema > regent.schema.json\n  opa check --schema <(regent schema policy-input) my-rules",
    )
    .action((what: "config" | "policy-input") => {
      process.stdout.write(
        what === "config" ? renderJsonSchema() : `${JSON.stringify(policyInputJsonSchema(), null, 2)}\n`,
      );
    });
}
