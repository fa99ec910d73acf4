import { listed, requestSchema } from "../openai/schema.ts";

/** What is no text in a request: the members that the server looks at. What instances hold is the model's own. */
export const SCHEMA = requestSchema({ governed: listed("instances inputs"), words: {}, keys: [], ids: [] });
