import { parseBody } from "../../../formats/json-format.ts";
import type { RequestFacts, Warn } from "../../translation.ts";
import type { Conversation, Message, Places } from "../conversation.ts";
import { Members } from "../members.ts";
import { unsupported } from "./members.ts";
import { readInput } from "./read-items.ts";
import { readSettings } from "./read-settings.ts";
import { readTools } from "./read-tools.ts";

/**
 * Reads a request for a response (https://platform.openai.com/docs/api-reference/responses/create).
 *
 * @throws RegentError body_invalid; translation_unsupported for what only the provider can look up
 */
export function readRequest(bytes: Buffer, _facts: RequestFacts, warn: Warn): Conversation {
  const body = new Members(parseBody(bytes).value, "");
  assertNothingKept(body);
  const model = body.text("model");
  const conversation: Conversation = {
    model,
    stream: body.flag("stream") ?? false,
    includeUsage: true,
    messages: [...readInstructions(body), ...readInput(body.value("input"), warn)],
    ...readTools(body, warn),
    ...readSettings(body, warn),
    at: PLACES,
  };
  body.tellRest(warn);
  return conversation;
}

/** What the provider keeps would be part of what is asked, so leaving it out asks something else. */
function assertNothingKept(body: Members): void {
  for (const key of ["previous_response_id", "conversation", "prompt"]) {
    if (body.has(key)) {
      throw unsupported(body.at(key), "names a context that only the provider has; send it as input");
    }
  }
  if (body.flag("background") === true) {
    throw unsupported(body.at("background"), "asks for an answer that is fetched later");
  }
}

function readInstructions(body: Members): Message[] {
  const text = body.text("instructions") ?? "";
  const at = body.at("instructions");
  return text === "" ? [] : [{ role: "system", parts: [{ kind: "text", text, at }], at }];
}

const PLACES: Places = {
  model: "/model",
  stream: "/stream",
  messages: "/input",
  tools: "/tools",
  toolChoice: "/tool_choice",
  parallelToolCalls: "/parallel_tool_calls",
  maxOutputTokens: "/max_output_tokens",
  temperature: "/temperature",
  topP: "/top_p",
  logprobs: "/top_logprobs",
  output: "/text/format",
  reasoning: "/reasoning",
  user: "/user",
  metadata: "/metadata",
};
