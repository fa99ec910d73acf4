/** Writes schema/capabilities.json and docs/builtins.md from the table of builtins and what the installed OPA declares. */
import { writeFile } from "node:fs/promises";
import { packageFile } from "../../document/package-root.ts";
import { CAPABILITIES_FILE, findOpa, OpaError, runOpa } from "../opa/opa.ts";
import { builtinsPage, type Capabilities, regentCapabilities } from "./catalogue.ts";

export const BUILTINS_PAGE = packageFile("docs", "builtins.md");

/** The two generated files for an OPA, as text. @throws OpaError */
export async function generateBuiltinFiles(opa: string): Promise<{ capabilities: string; page: string }> {
  const { status, stdout, stderr } = await runOpa(opa, ["capabilities", "--current"]);
  if (status !== 0) throw new OpaError(stderr);
  const declared = JSON.parse(stdout) as Capabilities;
  return {
    capabilities: renderJson(regentCapabilities(declared)),
    page: builtinsPage(declared),
  };
}

const LIST_OF_STRINGS = /\[\n\s+("[^"\n]*"(?:,\n\s+"[^"\n]*")*)\n\s+\]/g;

/** As the formatter of this repository writes it: lists of strings on one line. */
function renderJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(LIST_OF_STRINGS, (_, list: string) => `[${list.replace(/,\n\s+/g, ", ")}]`)}\n`;
}

if (import.meta.main) {
  const { capabilities, page } = await generateBuiltinFiles(await findOpa());
  await writeFile(CAPABILITIES_FILE, capabilities);
  await writeFile(BUILTINS_PAGE, page);
}
