import type { Endpoint } from "../format.ts";

/** `:predict` is a path of TensorFlow Serving as well, and read as its own: the bodies are the same. */
export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v1/models/{model}:explain", operation: "explain" },
];
