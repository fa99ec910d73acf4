import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { JsonDocument, JsonEdit } from "../../wire/json/index.ts";
import { bareModel } from "./request.ts";
import { membersOf } from "./spelling.ts";

export { replaceText } from "../openai/rewrite.ts";

/** The path names the model; a body that names it once more must name the same. */
export function rewriteModel(model: string, { value }: JsonDocument): readonly JsonEdit[] {
  return isJsonObject(value) ? modelEdits(value, "", model) : [];
}

function modelEdits(body: JsonObject, parent: string, model: string): readonly JsonEdit[] {
  return membersOf(body, parent).flatMap(({ name, value, pointer }): readonly JsonEdit[] => {
    if (name === "model" && typeof value === "string")
      return [{ pointer, value: value.slice(0, value.length - bareModel(value).length) + model }];
    if (name === "generateContentRequest" && parent === "" && isJsonObject(value))
      return modelEdits(value, pointer, model);
    return [];
  });
}
