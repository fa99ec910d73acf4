import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { listed, requestSchema } from "../openai/schema.ts";

/**
 * Names and values of GenerateContentRequest (https://ai.google.dev/api/generate-content, and Vertex AI's, which has more
 * of them): they say nothing of the caller's, so they are no text.
 */

/** Members that Regent acts on. Other spellings of them than the two of protocol buffers are refused. */
export const GOVERNED: readonly string[] = listed(
  `contents parts role systemInstruction tools functionDeclarations mcpServers generationConfig maxOutputTokens
  candidateCount responseModalities routingConfig modelSelectionConfig cachedContent continuationToken
  generateContentRequest model text thought inlineData fileData functionCall functionResponse fileUri mimeType data
  thoughtSignature`,
);

/** What a part of a content may have. Anything else in one is reported as unknown. */
export const PART_KEYS: ReadonlySet<string> = new Set(
  listed(
    `text thought thoughtSignature inlineData fileData functionCall functionResponse executableCode codeExecutionResult
    toolCall toolResponse videoMetadata mediaResolution partMetadata audioTranscription mediaProcessing speechMetadata`,
  ),
);

const KEYS = listed(
  `toolConfig safetySettings labels serviceTier store automaticContinuation modelArmorConfig imageConfig
  promptTemplateName responseTemplateName generationOutputConfig outputUriPrefix instances
  displayName videoMetadata startOffset endOffset fps mediaProcessing speechMetadata speaker style
  audioTranscription finished words partMetadata numTokens
  name args partialArgs willContinue response jsonPath stringValue numberValue boolValue nullValue code output
  description parameters parametersJsonSchema responseJsonSchema propertyOrdering example
  googleSearch googleSearchRetrieval codeExecution urlContext fileSearch googleMaps retrieval computerUse
  enterpriseWebSearch exaAiSearch parallelAiSearch streamableHttpTransport headers url timeout sseReadTimeout
  terminateOnClose excludeDomains blockingConfidence searchTypes timeRangeFilter startTime endTime
  dynamicRetrievalConfig dynamicThreshold metadataFilter fileSearchStoreNames topK enableWidget authConfig
  groundingTypes disableAttribution externalApi vertexAiSearch vertexRagStore apiAuth apiSpec apiKeyConfig apiKey
  apiKeyString elasticSearchParams simpleSearchParams endpoint dataStoreSpecs datastore engine filter maxResults
  ragCorpora ragResources ragCorpus ragFileIds ragRetrievalConfig similarityTopK storeContext vectorDistanceThreshold
  excludedPredefinedFunctions enablePromptInjectionDetection disabledSafetyPolicies customConfigs
  enableDataRetention enableZeroDataRetention
  functionCallingConfig allowedFunctionNames streamFunctionCallArguments retrievalConfig latLng latitude longitude
  languageCode includeServerSideToolInvocations
  stopSequences responseSchema responseFormat temperature topP seed presencePenalty frequencyPenalty
  responseLogprobs logprobs audioTimestamp enableAffectiveDialog enableEnhancedCivicAnswers speechConfig voiceConfig
  prebuiltVoiceConfig voiceName voice replicatedVoiceConfig voiceSampleAudio consentAudio voiceConsentSignature
  multiSpeakerVoiceConfig speakerVoiceConfigs thinkingConfig includeThoughts thinkingBudget aspectRatio imageSize
  personGeneration outputMimeType outputCompressionQuality imageOutputOptions prominentPeople
  audioTranscriptionConfig languageCodes languageAuto languageHints customVocabulary adaptationPhrases wordTimestamp
  diarization sourceText translationConfig echoTargetLanguage targetLanguageCode audio image video schema`,
);

const WORDS: { readonly [member: string]: readonly string[] } = {
  role: listed("user model function tool system"),
  type: [...JSON_SCHEMA_TYPES, ...JSON_SCHEMA_TYPES.map((type) => type.toUpperCase()), "TYPE_UNSPECIFIED"],
  mode: listed("AUTO ANY NONE VALIDATED MODE_UNSPECIFIED MODE_DYNAMIC"),
  language: listed("PYTHON LANGUAGE_UNSPECIFIED"),
  outcome: listed("OUTCOME_OK OUTCOME_FAILED OUTCOME_DEADLINE_EXCEEDED OUTCOME_UNSPECIFIED"),
  category: listed("UNSPECIFIED HARASSMENT HATE_SPEECH SEXUALLY_EXPLICIT DANGEROUS_CONTENT CIVIC_INTEGRITY")
    .concat(listed("JAILBREAK IMAGE_HATE IMAGE_DANGEROUS_CONTENT IMAGE_HARASSMENT IMAGE_SEXUALLY_EXPLICIT"))
    .map((category) => `HARM_CATEGORY_${category}`),
  threshold: listed(
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH BLOCK_NONE OFF",
  ),
  method: listed("HARM_BLOCK_METHOD_UNSPECIFIED SEVERITY PROBABILITY"),
  mediaResolution: listed("UNSPECIFIED LOW MEDIUM HIGH").map((level) => `MEDIA_RESOLUTION_${level}`),
  level: listed("UNSPECIFIED LOW MEDIUM HIGH ULTRA_HIGH").map((level) => `MEDIA_RESOLUTION_${level}`),
  thinkingLevel: listed("THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH"),
  behavior: listed("UNSPECIFIED BLOCKING NON_BLOCKING"),
  scheduling: listed("SCHEDULING_UNSPECIFIED SILENT WHEN_IDLE INTERRUPT"),
  serviceTier: listed("unspecified flex standard priority"),
  environment: listed("UNSPECIFIED BROWSER MOBILE DESKTOP").map((name) => `ENVIRONMENT_${name}`),
  toolType: listed(
    "TOOL_TYPE_UNSPECIFIED GOOGLE_SEARCH_WEB GOOGLE_SEARCH_IMAGE URL_CONTEXT GOOGLE_MAPS FILE_SEARCH MEDIA_PROCESSING",
  ),
  responseMimeType: listed("text/plain application/json text/x.enum"),
};

/** What is no text in a request. */
export const SCHEMA = requestSchema({
  governed: bothSpellings(GOVERNED),
  words: Object.fromEntries(
    Object.entries(WORDS).flatMap(([name, words]) =>
      bothSpellings([name]).map((spelling) => [spelling, words] as const),
    ),
  ),
  keys: [...JSON_SCHEMA_KEYS, ...bothSpellings([...KEYS, ...PART_KEYS])],
  ids: ["id"],
});

export const PLAIN_KEYS: ReadonlySet<string> = SCHEMA.plainKeys;

/** What an answer may be made of (`responseModalities`). */
export const MODALITIES: ReadonlySet<unknown> = new Set(
  listed("MODALITY_UNSPECIFIED TEXT IMAGE AUDIO VIDEO"),
);

/** The JSON name of a member that may be spelt as in its protocol buffer. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function bothSpellings(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return snake === name ? [name] : [name, snake];
  });
}
