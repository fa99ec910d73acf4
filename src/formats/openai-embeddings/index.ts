import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { refuse, refuseInStream } from "../openai/refuse.ts";
import { askForUsage, replaceText, rewriteModel } from "../openai/rewrite.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { SCHEMA } from "./schema.ts";
import { stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** OpenAI embeddings: texts become vectors. */
export const openaiEmbeddings: Format = {
  name: "openai-embeddings",
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
  refuse,
  refuseInStream,
};
