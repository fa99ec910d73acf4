import { FORMATS } from "../../src/formats/index.ts";
import { testFormat } from "./contract.ts";
import { anthropicMessagesRequest } from "./requests/anthropic-messages.ts";
import { openaiChatRequest } from "./requests/openai-chat.ts";
import { openaiCompletionsRequest } from "./requests/openai-completions.ts";
import { openaiEmbeddingsRequest } from "./requests/openai-embeddings.ts";
import { openaiResponsesRequest } from "./requests/openai-responses.ts";
import { tritonGenerateRequest } from "./requests/triton-generate.ts";

const WHOLE_REQUESTS: { readonly [F in keyof typeof FORMATS]: unknown } = {
  "openai-chat": openaiChatRequest,
  "openai-completions": openaiCompletionsRequest,
  "openai-embeddings": openaiEmbeddingsRequest,
  "openai-responses": openaiResponsesRequest,
  "anthropic-messages": anthropicMessagesRequest,
  "triton-generate": tritonGenerateRequest,
};

for (const format of Object.values(FORMATS))
  testFormat(format, WHOLE_REQUESTS[format.name as keyof typeof FORMATS]);
