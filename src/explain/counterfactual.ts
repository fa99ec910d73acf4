import type { LoggedDecision } from "../decision-log/read.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { outcomeOf } from "../policy/life/outcome.ts";
import type { NamedPolicy } from "../policy/load.ts";
import { type InputPath, pathText } from "../policy/reads/claim.ts";
import { decideAgain } from "../replay/replay.ts";
import { alternatives, type Change, isFixed, otherModels } from "./alternatives.ts";
import { documentOf, isHiddenPath, pathsOf, valueAt } from "./inputs.ts";
import { type Known, withValue } from "./known.ts";

/** Evaluations that one search may take: 2,000 of the shipped policies take half a second. */
export const EVALUATIONS_MAX = 2_000;
/** And the time after which none is begun, milliseconds. */
export const SEARCH_MS_MAX = 3_000;
/** Changes that are reported, and of one path. */
export const CHANGES_MAX = 20;
export const CHANGES_PER_PATH_MAX = 5;
/** Paths that are searched. */
const PATHS_MAX = 60;
/** The largest number that is tried for a limit. */
const NUMBER_MAX = 2 ** 40;

/** What would have to change. */
export type WhatIf = {
  /** Single changes, each of which alone would have made it an allow; the smallest first. */
  readonly changes: readonly string[];
  /** Where no single change does: each reason, and the smallest change that makes it go away; undefined: none was found. */
  readonly reasons: readonly { readonly code: string; readonly policy: string; readonly change?: string }[];
  readonly evaluations: number;
  /** The search was ended by {@link EVALUATIONS_MAX} or {@link SEARCH_MS_MAX}: there may be more. */
  readonly cutShort: boolean;
};

export type Limits = { readonly evaluations: number; readonly ms: number };

/**
 * Finds single changes of the input that turn a denial into an allow, by asking the same policies again: what the rules
 * that denied read is left out, replaced by other names that the data or the registry have there, or lowered.
 */
export function whatIf(
  named: NamedPolicy,
  entrypoint: string,
  decision: LoggedDecision,
  known: Known,
  limits: Limits = { evaluations: EVALUATIONS_MAX, ms: SEARCH_MS_MAX },
): WhatIf {
  const input = documentOf(decision) ?? {};
  const search = new Search(named, entrypoint, decision, limits);
  const denials = denialsOf(search.ask(input) ?? undefined);
  search.reasons = denials;
  const paths = deniedPaths(named, denials, input);
  const names = (path: InputPath) =>
    path[0] === "model" || path[0] === "targets" || path.join(".") === "inference.model";
  if (paths.some(names)) for (const change of otherModels(input, known)) search.try(change);
  // A path with many values must not take the turns of the others.
  const turns = paths.map((path) => alternatives(input, path, known));
  for (const path of paths) search.tryNumbers(input, path);
  while (turns.length > 0 && !search.isOver) {
    for (const turn of [...turns]) {
      const { value: change, done } = turn.next();
      if (done) turns.splice(turns.indexOf(turn), 1);
      else search.try(change);
    }
  }
  return search.report;
}

type Denial = { readonly code: string; readonly policy: string };

function denialsOf(result: JsonValue | undefined): readonly Denial[] {
  const reasons =
    isJsonObject(result) && Array.isArray(result.reasons) ? (result.reasons as JsonValue[]) : [];
  return reasons
    .filter(isJsonObject)
    .flatMap(({ code, policy, severity }: JsonObject) =>
      typeof code === "string" && typeof policy === "string" && severity !== "warning"
        ? [{ code, policy }]
        : [],
    );
}

/** What the rules that denied read; all that the entrypoint reads where nothing is known of one of them. */
function deniedPaths(
  { reads, ruleReads }: NamedPolicy,
  denials: readonly Denial[],
  input: JsonValue,
): readonly InputPath[] {
  const ofRules = denials.map(({ policy }) => ruleReads.get(policy));
  const known = ofRules.every((each) => each !== undefined) && ofRules.length > 0;
  const paths = (known ? ofRules : [reads]).flatMap((each) => pathsOf(each ?? true, input));
  const unique = new Map(
    paths
      .flatMap((path) => membersToo(input, path))
      .filter((path) => !isFixed(path) && !isHiddenPath(path))
      .map((path) => [JSON.stringify(path), path]),
  );
  return [...unique.values()].slice(0, PATHS_MAX);
}

/** Of what is read as a whole, such as headers, each member is one thing that could be otherwise. */
function membersToo(input: JsonValue, path: InputPath): readonly InputPath[] {
  const value = valueAt(input, path);
  return isJsonObject(value) ? [path, ...Object.keys(value).map((member) => [...path, member])] : [path];
}

class Search {
  /** What stands against the request as it was. */
  reasons: readonly Denial[] = [];
  readonly #named: NamedPolicy;
  readonly #entrypoint: string;
  readonly #decision: LoggedDecision;
  readonly #limits: Limits;
  readonly #startedAt = performance.now();
  readonly #works: Change[] = [];
  /** By reason, the smallest change without it. */
  readonly #goes = new Map<string, Change>();
  #evaluations = 0;
  #cutShort = false;

  constructor(named: NamedPolicy, entrypoint: string, decision: LoggedDecision, limits: Limits) {
    this.#named = named;
    this.#entrypoint = entrypoint;
    this.#decision = decision;
    this.#limits = limits;
  }

  get isOver(): boolean {
    const { evaluations, ms } = this.#limits;
    if (this.#evaluations < evaluations && performance.now() - this.#startedAt < ms) return false;
    this.#cutShort = true;
    return true;
  }

  /** What the policies say; undefined when they fail, need what was not logged, or there is no time left. */
  ask(input: JsonValue): JsonValue | undefined {
    if (this.isOver) return undefined;
    this.#evaluations += 1;
    const { nondeterministic } = this.#decision;
    const bytes = Buffer.from(JSON.stringify(input));
    const again = decideAgain(this.#named, this.#entrypoint, { input: bytes, nondeterministic });
    return again.failed || again.asksBeyond ? undefined : again.result;
  }

  /** @returns whether it is an allow now */
  try(change: Change): boolean {
    const result = this.ask(change.input);
    if (result === undefined) return false;
    const allowed = outcomeOf(result) === "allow";
    if (allowed) this.#works.push(change);
    const left = new Set(denialsOf(result).map(keyOf));
    // A change that brings another refusal of the policy itself solves nothing.
    const isFault = !allowed && outcomeOf(result) === "error";
    for (const key of isFault ? [] : this.reasons.map(keyOf)) {
      const smallest = this.#goes.get(key)?.size ?? Number.POSITIVE_INFINITY;
      if (!left.has(key) && change.size < smallest) this.#goes.set(key, change);
    }
    return allowed;
  }

  /** The number nearest to the one that was denied that is not, smaller or larger. */
  tryNumbers(input: JsonValue, path: InputPath): void {
    const value = valueAt(input, path);
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    const allows = (number: number) => this.try(this.#numberChange(input, path, number));
    for (const end of [0, NUMBER_MAX]) {
      if (end === value || !allows(end)) continue;
      let [denied, allowed] = [value, end];
      while (Math.abs(denied - allowed) > 1 && !this.isOver) {
        const middle = Math.trunc((denied + allowed) / 2);
        if (middle === denied || middle === allowed) break;
        if (allows(middle)) allowed = middle;
        else denied = middle;
      }
      this.#keepNumber(path, this.#numberChange(input, path, allowed));
    }
  }

  #numberChange(input: JsonValue, path: InputPath, number: number): Change {
    const bound = number < Number(valueAt(input, path)) ? "at most" : "at least";
    return {
      path,
      text: `${pathText(path)}: ${bound} ${number} in place of ${valueAt(input, path)}`,
      input: withValue(input, path, number),
      size: 1,
    };
  }

  /** Of the numbers that were tried only the last one counts. */
  #keepNumber(path: InputPath, kept: Change): void {
    const isTried = (change: Change) =>
      change.path === path &&
      change.text !== kept.text &&
      change.text.split(" ")[2] === kept.text.split(" ")[2];
    const others = this.#works.filter((change) => !isTried(change) && change.text !== kept.text);
    this.#works.splice(0, this.#works.length, ...others, kept);
  }

  get report(): WhatIf {
    const works = this.#works.sort((one, other) => one.size - other.size);
    const perPath = new Map<string, number>();
    const shown = works.filter(({ path }) => {
      const key = JSON.stringify(path);
      const count = (perPath.get(key) ?? 0) + 1;
      perPath.set(key, count);
      return count <= CHANGES_PER_PATH_MAX;
    });
    const left = this.reasons.map((reason) => {
      const change = this.#goes.get(keyOf(reason));
      return { ...reason, ...(change !== undefined && { change: change.text }) };
    });
    return {
      changes: shown.slice(0, CHANGES_MAX).map(({ text }) => text),
      reasons: works.length > 0 ? [] : left,
      evaluations: this.#evaluations,
      cutShort: this.#cutShort,
    };
  }
}

function keyOf({ code, policy }: Denial): string {
  return JSON.stringify([code, policy]);
}
