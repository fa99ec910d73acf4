import type { JsonObject } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import type { Tool, ToolChoice } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";
import type { GeminiMembers } from "./members.ts";
import { jsonSchemaOf } from "./schema.ts";

/** Functions that are declared. Tools that Google runs are told and left out. */
export function readTools(tools: readonly GeminiMembers[], warn: Warn): readonly Tool[] {
  return tools.flatMap((tool) => {
    const read = tool.elements("functionDeclarations").map((declaration) => readFunction(declaration, warn));
    tool.tellRest(warn);
    return read;
  });
}

function readFunction(declaration: GeminiMembers, warn: Warn): Tool {
  const tool: Tool = {
    name: declaration.needText("name"),
    ...defined({
      description: declaration.text("description"),
      parameters: readSchema(declaration, "parametersJsonSchema", "parameters", warn),
    }),
    at: declaration.pointer,
  };
  if (!WAITING.has(declaration.text("behavior")))
    dropped(warn, declaration.at("behavior"), "models elsewhere wait for the results of calls");
  declaration.tellRest(warn);
  return tool;
}

/** Values of `behavior` that say what holds everywhere. */
const WAITING: ReadonlySet<string | undefined> = new Set([undefined, "UNSPECIFIED", "BLOCKING"]);

/** A JSON schema as it stands, or Gemini's own made into one. */
export function readSchema(
  members: GeminiMembers,
  json: string,
  own: string,
  warn: Warn,
): JsonObject | undefined {
  const schema = members.json(json);
  if (schema !== undefined) return schema;
  const given = members.json(own);
  return given === undefined ? undefined : jsonSchemaOf(given, (why) => dropped(warn, members.at(own), why));
}

export function readToolChoice(config: GeminiMembers | undefined, warn: Warn): ToolChoice | undefined {
  if (config === undefined) return undefined;
  const calling = config.inner("functionCallingConfig");
  const choice = calling === undefined ? undefined : readCalling(calling, warn);
  calling?.tellRest(warn);
  config.tellRest(warn);
  return choice;
}

function readCalling(calling: GeminiMembers, warn: Warn): ToolChoice | undefined {
  const mode = calling.text("mode");
  const allowed = calling.texts("allowedFunctionNames") ?? [];
  if (calling.flag("streamFunctionCallArguments") === true)
    dropped(warn, calling.at("streamFunctionCallArguments"), "calls come as whole as they come elsewhere");
  const [only] = allowed;
  if (mode === "ANY" && allowed.length === 1 && only !== undefined) return { mode: "tool", name: only };
  if (allowed.length > 0)
    changed(warn, calling.at("allowedFunctionNames"), "all functions are allowed, not only these");
  switch (mode) {
    case undefined:
    case "MODE_UNSPECIFIED":
      return undefined;
    case "AUTO":
      return { mode: "auto" };
    case "ANY":
      return { mode: "required" };
    case "NONE":
      return { mode: "none" };
    default:
      changed(warn, calling.at("mode"), "a mode of this name has no counterpart but auto");
      return { mode: "auto" };
  }
}
