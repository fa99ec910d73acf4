import { RegentError } from "../../exchange/errors.ts";
import type { BuiltinContext, HostBuiltin } from "../builtins/builtin.ts";
import { BuiltinError } from "../builtins/builtin.ts";
import { parseRego, type RegoValue, renderRego } from "../builtins/value.ts";
import type { Address, PolicyExports } from "./abi.ts";
import { TICK } from "./meter-function.ts";
import { assertAbiVersion, type PolicyModule, PolicyModuleError, pagesFor } from "./module.ts";

/** The data document as one instance laid it out; another instance of the same module takes it over byte by byte. */
export type DataImage = {
  /** Where the heap began before the document was loaded: the same in every instance of a module. */
  readonly heap: Address;
  /** Where `bytes` stand; in front of them was the text of the document. */
  readonly start: Address;
  readonly bytes: Uint8Array;
  /** Of the document in them. */
  readonly value: Address;
};

export type InstanceOptions = {
  readonly policy: PolicyModule;
  /** Ends the growth of the linear memory: an evaluation that needs more fails. */
  readonly memoryMaxBytes: number;
  /** The host's part of Rego's builtins, by name. */
  readonly builtins: ReadonlyMap<string, HostBuiltin>;
};

/**
 * Steps between two looks at the clock: 0.1 ms as a rule. An evaluation that is cut off overdraws its time by that, and
 * a short one never looks.
 */
export const STEPS_PER_LOOK = 10_000;

/** What a builtin of the host is handed counts as steps too: its time is not measured, but the next look comes sooner. */
const BYTES_PER_STEP = 16;

/** A policy that called `opa_abort`: a conflict between rules, or memory that ran out. */
export class PolicyAbort extends Error {
  override readonly name = "PolicyAbort";
}

/**
 * One policy with its own memory. It runs one evaluation at a time: `evaluate` is synchronous and refuses to be entered
 * twice. After a trap the instance is poisoned and must be replaced: Wasm's stack pointer and heap are then anywhere.
 */
export class PolicyInstance {
  readonly entrypoints: ReadonlyMap<string, number>;
  readonly #exports: PolicyExports;
  readonly #memory: WebAssembly.Memory;
  readonly #builtins: (HostBuiltin | undefined)[] = [];
  /** A view of the whole memory; made anew when the memory has grown. */
  #view: Buffer;
  #data: Address = 0;
  /** Where evaluations begin to allocate: behind the data document. */
  #heap: Address;
  /** Set while an evaluation runs. */
  #context: BuiltinContext | undefined;
  #poisoned = false;

  /**
   * @param used memory of an instance of the same options that is no more. It is filled with zeros, and so as good as new.
   * @throws PolicyModuleError when the ABI is another one or the policy needs a builtin that the host does not have.
   */
  constructor({ policy, memoryMaxBytes, builtins }: InstanceOptions, used?: WebAssembly.Memory) {
    const maximum = Math.max(pagesFor(memoryMaxBytes), policy.memoryMinPages);
    this.#memory = used ?? new WebAssembly.Memory({ initial: policy.memoryMinPages, maximum });
    if (used !== undefined) new Uint8Array(used.buffer).fill(0);
    const instance = new WebAssembly.Instance(policy.module, { env: this.#imports() });
    this.#exports = instance.exports as PolicyExports;
    this.#view = Buffer.from(this.#memory.buffer);
    assertAbiVersion(
      this.#exports.opa_wasm_abi_version.value,
      this.#exports.opa_wasm_abi_minor_version.value,
    );
    this.#exports.opa_malloc(0);
    this.#heap = this.#exports.opa_heap_ptr_get();
    this.entrypoints = this.#readIds(this.#exports.entrypoints());
    this.#linkBuiltins(builtins);
    this.#exports.opa_heap_ptr_set(this.#heap);
  }

  /** A trap happened in it: what its memory holds is not known any more. */
  get poisoned(): boolean {
    return this.#poisoned;
  }

  /** Gives its memory to another instance. It must not be used afterwards, and refuses to be. */
  surrenderMemory(): WebAssembly.Memory {
    this.#poisoned = true;
    return this.#memory;
  }

  /** Size of its memory. Wasm memory never shrinks. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Loads the data document, once, before the first evaluation.
   * @returns its image, for further instances of the same module.
   * @throws RegentError policy_trap when it is not a JSON object or does not fit.
   */
  loadData(json: Buffer): DataImage {
    const heap = this.#heap;
    return this.#guarded(() => {
      this.#data = this.#parse(json);
      if (this.#data === 0) throw new PolicyAbort("the data document is not JSON");
      this.#exports.opa_heap_blocks_stash?.();
      this.#heap = this.#exports.opa_heap_ptr_get();
      const start = heap + json.length;
      return {
        heap,
        start,
        bytes: new Uint8Array(this.#memory.buffer.slice(start, this.#heap)),
        value: this.#data,
      };
    });
  }

  /** Takes over a data document that another instance of the same module loaded. */
  adoptData(image: DataImage): void {
    if (image.heap !== this.#heap) throw new PolicyModuleError("the data image belongs to another module");
    this.#guarded(() => {
      const end = image.start + image.bytes.length;
      // Allocated first, so that the allocator knows how far memory has grown.
      this.#exports.opa_malloc(end - this.#heap);
      this.#refreshedView().set(image.bytes, image.start);
      this.#exports.opa_heap_ptr_set(end);
      this.#heap = end;
      this.#data = image.value;
    });
  }

  /**
   * Evaluates an entrypoint.
   *
   * Input is parsed by itself and not by the one-call `opa_eval`, which takes text that it cannot parse for "no input"
   * and goes on: then `not input.x` would hold. Both ways take the same time.
   * @param input one JSON document, as UTF-8 where it is bytes; undefined: the policy has no input.
   * @returns the result set as Rego writes it, see `resultOf`.
   * @throws RegentError policy_trap, or what the context's clock throws.
   */
  evaluate(entrypoint: number, input: string | Buffer | undefined, context: BuiltinContext): string {
    if (this.#poisoned || this.#context !== undefined)
      throw new RegentError("policy_trap", undefined, {
        cause: new Error("the instance is poisoned or already evaluating"),
      });
    this.#context = context;
    this.#exports.regent_steps.value = STEPS_PER_LOOK;
    try {
      return this.#guarded(() => {
        const result = this.#run(entrypoint, input === undefined ? 0 : this.#parseInput(input));
        this.#exports.opa_heap_ptr_set(this.#heap);
        return result;
      });
    } finally {
      this.#context = undefined;
    }
  }

  #run(entrypoint: number, input: Address): string {
    const wasm = this.#exports;
    const context = wasm.opa_eval_ctx_new();
    wasm.opa_eval_ctx_set_input(context, input);
    wasm.opa_eval_ctx_set_data(context, this.#data);
    wasm.opa_eval_ctx_set_entrypoint(context, entrypoint);
    if (wasm.eval(context) !== 0) throw new PolicyAbort("eval failed");
    return this.#readText(wasm.opa_value_dump(wasm.opa_eval_ctx_get_result(context)));
  }

  #parseInput(json: string | Buffer): Address {
    const value = this.#parse(json);
    if (value === 0) throw new PolicyAbort("the input is not JSON");
    return value;
  }

  /** Zero when the text cannot be parsed. */
  #parse(text: string | Buffer): Address {
    const bytes = Buffer.byteLength(text);
    const address = this.#exports.opa_malloc(bytes);
    const view = this.#refreshedView();
    if (typeof text === "string") view.write(text, address, "utf8");
    else view.set(text, address);
    return this.#exports.opa_value_parse(address, bytes);
  }

  /** Runs a piece of work in Wasm. Whatever it throws poisons the instance. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#poisoned = true;
      throw error instanceof RegentError
        ? error
        : new RegentError("policy_trap", undefined, { cause: error });
    }
  }

  #readText(address: Address): string {
    const view = this.#refreshedView();
    return address === 0 ? "" : view.toString("utf8", address, view.indexOf(0, address));
  }

  #refreshedView(): Buffer {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = Buffer.from(this.#memory.buffer);
    return this.#view;
  }

  #readIds(address: Address): ReadonlyMap<string, number> {
    return new Map(
      Object.entries(
        JSON.parse(this.#readText(this.#exports.opa_json_dump(address))) as Record<string, number>,
      ),
    );
  }

  #linkBuiltins(builtins: ReadonlyMap<string, HostBuiltin>): void {
    const ids = this.#readIds(this.#exports.builtins());
    const missing = [...ids.keys()].filter((name) => !builtins.has(name));
    if (missing.length > 0)
      throw new PolicyModuleError(
        `the policy needs builtins that Regent does not have: ${missing.join(", ")}; docs/builtins.md lists those that it has, regent policy build holds policies to them`,
      );
    for (const [name, id] of ids) this.#builtins[id] = builtins.get(name);
  }

  #imports(): WebAssembly.ModuleImports {
    return {
      memory: this.#memory,
      opa_abort: (message: Address) => {
        throw new PolicyAbort(this.#readText(message));
      },
      opa_println: (message: Address) => this.#context?.print(this.#readText(message)),
      opa_builtin0: (id: number) => (id === TICK ? this.#look() : this.#call(id, [])),
      opa_builtin1: (id: number, _: Address, a: Address) => this.#call(id, [a]),
      opa_builtin2: (id: number, _: Address, a: Address, b: Address) => this.#call(id, [a, b]),
      opa_builtin3: (id: number, _: Address, a: Address, b: Address, c: Address) => this.#call(id, [a, b, c]),
      opa_builtin4: (id: number, _: Address, a: Address, b: Address, c: Address, d: Address) =>
        this.#call(id, [a, b, c, d]),
    };
  }

  /** The policy has used up its steps: gives it more, unless its time is over. Loading data has no limit. */
  #look(): Address {
    this.#context?.checkTime();
    this.#exports.regent_steps.value = STEPS_PER_LOOK;
    return 0;
  }

  /** A builtin of the host. Its result is undefined (0) when it reports a {@link BuiltinError}, as in OPA. */
  #call(id: number, addresses: readonly Address[]): Address {
    const builtin = this.#builtins[id];
    const context = this.#context;
    if (builtin === undefined || context === undefined) throw new PolicyAbort(`no builtin has the id ${id}`);
    const texts = addresses.map((address) => this.#readText(this.#exports.opa_value_dump(address)));
    this.#exports.regent_steps.value -= texts.reduce(
      (steps, text) => steps + text.length / BYTES_PER_STEP,
      1,
    );
    const args = texts.map(parseRego);
    const result = callBuiltin(builtin, args, context);
    if (result === undefined) return 0;
    const value = this.#parse(renderRego(result));
    if (value === 0) throw new PolicyAbort(`${builtin.name} gave a value that cannot be read`);
    return value;
  }
}

function callBuiltin(
  builtin: HostBuiltin,
  args: readonly RegoValue[],
  context: BuiltinContext,
): RegoValue | undefined {
  try {
    return builtin.call(args, context);
  } catch (error) {
    if (error instanceof BuiltinError) return undefined;
    if (error instanceof RegentError) throw error;
    throw new PolicyAbort(`the builtin ${builtin.name} failed: ${String(error)}`, { cause: error });
  }
}
