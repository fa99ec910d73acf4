import { listed, requestSchema } from "../openai/schema.ts";

/** Names and values that belong to the embedding schema itself. */
export const SCHEMA = requestSchema({
  governed: listed("model input dimensions encoding_format user messages stream"),
  words: {
    encoding_format: listed("float base64"),
    // Content parts, where a model embeds more than texts.
    type: listed("text"),
  },
  keys: listed("metadata text"),
  ids: [],
});
