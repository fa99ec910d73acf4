import type { Endpoint } from "../format.ts";

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v1/completions", operation: "text_completion" },
];
