import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { invalid, putParameter } from "../members.ts";
import type { TextCollector } from "../text.ts";
import { MODALITIES, SCHEMA } from "./schema.ts";
import { elementsOf, type Member, membersOf } from "./spelling.ts";

/** What `generationConfig` says. */
export type GenerationSettings = {
  maxOutputTokens: number | undefined;
  candidateCount: number;
  /** What the answer is to be made of, in lower case. */
  modalities: readonly string[];
  readonly parameters: { [key: string]: JsonValue };
};

/**
 * Reads `generationConfig` (https://ai.google.dev/api/generate-content#generationconfig) into `settings`.
 *
 * @throws RegentError body_invalid
 */
export function readConfig(
  { value, pointer, key }: Member,
  text: TextCollector,
  settings: GenerationSettings,
): void {
  if (value === null) return;
  if (!isJsonObject(value)) throw invalid(`${key} must be an object`);
  for (const member of membersOf(value, pointer)) {
    switch (member.name) {
      case "maxOutputTokens":
        settings.maxOutputTokens = wholeNumber(member);
        break;
      case "candidateCount":
        settings.candidateCount = wholeNumber(member) ?? 1;
        break;
      case "responseModalities":
        settings.modalities = readModalities(member, text);
        break;
      case "routingConfig":
      case "modelSelectionConfig":
        if (member.value !== null)
          throw invalid(`${member.name} lets other models answer, which are not governed`);
        break;
      default:
        readSetting(member, pointer, text, settings);
    }
  }
}

/** At least 1: some servers take 0 or a negative number for "no bound". */
function wholeNumber({ value, name }: Member): number | undefined {
  if (value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
    throw invalid(`${name} must be a whole number of at least 1`);
  return value;
}

function readModalities({ value, pointer }: Member, text: TextCollector): readonly string[] {
  const modalities: string[] = [];
  for (const element of elementsOf(value, pointer)) {
    if (typeof element.value === "string" && MODALITIES.has(element.value))
      modalities.push(element.value.toLowerCase());
    else text.tree(element.pointer, element.value, "generationConfig");
  }
  return modalities;
}

function readSetting(
  { name, key, value }: Member,
  parent: string,
  text: TextCollector,
  { parameters }: GenerationSettings,
): void {
  const isWord = typeof value === "string" && SCHEMA.isWord(key, value);
  if (typeof value === "number" || typeof value === "boolean" || isWord)
    putParameter(parameters, name, value);
  text.member(parent, key, value, SCHEMA.isPlainKey(key) ? name : "unknown_member");
}
