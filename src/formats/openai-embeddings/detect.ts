import type { Endpoint } from "../format.ts";

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v1/embeddings", operation: "embeddings" },
];
