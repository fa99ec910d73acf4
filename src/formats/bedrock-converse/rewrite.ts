// The path names the model, and a stream reports its usage by itself.
export { replaceText } from "../openai/rewrite.ts";
