import { FORMATS } from "../../src/formats/index.ts";
import { testFormat } from "./contract.ts";
import { openaiChatRequest } from "./requests/openai-chat.ts";

const WHOLE_REQUESTS: { readonly [F in keyof typeof FORMATS]: unknown } = {
  "openai-chat": openaiChatRequest,
};

for (const format of Object.values(FORMATS))
  testFormat(format, WHOLE_REQUESTS[format.name as keyof typeof FORMATS]);
