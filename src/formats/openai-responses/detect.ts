import type { Endpoint } from "../format.ts";

/**
 * Only making a response is understood. Stored ones (`/v1/responses/{id}`, its cancellation and its items), compaction
 * and the counting of tokens are unknown endpoints: their answers hold what no request here asked for.
 */
export const ENDPOINTS: readonly Endpoint[] = [{ method: "POST", path: "/v1/responses", operation: "chat" }];
