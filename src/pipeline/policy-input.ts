import type { BudgetState, Estimate } from "../exchange/budget.ts";
import type { Exchange, ResponseHead } from "../exchange/exchange.ts";
import type { Headers } from "../exchange/headers.ts";
import type { Identity } from "../exchange/identity.ts";
import type { Answer, Inference, Usage } from "../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { Candidate, Model } from "../exchange/model.ts";
import { CREDENTIAL_HEADERS, isReservedHeader } from "../exchange/names.ts";
import { pruneInput, READS_EVERYTHING, type Reads, readsElements, readsOf } from "../exchange/reads.ts";
import type {
  BudgetInput,
  EstimateInput,
  IdentityInput,
  InferenceInput,
  ModelInput,
  PeerInput,
  PolicyInput,
  RequestInput,
  ResponseInput,
  TargetInput,
} from "../policy/input.ts";
import type { JsonDocument } from "../wire/json/index.ts";
import { prunedBody } from "./pruned-body.ts";

/** What policy can be told about an exchange, before the body is put in. */
export type ExchangeFacts = {
  readonly phase: "request" | "response";
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly bodyBytes: number | undefined;
  readonly inference: Inference | undefined;
  readonly model: Model | undefined;
  readonly candidates: readonly Candidate[];
  /** Called only when policy reads them. Undefined: nothing was looked for. */
  readonly findings: () =>
    | readonly { type: string; count: number; score_max: number; where: readonly string[] }[]
    | undefined;
  /** Called only when policy reads them. */
  readonly budgets: () => readonly BudgetState[];
  readonly estimate: Estimate | undefined;
  readonly response?: {
    readonly head: ResponseHead;
    readonly answer: Answer | undefined;
    readonly latencyMs: number;
  };
};

/** A part of the contract before JSON leaves out its optional members that are undefined. */
type Draft<T> = T extends readonly (infer E)[]
  ? readonly Draft<E>[]
  : T extends object
    ? { [K in keyof T]: Record<never, never> extends Pick<T, K> ? Draft<T[K]> | undefined : Draft<T[K]> }
    : T;

/** A part of the contract of which only what policy reads is there. */
type Pruned<T> = T extends readonly (infer E)[]
  ? readonly Draft<E>[]
  : T extends object
    ? { [K in keyof T]?: Pruned<T[K]> | undefined }
    : T;

/** What builds each member of an object from facts, told what of it is read. Made once: there are four documents an exchange. */
type Makers<F, T> = {
  readonly [K in keyof Required<T>]: (facts: F, reads: Reads) => Pruned<T[K]> | undefined;
};

/**
 * The input document of the policy contract, version 1, as JSON bytes: what of it the policy reads, and nothing else is
 * built. The request body, already known to be strict JSON, is put in as it stands: parsing and printing it again would
 * cost more than the decision. Where only some of its members are read, those are put in.
 */
export function policyInput(facts: ExchangeFacts, body: JsonDocument | undefined, reads: Reads): Buffer {
  const request = readsOf(reads, "request");
  // `request` comes last and ends without a body, so that the body can be spliced in before its closing brace.
  const text = JSON.stringify(build(DOCUMENT, facts, reads));
  const bodyReads = request === undefined ? undefined : readsOf(request, "body");
  if (bodyReads === undefined) return Buffer.from(text);
  const head = text.slice(0, -2);
  const start = Buffer.from(`${head}${head.endsWith("{") ? "" : ","}"body":`);
  return Buffer.concat([start, body === undefined ? NULL : prunedBody(body, bodyReads), CLOSE]);
}

/** The contract without the one part that is spliced in. */
type WithoutBody = Omit<PolicyInput, "request"> & { readonly request: Omit<RequestInput, "body"> };

const NULL = Buffer.from("null");
const CLOSE = Buffer.from("}}");

const DOCUMENT: Makers<ExchangeFacts, WithoutBody> = {
  version: (_, reads) => prune<PolicyInput["version"]>({ regent: 1 }, reads),
  phase: ({ phase }) => phase,
  identity: ({ identity }, reads) => prune<IdentityInput>(identity, reads),
  inference: ({ inference, estimate }, reads) => inferenceInput(inference, estimate, reads),
  model: ({ model }, reads) => modelInput(model, reads),
  findings: (facts, reads) => {
    const findings = facts.findings();
    return findings && list(reads, () => findings);
  },
  risk: () => undefined,
  budgets: (facts, reads) => list(reads, () => facts.budgets().map(budgetInput)),
  estimate: ({ estimate }, reads) => estimate && build(ESTIMATE, estimate, reads),
  targets: ({ inference, candidates }, reads) =>
    inference === undefined ? undefined : list(reads, () => candidates.map(targetInput)),
  source: ({ exchange }, reads) => prune<PeerInput>(exchange.source, reads),
  destination: ({ exchange }, reads) => prune<PeerInput>(exchange.destination, reads),
  response: ({ response }, reads) => response && build(RESPONSE, response, reads),
  request: (facts, reads) => build(REQUEST, facts, reads),
};

/** The members that are read, in the order of their makers. */
function build<F, T extends object>(makers: Makers<F, T>, facts: F, reads: Reads): Pruned<T> {
  const built: { [member: string]: unknown } = {};
  for (const member in makers) {
    const inner = readsOf(reads, member);
    if (inner !== undefined) built[member] = makers[member](facts, inner);
  }
  return built as Pruned<T>;
}

/** What is read of a value that is there already. */
function prune<T extends object>(value: T, reads: Reads): Pruned<T> {
  return pruneInput(value as JsonValue, reads) as Pruned<T>;
}

/** Elements are made where they count. */
function list<E>(reads: Reads, make: () => readonly E[]): readonly E[] {
  return readsElements(reads) ? make() : [];
}

const REQUEST: Makers<ExchangeFacts, WithoutBody["request"]> = {
  id: ({ exchange }) => exchange.id,
  time: ({ exchange }) => new Date(exchange.startedAtMs).toISOString(),
  method: ({ exchange }) => exchange.request.method,
  scheme: ({ exchange }) => exchange.request.scheme,
  host: ({ exchange }) => exchange.request.host,
  path: ({ exchange }) => exchange.request.path,
  parsed_path: ({ exchange }, reads) =>
    list(reads, () => exchange.request.pathname.replace(/^\/+/, "").split("/").map(decoded)),
  parsed_query: ({ exchange }, reads) => queryInput(exchange.request.query, reads),
  headers: ({ exchange }, reads) => headersInput(exchange.request.headers, reads),
  size: ({ bodyBytes }) => bodyBytes,
};

/** A segment that does not decode stays as it is: the path is ambiguous then, and was refused where that matters. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function queryInput(query: string | undefined, reads: Reads): Lists {
  const parsed: { [name: string]: string[] } = Object.create(null);
  for (const [name, value] of new URLSearchParams(query ?? "")) {
    const values = parsed[name];
    if (values === undefined) parsed[name] = [value];
    else values.push(value);
  }
  return prune(parsed, reads) as Lists;
}

type Lists = { readonly [name: string]: readonly string[] };

/** Headers without credentials and without what only Regent may say. */
function headersInput(headers: Headers, reads: Reads): Lists {
  const shown: { [name: string]: readonly string[] } = Object.create(null);
  const names = reads === true ? headers.keys() : Object.keys(reads);
  for (const name of names) {
    const inner = readsOf(reads, name);
    const values = isShown(name) ? headers.get(name) : undefined;
    if (inner !== undefined && values !== undefined) shown[name] = list(inner, () => values);
  }
  return shown;
}

function isShown(name: string): boolean {
  return !name.startsWith(":") && !isReservedHeader(name) && !SECRET_HEADERS.has(name);
}

const SECRET_HEADERS: ReadonlySet<string> = new Set([...CREDENTIAL_HEADERS, "cookie"]);

function inferenceInput(
  inference: Inference | undefined,
  estimate: Estimate | undefined,
  reads: Reads,
): Pruned<InferenceInput> | undefined {
  if (inference === undefined) return undefined;
  if (estimate === undefined) throw new TypeError("an inference is estimated before policy is asked");
  return build(INFERENCE, { inference, estimate }, reads);
}

type Estimated = { readonly inference: Inference; readonly estimate: Estimate };

const INFERENCE: Makers<Estimated, InferenceInput> = {
  format: ({ inference }) => inference.format,
  operation: ({ inference }) => inference.operation,
  model: ({ inference }) => inference.model,
  stream: ({ inference }) => inference.stream,
  text_bytes: ({ inference }) => inference.textBytes,
  input_tokens_estimate: ({ estimate }) => estimate.inputTokens,
  max_output_tokens: ({ inference }) => inference.maxOutputTokens,
  tools: ({ inference }, reads) => list(reads, () => inference.tools),
  modalities: ({ inference }, reads) => list(reads, () => inference.modalities),
  parameters: ({ inference }, reads) => pruneInput(inference.parameters, reads) as JsonObject,
  tensors: ({ inference }, reads) => list(reads, () => inference.tensors ?? []),
};

/** A registry entry as policy sees it. */
export function modelInput(
  model: Model | undefined,
  reads: Reads = READS_EVERYTHING,
): Pruned<ModelInput> | undefined {
  return model && build(MODEL, model, reads);
}

const MODEL: Makers<Model, ModelInput> = {
  name: ({ name }) => name,
  stage: ({ stage }) => stage,
  sunset: ({ sunset }) => sunset,
  deprecated_since: ({ deprecatedSince }) => deprecatedSince,
  successor: ({ successor }) => successor,
  owner: ({ owner }) => owner,
  roles: ({ roles }, reads) => roles && list(reads, () => roles),
  data_classes: ({ dataClasses }, reads) => dataClasses && list(reads, () => dataClasses),
  context_window: ({ contextWindow }) => contextWindow,
  max_output_tokens: ({ maxOutputTokens }) => maxOutputTokens,
  price: ({ price }, reads) => price && prune(price, reads),
  versions: ({ versions }, reads) => list(reads, () => versions.map(versionInput)),
};

function versionInput({ name, weight, targets }: Model["versions"][number]): ModelInput["versions"][number] {
  return { name, weight, targets: targets.map((target) => target.name) };
}

function targetInput({ version, target }: Candidate): TargetInput {
  return {
    name: target.name,
    model_version: version.name,
    region: target.region,
    provider: target.provider,
    format: target.format,
    weight: version.weight,
  };
}

function budgetInput(budget: BudgetState): BudgetInput {
  const { key, unit, windowMs, limit, used, reserved, remaining } = budget;
  return { key, unit, window: `${windowMs}ms`, limit, used, reserved, remaining };
}

const ESTIMATE: Makers<Estimate, EstimateInput> = {
  input_tokens: ({ inputTokens }) => inputTokens,
  output_tokens_max: ({ outputTokensMax }) => outputTokensMax,
  cost_usd: ({ costUsd }) => costUsd,
};

type ResponseFacts = NonNullable<ExchangeFacts["response"]>;

const RESPONSE: Makers<ResponseFacts, ResponseInput> = {
  status: ({ head }) => head.status,
  headers: ({ head }, reads) => headersInput(head.headers, reads),
  usage: ({ answer }, reads) => answer?.usage && build(USAGE, answer.usage, reads),
  finish_reasons: ({ answer }, reads) => answer && list(reads, () => answer.finishReasons),
  text_bytes: ({ answer }) => (answer?.text === undefined ? undefined : Buffer.byteLength(answer.text)),
  latency_ms: ({ latencyMs }) => latencyMs,
  confidence: () => undefined,
};

const USAGE: Makers<Usage, NonNullable<ResponseInput["usage"]>> = {
  input: ({ input }) => input,
  output: ({ output }) => output,
  cached_input: ({ cachedInput }) => cachedInput,
  cache_creation_input: ({ cacheCreationInput }) => cacheCreationInput,
  reasoning: ({ reasoning }) => reasoning,
  total: ({ total }) => total,
};
