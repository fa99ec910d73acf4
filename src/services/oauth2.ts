import http from "node:http";
import https from "node:https";
import type { Secret } from "../document/secret.ts";
import { isJsonObject } from "../exchange/json.ts";
import { isLoopback } from "../exchange/loopback.ts";
import { Fault } from "./error.ts";
import { exchange, type HttpAgent } from "./http.ts";

/** The client credentials grant of OAuth 2.0 with a client secret (RFC 6749, section 4.4). */
export type OAuth2Client = {
  /** `https`, or loopback. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes?: readonly string[];
};

/** Tokens are some kilobytes; an error page may be longer. */
const TOKEN_BYTES_MAX = 64 * 1024;
/** As OPA waits for a token endpoint. */
const TOKEN_TIMEOUT_MS = 10_000;
/** A token that ends within this is not used any more, as in OPA. */
const LIFETIME_LEFT_MIN_MS = 10_000;

type Token = { readonly value: string; readonly expiresAtMs: number };

export type TokenHolder = {
  /** A token that is valid now: the one in hand, or a new one. @throws Fault `credentials` */
  token(agent: HttpAgent, signal: AbortSignal | undefined): Promise<string>;
  /** The token in hand was refused. */
  forget(): void;
};

/** @throws Fault `invalid` when the token URL would carry the secret in clear text */
export function createTokenHolder(client: OAuth2Client, nowMs: () => number = Date.now): TokenHolder {
  const url = URL.canParse(client.tokenUrl) ? new URL(client.tokenUrl) : undefined;
  if (
    url === undefined ||
    !(url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  )
    throw new Fault("invalid", "the token URL of oauth2 is not an https:// URL");
  let held: Token | undefined;
  return {
    async token(agent, signal) {
      if (held === undefined || held.expiresAtMs - nowMs() < LIFETIME_LEFT_MIN_MS)
        held = await requestToken(client, url, agent, signal, nowMs);
      return held.value;
    },
    forget() {
      held = undefined;
    },
  };
}

async function requestToken(
  { clientId, clientSecret, scopes = [] }: OAuth2Client,
  url: URL,
  agent: HttpAgent,
  signal: AbortSignal | undefined,
  nowMs: () => number,
): Promise<Token> {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`;
  const response = await exchange({
    url,
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "regent",
    },
    body: Buffer.from(form.toString()),
    agent: agentFor(url, agent),
    timeoutMs: TOKEN_TIMEOUT_MS,
    headTimeoutMs: 0,
    maxBytes: TOKEN_BYTES_MAX,
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    throw refused(url, error instanceof Error ? error.message : String(error), error);
  });
  if (response.status !== 200) throw refused(url, `it replied with ${response.status}`);
  const token = parseToken(response.body, nowMs());
  if (token === undefined) throw refused(url, "its answer holds no bearer token");
  return token;
}

/** The connections of the service, where the token endpoint speaks its protocol; else plain ones. */
function agentFor({ protocol }: URL, agent: HttpAgent): HttpAgent {
  if (protocol === "https:") return agent instanceof https.Agent ? agent : https.globalAgent;
  return agent instanceof https.Agent ? http.globalAgent : agent;
}

function parseToken(body: Buffer, nowMs: number): Token | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isJsonObject(answer) || typeof answer.access_token !== "string" || answer.access_token === "")
    return undefined;
  if (String(answer.token_type).toLowerCase() !== "bearer") return undefined;
  const seconds = typeof answer.expires_in === "number" ? answer.expires_in : 0;
  return { value: answer.access_token.trim(), expiresAtMs: nowMs + seconds * 1000 };
}

function refused(url: URL, reason: string, cause?: unknown): Fault {
  return new Fault("credentials", `no token from ${url.origin}${url.pathname}: ${reason}`, { cause });
}
