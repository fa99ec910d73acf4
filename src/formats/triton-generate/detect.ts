import type { Endpoint } from "../format.ts";

const OPERATION = "text_completion";

/** A path without a version leaves it to the server's policy. */
export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v2/models/{model}/generate", operation: OPERATION },
  { method: "POST", path: "/v2/models/{model}/generate_stream", operation: OPERATION, stream: true },
  { method: "POST", path: "/v2/models/{model}/versions/{version}/generate", operation: OPERATION },
  {
    method: "POST",
    path: "/v2/models/{model}/versions/{version}/generate_stream",
    operation: OPERATION,
    stream: true,
  },
];
