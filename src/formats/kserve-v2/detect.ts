import type { Endpoint } from "../format.ts";

const OPERATION = "infer";

/** A path without a version leaves it to the server's policy. */
export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v2/models/{model}/infer", operation: OPERATION },
  { method: "POST", path: "/v2/models/{model}/versions/{version}/infer", operation: OPERATION },
];
