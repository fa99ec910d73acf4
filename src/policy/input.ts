import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { Stage } from "../exchange/model.ts";

/**
 * The input document of the policy contract, version 1, as Rego sees it: snake_case, and a key that is absent means
 * "not known". Nobody writes a made-up zero, an empty string or null in place of a value that is missing
 * (`request.body` is the one exception: null when there is no JSON body).
 */
export type PolicyInput = {
  readonly version: { readonly regent: 1 };
  readonly phase: "request" | "response";
  readonly request: RequestInput;
  readonly identity: IdentityInput;
  readonly inference?: InferenceInput;
  /** The registry entry that the model name resolved to. */
  readonly model?: ModelInput;
  readonly findings?: readonly FindingInput[];
  readonly risk?: RiskInput;
  readonly budgets?: readonly BudgetInput[];
  readonly estimate?: EstimateInput;
  /** One entry for each version on each target. */
  readonly targets?: readonly TargetInput[];
  readonly source?: PeerInput;
  readonly destination?: PeerInput;
  /** Only in the response phase. */
  readonly response?: ResponseInput;
};

export type RequestInput = {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly parsed_path: readonly string[];
  readonly parsed_query: { readonly [name: string]: readonly string[] };
  /** Lower-case names. Credentials, `x-regent-*` and `x-forwarded-client-cert` are not in it. */
  readonly headers: { readonly [name: string]: readonly string[] };
  /** Bytes of the body. */
  readonly size?: number;
  readonly body: JsonValue;
};

export type IdentityInput = {
  readonly principal?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly team?: string;
  readonly project?: string;
  readonly roles: readonly string[];
  readonly claims: JsonObject;
  readonly method: "mtls" | "jwt" | "api_key" | "none";
};

export type InferenceInput = {
  readonly format: string;
  readonly operation: string;
  /** As the client wrote it, before aliases. */
  readonly model: string;
  readonly stream: boolean;
  readonly text_bytes: number;
  readonly input_tokens_estimate: number;
  readonly max_output_tokens?: number;
  readonly tools: readonly string[];
  readonly modalities: readonly string[];
  readonly parameters: JsonObject;
  readonly tensors?: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
  }[];
};

export type ModelInput = {
  readonly name: string;
  readonly stage: Stage;
  readonly sunset?: string;
  readonly deprecated_since?: string;
  readonly successor?: string;
  readonly owner?: string;
  readonly roles?: readonly string[];
  readonly data_classes?: readonly string[];
  readonly context_window?: number;
  readonly max_output_tokens?: number;
  /** US dollars per million tokens. */
  readonly price?: { readonly input: number; readonly output: number };
  readonly versions: readonly {
    readonly name: string;
    readonly weight: number;
    readonly targets: readonly string[];
  }[];
};

export type FindingInput = {
  readonly type: string;
  readonly count: number;
  readonly score_max: number;
  /** RFC 6901 pointers into the body. */
  readonly where: readonly string[];
};

/** Each score 0 to 1. */
export type RiskInput = {
  readonly injection?: number;
  readonly exfiltration?: number;
  readonly cost?: number;
  readonly features?: readonly string[];
};

export type BudgetInput = {
  readonly key: string;
  readonly unit: string;
  /** A duration such as `1h`. */
  readonly window: string;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
};

export type EstimateInput = {
  readonly input_tokens: number;
  readonly output_tokens_max?: number;
  readonly cost_usd?: number;
};

export type TargetInput = {
  readonly name: string;
  readonly model_version: string;
  readonly region: string;
  readonly provider: string;
  readonly format: string;
  readonly weight: number;
  readonly healthy?: boolean;
  readonly load?: {
    readonly queue?: number;
    readonly running?: number;
    readonly kv_cache?: number;
    readonly gpu?: number;
  };
  readonly cost_usd?: number;
};

export type PeerInput = {
  readonly address?: string;
  readonly port?: number;
  readonly principal?: string;
};

export type ResponseInput = {
  readonly status: number;
  readonly headers: { readonly [name: string]: readonly string[] };
  readonly usage?: {
    readonly input?: number;
    readonly output?: number;
    readonly cached_input?: number;
    readonly cache_creation_input?: number;
    readonly reasoning?: number;
    readonly total?: number;
  };
  readonly finish_reasons?: readonly (string | null)[];
  readonly text_bytes?: number;
  readonly latency_ms?: number;
  readonly confidence?: number;
};
