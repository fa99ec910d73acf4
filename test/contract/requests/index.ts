import type { FORMATS } from "../../../src/formats/index.ts";
import { anthropicMessagesRequest } from "./anthropic-messages.ts";
import { bedrockConverseRequest } from "./bedrock-converse.ts";
import { geminiGenerateRequest } from "./gemini-generate.ts";
import { kserveV1Request } from "./kserve-v1.ts";
import { kserveV2Request } from "./kserve-v2.ts";
import { kserveV2GrpcRequest } from "./kserve-v2-grpc.ts";
import { openaiChatRequest } from "./openai-chat.ts";
import { openaiCompletionsRequest } from "./openai-completions.ts";
import { openaiEmbeddingsRequest } from "./openai-embeddings.ts";
import { openaiResponsesRequest } from "./openai-responses.ts";
import { tfservingRequest } from "./tfserving.ts";
import { tritonGenerateRequest } from "./triton-generate.ts";

/** A request of every format with every member of its schema: a JSON value, or bytes where bodies are none. */
export const WHOLE_REQUESTS: { readonly [F in keyof typeof FORMATS]: unknown } = {
  "openai-chat": openaiChatRequest,
  "openai-completions": openaiCompletionsRequest,
  "openai-embeddings": openaiEmbeddingsRequest,
  "openai-responses": openaiResponsesRequest,
  "anthropic-messages": anthropicMessagesRequest,
  "gemini-generate": geminiGenerateRequest,
  "bedrock-converse": bedrockConverseRequest,
  "triton-generate": tritonGenerateRequest,
  "kserve-v1": kserveV1Request,
  tfserving: tfservingRequest,
  "kserve-v2": kserveV2Request,
  "kserve-v2-grpc": kserveV2GrpcRequest,
};
