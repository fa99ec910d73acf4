import type { AuditLine } from "../audit/query.ts";
import type { LoggedDecision } from "../decision-log/read.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { outcomeOf } from "../policy/life/outcome.ts";
import type { NamedPolicies, NamedPolicy } from "../policy/load.ts";
import { flipOf } from "../replay/flip.ts";
import { decideAgain } from "../replay/replay.ts";
import { notReplayable } from "../replay/replayable.ts";
import { type BudgetArithmetic, budgetsOf, chargeText, type Tokens } from "./budgets.ts";
import { type WhatIf, whatIf } from "./counterfactual.ts";
import type { Found } from "./find.ts";
import { documentOf, inputsOf, type ReadInput } from "./inputs.ts";
import { type Known, type KnownModel, withValue } from "./known.ts";
import { adviceByCode, shippedWords, type Words, wordsOf } from "./words.ts";

/** Targets whose refusal is asked for one by one. */
export const TARGETS_MAX = 32;

export type ExplainedReason = {
  readonly code: string;
  readonly kind?: string;
  readonly message: string;
  /** `category/rule`, or `regent`. */
  readonly policy: string;
  readonly severity: string;
  /** METADATA of the rule. */
  readonly title?: string;
  readonly description?: string;
  /** What docs/errors.md says to do. */
  readonly advice?: string;
};

export type FiredRule = {
  readonly rule: string;
  readonly codes: readonly string[];
  readonly inputs: readonly ReadInput[];
};

export type ForbiddenTarget = { readonly target: string; readonly why: string };

/** One evaluation of policy. */
export type ExplainedDecision = {
  readonly entrypoint: string;
  readonly place: string;
  readonly timestamp: string;
  readonly outcome: string;
  readonly bundles: JsonValue;
  /** What of the input the log does not have. */
  readonly changed: readonly string[];
  readonly rules: readonly FiredRule[];
  readonly targets: { readonly permitted: readonly string[]; readonly forbidden: readonly ForbiddenTarget[] };
  readonly budgets: readonly BudgetArithmetic[];
  /** Whether the bundle at hand decides the same; absent where it could not be asked. */
  readonly again?: { readonly same: boolean; readonly outcome: string; readonly fault?: string };
  readonly whatIf?: WhatIf;
  /** Where findings were, by type. */
  readonly findings: readonly {
    readonly type: string;
    readonly count: number;
    readonly where: readonly string[];
  }[];
};

export type ExplainedRecord = {
  readonly place: string;
  readonly intact: boolean;
  readonly record: JsonObject;
  readonly charge?: string;
};

export type Explanation = {
  readonly id: string;
  readonly records: readonly ExplainedRecord[];
  readonly reasons: readonly ExplainedReason[];
  readonly decisions: readonly ExplainedDecision[];
  readonly missing: readonly string[];
};

export type ExplainOptions = {
  readonly id: string;
  readonly found: Found;
  readonly auditDir: string;
  /** Undefined: nothing can be asked again. */
  readonly policies: NamedPolicies | undefined;
  readonly models: readonly KnownModel[];
  readonly missing: readonly string[];
};

/** Puts together what is known of one decision id. @throws BundleError, OpaError when the policies cannot be used */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { id, found, auditDir } = options;
  const missing = [...found.missing, ...options.missing];
  const [newest] = found.records.slice(-1);
  const estimate = estimateOf(newest?.record);
  const decisions: ExplainedDecision[] = [];
  let words: Words = new Map();
  for (const decision of found.decisions) {
    const named = await policyOf(decision, options.policies, missing);
    if (named !== undefined) words = new Map([...words, ...wordsOf(named.content.rego)]);
    decisions.push(explainDecision(decision, named, estimate, options.models, missing));
  }
  return {
    id,
    records: found.records.map((line) => recordOf(line, auditDir)),
    reasons: await reasonsOf(found, words),
    decisions,
    missing: [...new Set(missing)],
  };
}

function recordOf({ file, line, intact, record = {} }: AuditLine, dir: string): ExplainedRecord {
  const { content: _prompts, ...rest } = record;
  const charge = chargeText(record);
  return { place: `${dir}/${file}:${line}`, intact, record: rest, ...(charge !== undefined && { charge }) };
}

async function policyOf(
  { entrypoint }: LoggedDecision,
  policies: NamedPolicies | undefined,
  missing: string[],
): Promise<NamedPolicy | undefined> {
  if (policies === undefined || entrypoint === undefined) return undefined;
  const named = await policies.of(entrypoint);
  if (named === undefined)
    missing.push(`The bundle does not have ${entrypoint}: name the one that decided with --bundle.`);
  return named;
}

/** Those of the record, which has Regent's own too; else those of the decision log. Each once. */
async function reasonsOf({ records, decisions }: Found, words: Words): Promise<readonly ExplainedReason[]> {
  const written = [...records.map(({ record }) => record), ...decisions.map(({ result }) => result)];
  const advice = await adviceByCode();
  const reasons = new Map<string, ExplainedReason>();
  for (const reason of written.flatMap(reasonObjects)) {
    const { code, kind, message, policy, severity } = reason;
    const rule = String(policy);
    const what = advice.get(String(code));
    reasons.set(JSON.stringify([code, policy, message]), {
      code: String(code),
      ...(typeof kind === "string" && { kind }),
      message: String(message),
      policy: rule,
      severity: String(severity),
      ...(words.get(rule) ?? (await shippedWords(rule))),
      ...(what !== undefined && { advice: what }),
    });
  }
  return [...reasons.values()];
}

function reasonObjects(value: JsonValue | undefined): readonly JsonObject[] {
  const reasons = isJsonObject(value) && Object.hasOwn(value, "reasons") ? value.reasons : undefined;
  return Array.isArray(reasons) ? (reasons as JsonValue[]).filter(isJsonObject) : [];
}

function explainDecision(
  decision: LoggedDecision,
  named: NamedPolicy | undefined,
  estimate: Tokens | undefined,
  models: readonly KnownModel[],
  missing: string[],
): ExplainedDecision {
  const { entrypoint = "", place, timestamp, result, bundles, changed, error } = decision;
  const input = documentOf(decision);
  const outcome = error === undefined ? outcomeOf(result) : "error";
  return {
    ...{ entrypoint, place, timestamp, bundles, changed, outcome },
    rules: rulesOf(decision, named),
    targets: targetsOf(decision, named, input),
    budgets: budgetsOf(result, input, estimate, timestamp),
    findings: findingsOf(input),
    ...(named !== undefined && askedAgain(decision, named, entrypoint, models, missing)),
  };
}

function rulesOf(decision: LoggedDecision, named: NamedPolicy | undefined): readonly FiredRule[] {
  const byRule = Map.groupBy(reasonObjects(decision.result), ({ policy }) => String(policy));
  return [...byRule].map(([rule, reasons]) => ({
    rule,
    codes: [...new Set(reasons.map(({ code }) => String(code)))],
    inputs: named === undefined ? [] : inputsOf(named.ruleReads.get(rule) ?? named.reads, decision),
  }));
}

function askedAgain(
  decision: LoggedDecision,
  named: NamedPolicy,
  entrypoint: string,
  models: readonly KnownModel[],
  missing: string[],
): Pick<ExplainedDecision, "again" | "whatIf"> {
  const why = notReplayable(decision, named.reads);
  if (why !== undefined) {
    missing.push(`${entrypoint} cannot be asked again: ${NOT_AGAIN[why] ?? why.replaceAll("_", " ")}.`);
    return {};
  }
  const again = decideAgain(named, entrypoint, decision);
  if (again.asksBeyond) {
    missing.push(
      `${entrypoint} asks for a time or random value that was not logged: set decisionLogs.ndBuiltinCache.`,
    );
    return {};
  }
  const same = flipOf(decision, again) === undefined;
  const outcome = again.failed ? "error" : outcomeOf(again.result);
  const known: Known = { documents: documentsOf(named, decision), models };
  return {
    again: { same, outcome, ...(again.fault !== undefined && { fault: again.fault }) },
    ...(outcome === "deny" && { whatIf: whatIf(named, entrypoint, decision, known) }),
  };
}

const NOT_AGAIN: { readonly [why: string]: string } = {
  body_left_out: "the policy reads the body, which is logged only where policy asks for a full audit",
  input_masked: "a mask hides what the policy reads",
};

function documentsOf({ content }: NamedPolicy, decision: LoggedDecision): readonly JsonValue[] {
  const input = documentOf(decision);
  const model = isJsonObject(input) && Object.hasOwn(input, "model") ? input.model : undefined;
  return [...(model === undefined ? [] : [model]), JSON.parse(content.data.toString("utf8")) as JsonValue];
}

/** Which targets were permitted; of the others, each is asked about alone, because only a refusal says why. */
function targetsOf(
  decision: LoggedDecision,
  named: NamedPolicy | undefined,
  input: JsonValue | undefined,
): ExplainedDecision["targets"] {
  const { result } = decision;
  const offered = isJsonObject(input) && Array.isArray(input.targets) ? (input.targets as JsonValue[]) : [];
  const route = isJsonObject(result) && isJsonObject(result.route) ? result.route.targets : undefined;
  const permitted = Array.isArray(route) ? (route as JsonValue[]).map(String) : [];
  const isPermitted = (target: JsonValue) => isJsonObject(target) && permitted.includes(String(target.name));
  const judged =
    named !== undefined && input !== undefined && notReplayable(decision, named.reads) === undefined;
  const forbidden = (judged ? offered : []).slice(0, TARGETS_MAX).flatMap((target) => {
    if (!isJsonObject(target) || isPermitted(target) || input === undefined || named === undefined) return [];
    const why = whyForbidden(decision, named, withValue(input, ["targets"], [target]));
    return why === undefined ? [] : [{ target: String(target.name), why }];
  });
  const unique = new Map(forbidden.map((each) => [each.target, each]));
  return { permitted, forbidden: [...unique.values()] };
}

function whyForbidden(decision: LoggedDecision, named: NamedPolicy, input: JsonValue): string | undefined {
  const { entrypoint = "", nondeterministic } = decision;
  const bytes = Buffer.from(JSON.stringify(input));
  const { result } = decideAgain(named, entrypoint, { input: bytes, nondeterministic });
  const reason = reasonObjects(result).find(({ code }) => code === "no_permitted_target");
  return reason === undefined ? undefined : `${String(reason.policy)}: ${String(reason.message)}`;
}

function findingsOf(input: JsonValue | undefined): ExplainedDecision["findings"] {
  const findings =
    isJsonObject(input) && Array.isArray(input.findings) ? (input.findings as JsonValue[]) : [];
  return findings.filter(isJsonObject).map(({ type, count, where }) => ({
    type: String(type),
    count: Number(count),
    where: Array.isArray(where) ? (where as JsonValue[]).map(String) : [],
  }));
}

function estimateOf(record: JsonObject | undefined): Tokens | undefined {
  const estimate = record?.estimate;
  if (!isJsonObject(estimate)) return undefined;
  const { inputTokens, outputTokensMax } = estimate;
  return { inputTokens: Number(inputTokens), outputTokensMax: Number(outputTokensMax) };
}
