import type { Format } from "../format.ts";
import { jsonRequests } from "../json-format.ts";
import { ENDPOINTS } from "./detect.ts";
import { checkQuery } from "./query.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { replaceText } from "./rewrite.ts";
import { SCHEMA } from "./schema.ts";
import { openMessages } from "./splitter.ts";
import { STREAM_TYPE, stream } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** Bedrock's Converse and ConverseStream (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export const bedrockConverse: Format = {
  name: "bedrock-converse",
  endpoints: ENDPOINTS,
  ...jsonRequests({ readRequest, describeRequest, replaceText, keys: SCHEMA.plainKeys }),
  checkQuery,
  readResponse,
  stream,
  streamType: STREAM_TYPE,
  answerTexts,
  openSplitter: openMessages,
  refuse,
  refuseInStream,
  // Every SDK of AWS numbers its calls.
  clientHeader: { name: "amz-sdk-invocation-id" },
};
