import type { Headers } from "../../exchange/headers.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { Policies } from "../../policy/policies.ts";
import type { BodyLimits } from "./body.ts";
import type { Askable } from "./documents.ts";

/** The policies that answer one request of the API. */
export type ApiPolicies = Pick<Policies, "revision" | "bundles" | "has" | "evaluate"> & Askable;

/** One decision that the API made, for the decision log. */
export type ApiDecision = {
  readonly decisionId: string;
  /** As it was asked for, without slashes around it. */
  readonly path: string;
  /** JSON text; undefined: there was none. */
  readonly input: Buffer | undefined;
  readonly result: JsonValue | undefined;
  readonly error?: { readonly code: string; readonly message: string };
  readonly nondeterministic?: JsonObject;
  readonly policies: ApiPolicies;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** `127.0.0.1:50324`; empty on a unix socket. */
  readonly requestedBy: string;
  /** From 1, for each request that the API is asked. */
  readonly requestId: number;
  readonly headers: Headers;
  readonly traceId?: string;
  readonly spanId?: string;
  /** By OPA's names. */
  readonly metrics: { readonly [name: string]: number };
};

/** The state of a part of OPA that has one, by OPA's words: see `/health?plugins`. */
export type PluginState = "OK" | "NOT_READY" | "ERROR" | "WARN";

/** What the API shows and asks. */
export type ApiRooms = {
  policies(): ApiPolicies;
  /** Undefined: decisions are not logged, and answers have no id. @throws what keeps it from being logged */
  readonly log: ((decision: ApiDecision) => void) | undefined;
  /** Path of the rule that `POST /` asks, without slashes around it. */
  readonly defaultDecision: string;
  /** `bundle`, `discovery`, `decision_logs`, `status`, `envoy_ext_authz_grpc`: those that are configured. */
  plugins(): { readonly [name: string]: PluginState };
  /** Names of the bundles that have not been activated yet. */
  notActivated(): readonly string[];
  /** As OPA's status API; undefined where `status` is not configured. */
  status(): JsonObject | undefined;
  /** The configuration that is in force, without credentials and keys. */
  config(): JsonObject;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Counts an answer. */
  observe(handler: string, method: string, status: number, seconds: number): void;
  readonly version: string;
  readonly bodyLimits: BodyLimits;
};
