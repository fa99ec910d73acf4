import type { JsonObject } from "../../src/exchange/json.ts";

/** The input of a chat request, of about so many bytes of JSON: what is beyond the facts is the prompt, as in a chat. */
export function inputOf(bytes: number): Buffer {
  const facts = Buffer.byteLength(JSON.stringify(input([])));
  const messages: JsonObject[] = [];
  for (let left = bytes - facts; left > 0; left -= MESSAGE_BYTES) {
    const content = SENTENCE.repeat(6).slice(0, Math.max(1, Math.min(left, MESSAGE_BYTES) - 40));
    messages.push({ role: messages.length % 2 === 0 ? "user" : "assistant", content });
  }
  return Buffer.from(JSON.stringify(input(messages)));
}

const SENTENCE = 'The quick brown fox jumps over the lazy dog, said "nobody".\n';
const MESSAGE_BYTES = 330;

function input(messages: readonly JsonObject[]): JsonObject {
  return {
    version: { regent: 1 },
    phase: "request",
    request: {
      id: "4f8b7c1e",
      method: "POST",
      path: "/v1/chat/completions",
      headers: { accept: ["*/*"], "x-purpose": ["support"] },
      body: { model: "sim-small", messages: [...messages] },
    },
    identity: {
      subject: "alice",
      tenant: "acme",
      team: "research",
      roles: ["analyst", "reader"],
      claims: { department: "claims", level: "senior" },
      method: "api_key",
    },
    inference: {
      model: "sim-small",
      stream: true,
      max_output_tokens: 256,
      tools: ["search", "calculator"],
      parameters: { temperature: 0.2 },
    },
    findings: [{ type: "email", count: 1 }],
    budgets: [{ key: "acme/day", limit: 1_000_000, used: 1_200 }],
    estimate: { input_tokens: 40 },
    targets: [
      { name: "eu", region: "eu-west-1" },
      { name: "eu-2", region: "eu-central-1" },
    ],
  };
}
