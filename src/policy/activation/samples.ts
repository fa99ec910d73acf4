import type { PolicyInput } from "../input.ts";

/**
 * The smallest inputs that governance really asks about. An empty input is refused by policies before any rule is
 * looked at; these are not, so that a rule that can never be carried out shows.
 */
export const SAMPLE_REQUEST: PolicyInput = {
  version: { regent: 1 },
  phase: "request",
  request: {
    id: "00000000-0000-4000-8000-000000000000",
    time: "2026-01-01T00:00:00Z",
    method: "POST",
    scheme: "https",
    host: "localhost",
    path: "/v1/chat/completions",
    parsed_path: ["v1", "chat", "completions"],
    parsed_query: {},
    headers: {},
    body: null,
  },
  identity: { roles: [], claims: {}, method: "none" },
};

export const SAMPLE_RESPONSE: PolicyInput = {
  ...SAMPLE_REQUEST,
  phase: "response",
  response: { status: 200, headers: {} },
};
