import type { Endpoint } from "../format.ts";

/** What the service is called in paths. Both methods take the same request. */
const SERVICE = "/inference.GRPCInferenceService";

const OPERATION = "infer";

/** The model is in the messages. */
export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: `${SERVICE}/ModelInfer`, operation: OPERATION, stream: false },
  { method: "POST", path: `${SERVICE}/ModelStreamInfer`, operation: OPERATION, stream: true },
];
