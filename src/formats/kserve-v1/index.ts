import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { noStream } from "../no-stream.ts";
import { answerTexts } from "../tfserving/texts.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { replaceText } from "./rewrite.ts";

/** KServe's first protocol (https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol). */
export const kserveV1: Format = {
  name: "kserve-v1",
  endpoints: ENDPOINTS,
  ...jsonRequests({ readRequest, describeRequest, replaceText, numbers: "data" }),
  readResponse: ({ bytes }) => readResponse(bytes),
  stream: noStream,
  answerTexts,
  refuse,
  refuseInStream,
};
