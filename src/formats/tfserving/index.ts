import { editJson } from "../../wire/json/index.ts";
import type { Format, ReadRequest, RequestMessage } from "../format.ts";
import { JSON_TYPE, jsonRequests } from "../json-format.ts";
import { noStream } from "../no-stream.ts";
import { ENDPOINTS } from "./detect.ts";
import { type NonfiniteBody, readNonfinite } from "./nonfinite.ts";
import { describeRequest } from "./reading.ts";
import { refuse, refuseInStream } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { readResponse } from "./response.ts";
import { replaceText } from "./rewrite.ts";
import { answerTexts } from "./texts.ts";

const plain = jsonRequests({ readRequest, describeRequest, replaceText, numbers: "data" });

/**
 * TensorFlow Serving's REST API
 * (https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md). Its bodies may have NaN and
 * infinities, which JSON has not.
 */
export const tfserving: Format = {
  name: "tfserving",
  endpoints: ENDPOINTS,
  readRequest(message) {
    const body = readNonfinite(message.bytes);
    return body === undefined ? plain.readRequest(message) : readNonfiniteRequest(body, message);
  },
  describeRequest(message) {
    const body = readNonfinite(message.bytes);
    return body === undefined
      ? plain.describeRequest(message)
      : describeRequest(body.shown, message.endpoint, body.count);
  },
  readResponse: ({ bytes }) => readResponse(bytes),
  stream: noStream,
  answerTexts,
  refuse,
  refuseInStream,
};

/** Policy sees null in the place of what JSON has not; what is edited are the bytes as they came. */
function readNonfiniteRequest({ shown, written }: NonfiniteBody, { endpoint }: RequestMessage): ReadRequest {
  return {
    inference: readRequest(shown, endpoint),
    document: shown,
    isWhole: false,
    contentType: JSON_TYPE,
    rewrite: ({ texts, model }) => ({
      bytes: editJson(
        written,
        texts.map(({ part, text }) => replaceText(part, text)),
      ),
      pathname: model === undefined ? undefined : endpoint.pathFor(model),
      asksForUsage: false,
    }),
  };
}
