import type { JsonObject } from "../../../exchange/json.ts";
import type { AnswerFacts } from "../../translation.ts";
import type { Reply } from "../conversation.ts";

/**
 * A response as its clients expect it (https://platform.openai.com/docs/api-reference/responses/object), without what
 * tells how far it is. What it would repeat of the request is not known here; members that must be there say the default.
 */
export function responseObject(
  { id, createdS, model, serviceTier }: Pick<Reply, "id" | "createdS" | "model" | "serviceTier">,
  facts: AnswerFacts,
): JsonObject {
  return {
    id: id === undefined || id === "" ? `resp_${facts.id}` : id,
    object: "response",
    created_at: createdS ?? facts.nowS,
    background: false,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: model ?? facts.model ?? "",
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    store: false,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: null,
    truncation: "disabled",
    user: null,
  };
}
