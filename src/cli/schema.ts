import { Command } from "commander";
import { renderJsonSchema } from "../config/json-schema.ts";

/** `regent schema`: the JSON schema of the configuration file, for editors and checks elsewhere. */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON schema of the configuration file")
    .addHelpText("after", "\nExample:\n  regent schema > regent.schema.json")
    .action(() => {
      process.stdout.write(renderJsonSchema());
    });
}
