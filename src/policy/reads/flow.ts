/**
 * Which parts of the input a policy may read, from OPA's plan of it.
 *
 * Every local is followed with the set of input paths that it may hold. A lookup of a constant name leads from a path
 * to a longer one, assignments, calls and returns carry paths on, and every other use (a comparison, a loop, a lookup
 * of a computed name, an operand of a builtin, a place in a new value, the result) reads what stands at the path with
 * everything in it.
 *
 *     lookup of a constant name   path becomes path.name; that it is there, and its type, count as read
 *     lookup of anything else     the path is read as a whole
 *     `with input as x`           inside, the input is what x holds
 *     `with input.a.b as x`       x is read as a whole; the input keeps its paths, and input.a.b counts as looked at
 *     anything unknown            the whole input is read
 *
 * A block may be left after each of its statements, so that after it a local may hold what it held before and whatever
 * was put into it inside. The planner numbers the locals of each rule body anew, and every body writes its own before it
 * reads them: what an earlier one left under a number is of no account. Functions are not told apart by who calls them:
 * their parameters hold what any caller passes. The sets only grow, until none does.
 */
import type { JsonValue } from "../../exchange/json.ts";
import type { InputPath } from "./claim.ts";
import { type Found, type FoundPath, type Place, readsFrom } from "./found.ts";
import { Held, type Paths } from "./held.ts";
import { ownLocals } from "./own-locals.ts";
import {
  type Block,
  blockOf,
  blocksOf,
  listOf,
  localOf,
  type Operand,
  operandOf,
  type Plan,
  type Statement,
  type Unit,
} from "./plan.ts";
import { type TrackedUse, trackedUse } from "./tracked-builtins.ts";

/** Names of a path that are told apart. Documents are five deep, bodies some more; what lies deeper is read along. */
export const TRACKED_DEPTH_MAX = 16;
/** Paths of one local. Where a policy mixes more of them up, everything counts as read. */
export const TRACKED_PATHS_MAX = 256;

/** Where a statement stands. */
type Scope = {
  readonly returned: Map<string, InputPath>;
  /** What locals may hold before the statement. */
  readonly held: Held;
  /** Everything that the block and those in it have put into locals so far. */
  readonly written: Map<number, Paths>;
};

/** The statements before one in its block, for those few that need to know. */
type Before = () => Block;

/** What is known of a unit so far: what its parameters may hold, and what it may return. */
type Called = { readonly parameters: Map<number, Paths>; readonly returned: Map<string, InputPath> };

const NO_PATHS: Paths = new Map();
const EVERYTHING: Paths = pathsFrom([[]]);
const NOWHERE: Place = { file: "", row: 0 };

/** What the units may read that run when `roots` are called with the input. What they return is read as well. */
export function readsOfUnits(plan: Plan, roots: readonly Unit[]): Found {
  return new Flow(plan, roots).run();
}

class Flow {
  readonly #plan: Plan;
  readonly #roots: readonly Unit[];
  readonly #called = new Map<Unit, Called>();
  readonly #found = new Map<string, FoundPath>();
  readonly #builtins = new Map<string, Place>();
  #changed = true;

  constructor(plan: Plan, roots: readonly Unit[]) {
    this.#plan = plan;
    this.#roots = roots;
    for (const root of roots) this.#enter(root, [EVERYTHING, NO_PATHS]);
  }

  run(): Found {
    while (this.#changed) {
      this.#changed = false;
      for (const [unit, { parameters, returned }] of this.#called) this.#unit(unit, parameters, returned);
    }
    for (const root of this.#roots) this.#read(this.#called.get(root)?.returned ?? NO_PATHS, NOWHERE);
    const paths = [...this.#found.values()];
    return { reads: readsFrom(paths), paths, builtins: this.#builtins };
  }

  #unit({ blocks }: Unit, parameters: ReadonlyMap<number, Paths>, returned: Called["returned"]): void {
    const held = new Held();
    for (const [parameter, paths] of parameters) held.set(parameter, paths);
    this.#blocks(blocks, { returned, held, written: new Map() });
  }

  #blocks(blocks: readonly Block[], scope: Scope): void {
    for (const block of blocks) this.#block(block, scope);
  }

  #block(block: Block, scope: Scope): void {
    const inner = { ...scope, held: new Held(scope.held), written: new Map() };
    for (const local of ownLocals(block)) inner.held.set(local, undefined);
    for (const [index, statement] of block.entries())
      this.#statement(statement, inner, () => block.slice(0, index));
    for (const [local, paths] of inner.written) this.#mayHold(scope, local, paths);
  }

  #statement(statement: Statement, scope: Scope, before: Before): void {
    const { type, fields } = statement;
    const place = this.#placeOf(statement);
    switch (type) {
      case "BlockStmt":
        this.#blocks(blocksOf(fields.blocks), scope);
        break;
      case "NotStmt":
        this.#block(blockOf(fields.block), scope);
        break;
      case "ScanStmt":
        this.#scan(statement, scope, place);
        break;
      case "WithStmt":
        this.#with(statement, scope, place);
        break;
      case "DotStmt":
        this.#dot(statement, scope, place);
        break;
      case "CallStmt":
        this.#call(statement, scope, place, before);
        break;
      case "CallDynamicStmt":
        this.#callDynamic(statement, scope, place);
        break;
      case "ReturnLocalStmt":
        this.#return(scope, this.#local(scope, fields.source));
        break;
      case "AssignVarStmt":
        this.#holds(scope, fields.target, this.#operand(scope, fields.source));
        break;
      case "AssignVarOnceStmt":
        this.#assignOnce(statement, scope, place, before);
        break;
      case "ResetLocalStmt":
        scope.held.set(localOf(fields.target), undefined);
        break;
      default:
        this.#use(statement, scope, place);
    }
  }

  #return({ returned }: Scope, paths: Paths): void {
    const { size } = returned;
    this.#join(returned, paths);
    if (returned.size > size) this.#changed = true;
  }

  #use({ type, fields }: Statement, scope: Scope, place: Place): void {
    const used = USES.get(type);
    if (used === undefined) this.#read(EVERYTHING, place);
    else {
      for (const field of used) this.#read(this.#operandOrLocal(scope, fields[field]), place);
      if (fields.target !== undefined) this.#holds(scope, fields.target, NO_PATHS);
    }
  }

  /** A loop: each round may find what the rounds before it left. */
  #scan({ fields }: Statement, scope: Scope, place: Place): void {
    this.#read(this.#local(scope, fields.source), place);
    this.#holds(scope, fields.key, NO_PATHS);
    this.#holds(scope, fields.value, NO_PATHS);
    const block = blockOf(fields.block);
    for (let weight = -1; weight !== scope.held.weight; ) {
      weight = scope.held.weight;
      this.#block(block, scope);
    }
  }

  /** Whether the target is there and of which type is what the statement itself reads. */
  #dot({ fields }: Statement, scope: Scope, place: Place): void {
    const source = this.#operand(scope, fields.source);
    const key = operandOf(this.#plan, fields.key);
    if (key.kind === "string") this.#holds(scope, fields.target, this.#members(source, key.text, place));
    else {
      this.#read(source, place);
      this.#read(this.#operandPaths(scope, key), place);
      this.#holds(scope, fields.target, NO_PATHS);
    }
  }

  #members(source: Paths, member: string, place: Place): Paths {
    const members: InputPath[] = [];
    for (const path of source.values()) {
      if (path.length >= TRACKED_DEPTH_MAX) this.#note(path, true, place);
      else {
        members.push([...path, member]);
        this.#note([...path, member], false, place);
      }
    }
    return pathsFrom(members);
  }

  #with({ fields }: Statement, scope: Scope, place: Place): void {
    const value = this.#operand(scope, fields.value);
    const path = listOf(fields.path, "with").map((index) => this.#plan.strings[Number(index)] ?? "");
    let replaced = value;
    if (path.length > 0) {
      this.#read(value, place);
      replaced = this.#local(scope, fields.local);
      let looked = replaced;
      for (const member of path) looked = this.#members(looked, member, place);
    }
    const inner = { ...scope, held: new Held(scope.held), written: new Map() };
    inner.held.set(localOf(fields.local), replaced);
    this.#block(blockOf(fields.block), inner);
    for (const [local, paths] of inner.written) this.#mayHold(scope, local, paths);
  }

  #call({ fields }: Statement, scope: Scope, place: Place, before: Before): void {
    const name = String(fields.func);
    const operands = listOf(fields.args, name).map((operand) => operandOf(this.#plan, operand));
    const passed = operands.map((operand) => this.#operandPaths(scope, operand));
    const callee = this.#plan.functions.get(name);
    if (callee !== undefined) this.#holds(scope, fields.result, this.#enter(callee, passed));
    else {
      if (!this.#builtins.has(name)) this.#builtins.set(name, place);
      const tracked = trackedUse(this.#plan, name, operands, before);
      this.#holds(scope, fields.result, this.#builtinResult(tracked, passed, place));
    }
  }

  /** What the result of a builtin may be a part of. */
  #builtinResult(tracked: TrackedUse | undefined, passed: readonly Paths[], place: Place): Paths {
    if (tracked === undefined) {
      for (const paths of passed) this.#read(paths, place);
      return NO_PATHS;
    }
    let [found = NO_PATHS, ...others] = passed;
    for (const member of tracked.members) found = this.#members(found, member, place);
    return tracked.carries ? this.#union(found, ...others) : NO_PATHS;
  }

  /** Calls whatever rule stands at a computed path: each that may. */
  #callDynamic({ fields }: Statement, scope: Scope, place: Place): void {
    const path = listOf(fields.path, "call").map((part) => operandOf(this.#plan, part));
    const passed = listOf(fields.args, "call").map((local) => this.#local(scope, local));
    for (const part of path) this.#read(this.#operandPaths(scope, part), place);
    const callees = [...this.#plan.functions.values()].filter((callee) => mayStandAt(callee.path, path));
    const results = callees.map((callee) => this.#enter(callee, passed));
    this.#holds(scope, fields.result, this.#union(...results));
  }

  /** Notes that a unit is called with this; returns what it may return. */
  #enter(callee: Unit, passed: readonly Paths[]): Paths {
    let called = this.#called.get(callee);
    if (called === undefined) {
      called = { parameters: new Map(), returned: new Map() };
      this.#called.set(callee, called);
      this.#changed = true;
    }
    const { parameters } = called;
    for (const [at, parameter] of callee.parameters.entries()) {
      const known = parameters.get(parameter);
      const paths = this.#union(known ?? NO_PATHS, passed[at] ?? NO_PATHS);
      if (paths.size !== known?.size) this.#changed = true;
      parameters.set(parameter, paths);
    }
    return new Map(called.returned);
  }

  /**
   * Gives a local its value, or compares the value with the one that the local has. The comparison reads both: it can
   * be left out of account only where the local surely holds nothing.
   */
  #assignOnce({ fields }: Statement, scope: Scope, place: Place, before: Before): void {
    const target = localOf(fields.target);
    const source = this.#operand(scope, fields.source);
    const known = scope.held.get(target);
    if (known === undefined || isKnownUndefined(target, before())) this.#holds(scope, target, source);
    else {
      const either = this.#union(known, source);
      this.#read(either, place);
      this.#holds(scope, target, either);
    }
  }

  /** The local holds this and nothing else, until its block is left. */
  #holds({ held, written }: Scope, target: JsonValue | undefined, paths: Paths): void {
    const local = localOf(target);
    held.set(local, paths);
    written.set(local, this.#union(written.get(local) ?? NO_PATHS, paths));
  }

  /** The local may hold this as well. */
  #mayHold({ held, written }: Scope, local: number, paths: Paths): void {
    held.set(local, this.#union(held.get(local) ?? NO_PATHS, paths));
    written.set(local, this.#union(written.get(local) ?? NO_PATHS, paths));
  }

  #operandOrLocal(scope: Scope, field: JsonValue | undefined): Paths {
    return typeof field === "number" ? this.#local(scope, field) : this.#operand(scope, field);
  }

  #operand(scope: Scope, field: JsonValue | undefined): Paths {
    return this.#operandPaths(scope, operandOf(this.#plan, field));
  }

  #operandPaths(scope: Scope, operand: Operand): Paths {
    return operand.kind === "local" ? this.#local(scope, operand.local) : NO_PATHS;
  }

  #local({ held }: Scope, local: JsonValue | undefined): Paths {
    return held.get(localOf(local)) ?? NO_PATHS;
  }

  #union(...all: readonly Paths[]): Paths {
    const [first, ...others] = all.filter(({ size }) => size > 0);
    if (first === undefined || others.length === 0) return first ?? NO_PATHS;
    const union = new Map(first);
    for (const paths of others) this.#join(union, paths);
    return union;
  }

  #join(into: Map<string, InputPath>, paths: Paths): void {
    for (const [key, path] of paths) {
      if (into.has(key)) continue;
      if (into.size < TRACKED_PATHS_MAX) {
        into.set(key, path);
      } else this.#note([], true, NOWHERE);
    }
  }

  #read(paths: Paths, place: Place): void {
    for (const path of paths.values()) this.#note(path, true, place);
  }

  #note(path: InputPath, whole: boolean, place: Place): void {
    const key = keyOf(path);
    const known = this.#found.get(key);
    if (known === undefined || (whole && !known.whole)) this.#found.set(key, { path, whole, place });
  }

  #placeOf({ fields }: Statement): Place {
    return { file: this.#plan.files[Number(fields.file)] ?? "", row: Number(fields.row) };
  }
}

/**
 * Statements that make or use values, and the fields whose values they use as a whole. Those that look at the type of a
 * value, or whether there is one, use nothing: pruning keeps both.
 */
const USES: ReadonlyMap<string, readonly string[]> = new Map([
  ["ArrayAppendStmt", ["value"]],
  ["AssignIntStmt", []],
  ["BreakStmt", []],
  ["EqualStmt", ["a", "b"]],
  ["IsArrayStmt", []],
  ["IsDefinedStmt", []],
  ["IsObjectStmt", []],
  ["IsSetStmt", []],
  ["IsUndefinedStmt", []],
  ["LenStmt", ["source"]],
  ["MakeArrayStmt", []],
  ["MakeNullStmt", []],
  ["MakeNumberIntStmt", []],
  ["MakeNumberRefStmt", []],
  ["MakeObjectStmt", []],
  ["MakeSetStmt", []],
  ["NopStmt", []],
  ["NotEqualStmt", ["a", "b"]],
  ["ObjectInsertOnceStmt", ["key", "value"]],
  ["ObjectInsertStmt", ["key", "value"]],
  ["ObjectMergeStmt", ["a", "b"]],
  ["ResultSetAddStmt", ["value"]],
  ["SetAddStmt", ["value"]],
]);

/** Whether the statements before, in the same block, have made sure that a local holds nothing. */
function isKnownUndefined(local: number, before: Block): boolean {
  for (const { type, fields } of before.toReversed()) {
    if (type === "IsUndefinedStmt" && fields.source === local) return true;
    const isPlain = fields.block === undefined && fields.blocks === undefined;
    if (!isPlain || fields.target === local || fields.result === local) return false;
  }
  return false;
}

/** Whether a rule may be what a path with computed parts leads to. */
function mayStandAt(rule: readonly string[], path: readonly Operand[]): boolean {
  if (rule.length === 0) return false;
  return path.every((part, at) => part.kind !== "string" || rule[at] === undefined || rule[at] === part.text);
}

function pathsFrom(paths: readonly InputPath[]): Paths {
  return new Map(paths.map((path) => [keyOf(path), path]));
}

function keyOf(path: InputPath): string {
  return JSON.stringify(path);
}
