import type { BudgetState, Estimate } from "../exchange/budget.ts";
import type { Exchange, Peer, ResponseHead } from "../exchange/exchange.ts";
import type { Headers } from "../exchange/headers.ts";
import type { Identity } from "../exchange/identity.ts";
import type { Answer, Inference } from "../exchange/inference.ts";
import type { Candidate, Model } from "../exchange/model.ts";
import { CREDENTIAL_HEADERS, isReservedHeader } from "../exchange/names.ts";
import type {
  BudgetInput,
  EstimateInput,
  InferenceInput,
  ModelInput,
  PolicyInput,
  RequestInput,
  ResponseInput,
  TargetInput,
} from "../policy/input.ts";

/** What policy is told about an exchange, before the body is put in. */
export type PolicyFacts = {
  readonly phase: "request" | "response";
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly bodyBytes: number | undefined;
  readonly inference: Inference | undefined;
  readonly model: Model | undefined;
  readonly candidates: readonly Candidate[];
  readonly findings: readonly { type: string; count: number; score_max: number; where: readonly string[] }[];
  readonly budgets: readonly BudgetState[];
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

/**
 * The input document of the policy contract, version 1, as JSON bytes. The request body, already known to be strict
 * JSON, is put in as it stands: parsing and printing it again would cost more than the decision.
 */
export function policyInput(facts: PolicyFacts, body: Buffer | undefined): Buffer {
  const document = {
    version: { regent: 1 },
    phase: facts.phase,
    identity: facts.identity,
    inference: inferenceInput(facts.inference, facts.estimate),
    model: modelInput(facts.model),
    findings: facts.findings,
    budgets: facts.budgets.map(budgetInput),
    estimate: estimateInput(facts.estimate),
    targets: facts.inference === undefined ? undefined : facts.candidates.map(targetInput),
    source: facts.exchange.source satisfies Peer,
    destination: facts.exchange.destination satisfies Peer,
    response: responseInput(facts.response),
    request: requestInput(facts.exchange, facts.bodyBytes),
  } satisfies Draft<WithoutBody>;
  // `request` comes last and ends without a body, so that the body can be spliced in before its closing brace.
  const head = Buffer.from(`${JSON.stringify(document).slice(0, -2)},"body":`, "utf8");
  return Buffer.concat([head, body ?? NULL, CLOSE]);
}

/** The contract without the one part that is spliced in. */
type WithoutBody = Omit<PolicyInput, "request"> & { readonly request: Omit<RequestInput, "body"> };

const NULL = Buffer.from("null");
const CLOSE = Buffer.from("}}");

function requestInput(
  { id, startedAtMs, request }: Exchange,
  bodyBytes: number | undefined,
): Draft<Omit<RequestInput, "body">> {
  return {
    id,
    time: new Date(startedAtMs).toISOString(),
    method: request.method,
    scheme: request.scheme,
    host: request.host,
    path: request.path,
    parsed_path: request.pathname.replace(/^\/+/, "").split("/").map(decoded),
    parsed_query: queryInput(request.query),
    headers: headersInput(request.headers),
    size: bodyBytes,
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

function queryInput(query: string | undefined): { [name: string]: string[] } {
  const parsed: { [name: string]: string[] } = Object.create(null);
  for (const [name, value] of new URLSearchParams(query ?? "")) {
    const values = parsed[name];
    if (values === undefined) parsed[name] = [value];
    else values.push(value);
  }
  return parsed;
}

/** Headers without credentials and without what only Regent may say. */
function headersInput(headers: Headers): { [name: string]: readonly string[] } {
  const shown: { [name: string]: readonly string[] } = Object.create(null);
  for (const [name, values] of headers) {
    if (!name.startsWith(":") && !isReservedHeader(name) && !SECRET_HEADERS.has(name)) shown[name] = values;
  }
  return shown;
}

const SECRET_HEADERS: ReadonlySet<string> = new Set([...CREDENTIAL_HEADERS, "cookie"]);

function inferenceInput(
  inference: Inference | undefined,
  estimate: Estimate | undefined,
): Draft<InferenceInput> | undefined {
  if (inference === undefined) return undefined;
  if (estimate === undefined) throw new TypeError("an inference is estimated before policy is asked");
  return {
    format: inference.format,
    operation: inference.operation,
    model: inference.model,
    stream: inference.stream,
    text_bytes: inference.textBytes,
    input_tokens_estimate: estimate.inputTokens,
    max_output_tokens: inference.maxOutputTokens,
    tools: inference.tools,
    modalities: inference.modalities,
    parameters: inference.parameters,
    tensors: [],
  };
}

/** A registry entry as policy sees it. */
export function modelInput(model: Model | undefined): Draft<ModelInput> | undefined {
  if (model === undefined) return undefined;
  return {
    name: model.name,
    stage: model.stage,
    sunset: model.sunset,
    deprecated_since: model.deprecatedSince,
    successor: model.successor,
    owner: model.owner,
    roles: model.roles,
    data_classes: model.dataClasses,
    context_window: model.contextWindow,
    max_output_tokens: model.maxOutputTokens,
    price: model.price,
    versions: model.versions.map(({ name, weight, targets }) => ({
      name,
      weight,
      targets: targets.map((target) => target.name),
    })),
  };
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

function estimateInput(estimate: Estimate | undefined): Draft<EstimateInput> | undefined {
  if (estimate === undefined) return undefined;
  return {
    input_tokens: estimate.inputTokens,
    output_tokens_max: estimate.outputTokensMax,
    cost_usd: estimate.costUsd,
  };
}

function responseInput(response: PolicyFacts["response"]): Draft<ResponseInput> | undefined {
  if (response === undefined) return undefined;
  const { head, answer, latencyMs } = response;
  const usage = answer?.usage;
  return {
    status: head.status,
    headers: headersInput(head.headers),
    usage:
      usage === undefined
        ? undefined
        : {
            input: usage.input,
            output: usage.output,
            cached_input: usage.cachedInput,
            cache_creation_input: usage.cacheCreationInput,
            reasoning: usage.reasoning,
            total: usage.total,
          },
    finish_reasons: answer?.finishReasons,
    text_bytes: answer?.text === undefined ? undefined : Buffer.byteLength(answer.text),
    latency_ms: latencyMs,
  };
}
