export { replaceText } from "../openai/rewrite.ts";
