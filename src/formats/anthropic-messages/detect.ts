import type { Endpoint } from "../format.ts";

/** What is asked of the endpoint that only counts: it answers nothing, but the provider reads the prompt all the same. */
export const COUNT_TOKENS = "count_tokens";

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/v1/messages", operation: "chat" },
  { method: "POST", path: "/v1/messages/count_tokens", operation: COUNT_TOKENS },
];
