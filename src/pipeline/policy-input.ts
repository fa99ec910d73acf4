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

/** What builds each member of an object, told what of it is read. */
type Makers<T> = { readonly [K in keyof Required<T>]: (reads: Reads) => Pruned<T[K]> | undefined };

/**
 * The input document of the policy contract, version 1, as JSON bytes: what of it the policy reads, and nothing else is
 * built. The request body, already known to be strict JSON, is put in as it stands: parsing and printing it again would
 * cost more than the decision. Where only some of its members are read, those are put in.
 */
export function policyInput(facts: ExchangeFacts, body: JsonDocument | undefined, reads: Reads): Buffer {
  const request = readsOf(reads, "request");
  // `request` comes last and ends without a body, so that the body can be spliced in before its closing brace.
  const text = JSON.stringify(build<WithoutBody>(reads, documentMakers(facts)));
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

function documentMakers(facts: ExchangeFacts): Makers<WithoutBody> {
  const { exchange, inference, estimate, candidates } = facts;
  return {
    version: (reads) => prune<PolicyInput["version"]>({ regent: 1 }, reads),
    phase: () => facts.phase,
    identity: (reads) => prune<IdentityInput>(facts.identity, reads),
    inference: (reads) => inferenceInput(inference, estimate, reads),
    model: (reads) => modelInput(facts.model, reads),
    findings: (reads) => {
      const findings = facts.findings();
      return findings && list(reads, () => findings);
    },
    risk: () => undefined,
    budgets: (reads) => list(reads, () => facts.budgets().map(budgetInput)),
    estimate: (reads) => estimateInput(estimate, reads),
    targets: (reads) =>
      inference === undefined ? undefined : list(reads, () => candidates.map(targetInput)),
    source: (reads) => prune<PeerInput>(exchange.source, reads),
    destination: (reads) => prune<PeerInput>(exchange.destination, reads),
    response: (reads) => responseInput(facts.response, reads),
    request: (reads) => build<WithoutBody["request"]>(reads, requestMakers(exchange, facts.bodyBytes)),
  };
}

/** The members that are read, in the order of their makers. */
function build<T extends object>(reads: Reads, makers: Makers<T>): Pruned<T> {
  const built: { [member: string]: unknown } = {};
  for (const member of Object.keys(makers) as (keyof Makers<T> & string)[]) {
    const inner = readsOf(reads, member);
    if (inner !== undefined) built[member] = makers[member](inner);
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

function requestMakers(
  { id, startedAtMs, request }: Exchange,
  bodyBytes: number | undefined,
): Makers<Omit<RequestInput, "body">> {
  return {
    id: () => id,
    time: () => new Date(startedAtMs).toISOString(),
    method: () => request.method,
    scheme: () => request.scheme,
    host: () => request.host,
    path: () => request.path,
    parsed_path: (reads) => list(reads, () => request.pathname.replace(/^\/+/, "").split("/").map(decoded)),
    parsed_query: (reads) => queryInput(request.query, reads),
    headers: (reads) => headersInput(request.headers, reads),
    size: () => bodyBytes,
  };
}

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
  return build<InferenceInput>(reads, {
    format: () => inference.format,
    operation: () => inference.operation,
    model: () => inference.model,
    stream: () => inference.stream,
    text_bytes: () => inference.textBytes,
    input_tokens_estimate: () => estimate.inputTokens,
    max_output_tokens: () => inference.maxOutputTokens,
    tools: (inner) => list(inner, () => inference.tools),
    modalities: (inner) => list(inner, () => inference.modalities),
    parameters: (inner) => pruneInput(inference.parameters, inner) as JsonObject,
    tensors: (inner) => list(inner, () => inference.tensors ?? []),
  });
}

/** A registry entry as policy sees it. */
export function modelInput(
  model: Model | undefined,
  reads: Reads = READS_EVERYTHING,
): Pruned<ModelInput> | undefined {
  if (model === undefined) return undefined;
  return build<ModelInput>(reads, {
    name: () => model.name,
    stage: () => model.stage,
    sunset: () => model.sunset,
    deprecated_since: () => model.deprecatedSince,
    successor: () => model.successor,
    owner: () => model.owner,
    roles: (inner) => model.roles && list(inner, () => model.roles ?? []),
    data_classes: (inner) => model.dataClasses && list(inner, () => model.dataClasses ?? []),
    context_window: () => model.contextWindow,
    max_output_tokens: () => model.maxOutputTokens,
    price: (inner) => model.price && prune(model.price, inner),
    versions: (inner) => list(inner, () => model.versions.map(versionInput)),
  });
}

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

function estimateInput(estimate: Estimate | undefined, reads: Reads): Pruned<EstimateInput> | undefined {
  if (estimate === undefined) return undefined;
  return build<EstimateInput>(reads, {
    input_tokens: () => estimate.inputTokens,
    output_tokens_max: () => estimate.outputTokensMax,
    cost_usd: () => estimate.costUsd,
  });
}

function responseInput(response: ExchangeFacts["response"], reads: Reads): Pruned<ResponseInput> | undefined {
  if (response === undefined) return undefined;
  const { head, answer, latencyMs } = response;
  return build<ResponseInput>(reads, {
    status: () => head.status,
    headers: (inner) => headersInput(head.headers, inner),
    usage: (inner) => usageInput(answer?.usage, inner),
    finish_reasons: (inner) => answer && list(inner, () => answer.finishReasons),
    text_bytes: () => (answer?.text === undefined ? undefined : Buffer.byteLength(answer.text)),
    latency_ms: () => latencyMs,
    confidence: () => undefined,
  });
}

type UsageInput = NonNullable<ResponseInput["usage"]>;

function usageInput(usage: Usage | undefined, reads: Reads): Pruned<UsageInput> | undefined {
  if (usage === undefined) return undefined;
  return build<UsageInput>(reads, {
    input: () => usage.input,
    output: () => usage.output,
    cached_input: () => usage.cachedInput,
    cache_creation_input: () => usage.cacheCreationInput,
    reasoning: () => usage.reasoning,
    total: () => usage.total,
  });
}
