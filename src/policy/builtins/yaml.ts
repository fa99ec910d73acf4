import { type BuiltinContext, BuiltinError, type HostBuiltin } from "./builtin.ts";
import { stringAt } from "./operands.ts";
import { renderJson } from "./render-json.ts";
import { parseRego, type RegoValue } from "./value.ts";
import { readYaml } from "./yaml/read.ts";
import { writeYaml } from "./yaml/write.ts";

export const yamlBuiltins: readonly HostBuiltin[] = [
  // As JSON first: sets are arrays there, and keys are strings.
  { name: "yaml.marshal", call: (args) => writeYaml(parseRego(renderJson(args[0] as RegoValue))) },
  { name: "yaml.unmarshal", call: (args, context) => readYaml(stringAt(args, 0), () => context.checkTime()) },
  { name: "yaml.is_valid", call: ([value], context) => typeof value === "string" && isYaml(value, context) },
];

function isYaml(text: string, context: BuiltinContext): boolean {
  try {
    readYaml(text, () => context.checkTime());
    return true;
  } catch (error) {
    if (error instanceof BuiltinError) return false;
    throw error;
  }
}
