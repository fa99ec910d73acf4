import assert from "node:assert/strict";
import { ERRORS } from "../../../src/exchange/errors.ts";
import { ENVOY_ERRORS } from "../../../src/local/envoy/local-replies.ts";
import { chat, KEYS } from "../../../src/local/scenes/stage.ts";
import { type Received, type Sent, send } from "../support/client.ts";

export { chat, KEYS } from "../../../src/local/scenes/stage.ts";

export const CHAT_PATH = "/v1/chat/completions";
/** Who sends where a test is not about that: may use sim-small and sim-large, and not sim-frontier. */
export const ANALYST = { authorization: `Bearer ${KEYS.acmeAnalyst}` };
/** A model that the analyst may not use: whatever names it must not reach a model. */
export const FORBIDDEN_MODEL = "sim-frontier";

/** A chat that is served. */
export const ALLOWED_BODY = JSON.stringify(chat("sim-small", "Hello."));
/** A chat that policy denies with `model_not_permitted`. */
export const DENIED_BODY = JSON.stringify(chat(FORBIDDEN_MODEL, "Hello."));

/** Posts a body as the analyst, as a chat, unless said otherwise. */
export function post(port: number, body: string | Buffer, more: Sent = {}): Promise<Received> {
  const { headers, ...rest } = more;
  return send(port, {
    method: "POST",
    path: CHAT_PATH,
    headers: { "content-type": "application/json", ...ANALYST, ...headers },
    body,
    ...rest,
  });
}

/** Codes of the shipped rules that these tests meet. */
const POLICY_STATUS = {
  identity_required: 401,
  model_not_permitted: 403,
  unknown_endpoint: 404,
} as const;

export type Code = keyof typeof ERRORS | keyof typeof ENVOY_ERRORS | keyof typeof POLICY_STATUS;

/** What both kinds of client show of an answer. */
export type AnswerLike = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string> | Received["headers"];
  readonly body: string;
};

export function headerOf({ headers }: AnswerLike, name: string): string | undefined {
  const value = headers instanceof Map ? headers.get(name) : (headers as Received["headers"])[name];
  return Array.isArray(value) ? value.join(",") : value;
}

/** Asserts that an answer refuses with this code, in OpenAI's words and in the header. */
export function assertRefused(answer: AnswerLike, code: Code): void {
  assert.deepEqual([answer.status, codeOf(answer)], [statusOf(code), code], answer.body);
  assert.equal(headerOf(answer, "x-regent-reason"), code);
  const { error } = JSON.parse(answer.body) as { error: { message: unknown; type: unknown; param: unknown } };
  assert.equal(error.param, null);
  assert.ok(typeof error.type === "string" && error.type !== "");
  assert.ok(typeof error.message === "string" && error.message.length > 10);
}

/** The code in an error object; undefined where there is none. */
export function codeOf({ body }: { readonly body: string }): string | undefined {
  try {
    return (JSON.parse(body) as { error?: { code?: string } }).error?.code;
  } catch {
    return undefined;
  }
}

function statusOf(code: Code): number {
  if (code in POLICY_STATUS) return POLICY_STATUS[code as keyof typeof POLICY_STATUS];
  const errors: Readonly<Partial<{ [code: string]: { readonly status: number } }>> = {
    ...ENVOY_ERRORS,
    ...ERRORS,
  };
  return errors[code]?.status ?? Number.NaN;
}
