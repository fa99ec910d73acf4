import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch, RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { elementsOf, memberOf } from "./spelling.ts";
import { functionNames } from "./tools.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ value }: JsonDocument, { stream }: EndpointMatch): RequestDescription {
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const contents = objectsOf(memberOf(value, "contents"));
  const parts = contents.flatMap(partsOf);
  const system = memberOf(value, "systemInstruction");
  const instructions = isJsonObject(system) ? textOf(system) : (system ?? null);
  const config = memberOf(value, "generationConfig");
  return {
    toolCalls: parts.flatMap((part) => toolCallOf(memberOf(part, "functionCall"))),
    details: {
      stream: stream === true,
      messages: [
        ...(instructions === null ? [] : [{ role: "system", text: instructions }]),
        ...contents.map((content) => ({ role: memberOf(content, "role") ?? null, text: textOf(content) })),
      ],
      tools: objectsOf(memberOf(value, "tools")).flatMap((tool) =>
        functionNames({ value: memberOf(tool, "functionDeclarations") ?? [], pointer: "tools" }),
      ),
      media: mediaOf([...parts, ...parts.flatMap(resultParts)]),
      max_tokens: (isJsonObject(config) ? memberOf(config, "maxOutputTokens") : null) ?? null,
    },
  };
}

function toolCallOf(call: JsonValue | undefined): readonly ToolCall[] {
  if (!isJsonObject(call)) return [];
  const { name, args } = call;
  return [{ name: typeof name === "string" ? name : "", arguments: args ?? {} }];
}

/** What is said aloud; null where there is no text. */
function textOf(content: JsonObject): string | null {
  const texts = partsOf(content).flatMap(({ text, thought }) =>
    typeof text === "string" && thought !== true ? [text] : [],
  );
  return texts.length === 0 ? null : texts.join("");
}

function mediaOf(parts: readonly JsonObject[]): JsonObject {
  const counts = ["fileData", "inlineData"].map(
    (name) => [name, parts.filter((part) => isJsonObject(memberOf(part, name))).length] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function resultParts(part: JsonObject): readonly JsonObject[] {
  const result = memberOf(part, "functionResponse");
  return isJsonObject(result) ? partsOf(result) : [];
}

function partsOf(content: JsonObject): readonly JsonObject[] {
  return objectsOf(memberOf(content, "parts"));
}

function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return elementsOf(value ?? null, "").flatMap((element) =>
    isJsonObject(element.value) ? [element.value] : [],
  );
}
