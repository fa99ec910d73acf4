import { nestedDialect } from "./nested.ts";

/** TensorFlow Serving's REST API to predict. */
export const tfservingTensors = nestedDialect({
  name: "tfserving",
  nonfinite: "tokens",
  hasVersions: true,
  hasSignatures: true,
  requestKeys: { row: "instances", columnar: "inputs" },
  replyKeys: { row: "predictions", columnar: "outputs" },
});
