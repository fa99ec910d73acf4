import type { FormatName } from "./inference.ts";
import type { ModelInterface } from "./model-interface.ts";

/** The stages of a model's life. */
export const STAGES = ["experimental", "active", "deprecated", "retired"] as const;
export type Stage = (typeof STAGES)[number];

/** How a key is sent: as a bearer token in `authorization`, or alone in the header of this name. */
export const KEY_PLACES = ["bearer", "api-key", "x-api-key", "x-goog-api-key"] as const;
export type KeyPlace = (typeof KEY_PLACES)[number];

/** Somewhere a request can go. */
export type Target = {
  readonly name: string;
  /** The Envoy cluster that serves it; the name of the target unless said otherwise. */
  readonly cluster: string;
  readonly region: string;
  readonly provider: string;
  /** The dialect that requests in others are translated to; `json`: it takes what a client sends as it is. */
  readonly format: FormatName | "json";
  /** Dialects that it takes as they are, besides. */
  readonly speaks?: readonly FormatName[];
  /** Secret sent where `keyAs` says. Never in policy input or record. */
  readonly key?: SecretText;
  /** Undefined: where servers of its kind look for one. */
  readonly keyAs?: KeyPlace;
  /** Requests to it are signed instead. */
  readonly aws?: TargetAws;
  /** It is Google's Vertex AI: whatever project and location a client names, these are asked. */
  readonly vertex?: TargetVertex;
  /** It is Azure OpenAI: the versions of models are its deployments. */
  readonly azure?: TargetAzure;
};

export type TargetVertex = {
  /** The id or number of a project. */
  readonly project: string;
  /** A region, a multi-region or `global`. */
  readonly location: string;
};

export type TargetAzure = {
  /** A dated version of the API, such as `2024-10-21`; undefined: the API v1, which has none. */
  readonly apiVersion?: string;
};

export type SecretText = { reveal(): string };

/** What a request to AWS is signed with (Signature Version 4). */
export type TargetAws = {
  readonly region: string;
  /** As in the signature: `bedrock`. */
  readonly service: string;
  readonly accessKeyId: SecretText;
  readonly secretAccessKey: SecretText;
  readonly sessionToken?: SecretText;
};

export type ModelVersion = ModelInterface & {
  /** What the upstream calls it. */
  readonly name: string;
  /** Relative share of traffic, 0 to 10000. */
  readonly weight: number;
  readonly targets: readonly Target[];
};

/** A model an organisation knows. */
export type Model = {
  readonly name: string;
  readonly stage: Stage;
  /** RFC 3339 date after which the model is gone. */
  readonly sunset?: string;
  /** RFC 3339 date since which the model is deprecated. */
  readonly deprecatedSince?: string;
  /** What to use instead. */
  readonly successor?: string;
  readonly owner?: string;
  /** Roles that may use it; undefined: any known caller. */
  readonly roles?: readonly string[];
  /** Data classes it is approved for; undefined: any. */
  readonly dataClasses?: readonly string[];
  /** Tokens. */
  readonly contextWindow?: number;
  /** Tokens of one answer, at most. The model never gives more. */
  readonly maxOutputTokens?: number;
  /** US dollars per million tokens. */
  readonly price?: { readonly input: number; readonly output: number };
  readonly versions: readonly ModelVersion[];
};

/** A version on a target: what routing chooses between. */
export type Candidate = {
  readonly model: Model;
  readonly version: ModelVersion;
  readonly target: Target;
};
