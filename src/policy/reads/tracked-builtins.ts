import { type Block, localOf, type Operand, operandOf, type Plan } from "./plan.ts";

/** What a call of a builtin does with its first operand when it does not read it as a whole. */
export type TrackedUse = {
  /** The names that it looks up in it, one below the other. */
  readonly members: readonly string[];
  /** Its result may be what it found there, or another of its operands. */
  readonly carries: boolean;
};

/** Builtins that look at nothing but the type of their operand, which pruning keeps. */
const TYPE_BUILTINS: ReadonlySet<string> = new Set([
  "is_array",
  "is_boolean",
  "is_null",
  "is_number",
  "is_object",
  "is_set",
  "is_string",
  "type_name",
]);

/**
 * What a call reads of its first operand; undefined: all of every operand.
 * @param before the statements in front of it in its block
 */
export function trackedUse(
  plan: Plan,
  name: string,
  operands: readonly Operand[],
  before: () => Block,
): TrackedUse | undefined {
  if (TYPE_BUILTINS.has(name)) return { members: [], carries: false };
  if (name !== "object.get") return undefined;
  const key = operands[1];
  if (key?.kind === "string") return { members: [key.text], carries: true };
  const members = key?.kind === "local" ? constantTexts(plan, key.local, before()) : undefined;
  return members === undefined ? undefined : { members, carries: true };
}

/**
 * The texts of an array that the statements before, in the same block, make of constants and of nothing else;
 * undefined when it is made in any other way.
 */
function constantTexts(plan: Plan, local: number, before: Block): readonly string[] | undefined {
  const made = before.findLastIndex(
    ({ type, fields }) => type === "MakeArrayStmt" && fields.target === local,
  );
  if (made === -1) return undefined;
  const texts: string[] = [];
  for (const { type, fields } of before.slice(made + 1)) {
    if (type === "ArrayAppendStmt" && localOf(fields.array) === local) {
      const value = operandOf(plan, fields.value);
      if (value.kind !== "string") return undefined;
      texts.push(value.text);
    } else if (!LEAVES_ARRAYS.has(type) || fields.target === local) return undefined;
  }
  return texts;
}

/** Statements that change no array that is there already. */
const LEAVES_ARRAYS: ReadonlySet<string> = new Set([
  "ArrayAppendStmt",
  "DotStmt",
  "MakeNumberIntStmt",
  "MakeNumberRefStmt",
  "MakeObjectStmt",
  "MakeSetStmt",
  "MakeNullStmt",
  "ObjectInsertStmt",
  "SetAddStmt",
]);
