import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { refuse } from "../openai/refuse.ts";
import { replaceText, rewriteModel } from "../openai/rewrite.ts";
import { sseSplitter } from "../sse-splitter.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { askForUsage } from "./rewrite.ts";
import { SCHEMA } from "./schema.ts";
import { stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** OpenAI responses, and the servers that speak them. */
export const openaiResponses: Format = {
  name: "openai-responses",
  endpoints: ENDPOINTS,
  ...jsonRequests({
    readRequest: (document, { operation }) => readRequest(document, operation),
    describeRequest,
    rewriteModel,
    askForUsage,
    replaceText,
    keys: SCHEMA.plainKeys,
  }),
  readResponse: ({ status, bytes }) => readResponse(status, bytes),
  stream,
  answerTexts,
  openSplitter: sseSplitter(answerTexts.event),
  refuse,
  refuseInStream,
};
