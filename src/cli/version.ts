import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { packageFile } from "../document/package-root.ts";

/** `regent version`: the version of Regent and of what it runs on. */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version of Regent and of what it runs on")
    .addOption(new Option("--format <format>", "output format").choices(["pretty", "json"]).default("pretty"))
    .addHelpText("after", "\nExample:\n  regent version --format json")
    .action((options: { format: "pretty" | "json" }) => {
      const versions = { regent: regentVersion(), node: process.versions.node, platform: platform() };
      process.stdout.write(
        options.format === "json"
          ? `${JSON.stringify(versions)}\n`
          : `regent ${versions.regent} (node ${versions.node}, ${versions.platform})\n`,
      );
    });
}

/** The version in package.json. */
export function regentVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
  return version;
}

function platform(): string {
  return `${process.platform}-${process.arch}`;
}
