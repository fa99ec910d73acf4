import { setTimeout as wait } from "node:timers/promises";
import OpenAI, { APIError } from "openai";
import { queryAudit } from "../../audit/query.ts";
import type { JsonObject } from "../../exchange/json.ts";
import type { EnvoyTarget } from "../envoy/options.ts";

/** The keys of the demo. They are in the documentation and open nothing else. */
export const KEYS = {
  acmeAnalyst: "demo-acme-analyst",
  acmeAdmin: "demo-acme-admin",
  globexAnalyst: "demo-globex-analyst",
  initechAnalyst: "demo-initech-analyst",
} as const;

/** What a model server saw of one request. */
export type Seen = {
  readonly server: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
};

/** One line of the tour: something is sent, and what comes of it is compared with what was expected. */
export type Scene = {
  readonly title: string;
  readonly expected: string;
  /** What came of it, in the words of `expected`. */
  readonly play: (stage: Stage) => Promise<string>;
};

/** A request takes at most this long, so that a scene cannot hang the tour. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Where scenes are played: the gateway, and the witnesses behind it. */
export class Stage {
  readonly origin: string;
  readonly #targets: readonly EnvoyTarget[];
  readonly #auditDir: string;

  constructor(origin: string, targets: readonly EnvoyTarget[], auditDir: string) {
    this.origin = origin;
    this.#targets = targets;
    this.#auditDir = auditDir;
  }

  /** The official client, as an application would use it but for retries: a refusal shall be seen, not tried again. */
  client(key: string, headers: Record<string, string> = {}): OpenAI {
    return new OpenAI({
      apiKey: key,
      baseURL: `${this.origin}/v1`,
      maxRetries: 0,
      timeout: REQUEST_TIMEOUT_MS,
      defaultHeaders: headers,
    });
  }

  /** For what the client cannot send. */
  send(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.origin}${path}`, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  }

  /** A chat request as bytes. */
  post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
    return this.send("/v1/chat/completions", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${KEYS.acmeAnalyst}`,
        ...headers,
      },
      body,
    });
  }

  /** What reached the model servers under a decision id. */
  async seen(decisionId: string | null): Promise<Seen[]> {
    if (decisionId === null) return [];
    const found = await Promise.all(
      this.#targets.map(async ({ origin }) => {
        const response = await fetch(`${origin}/witness?decision_id=${encodeURIComponent(decisionId)}`);
        return ((await response.json()) as { requests: Seen[] }).requests;
      }),
    );
    return found.flat();
  }

  /** The one request that reached a model server under a decision id. */
  async seenOnce(decisionId: string | null): Promise<Seen> {
    const all = await this.seen(decisionId);
    if (all.length !== 1)
      throw new Error(`${all.length} requests reached the models under decision ${decisionId}`);
    return all[0] as Seen;
  }

  /** The record of a decision, once it has been written. */
  async record(decisionId: string | null): Promise<JsonObject> {
    const deadline = performance.now() + RECORD_MS_MAX;
    while (performance.now() < deadline) {
      const [line] = await queryAudit(this.#auditDir, decisionId ?? "");
      if (line?.record !== undefined) return line.record;
      await wait(RECORD_LOOK_AGAIN_MS);
    }
    throw new Error(`there is no record of decision ${decisionId}`);
  }
}

/** Records are written every 100 ms; a busy disk may take its time. */
const RECORD_MS_MAX = 3_000;
const RECORD_LOOK_AGAIN_MS = 50;

/** A chat request with one message of the user. */
export function chat(model: string, content: string, more: object = {}) {
  return { model, messages: [{ role: "user" as const, content }], ...more };
}

/** The model named in a body that a model server saw. */
export function modelIn(seen: Seen): string {
  return (JSON.parse(seen.body) as { model: string }).model;
}

/** Waits for a refusal and words it: status, code, and whatever is wrong with its form. */
export async function refusal(stage: Stage, request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    return wordRefusal(stage, error.status, error.code, error.headers, error.error);
  }
  return "200";
}

/** The same for a response that was asked for without the client. */
export async function refusalOf(stage: Stage, response: Response): Promise<string> {
  const text = await response.text();
  if (response.ok) return String(response.status);
  const { error } = JSON.parse(text) as { error: { code: string } };
  return wordRefusal(stage, response.status, error.code, response.headers, error);
}

async function wordRefusal(
  stage: Stage,
  status: number | undefined,
  code: string | null | undefined,
  headers: Headers | undefined,
  error: unknown,
): Promise<string> {
  const words = [`${status} ${code}`];
  const { message, type } = (error ?? {}) as { message?: unknown; type?: unknown };
  if (typeof message !== "string" || typeof type !== "string") words.push("not an OpenAI error object");
  if (headers?.get("x-regent-reason") !== code) words.push("x-regent-reason differs");
  const seen = await stage.seen(headers?.get("x-regent-decision-id") ?? null);
  if (seen.length > 0) words.push(`but it reached ${seen.map(({ server }) => server).join(" and ")}`);
  return words.join(", ");
}
