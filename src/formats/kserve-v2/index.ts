import type { Format, ReadRequest, RequestMessage } from "../format.ts";
import { JSON_TYPE } from "../json-format.ts";
import { ENDPOINTS } from "./detect.ts";
import { parseRequest } from "./message.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { describeResponse, readResponse } from "./response.ts";
import { rewrite } from "./rewrite.ts";
import { stream } from "./stream.ts";
import { answerTexts, takeApart } from "./texts.ts";

/** What JSON with the bytes of tensors behind it is called. */
const BINARY_TYPE = "application/octet-stream";

/** The Open Inference Protocol (KServe v2) over HTTP, in JSON and with Triton's binary tensor data extension. */
export const kserveV2: Format = {
  name: "kserve-v2",
  endpoints: ENDPOINTS,
  readRequest: read,
  describeRequest: (message) => describeRequest(parseRequest(message)),
  readResponse,
  describeResponse,
  stream,
  answerTypes: [BINARY_TYPE],
  answerTexts,
  takeApart,
  refuse,
  refuseInStream,
};

function read(message: RequestMessage): ReadRequest {
  const request = parseRequest(message);
  const isWhole = request.tail === undefined;
  return {
    inference: readRequest(request, message.endpoint),
    document: request.document,
    isWhole,
    contentType: isWhole ? JSON_TYPE : BINARY_TYPE,
    rewrite: (changes) => rewrite(request, message.bytes, message.endpoint, changes),
  };
}
