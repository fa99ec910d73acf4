import { RegentError } from "../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { HostBuiltin } from "./builtins/builtin.ts";
import { BundleError } from "./bundle/error.ts";
import { EvaluationContext } from "./context.ts";
import { resultOf } from "./result.ts";
import { type DataImage, type InstanceOptions, PolicyInstance } from "./wasm/instance.ts";
import { compilePolicyModule, type PolicyModule } from "./wasm/module.ts";
import { evaluateBounded } from "./worker/hand-over.ts";
import type { RemotePolicy } from "./worker/messages.ts";
import type { EvaluationPool } from "./worker/pool.ts";

/**
 * Linear memory of one policy instance at most: the data document, the input and everything in between. Parsed JSON
 * takes two to four times its text where that is prose, and up to 140 times where it is `[1,1,1,…]`: a body of 4 MiB
 * needs some 20 MB as a rule; one of the worst kind is refused from 2.5 MB on.
 */
export const MEMORY_BYTES_MAX = 256 * 1024 * 1024;

/**
 * An instance whose memory has grown by so much since its data was loaded is replaced after the evaluation: Wasm
 * memory never shrinks, and one large body must not be paid for until the next bundle.
 */
export const MEMORY_GROWTH_BYTES_MAX = 64 * 1024 * 1024;

/**
 * An instance that is replaced hands its memory on when it has not grown by more: zeros are written at some 10 GB/s, while
 * memories that come and go have V8 collect garbage, 10 ms at a time, whenever hostile bodies come.
 */
export const REUSED_GROWTH_BYTES_MAX = 16 * 1024 * 1024;

/** CPU time of one evaluation at most, milliseconds. The shipped policies need 0.1. */
export const TIME_LIMIT_MS = 50;

export type RevisionOptions = {
  readonly builtins: ReadonlyMap<string, HostBuiltin>;
  /** Nanoseconds since the epoch. */
  readonly clock: () => bigint;
  /** Takes what policies print. */
  readonly print: (line: string) => void;
  readonly memoryMaxBytes?: number;
  /** {@link TIME_LIMIT_MS} unless said otherwise. */
  readonly timeLimitMs?: number;
  /** What `opa.runtime()` gives; nothing unless said otherwise. */
  readonly runtime?: JsonObject | undefined;
  /** Threads for what takes longer than the thread that serves can give it; without them all of it runs there. */
  readonly pool?: EvaluationPool;
};

export type RevisionEvaluation = {
  /** The result as Rego text, for `resultValue` and `resultJson`; undefined when the entrypoint is undefined. */
  readonly result: string | undefined;
  readonly nondeterministic: JsonObject | undefined;
};

/** What is evaluated: a module with the data that it reads. */
export type Executable = {
  readonly wasm: Buffer;
  /** The data document: JSON in UTF-8, an object. */
  readonly data: Buffer;
  /** Entrypoints that somebody promised of the module. */
  readonly entrypoints: readonly string[];
};

/** An instance with the data in its memory. */
type Loaded = {
  instance: PolicyInstance;
  readonly data: DataImage;
  /** Memory of an instance that has loaded the data and evaluated nothing. */
  readonly freshBytes: number;
  /** The same for other threads. */
  readonly remote: RemotePolicy;
};

/**
 * One module made ready to evaluate. It owns one instance, which runs one evaluation at a time because evaluating is
 * synchronous. A trap costs that evaluation and its instance, nothing else. At rest it has no instance and makes one
 * when it is asked again.
 */
export class PolicyRevision {
  readonly entrypoints: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #json: Buffer;
  readonly #instanceOptions: InstanceOptions;
  readonly #options: RevisionOptions;
  #loaded: Loaded | undefined;

  private constructor(json: Buffer, instanceOptions: InstanceOptions, options: RevisionOptions) {
    this.#json = json;
    this.#instanceOptions = instanceOptions;
    this.#options = options;
    this.#ids = this.#awake().instance.entrypoints;
    this.entrypoints = [...this.#ids.keys()];
  }

  /**
   * Compiles a policy and loads its data.
   * @param known the same module, when it is compiled already
   * @throws BundleError, PolicyModuleError, RegentError policy_trap
   */
  static async create(
    { wasm, data, entrypoints }: Executable,
    options: RevisionOptions,
    known?: PolicyModule,
  ): Promise<PolicyRevision> {
    const policy = known ?? (await compilePolicyModule(wasm));
    const memoryMaxBytes = options.memoryMaxBytes ?? MEMORY_BYTES_MAX;
    const revision = new PolicyRevision(
      data,
      { policy, memoryMaxBytes, builtins: options.builtins },
      options,
    );
    revision.assertEntrypoints(entrypoints);
    return revision;
  }

  /** The compiled module, for a revision of it with other data. */
  get module(): PolicyModule {
    return this.#instanceOptions.policy;
  }

  /** What an evaluation need not read itself: values of an earlier one, and what it runs in. */
  #known(replay: JsonObject | undefined): JsonObject {
    const { runtime } = this.#options;
    return { ...(runtime === undefined ? {} : { "opa.runtime": { "[]": runtime } }), ...replay };
  }

  /** Memory that its instance holds now; 0 at rest. */
  get memoryBytes(): number {
    return this.#loaded?.instance.memoryBytes ?? 0;
  }

  /** Gives its instance up until it is asked again: what is asked seldom need not hold memory. */
  rest(): void {
    this.#loaded = undefined;
  }

  has(entrypoint: string): boolean {
    return this.#ids.has(entrypoint);
  }

  /** @throws BundleError that names the entrypoints that are missing and those that exist. */
  assertEntrypoints(entrypoints: readonly string[]): void {
    const missing = entrypoints.filter((entrypoint) => !this.has(entrypoint));
    if (missing.length === 0) return;
    throw new BundleError(
      `it has no entrypoint ${missing.join(", ")}; it has ${this.entrypoints.join(", ") || "none"}`,
    );
  }

  /**
   * Evaluates an entrypoint.
   * @param input JSON in UTF-8, or a value; undefined: the policy has no input.
   * @param replay values that an earlier evaluation recorded.
   * @param limits CPU time for this evaluation, where it is another than the revision's
   * @throws RegentError policy_trap, policy_timeout, policy_unavailable
   */
  evaluate(
    entrypoint: string,
    input: JsonValue | Buffer | undefined,
    replay?: JsonObject,
    limits: { readonly timeLimitMs?: number } = {},
  ): RevisionEvaluation {
    const id = this.#idOf(entrypoint);
    const { clock, print, timeLimitMs = TIME_LIMIT_MS } = { ...this.#options, ...limits };
    const context = new EvaluationContext({
      clock,
      print,
      timeLimitMs,
      replay: this.#known(replay),
    });
    const resultSet = this.#evaluateHere(id, inputText(input), context);
    return { result: resultOf(resultSet), nondeterministic: context.recorded };
  }

  /**
   * As `evaluate`, for the thread that serves all exchanges: what takes long goes on in another thread, where there are
   * any.
   */
  async decide(
    entrypoint: string,
    input: JsonValue | Buffer | undefined,
    replay?: JsonObject,
  ): Promise<RevisionEvaluation> {
    const { clock, print, timeLimitMs = TIME_LIMIT_MS, pool } = this.#options;
    if (pool === undefined) return this.evaluate(entrypoint, input, replay);
    const id = this.#idOf(entrypoint);
    const text = inputText(input);
    const { remote } = this.#awake();
    const { resultSet, nondeterministic } = await evaluateBounded(pool, {
      ...{ remote, entrypoint: id, input: text, replay: this.#known(replay), timeLimitMs, clock, print },
      here: (context) => this.#evaluateHere(id, text, context),
    });
    return { result: resultOf(resultSet), nondeterministic };
  }

  #idOf(entrypoint: string): number {
    const id = this.#ids.get(entrypoint);
    if (id !== undefined) return id;
    throw new RegentError("policy_unavailable", `The policy has no entrypoint ${entrypoint}.`);
  }

  #evaluateHere(id: number, input: string | Buffer | undefined, context: EvaluationContext): string {
    try {
      return this.#awake().instance.evaluate(id, input, context);
    } finally {
      this.#replaceWornInstance();
    }
  }

  #awake(): Loaded {
    if (this.#loaded === undefined) {
      const instance = new PolicyInstance(this.#instanceOptions);
      const data = instance.loadData(this.#json);
      const { policy, memoryMaxBytes } = this.#instanceOptions;
      const remote = { policy, data, memoryMaxBytes };
      this.#loaded = { instance, data, freshBytes: instance.memoryBytes, remote };
    }
    return this.#loaded;
  }

  #replaceWornInstance(): void {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const { instance, data, freshBytes } = loaded;
    if (!instance.poisoned && instance.memoryBytes - freshBytes <= MEMORY_GROWTH_BYTES_MAX) return;
    const isSmall = instance.memoryBytes - freshBytes <= REUSED_GROWTH_BYTES_MAX;
    const used = isSmall ? instance.surrenderMemory() : undefined;
    loaded.instance = new PolicyInstance(this.#instanceOptions, used);
    loaded.instance.adoptData(data);
  }
}

function inputText(input: JsonValue | Buffer | undefined): string | Buffer | undefined {
  if (input === undefined || Buffer.isBuffer(input)) return input;
  const text = JSON.stringify(input);
  return text.includes("\\ud") ? text.replace(LONE_SURROGATES, wellFormed) : text;
}

/**
 * JSON.stringify escapes surrogates only where one stands alone. OPA's parser aborts at those, so they become U+FFFD,
 * as they do in OPA itself. Escaped backslashes are matched along, so that text that looks like an escape stays.
 */
const LONE_SURROGATES = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g;

function wellFormed(found: string): string {
  return found.length === 2 ? found : "\ufffd";
}
