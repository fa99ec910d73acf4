import { sortedEntries } from "../compare.ts";
import { isArray, isObject, type RegoObject, type RegoValue } from "../value.ts";
import { callFunction } from "./functions.ts";
import { type Command, fault, type Node, type Operand, type Pipeline, type Template } from "./parser.ts";
import { GoInt, isTemplateNumber, isTrue, shown, type TemplateValue } from "./values.ts";

/** UTF-16 units that a template writes at most: a loop in a loop makes much of little. */
export const OUTPUT_LENGTH_MAX = 1_000_000;
/** Templates that use one another, and blocks, inside one another at most. */
export const CALLS_MAX = 200;
/** Nodes between two looks at the clock: about 0.1 ms. */
const STEPS_PER_LOOK = 200;

/** Fills a template in. @throws BuiltinError, RangeError beyond the limits, and what `checkTime` throws. */
export function executeTemplate(template: Template, data: RegoObject, checkTime: () => void): string {
  const executor = new Executor(template, checkTime);
  executor.run(template.main, data);
  return executor.output;
}

type Variable = { readonly name: string; value: TemplateValue };
type Flow = "next" | "break" | "continue";

class Executor {
  output = "";
  readonly #template: Template;
  readonly #checkTime: () => void;
  #variables: Variable[] = [];
  #steps = 0;
  #calls = 0;

  constructor(template: Template, checkTime: () => void) {
    this.#template = template;
    this.#checkTime = checkTime;
  }

  /** A template with variables of its own. */
  run(nodes: readonly Node[], dot: TemplateValue): void {
    const outer = this.#variables;
    this.#variables = [{ name: "$", value: dot }];
    this.#list(nodes, dot);
    this.#variables = outer;
  }

  #list(nodes: readonly Node[], dot: TemplateValue): Flow {
    this.#calls += 1;
    if (this.#calls > CALLS_MAX)
      throw new RangeError(`templates may use one another ${CALLS_MAX} levels deep at most`);
    let flow: Flow = "next";
    for (const node of nodes) {
      flow = this.#node(node, dot);
      if (flow !== "next") break;
    }
    this.#calls -= 1;
    return flow;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps % STEPS_PER_LOOK === 0) this.#checkTime();
  }

  #node(node: Node, dot: TemplateValue): Flow {
    this.#step();
    switch (node.kind) {
      case "text":
        this.#write(node.text);
        return "next";
      case "action": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#write(shown(value));
        return "next";
      }
      case "template":
        this.#use(node.name, node.pipeline === undefined ? null : this.#pipeline(node.pipeline, dot));
        return "next";
      case "if":
      case "with":
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          return this.#list(
            isTrue(value) ? node.list : node.otherwise,
            node.kind === "with" && isTrue(value) ? value : dot,
          );
        });
      case "range":
        return this.#scoped(() => this.#range(node, dot));
      default:
        return node.kind;
    }
  }

  #write(text: string): void {
    this.output += text;
    if (this.output.length > OUTPUT_LENGTH_MAX)
      throw new RangeError(`strings.render_template: more than ${OUTPUT_LENGTH_MAX} characters`);
  }

  #scoped<T>(work: () => T): T {
    const { length } = this.#variables;
    const result = work();
    this.#variables.length = length;
    return result;
  }

  #use(name: string, dot: TemplateValue): void {
    const nodes = this.#template.named.get(name);
    if (nodes === undefined) throw fault(`template ${JSON.stringify(name)} not defined`);
    this.run(nodes, dot);
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: TemplateValue): Flow {
    const { variables, assigns, commands } = node.pipeline;
    const value = this.#commands(commands, dot);
    if (!assigns) for (const name of variables) this.#variables.push({ name, value });
    let empty = true;
    for (const [key, item] of itemsOf(value)) {
      empty = false;
      this.#step();
      const [first, second] = variables;
      if (second !== undefined) this.#assign(second, item);
      if (first !== undefined) this.#assign(first, second === undefined ? item : key);
      if (this.#scoped(() => this.#list(node.list, item)) === "break") break;
    }
    return empty ? this.#list(node.otherwise, dot) : "next";
  }

  #assign(name: string, value: TemplateValue): void {
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable === undefined) throw fault(`undefined variable: ${name}`);
    variable.value = value;
  }

  #pipeline({ variables, assigns, commands }: Pipeline, dot: TemplateValue): TemplateValue {
    const value = this.#commands(commands, dot);
    for (const name of variables) {
      if (assigns) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #commands(commands: readonly Command[], dot: TemplateValue): TemplateValue {
    let value: TemplateValue;
    for (const [index, command] of commands.entries())
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    return value;
  }

  /** @param piped the value of the command in front, which is the last argument of this one. */
  #command([first, ...rest]: Command, dot: TemplateValue, piped: readonly TemplateValue[]): TemplateValue {
    this.#step();
    if (first?.kind === "function") return this.#function(first.name, rest, dot, piped);
    if (first === undefined || first.kind === "nil") throw fault("nil is not a command");
    if (rest.length + piped.length > 0) throw fault("can't give argument to non-function");
    return this.#operand(first, dot);
  }

  #function(
    name: string,
    operands: readonly Operand[],
    dot: TemplateValue,
    piped: readonly TemplateValue[],
  ): TemplateValue {
    if (name !== "and" && name !== "or")
      return callFunction(name, [...operands.map((operand) => this.#operand(operand, dot)), ...piped]);
    if (operands.length + piped.length === 0) throw fault(`wrong number of args for ${name}`);
    let value: TemplateValue;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: TemplateValue): TemplateValue {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "constant":
        return operand.value;
      case "variable":
        return this.#variables.findLast(({ name }) => name === operand.name)?.value;
      case "function":
        return this.#function(operand.name, [], dot, []);
      case "pipeline":
        return this.#pipeline(operand.pipeline, dot);
      case "fields":
        return operand.names.reduce(field, this.#operand(operand.of, dot));
    }
  }
}

function field(value: TemplateValue, name: string): TemplateValue {
  if (value === undefined) return undefined;
  if (value === null) throw fault(`nil pointer evaluating interface {}.${name}`);
  if (isTemplateNumber(value) || !isObject(value as RegoValue)) throw fault(`can't evaluate field ${name}`);
  return (value as RegoObject).get(name);
}

/** What a range goes through: elements with their index, members with their name, or so many integers. */
function* itemsOf(value: TemplateValue): Generator<readonly [TemplateValue, TemplateValue]> {
  if (value === undefined || value === null) return;
  if (value instanceof GoInt) {
    for (let index = 0n; index < value.value; index++) yield [new GoInt(index), new GoInt(index)];
    return;
  }
  const composite = value as RegoValue;
  if (isTemplateNumber(value) || !(isArray(composite) || isObject(composite)))
    throw fault("range can't iterate over that");
  if (isObject(composite)) yield* sortedEntries(composite);
  else for (const [index, item] of composite.entries()) yield [new GoInt(BigInt(index)), item];
}
