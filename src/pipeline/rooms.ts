import type { DecisionLog } from "../decision-log/decision-log.ts";
import type { BudgetExceeded, BudgetState, Estimate, Limit, Reservation } from "../exchange/budget.ts";
import type { Decision } from "../exchange/decision.ts";
import type { RequestHead } from "../exchange/exchange.ts";
import type { Identity } from "../exchange/identity.ts";
import type { FormatName, Inference } from "../exchange/inference.ts";
import type { JsonValue } from "../exchange/json.ts";
import type { Candidate, Model, Target, TargetAws } from "../exchange/model.ts";
import type { ModelInterface } from "../exchange/model-interface.ts";
import type { Record } from "../exchange/record.ts";
import type { Policies } from "../policy/policies.ts";
import type { Translator } from "../translation/index.ts";

/** The stateful rooms, as the pipeline needs them. `compose` builds and joins them. */
export type Rooms = {
  readonly identity: {
    /** @throws RegentError credentials_ambiguous or credentials_invalid */
    identify(request: RequestHead, principal: string | undefined): Identity;
  };
  readonly registry: {
    /** A model by its name or by an alias of it. */
    resolve(name: string): Model | undefined;
    models(): readonly Model[];
    aliases(): ReadonlyMap<string, string>;
  };
  readonly policy: {
    /** The policies of an exchange that begins now. `subject`: who the choice between two revisions is stable for. */
    for(subject: string): Policies;
    /** @throws RegentError policy_output_invalid */
    parseDecision(result: JsonValue | undefined, revision: string): Decision;
  };
  readonly routing: {
    candidates(model: Model, serves: (target: Target) => boolean): readonly Candidate[];
    /** Best first, all of one version. */
    choose(
      model: Model,
      permittedTargets: readonly string[] | undefined,
      subjectKey: string,
      serves: (target: Target) => boolean,
    ): readonly Candidate[];
  };
  readonly translation: {
    /** Undefined where bodies of one cannot become bodies of the other. */
    translatorOf(from: FormatName, to: FormatName, model?: ModelInterface): Translator | undefined;
  };
  /** The headers that sign a request for AWS. */
  sign(
    aws: TargetAws,
    request: { readonly method: string; readonly url: URL; readonly body: Buffer | undefined },
  ): Promise<{ readonly [name: string]: string }>;
  readonly metering: {
    estimate(inference: Inference, model: Model | undefined): Estimate;
    budgets(tenant: string | undefined): readonly BudgetState[];
    reserve(exchangeId: string, limits: readonly Limit[], estimate: Estimate): Reservation | BudgetExceeded;
    /** Adds one more request of an exchange to what it holds, or says which limit it does not fit into. */
    extend(exchangeId: string, limits: readonly Limit[], estimate: Estimate): Reservation | BudgetExceeded;
    /** Charges what was used and gives the rest back. The first call for an exchange counts. */
    settle(exchangeId: string, tokens: number): void;
    /** Gives everything back: the call was never made. */
    release(exchangeId: string): void;
    /** Rough number of tokens of a text, by its UTF-8 bytes. */
    tokensOf(textBytes: number): number;
  };
  readonly audit: {
    /** Undefined while the log can be written, else why not. */
    fault(): string | undefined;
    append(record: Record): void;
  };
  readonly telemetry: { observe(record: Record): void };
  /** Undefined: decisions are not logged; records of exchanges are. */
  readonly decisionLog?: Pick<DecisionLog, "log"> | undefined;
  readonly clock: {
    /** Wall clock, milliseconds since the epoch. */
    nowMs(): number;
    /** Monotonic, milliseconds. */
    monotonicMs(): number;
  };
  /** The process log. */
  readonly log: { error(facts: object, message: string): void };
};

/** What the operator chose for the pipeline. */
export type PipelineOptions = {
  readonly requestEntrypoint: string;
  readonly responseEntrypoint: string;
  /** The largest request body of a route, bytes. */
  maxBodyBytes(request: RequestHead): number;
  /** Whether answers of a route pass as they come (STREAMED), so that what has left cannot be taken back. */
  passesAnswers(request: RequestHead): boolean;
  /** Refuses a request that cannot be translated without a loss. */
  readonly strictTranslation: boolean;
};
