import { listed, requestSchema } from "../openai/schema.ts";

/** What is no text in a request: the members of its envelope. Names of inputs and features are the model's own. */
export const SCHEMA = requestSchema({
  governed: listed("signature_name instances inputs examples context"),
  words: {},
  keys: [],
  ids: [],
});
