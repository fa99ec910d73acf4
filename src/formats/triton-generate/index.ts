import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { sseSplitter } from "../sse-splitter.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { replaceText } from "./rewrite.ts";
import { stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/**
 * Triton's generate extension
 * (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_generate.md), as the backends for
 * vLLM and TensorRT-LLM use it.
 */
export const tritonGenerate: Format = {
  name: "triton-generate",
  endpoints: ENDPOINTS,
  ...jsonRequests({ readRequest, describeRequest, replaceText }),
  readResponse: ({ bytes }) => readResponse(bytes),
  stream,
  answerTexts,
  openSplitter: sseSplitter(answerTexts.event),
  refuse,
  refuseInStream,
};
