/** Every member of a request for content (Google's API references of Gemini and of Vertex AI), in both spellings. */
const schema = {
  type: "OBJECT",
  title: "t",
  description: "d",
  properties: { p: { type: "STRING", description: "d", enum: ["e"], format: "enum" } },
  propertyOrdering: ["p"],
  required: ["p"],
  nullable: true,
  anyOf: [{ type: "ARRAY", items: { type: "INTEGER" }, minItems: "1", example: "x", default: "x" }],
};
const media = [
  {
    inlineData: { mimeType: "image/png", data: "ZGF0YQ==", displayName: "n" },
    mediaResolution: { level: "MEDIA_RESOLUTION_LOW", numTokens: 1 },
  },
  {
    fileData: { mimeType: "video/mp4", fileUri: "https://files.example/a.mp4", displayName: "n" },
    videoMetadata: { startOffset: "1s", endOffset: "2s", fps: 1 },
    mediaProcessing: { of_tomorrow: "x" },
  },
  { inline_data: { mime_type: "application/pdf", data: "ZGF0YQ==", display_name: "n" } },
  { file_data: { mime_type: "audio/wav", file_uri: "gs://bucket/a.wav" } },
];

export const geminiGenerateRequest = {
  contents: [
    {
      role: "user",
      parts: [
        { text: "t", partMetadata: { m: "v" }, speechMetadata: { speaker: "s", style: "s" } },
        ...media,
      ],
    },
    {
      role: "model",
      parts: [
        { text: "t", thought: true, thoughtSignature: "c2lnbmF0dXJl" },
        {
          functionCall: {
            id: "i",
            name: "n",
            args: { a: "v", list: ["v"], text: "v", role: "v" },
            partialArgs: [{ jsonPath: "$.a", stringValue: "v", willContinue: true }],
            willContinue: true,
          },
          thought_signature: "c2lnbmF0dXJl",
        },
        { executableCode: { language: "PYTHON", code: "c", id: "i" } },
        { codeExecutionResult: { outcome: "OUTCOME_OK", output: "o", id: "i" } },
        { toolCall: { id: "i", toolType: "GOOGLE_SEARCH_WEB", args: { q: "v" } } },
        { toolResponse: { id: "i", toolType: "GOOGLE_SEARCH_WEB", response: { r: "v" } } },
        { audioTranscription: { text: "t", languageCode: "l", speakerLabel: "s", words: [{ word: "w" }] } },
        { partOfTomorrow: { words: "w" } },
      ],
    },
    {
      role: "user",
      parts: [
        {
          functionResponse: {
            id: "i",
            name: "n",
            response: { output: "o", nested: { deep: ["v"] } },
            parts: media,
            scheduling: "WHEN_IDLE",
            willContinue: false,
          },
        },
        { function_response: { name: "n", response: { error: "e" } } },
      ],
    },
    { parts: { text: "a single part" } },
  ],
  system_instruction: { role: "user", parts: [{ text: "t" }] },
  tools: [
    {
      functionDeclarations: [
        { name: "n", description: "d", parameters: schema, response: schema, behavior: "BLOCKING" },
        {
          name: "m",
          description: "d",
          parametersJsonSchema: { type: "object", properties: { p: { type: "string", description: "d" } } },
          responseJsonSchema: { type: "object", $defs: { x: { type: "string" } } },
        },
      ],
    },
    { googleSearch: { timeRangeFilter: { startTime: "s", endTime: "e" }, excludeDomains: ["d"] } },
    { googleSearchRetrieval: { dynamicRetrievalConfig: { mode: "MODE_DYNAMIC", dynamicThreshold: 0.5 } } },
    { codeExecution: {} },
    { urlContext: {} },
    { fileSearch: { fileSearchStoreNames: ["s"], metadataFilter: "f", topK: 1 } },
    { googleMaps: { enableWidget: true } },
    {
      retrieval: {
        vertexAiSearch: { datastore: "d", engine: "e", filter: "f", maxResults: 1 },
        vertexRagStore: {
          ragResources: [{ ragCorpus: "c", ragFileIds: ["i"] }],
          vectorDistanceThreshold: 0.5,
        },
        externalApi: { endpoint: "e", apiAuth: { apiKeyConfig: { apiKeyString: "k" } } },
        disableAttribution: true,
      },
    },
    { computerUse: { environment: "ENVIRONMENT_BROWSER", excludedPredefinedFunctions: ["f"] } },
    { enterpriseWebSearch: { excludeDomains: ["d"] } },
    {
      mcpServers: [{ name: "n", streamableHttpTransport: { url: "u", headers: { h: "v" }, timeout: "1s" } }],
    },
    { toolOfTomorrow: { words: ["w"] } },
  ],
  toolConfig: {
    functionCallingConfig: {
      mode: "ANY",
      allowedFunctionNames: ["n"],
      streamFunctionCallArguments: true,
    },
    retrievalConfig: { latLng: { latitude: 1, longitude: 1 }, languageCode: "l" },
    includeServerSideToolInvocations: true,
  },
  safetySettings: [
    { category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE", method: "SEVERITY" },
    { category: "HARM_CATEGORY_OF_TOMORROW", threshold: "OFF" },
  ],
  generationConfig: {
    candidateCount: 1,
    max_output_tokens: 10,
    stopSequences: ["s"],
    temperature: 1,
    topP: 1,
    topK: 1,
    seed: 1,
    presencePenalty: 1,
    frequencyPenalty: 1,
    responseLogprobs: true,
    logprobs: 1,
    responseMimeType: "application/json",
    responseSchema: schema,
    responseJsonSchema: { type: "object", description: "d" },
    responseModalities: ["TEXT", "IMAGE"],
    mediaResolution: "MEDIA_RESOLUTION_LOW",
    audioTimestamp: true,
    thinkingConfig: { includeThoughts: true, thinkingBudget: 1, thinkingLevel: "LOW" },
    speechConfig: {
      languageCode: "l",
      voiceConfig: { prebuiltVoiceConfig: { voiceName: "v" } },
      multiSpeakerVoiceConfig: {
        speakerVoiceConfigs: [
          { speaker: "s", voiceConfig: { replicatedVoiceConfig: { voiceSampleAudio: "a" } } },
        ],
      },
    },
    imageConfig: { aspectRatio: "1:1", imageSize: "1K" },
    enableEnhancedCivicAnswers: true,
  },
  cachedContent: "cachedContents/c",
  labels: { team: "v" },
  serviceTier: "standard",
  store: false,
  modelArmorConfig: { promptTemplateName: "t", responseTemplateName: "t" },
  of_tomorrow: { words: ["w"] },
};
