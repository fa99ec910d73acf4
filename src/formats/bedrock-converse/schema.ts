import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { listed, requestSchema } from "../openai/schema.ts";

/**
 * Names and values of the Converse API (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html):
 * they say nothing of the caller's, so they are no text.
 */

/** What is no text in a request. */
export const SCHEMA = requestSchema({
  governed: listed(
    `messages system toolConfig inferenceConfig additionalModelRequestFields promptVariables role content
    maxTokens tools`,
  ),
  words: {
    role: ["user", "assistant", "system"],
    format: listed(
      `png jpeg gif webp pdf csv doc docx xls xlsx html txt md
      mkv mov mp4 webm flv mpeg mpg wmv three_gp mp3 opus wav aac flac ogg mpga m4a pcm mka x-aac`,
    ),
    type: [
      ...JSON_SCHEMA_TYPES,
      ...listed(
        "default json_schema tool_use server_tool_use priority flex reserved enabled disabled adaptive",
      ),
    ],
    ttl: ["5m", "1h"],
    status: ["success", "error"],
    trace: ["enabled", "disabled", "enabled_full"],
    streamProcessingMode: ["sync", "async"],
    latency: ["standard", "optimized"],
    effort: ["low", "medium", "high", "max"],
  },
  keys: [
    ...JSON_SCHEMA_KEYS,
    ...listed(
      `guardrailConfig guardrailIdentifier guardrailVersion additionalModelResponseFieldPaths requestMetadata
      performanceConfig serviceTier outputConfig textFormat structure jsonSchema schema
      temperature topP stopSequences toolChoice toolSpec systemTool inputSchema json strict auto any tool
      name description text image document video audio toolUse toolResult guardContent cachePoint reasoningContent
      citationsContent searchResult toolAddition toolRemoval
      source bytes s3Location uri bucketOwner context citations enabled error message input
      reasoningText signature redactedContent qualifiers title sourceContent location
      web url domain documentChar documentPage documentChunk searchResultLocation documentIndex searchResultIndex
      start end serverName
      thinking budget_tokens reasoning_config anthropic_beta top_k topK max_tokens`,
    ),
  ],
  ids: listed("toolUseId"),
});
