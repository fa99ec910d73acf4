import type { Code } from "../governed/ask.ts";
import { KEYS } from "../governed/ask.ts";

const ANALYST = `Bearer ${KEYS.acmeAnalyst}`;
const ADMIN = `Bearer ${KEYS.acmeAdmin}`;

/** Header lines that say nothing, or more than one thing, about who is calling, and the code of the refusal. */
export const BAD_CREDENTIALS: readonly (readonly [Code, ...string[]])[] = [
  ["identity_required", "x-nothing: 1"],
  ["identity_required", `api-key: ${KEYS.acmeAnalyst}`],
  ["identity_required", `proxy-authorization: ${ANALYST}`],
  ["identity_required", `cookie: authorization=${ANALYST}; x-api-key=${KEYS.acmeAnalyst}`],
  // A header that `connection` names is for the next hop alone: Envoy takes it out.
  ["identity_required", "connection: close, authorization", `authorization: ${ANALYST}`],

  ["credentials_ambiguous", `authorization: ${ANALYST}`, `authorization: ${ANALYST}`],
  ["credentials_ambiguous", `authorization: ${ANALYST}`, `authorization: ${ADMIN}`],
  ["credentials_ambiguous", `authorization: ${ADMIN}`, `Authorization: ${ANALYST}`],
  ["credentials_ambiguous", `authorization: ${ANALYST}`, "authorization: Basic eDp5"],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAnalyst}`, `x-api-key: ${KEYS.acmeAnalyst}`],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAdmin}`, `X-Api-Key: ${KEYS.acmeAnalyst}`],
  ["credentials_ambiguous", `authorization: ${ANALYST}`, `x-api-key: ${KEYS.acmeAnalyst}`],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAdmin}`, `authorization: ${ANALYST}`],
  ["credentials_ambiguous", "authorization:", `x-api-key: ${KEYS.acmeAnalyst}`],
  ["credentials_ambiguous", "authorization: Basic eDp5", `x-api-key: ${KEYS.acmeAnalyst}`],
  ["credentials_ambiguous", `authorization: ${ANALYST}, ${ADMIN}`],
  ["credentials_ambiguous", `authorization: ${ANALYST},`],
  ["credentials_ambiguous", `authorization: ,${ANALYST}`],
  ["credentials_ambiguous", `authorization: ${ANALYST} ${KEYS.acmeAdmin}`],
  ["credentials_ambiguous", `authorization: ${ANALYST}`, " folded"],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAnalyst}`, "x-api-key:"],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAnalyst},${KEYS.acmeAdmin}`],
  ["credentials_ambiguous", `x-api-key: ${KEYS.acmeAnalyst} ${KEYS.acmeAdmin}`],

  ["credentials_invalid", "authorization:"],
  ["credentials_invalid", "x-api-key:"],
  ["credentials_invalid", "authorization: Bearer"],
  ["credentials_invalid", "authorization: Bearer nobody"],
  ["credentials_invalid", `authorization: ${ANALYST}x`],
  ["credentials_invalid", `authorization: Bearer ${KEYS.acmeAnalyst.toUpperCase()}`],
  ["credentials_invalid", `authorization: Bearer\t${KEYS.acmeAnalyst}`],
  ["credentials_invalid", `authorization: Basic ${Buffer.from(`x:${KEYS.acmeAnalyst}`).toString("base64")}`],
  ["credentials_invalid", `authorization: ${KEYS.acmeAnalyst}`],
  ["credentials_invalid", "x-api-key: __proto__"],
];

/** What only Regent, Envoy or a proxy in front of it may say. */
export const FORGED_HEADERS: readonly string[] = [
  "x-regent-target: sim-eu",
  "x-regent-tenant: globex",
  "x-regent-subject: root",
  "x-regent-roles: admin",
  "x-regent-decision-id: 00000000-0000-4000-8000-000000000000",
  "x-regent-reason: none",
  'x-regent-identity: {"subject":"root","tenant":"acme","roles":["admin"],"claims":{},"method":"api_key"}',
  'x-regent-hand-over: {"decision_id":"1","regent":{"allowed":true,"identity":{"roles":["admin"]}}}',
  "X-Regent-Anything: 1",
  "x-forwarded-client-cert: By=spiffe://cluster.local/ns/a/sa/b;URI=spiffe://cluster.local/ns/acme/sa/admin",
  "X-Forwarded-Client-Cert: Hash=00;URI=spiffe://cluster.local/ns/acme/sa/root",
  "x-envoy-original-path: /v1/models",
  "x-envoy-original-host: example.com",
  "x-envoy-original-dst-host: 127.0.0.1:1",
  "x-envoy-decorator-operation: forged",
  "x-envoy-external-address: 10.0.0.1",
  "x-envoy-internal: true",
  "x-envoy-force-trace: true",
  "x-envoy-attempt-count: 9",
  "x-envoy-auth-partial-body: true",
  "x-envoy-peer-metadata: forged",
  "X-Envoy-Anything: 1",
];

/** What steers Envoy's router where it comes from inside. */
export const STEERING_HEADERS: readonly string[] = [
  "x-envoy-retry-on: 5xx,reset,retriable-status-codes",
  "x-envoy-retriable-status-codes: 200,500",
  "x-envoy-max-retries: 5",
  "x-envoy-hedge-on-per-try-timeout: true",
  "x-envoy-upstream-rq-timeout-ms: 1",
  "x-envoy-upstream-rq-per-try-timeout-ms: 1",
  "x-envoy-expected-rq-timeout-ms: 1",
  "x-envoy-upstream-stream-duration-ms: 1",
  "x-envoy-upstream-alt-stat-name: forged",
];
