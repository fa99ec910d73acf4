import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { sseSplitter } from "../sse-splitter.ts";
import { ENDPOINTS } from "./detect.ts";
import { models } from "./models.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { askForUsage, replaceText, rewriteModel } from "./rewrite.ts";
import { SCHEMA } from "./schema.ts";
import { stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** Anthropic messages (https://platform.claude.com/docs/en/api/messages), and the servers that speak them. */
export const anthropicMessages: Format = {
  name: "anthropic-messages",
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
  models,
  clientHeader: { name: "anthropic-version" },
};
