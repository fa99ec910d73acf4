import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { refuse, refuseInStream } from "../openai/refuse.ts";
import { askForUsage, replaceText, rewriteModel } from "../openai/rewrite.ts";
import { choiceTexts } from "../openai/texts.ts";
import { sseSplitter } from "../sse-splitter.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { SCHEMA } from "./schema.ts";
import { framings, stream } from "./stream.ts";

/** OpenAI completions: a text is continued. Base models, and code models that fill in the middle. */
export const openaiCompletions: Format = {
  name: "openai-completions",
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
  answerTexts: choiceTexts,
  openSplitter: sseSplitter(choiceTexts.event),
  framings,
  refuse,
  refuseInStream,
};
