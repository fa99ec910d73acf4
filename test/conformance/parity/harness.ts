/** Calls builtins through a real `opa eval` and through Regent, and compares what both answer. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareValues } from "../../../src/policy/builtins/compare.ts";
import { HOST_BUILTINS } from "../../../src/policy/builtins/host.ts";
import { renderJson } from "../../../src/policy/builtins/render-json.ts";
import {
  isNumber,
  numberText,
  parseRego,
  type RegoNumber,
  type RegoValue,
} from "../../../src/policy/builtins/value.ts";
import { readBundle } from "../../../src/policy/bundle/bundle.ts";
import { faultOf } from "../../../src/policy/fault.ts";
import { findOpa, runOpa } from "../../../src/policy/opa/opa.ts";
import { PolicyRevision } from "../../../src/policy/revision.ts";
import { withFolder } from "../../support/rego.ts";

/** A builtin and its operands as JSON texts: what JavaScript would make of a number does not count. */
export type Call = { readonly name: string; readonly operands: readonly string[] };

export type Answer = {
  readonly call: Call;
  /** Undefined: an error, or no value. */
  readonly wanted: RegoValue | undefined;
  readonly got: RegoValue | undefined;
  /** Why the evaluation failed, when it did: it is a denial then, and not an undefined expression. */
  readonly failure?: string | undefined;
};

/** For many calls at once; one that does not end is found by itself. */
const TIME_LIMIT_MS = 2_000;

/** Builtins whose values are their last operand, in no order. */
const RELATIONS = new Set(["walk"]);

/** The interpreter counts with longer floats than compiled Wasm does: the last digit may differ. */
const ARITHMETIC = new Set([
  ...["plus", "minus", "mul", "div", "rem", "abs", "ceil", "floor", "round", "sum", "product"],
]);

/** What both answer to each call. The operands come from the input, so that no type is known before. */
export async function answersTo(calls: readonly Call[]): Promise<readonly Answer[]> {
  const groups = new Map<string, Call[]>();
  for (const call of calls) {
    const key = `${call.name}/${call.operands.length}`;
    groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  const keys = [...groups.keys()];
  const module = moduleOf([...groups.values()].map(([first]) => first as Call));
  return withFolder(async (folder) => {
    const file = join(folder, "parity.rego");
    await writeFile(file, module);
    await writeFile(join(folder, "input.json"), `[${[...groups.values()].map(inputOf).join(",")}]`);
    const reference = await askOpa(folder, file);
    const revision = await createRevision(folder, file);
    return keys.flatMap((key, group) => {
      const own = askRegent(revision, groups.get(key) ?? [], group);
      return own.map((answer, index) => ({ ...answer, wanted: reference.get(`${group}/${index}`) }));
    });
  });
}

/** Version 0 of Rego still has what is deprecated. */
function moduleOf(calls: readonly Call[]): string {
  const rules = calls.map(({ name, operands }, group) => {
    const args = operands.map((_, at) => `c[${at}]`);
    const call = RELATIONS.has(name)
      ? `v := {x | ${name}(${[...args, "x"].join(", ")})}`
      : `v := ${name}(${args.join(", ")})`;
    return `r[key] = v { c := input[${group}][i]; key := sprintf("%d/%d", [${group}, i]); ${call} }`;
  });
  return `package parity\n\n${rules.join("\n\n")}\n`;
}

function inputOf(calls: readonly Call[]): string {
  return `[${calls.map(({ operands }) => `[${operands.join(",")}]`).join(",")}]`;
}

async function askOpa(folder: string, file: string): Promise<ReadonlyMap<RegoValue, RegoValue>> {
  const run = await runOpa(await findOpa(), [
    ...["eval", "--v0-compatible", "--format", "raw", "--data", file],
    ...["--input", join(folder, "input.json"), "data.parity.r"],
  ]);
  if (run.status !== 0) throw new Error(run.stderr + run.stdout);
  return parseRego(run.stdout.trim()) as ReadonlyMap<RegoValue, RegoValue>;
}

async function createRevision(folder: string, file: string): Promise<PolicyRevision> {
  const output = join(folder, "bundle.tar.gz");
  const run = await runOpa(await findOpa(), [
    ...["build", "--v0-compatible", "--target", "wasm", "--entrypoint", "parity/r", "--output", output, file],
  ]);
  if (run.status !== 0) throw new Error(run.stderr + run.stdout);
  return PolicyRevision.create(await readBundle(output), {
    builtins: HOST_BUILTINS,
    clock: () => BigInt(Date.now()) * 1_000_000n,
    print: () => {},
    timeLimitMs: TIME_LIMIT_MS,
  });
}

/** All calls of a builtin at once, or one by one where one of them fails. */
function askRegent(
  revision: PolicyRevision,
  calls: readonly Call[],
  group: number,
): readonly Omit<Answer, "wanted">[] {
  const before = "[],".repeat(group);
  const ask = (asked: readonly Call[]): ReadonlyMap<RegoValue, RegoValue> => {
    const { result } = revision.evaluate("parity/r", Buffer.from(`[${before}${inputOf(asked)}]`));
    return parseRego(result ?? "{}") as ReadonlyMap<RegoValue, RegoValue>;
  };
  try {
    const answers = ask(calls);
    return calls.map((call, index) => ({ call, got: answers.get(`${group}/${index}`) }));
  } catch (error) {
    if (calls.length > 1) return calls.flatMap((call) => askRegent(revision, [call], group));
    return calls.map((call) => ({ call, got: undefined, failure: faultOf(error) }));
  }
}

/** As JSON, which is what `opa eval` prints: a set is an array there. */
function alike(name: string, wanted: RegoValue | undefined, got: RegoValue | undefined): boolean {
  if (wanted === undefined || got === undefined) return wanted === got;
  if (ARITHMETIC.has(name) && isNumber(wanted) && isNumber(got)) return close(wanted, got);
  return compareValues(parseRego(renderJson(wanted)), parseRego(renderJson(got))) === 0;
}

function close(wanted: RegoNumber, got: RegoNumber): boolean {
  const [one, other] = [Number(numberText(wanted)), Number(numberText(got))];
  return Math.abs(one - other) <= Math.max(Math.abs(one), Math.abs(other)) * 1e-14;
}

/** What differs, for people. */
export function faultsIn(answers: readonly Answer[]): readonly string[] {
  return answers
    .filter(({ call, wanted, got }) => !alike(call.name, wanted, got))
    .map(
      ({ call, wanted, got }) =>
        `${call.name}(${call.operands.join(", ")}): wanted ${shown(wanted)}, got ${shown(got)}`,
    );
}

function shown(value: RegoValue | undefined): string {
  return value === undefined ? "undefined" : renderJson(value);
}
