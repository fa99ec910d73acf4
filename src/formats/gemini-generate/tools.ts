import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid } from "../members.ts";
import type { TextCollector } from "../text.ts";
import { elementsOf, type Member, memberOf, membersOf } from "./spelling.ts";

/**
 * The tools offered to the model: names of functions, what a tool of the provider's is called in the schema, `mcp:NAME` for
 * a server whose tools the provider offers; and every string of them, because the model reads them.
 *
 * @throws RegentError body_invalid
 */
export function readTools({ value, pointer, key }: Member, text: TextCollector, names: string[]): void {
  for (const tool of elementsOf(value, pointer)) {
    if (!isJsonObject(tool.value)) throw invalid(`${key} must be an array of objects`);
    for (const member of membersOf(tool.value, tool.pointer))
      for (const name of namesOf(member)) names.push(name);
    text.tree(tool.pointer, tool.value, "tool");
  }
}

function namesOf(member: Member): readonly string[] {
  if (member.value === null) return [];
  if (member.name === "functionDeclarations") return functionNames(member);
  if (member.name === "mcpServers") return functionNames(member).map((name) => `mcp:${name}`);
  return [member.name];
}

/** @throws RegentError body_invalid for a function without a name */
export function functionNames({ value, pointer }: Pick<Member, "value" | "pointer">): readonly string[] {
  return elementsOf(value, pointer).map((element) => nameOf(element.value, element.pointer));
}

function nameOf(value: JsonValue, pointer: string): string {
  if (!isJsonObject(value)) throw invalid(`${pointer} must be an object`);
  const name = memberOf(value, "name");
  if (typeof name !== "string" || name === "") throw invalid(`${pointer} has no name`);
  return name;
}
