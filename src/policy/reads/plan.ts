import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";

/**
 * A policy as OPA plans it: the program that its Wasm is generated from, statement by statement.
 * @see https://www.openpolicyagent.org/docs/ir
 */
export type Plan = {
  readonly strings: readonly string[];
  readonly files: readonly string[];
  /** By entrypoint. */
  readonly plans: ReadonlyMap<string, Unit>;
  /** By name. What is called and is not among them is a builtin. */
  readonly functions: ReadonlyMap<string, Unit>;
};

/** A sequence of blocks with locals of its own: a plan or a function. */
export type Unit = {
  readonly name: string;
  /** The first two are the input and the data document, in every unit. */
  readonly parameters: readonly number[];
  /** Where a function of a rule stands: `g0` and the path below `data`; empty for other units. */
  readonly path: readonly string[];
  readonly blocks: readonly Block[];
};

export type Block = readonly Statement[];

/** One statement with its operands as OPA writes them. */
export type Statement = { readonly type: string; readonly fields: JsonObject };

export type Operand =
  | { readonly kind: "local"; readonly local: number }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "constant" };

/** The locals of input and data, which every unit is passed first. */
const DOCUMENTS = [0, 1];

/** Reads `plan.json` as `opa build -t plan` writes it. @throws TypeError when it is something else */
export function parsePlan(json: JsonValue): Plan {
  const plan = objectOf(json, "plan");
  const constants = isJsonObject(plan.static) ? plan.static : {};
  return {
    strings: textsOf(constants.strings),
    files: textsOf(constants.files),
    plans: unitsOf(objectOf(plan.plans, "plans").plans),
    functions: unitsOf(isJsonObject(plan.funcs) ? plan.funcs.funcs : undefined),
  };
}

function unitsOf(list: JsonValue | undefined): ReadonlyMap<string, Unit> {
  const units = listOf(list, "units").map((entry) => {
    const { name, params, path, blocks: list } = objectOf(entry, "unit");
    if (typeof name !== "string") throw new TypeError("a unit of the plan has no name");
    return {
      name,
      parameters: params === undefined ? DOCUMENTS : listOf(params, name).map(localOf),
      path: listOf(path, name).map(String),
      blocks: blocksOf(list),
    };
  });
  return new Map(units.map((unit) => [unit.name, unit]));
}

/** The blocks that a statement or a unit holds. */
export function blocksOf(list: JsonValue | undefined): readonly Block[] {
  return listOf(list, "blocks").map(blockOf);
}

/** Blocks are looked at again and again; each is read once. */
const blocks = new WeakMap<JsonObject, Block>();

/** One block. */
export function blockOf(block: JsonValue | undefined): Block {
  const object = objectOf(block, "block");
  let statements = blocks.get(object);
  if (statements === undefined) {
    statements = statementsOf(object);
    blocks.set(object, statements);
  }
  return statements;
}

function statementsOf(block: JsonObject): Block {
  return listOf(block.stmts, "statements").map((entry) => {
    const { type, stmt } = objectOf(entry, "statement");
    if (typeof type !== "string") throw new TypeError("a statement of the plan has no type");
    return { type, fields: objectOf(stmt, type) };
  });
}

/** @throws TypeError when it is no operand */
export function operandOf(plan: Plan, value: JsonValue | undefined): Operand {
  const { type, value: inner } = objectOf(value, "operand");
  if (type === "local") return { kind: "local", local: localOf(inner) };
  if (type === "bool") return { kind: "constant" };
  const text = type === "string_index" && typeof inner === "number" ? plan.strings[inner] : undefined;
  if (text === undefined) throw new TypeError(`an operand of the plan is of the unknown type ${type}`);
  return { kind: "string", text };
}

/** The number of a local. @throws TypeError when it is none */
export function localOf(value: JsonValue | undefined): number {
  if (typeof value !== "number") throw new TypeError("a local of the plan is no number");
  return value;
}

/** A list; OPA writes an empty one as null or leaves it out. @throws TypeError when it is something else */
export function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError(`${what} of the plan is no list`);
  return value;
}

function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (!isJsonObject(value)) throw new TypeError(`${what} of the plan is no object`);
  return value;
}

function textsOf(list: JsonValue | undefined): readonly string[] {
  return listOf(list, "texts").map((entry) => {
    const { value } = objectOf(entry, "text");
    // A file can be without a name.
    return typeof value === "string" ? value : "";
  });
}
