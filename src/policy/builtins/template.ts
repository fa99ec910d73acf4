import type { HostBuiltin } from "./builtin.ts";
import { objectAt, stringAt } from "./operands.ts";
import { renderJson } from "./render-json.ts";
import { executeTemplate } from "./template/execute.ts";
import { parseTemplate } from "./template/parser.ts";
import { parseRego, type RegoObject } from "./value.ts";

export const templateBuiltins: readonly HostBuiltin[] = [
  {
    name: "strings.render_template",
    call: (args, context) => {
      const template = parseTemplate(stringAt(args, 0));
      // As JSON first: sets are arrays there, and keys are strings.
      const variables = parseRego(renderJson(objectAt(args, 1))) as RegoObject;
      const text = executeTemplate(template, variables, () => context.checkTime());
      return text.replaceAll("<no value>", "<undefined>");
    },
  },
];
