import type { Format } from "../format.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { askForUsage, replaceText, rewriteModel } from "./rewrite.ts";
import { stream } from "./stream.ts";

/** OpenAI chat completions, and the many servers that speak them. */
export const openaiChat: Format = {
  name: "openai-chat",
  endpoints: ENDPOINTS,
  readRequest,
  describeRequest,
  readResponse,
  stream,
  rewriteModel,
  askForUsage,
  replaceText,
  refuse,
  refuseInStream,
};
