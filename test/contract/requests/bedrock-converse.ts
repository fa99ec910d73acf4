/** Every member of a request to converse (Bedrock's API reference), the beta features of model makers included. */
const s3Location = { uri: "s3://bucket.example/a.png", bucketOwner: "111122223333" };
const cachePoint = { type: "default", ttl: "5m" };
const bytes = "ZGF0YQ==";
const images = [
  { image: { format: "png", source: { bytes }, error: { message: "m" } } },
  { image: { format: "jpeg", source: { s3Location } } },
];
const documents = [
  { document: { format: "pdf", name: "n", source: { bytes }, context: "c", citations: { enabled: true } } },
  { document: { format: "txt", name: "n", source: { text: "t" } } },
  { document: { name: "n", source: { content: [{ text: "t" }] } } },
  { document: { format: "docx", name: "n", source: { s3Location } } },
];
const videos = [
  { video: { format: "three_gp", source: { bytes } } },
  { video: { format: "mp4", source: { s3Location } } },
];
const searchResult = {
  searchResult: { source: "s", title: "t", content: [{ text: "t" }], citations: { enabled: true } },
};
const locations = [
  { web: { url: "u", domain: "d" } },
  { documentChar: { documentIndex: 0, start: 0, end: 1 } },
  { documentPage: { documentIndex: 0, start: 0, end: 1 } },
  { documentChunk: { documentIndex: 0, start: 0, end: 1 } },
  { searchResultLocation: { searchResultIndex: 0, start: 0, end: 1 } },
];
const guarded = [
  { guardContent: { text: { text: "t", qualifiers: ["grounding_source", "query"] } } },
  { guardContent: { image: { format: "png", source: { bytes } } } },
];

export const bedrockConverseRequest = {
  system: [{ text: "t" }, guarded[0], { cachePoint }],
  messages: [
    {
      role: "user",
      content: [
        { text: "t" },
        ...images,
        ...documents,
        ...videos,
        { audio: { format: "x-aac", source: { bytes }, error: { message: "m" } } },
        { audio: { format: "mp3", source: { s3Location } } },
        ...guarded,
        searchResult,
        { cachePoint },
      ],
    },
    {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "t", signature: "c2lnbmF0dXJl" } } },
        { reasoningContent: { redactedContent: bytes } },
        {
          citationsContent: {
            content: [{ text: "t" }],
            citations: locations.map((location) => ({
              title: "t",
              source: "s",
              sourceContent: [{ text: "t" }],
              location,
            })),
          },
        },
        { toolUse: { toolUseId: "i", name: "n", input: { a: "b", bytes: "c", deep: [{ signature: "d" }] } } },
        { toolUse: { toolUseId: "j", name: "nova_code_interpreter", input: {}, type: "server_tool_use" } },
        { toolResult: { toolUseId: "j", content: [{ json: { stdOut: "s" } }], type: "nova_result" } },
      ],
    },
    {
      role: "user",
      content: [
        {
          toolResult: {
            toolUseId: "i",
            content: [
              { text: "t" },
              { json: { a: "b", bytes: "c" } },
              ...images,
              ...documents,
              ...videos,
              searchResult,
            ],
            status: "success",
          },
        },
        { toolAddition: { tool: { type: "t", name: "n", serverName: "s" } } },
        { toolRemoval: { tool: { type: "t", name: "n", serverName: "s" } } },
        { of_tomorrow: { words: ["w"], source: { bytes } } },
      ],
    },
    { role: "system", content: [{ text: "t" }] },
  ],
  inferenceConfig: { maxTokens: 5, temperature: 0.5, topP: 0.5, stopSequences: ["s"] },
  toolConfig: {
    tools: [
      {
        toolSpec: {
          name: "n",
          description: "d",
          inputSchema: {
            json: { type: "object", properties: { a: { type: "string", description: "d", enum: ["e"] } } },
          },
          strict: true,
        },
      },
      { systemTool: { name: "nova_grounding" } },
      { cachePoint },
    ],
    toolChoice: { tool: { name: "n" } },
  },
  guardrailConfig: {
    guardrailIdentifier: "g",
    guardrailVersion: "1",
    trace: "enabled_full",
    streamProcessingMode: "async",
  },
  additionalModelRequestFields: {
    thinking: { type: "enabled", budget_tokens: 1024 },
    anthropic_beta: ["b"],
    tools: [{ type: "computer_20250124", name: "computer", display_width_px: 1 }],
    inferenceConfig: { topK: 20 },
  },
  promptVariables: { name: { text: "t" } },
  additionalModelResponseFieldPaths: ["/stop_sequence"],
  requestMetadata: { key: "value" },
  performanceConfig: { latency: "optimized" },
  serviceTier: { type: "priority" },
  outputConfig: {
    textFormat: {
      type: "json_schema",
      structure: { jsonSchema: { schema: '{"type":"object"}', name: "n", description: "d" } },
    },
    effort: "high",
  },
  of_tomorrow: { words: ["w"] },
};
