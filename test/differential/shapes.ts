import type { Shape } from "./readers.ts";

/** Members that say what a request is, and to whom: what a server has struct fields for. */
const NAMED: Shape = { name: {}, type: {}, description: {} };
const TEXT: Shape = { type: {}, text: {} };

/** What a server of each dialect has struct fields for. */
export const SHAPES = {
  "openai-chat": {
    ...{ model: {}, stream: {}, n: {}, max_tokens: {}, max_completion_tokens: {}, user: {}, temperature: {} },
    stream_options: { include_usage: {} },
    messages: {
      "*": {
        ...{ role: {}, name: {} },
        content: { "*": { ...TEXT, image_url: { url: {} }, input_audio: { data: {} } } },
        tool_calls: { "*": { type: {}, function: { name: {}, arguments: {} } } },
      },
    },
    tools: { "*": { ...NAMED, function: NAMED, custom: NAMED } },
    tool_choice: { type: {}, function: { name: {} } },
  },
  "openai-responses": {
    ...{ model: {}, stream: {}, max_output_tokens: {}, user: {}, instructions: {}, previous_response_id: {} },
    ...{ conversation: {}, store: {}, background: {}, temperature: {}, reasoning: { effort: {} } },
    input: {
      "*": {
        ...{ type: {}, role: {}, call_id: {}, name: {}, arguments: {} },
        content: { "*": { ...TEXT, image_url: {}, file_id: {} } },
        output: { "*": TEXT },
      },
    },
    tools: { "*": NAMED },
    prompt: { id: {} },
  },
  "openai-completions": {
    ...{ model: {}, prompt: {}, suffix: {}, stream: {}, n: {}, best_of: {}, max_tokens: {}, user: {} },
    stream_options: { include_usage: {} },
  },
  "openai-embeddings": { model: {}, input: {}, dimensions: {}, encoding_format: {}, user: {} },
  "anthropic-messages": {
    ...{ model: {}, max_tokens: {}, stream: {}, temperature: {}, metadata: { user_id: {} } },
    system: { "*": TEXT },
    messages: {
      "*": {
        role: {},
        content: { "*": { ...TEXT, name: {}, id: {}, content: {}, source: { type: {}, data: {}, url: {} } } },
      },
    },
    tools: { "*": NAMED },
    mcp_servers: { "*": { name: {}, url: {} } },
  },
  "gemini-generate": {
    contents: { "*": { role: {}, parts: { "*": { text: {}, inlineData: { mimeType: {}, data: {} } } } } },
    systemInstruction: { parts: { "*": { text: {} } } },
    tools: { "*": { functionDeclarations: { "*": { name: {}, description: {} } } } },
    generationConfig: { maxOutputTokens: {}, candidateCount: {}, temperature: {} },
  },
  "bedrock-converse": {
    messages: {
      "*": { role: {}, content: { "*": { text: {}, image: { format: {}, source: { bytes: {} } } } } },
    },
    system: { "*": { text: {} } },
    inferenceConfig: { maxTokens: {}, temperature: {} },
    toolConfig: { tools: { "*": { toolSpec: { name: {}, description: {} } } } },
  },
  "kserve-v2": {
    ...{ id: {}, model_name: {}, parameters: {} },
    inputs: { "*": { name: {}, datatype: {}, shape: {}, data: {}, parameters: { binary_data_size: {} } } },
    outputs: { "*": { name: {}, parameters: { binary_data: {} } } },
  },
  "triton-generate": { text_input: {}, parameters: {}, max_tokens: {}, stream: {} },
  "kserve-v1": { instances: {}, inputs: {} },
  tfserving: { signature_name: {}, instances: {}, inputs: {}, examples: {}, context: {} },
} as const satisfies { readonly [format: string]: Shape };

/** Dialects whose numbers are data with a datatype, which says how they are read. */
export const TENSORS: ReadonlySet<string> = new Set(["kserve-v1", "kserve-v2", "tfserving"]);
