import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { sseSplitter } from "../sse-splitter.ts";
import { ENDPOINTS } from "./detect.ts";
import { checkQuery } from "./query.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { replaceText, rewriteModel } from "./rewrite.ts";
import { stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** Gemini's generateContent (https://ai.google.dev/api/generate-content), also on Vertex AI. */
export const geminiGenerate: Format = {
  name: "gemini-generate",
  endpoints: ENDPOINTS,
  ...jsonRequests({ readRequest, describeRequest, rewriteModel, replaceText }),
  checkQuery,
  readResponse: ({ bytes }) => readResponse(bytes),
  stream,
  answerTexts,
  openSplitter: sseSplitter(answerTexts.event),
  refuse,
  refuseInStream,
  clientHeader: { name: "x-goog-api-client" },
};
