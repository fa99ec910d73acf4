import type { Endpoint } from "../format.ts";
import { refuseInAnswer } from "./refuse.ts";
import { openRequests } from "./requests.ts";
import { trailersError } from "./response.ts";
import { openAnswer } from "./splitter.ts";
import { answer } from "./stream.ts";

/** What the service is called in paths. Both methods take the same request. */
const SERVICE = "/inference.GRPCInferenceService";

const OPERATION = "infer";

/**
 * The model is in the messages. One answer is framed as a stream is: it is followed by trailers, so that Envoy cannot show it
 * whole in a way that tells it from a part.
 */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: `${SERVICE}/ModelInfer`,
    operation: OPERATION,
    stream: false,
    framing: { stream: answer, refuseInStream: refuseInAnswer, openSplitter: openAnswer, trailersError },
  },
  {
    method: "POST",
    path: `${SERVICE}/ModelStreamInfer`,
    operation: OPERATION,
    stream: true,
    openRequests,
  },
];
