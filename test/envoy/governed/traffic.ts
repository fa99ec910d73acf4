import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { ANALYST, CHAT_PATH, chat, FORBIDDEN_MODEL } from "./ask.ts";
import { eventually } from "./records.ts";

/** One request, and what became of it. Times are those of `performance.now()`. */
export type Sent = {
  /** Stands in the prompt and nowhere else. */
  readonly marker: string;
  /** Whether policy lets it through. */
  readonly allowed: boolean;
  readonly sentMs: number;
  /** When the whole answer was there; undefined when none came, or only a part. */
  answeredMs?: number;
  status?: number;
  decisionId?: string;
};

/** Requests that go on until they are told to stop, allowed and denied ones. */
export type Traffic = {
  readonly sent: readonly Sent[];
  /** Resolves once a request was served. */
  served(): Promise<void>;
  /** Resolves when every request that was sent has ended. */
  stop(): Promise<void>;
};

/** A request that got no answer is not followed by the next at once: nobody may be there for a while. */
const AFTER_FAILURE_MS = 10;
/** A request takes at most this long, or an answer that never comes would hold a test. */
const ANSWER_MS_MAX = 10_000;

/** Every way to be denied takes its turn with as many requests that are allowed. */
const KINDS: readonly ((content: string) => Ask)[] = [
  (content) => ({ model: FORBIDDEN_MODEL, content, allowed: false }),
  (content) => ({ model: "sim-ancient", content, allowed: false }),
  (content) => ({ model: "sim-small", content, allowed: false, headers: {} }),
  (content) => ({ model: "sim-small", content, allowed: false, path: `${CHAT_PATH}/` }),
  (content) => ({ model: "sim-small", content, allowed: false, more: { max_tokens: 100_000 } }),
];

type Ask = {
  readonly model: string;
  readonly content: string;
  readonly allowed: boolean;
  readonly headers?: { readonly [name: string]: string };
  readonly path?: string;
  readonly more?: object;
};

/** Starts to send over some connections, one request after the other on each. */
export function startTraffic(port: number, connections: number): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const sent: Sent[] = [];
  let going = true;
  const worker = async (): Promise<void> => {
    while (going) {
      const number = sent.length;
      const marker = `marker-${number}-`;
      const kind = number % 2 === 0 ? undefined : KINDS[(number >> 1) % KINDS.length];
      const ask = kind?.(marker) ?? { model: "sim-small", content: marker, allowed: true };
      const one: Sent = { marker, allowed: ask.allowed, sentMs: performance.now() };
      sent.push(one);
      if (!(await send(agent, port, ask, one))) await wait(AFTER_FAILURE_MS);
    }
  };
  const workers = Array.from({ length: connections }, worker);
  return {
    sent,
    async served() {
      await eventually("a request that is served", () => sent.find(({ status }) => status === 200));
    },
    async stop() {
      going = false;
      await Promise.all(workers);
      agent.destroy();
    },
  };
}

/** Whether a whole answer came. */
function send(agent: Agent, port: number, ask: Ask, one: Sent): Promise<boolean> {
  const body = JSON.stringify(chat(ask.model, ask.content, ask.more));
  const headers = {
    "content-type": "application/json",
    "content-length": body.length,
    ...(ask.headers ?? ANALYST),
  };
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, agent, method: "POST", path: ask.path ?? CHAT_PATH, headers };
    const outgoing = request({ ...options, signal: AbortSignal.timeout(ANSWER_MS_MAX) }, (incoming) => {
      one.status = incoming.statusCode ?? 0;
      const id = incoming.headers["x-regent-decision-id"];
      if (typeof id === "string") one.decisionId = id;
      incoming.resume();
      incoming.once("end", () => {
        one.answeredMs = performance.now();
        resolve(true);
      });
      incoming.once("error", () => resolve(false));
      incoming.once("close", () => resolve(incoming.complete));
    });
    outgoing.once("error", () => resolve(false));
    outgoing.end(body);
  });
}
