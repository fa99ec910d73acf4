import type { Format, ReadRequest, RequestMessage } from "../format.ts";
import { parseBody } from "./body.ts";
import { ENDPOINTS } from "./detect.ts";
import { describeRequest } from "./reading.ts";
import { GRPC_TYPE, refuse, refuseInStream, refuseInTrailers } from "./refuse.ts";
import { readRequest } from "./request.ts";
import { describeResponse, readResponse, trailersError } from "./response.ts";
import { rewrite } from "./rewrite.ts";
import { openStream } from "./splitter.ts";
import { stream } from "./stream.ts";

/** Some clients name the encoding of messages too. */
const PROTO_TYPE = "application/grpc+proto";

/**
 * The Open Inference Protocol (KServe v2) over gRPC, as `inference.proto` beside this file has it. Of a stream of
 * requests each is governed for itself before it leaves.
 */
export const kserveV2Grpc: Format = {
  name: "kserve-v2-grpc",
  endpoints: ENDPOINTS,
  readRequest: read,
  describeRequest: (message) => describeRequest(parseBody(message)),
  readResponse,
  describeResponse,
  stream,
  streamType: GRPC_TYPE,
  openSplitter: openStream,
  trailersError,
  framings: { [PROTO_TYPE]: { stream, refuseInStream, openSplitter: openStream, trailersError } },
  refuse,
  refuseInStream,
  refuseInTrailers,
  clientHeader: { name: "content-type", mediaType: GRPC_TYPE },
};

function read(message: RequestMessage): ReadRequest {
  const body = parseBody(message);
  const request = readRequest(body, message.endpoint);
  return {
    inference: request.inference,
    document: undefined,
    isWhole: false,
    contentType: GRPC_TYPE,
    rewrite: (changes) => rewrite(body, request, message.bytes, changes),
  };
}
