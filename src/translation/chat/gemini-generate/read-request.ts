import { RegentError } from "../../../exchange/errors.ts";
import { parseBody } from "../../../formats/json-format.ts";
import { invalid } from "../../../formats/members.ts";
import type { RequestFacts, Warn } from "../../translation.ts";
import type { Conversation, Message } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { GeminiMembers } from "./members.ts";
import { readConfig } from "./read-config.ts";
import { readContents } from "./read-contents.ts";
import { readParts } from "./read-parts.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

/**
 * Without `alt=sse` a client waits for a JSON array, which grows as the answer does: what is translated comes as events.
 *
 * @throws RegentError translation_unsupported
 */
function assertEvents(query: string | undefined): void {
  if (query === undefined || new URLSearchParams(query).get("alt") === "sse") return;
  throw new RegentError(
    "translation_unsupported",
    "A streamed answer of a model behind another dialect comes as events. Ask for them with alt=sse.",
  );
}

/** A request for content (https://ai.google.dev/api/generate-content). Model and stream are in its path. */
export function readRequest(bytes: Buffer, facts: RequestFacts, warn: Warn): Conversation {
  const body = new GeminiMembers(parseBody(bytes).value, "");
  if (!body.has("contents")) throw invalid("contents is missing");
  assertNothingKept(body);
  if (facts.urlStream === true) assertEvents(facts.query);
  // Where it is absent, what another dialect demands is told at the place that it would have.
  const config = body.inner("generationConfig") ?? new GeminiMembers({}, body.at("generationConfig"));
  const { settings, places } = readConfig(config, warn);
  const tools = readTools(body.elements("tools"), warn);
  const conversation: Conversation = {
    ...settings,
    ...defined({ toolChoice: readToolChoice(body.inner("toolConfig"), warn) }),
    model: facts.urlModel,
    stream: facts.urlStream === true,
    includeUsage: true,
    messages: [...readInstruction(body, warn), ...readContents(body.elements("contents"), warn)],
    tools,
    at: {
      ...places,
      tools: body.at("tools"),
      messages: body.at("contents"),
      toolChoice: body.at("toolConfig"),
    },
  };
  body.skip("model");
  if (body.elements("safetySettings").length > 0)
    dropped(warn, body.at("safetySettings"), "only Gemini's filters can be set");
  body.tellRest(warn);
  return conversation;
}

/** Without contents that only Google has, another model would answer something else. */
function assertNothingKept(body: GeminiMembers): void {
  if (body.says("cachedContent"))
    throw new RegentError(
      "translation_unsupported",
      "cachedContent is kept by Google, and no other can read it.",
    );
}

function readInstruction(body: GeminiMembers, warn: Warn): readonly Message[] {
  const value = body.value("systemInstruction");
  const at = body.at("systemInstruction");
  if (value === undefined) return [];
  if (typeof value === "string") return [{ role: "system", parts: [{ kind: "text", text: value, at }], at }];
  const content = new GeminiMembers(value, at);
  // It has no meaning here, and clients put one of these.
  if (["user", "system", "model"].includes(content.text("role") ?? "user")) content.skip("role");
  else dropped(warn, content.at("role"), "an instruction has no speaker");
  const parts = readParts(content.elements("parts"), undefined, warn);
  content.tellRest(warn);
  return parts.length === 0 ? [] : [{ role: "system", parts, at }];
}
