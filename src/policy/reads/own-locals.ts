import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { type Block, blockOf, blocksOf, listOf, type Statement } from "./plan.ts";

/** The fields that name a local which a statement gives a new value without looking at the old one. */
const WRITES: ReadonlySet<string> = new Set(["target", "result"]);
/** Fields that hold numbers that are no locals. */
const NO_LOCALS: ReadonlySet<string> = new Set([
  ...["file", "row", "col", "end_row", "end_col"],
  ...["index", "Index", "capacity", "func"],
]);
/** Statements whose target has a value that counts, and their field `value` where it is a number. */
const CHANGES: ReadonlySet<string> = new Set(["AssignVarOnceStmt", "AssignIntStmt"]);

type Seen = { readonly read: Set<number>; readonly written: Set<number> };

const known = new WeakMap<Block, ReadonlySet<number>>();

/** The locals that a block writes, in the order of its text, before it reads them. */
export function ownLocals(block: Block): ReadonlySet<number> {
  let own = known.get(block);
  if (own === undefined) {
    const seen: Seen = { read: new Set(), written: new Set() };
    seeBlock(block, seen);
    own = seen.written;
    known.set(block, own);
  }
  return own;
}

function seeBlock(block: Block, seen: Seen): void {
  for (const statement of block) seeStatement(statement, seen);
}

function seeStatement({ type, fields }: Statement, seen: Seen): void {
  const isScan = type === "ScanStmt";
  const writes = (field: string) =>
    isScan ? field === "key" || field === "value" : WRITES.has(field) && !CHANGES.has(type);
  const names = Object.keys(fields).filter((field) => !NO_LOCALS.has(field));
  for (const field of names)
    if (!writes(field))
      for (const local of localsIn(type, field, fields)) see(local, seen.written, seen.read);
  for (const field of names)
    if (writes(field)) for (const local of localsIn(type, field, fields)) see(local, seen.read, seen.written);
  if (fields.block !== undefined) seeBlock(blockOf(fields.block), seen);
  if (fields.blocks !== undefined) for (const block of blocksOf(fields.blocks)) seeBlock(block, seen);
}

function see(local: number, earlier: ReadonlySet<number>, into: Set<number>): void {
  if (!earlier.has(local)) into.add(local);
}

function localsIn(type: string, field: string, fields: JsonObject): readonly number[] {
  if (field === "block" || field === "blocks") return [];
  if (type === "WithStmt" && field === "path") return [];
  if (INTEGERS.has(type) && field === "value") return [];
  const value = fields[field];
  return Array.isArray(value) ? listOf(value, field).flatMap(localIn) : localIn(value);
}

const INTEGERS: ReadonlySet<string> = new Set(["AssignIntStmt", "MakeNumberIntStmt"]);

function localIn(value: JsonValue | undefined): readonly number[] {
  if (typeof value === "number") return [value];
  const { type, value: local } = (value ?? {}) as JsonObject;
  return type === "local" && typeof local === "number" ? [local] : [];
}
