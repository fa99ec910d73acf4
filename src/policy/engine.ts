import { HOST_BUILTINS } from "./builtins/host.ts";
import { BundleError } from "./bundle/error.ts";
import { BundleSlot, type BundleStatus } from "./bundle-slot.ts";
import { systemClock } from "./clock.ts";
import { type PolicyLog, printToLog } from "./log.ts";
import type { Policies } from "./policies.ts";
import { READS_EVERYTHING } from "./reads/reads.ts";
import { resultValue } from "./result.ts";
import type { PolicyRevision } from "./revision.ts";

/** What the rest of Regent asks of policy. */
export type PolicyEngine = {
  /** A bundle is active. */
  readonly ready: boolean;
  /** Revision of the active bundle; empty while there is none. */
  readonly revision: string;
  /**
   * The policies that decide an exchange that begins now.
   * @param subject who the choice between two revisions is stable for.
   */
  for(subject: string): Policies;
};

/** The engine as the process that owns it sees it. */
export type ManagedPolicyEngine = PolicyEngine & {
  /** One entry for each bundle. */
  status(): readonly BundleStatus[];
  /** Reads the bundle again now; resolves when it is active or was refused. */
  reload(): Promise<void>;
  /** Stops watching. */
  close(): void;
};

export type PolicyEngineOptions = {
  /** Where the bundles are: files as `opa build -t wasm` writes them. Exactly one for now. */
  readonly bundles: readonly { readonly name: string; readonly path: string }[];
  /** Entrypoints of governance: a bundle is refused unless each gives a decision of the contract for an empty input. */
  readonly decisions?: readonly string[];
  /** Further entrypoints that a bundle must have, with answers of any form. */
  readonly entrypoints?: readonly string[];
  readonly log: PolicyLog;
  /** Follow changes of the files; true unless said otherwise. */
  readonly watch?: boolean;
  /** Milliseconds between two looks at a file where no event comes. */
  readonly pollMs?: number;
  readonly memoryMaxBytes?: number;
  /** CPU time of one evaluation at most, milliseconds. */
  readonly timeLimitMs?: number;
  /** Nanoseconds since the epoch, for `time.now_ns`. */
  readonly clock?: () => bigint;
};

/**
 * Loads the bundle and keeps it loaded: a new one is activated when it proves good, and the last good one goes on
 * deciding when it does not.
 * @throws BundleError when the first bundle is missing or bad; the message names it and says why.
 */
export async function createPolicyEngine(options: PolicyEngineOptions): Promise<ManagedPolicyEngine> {
  const [source, ...others] = options.bundles;
  if (source === undefined) throw new BundleError("no policy bundle is configured");
  if (others.length > 0)
    throw new BundleError(
      "several policy bundles are configured; Regent takes one for now: build them into one",
    );

  const slot = await BundleSlot.open(source, {
    decisions: options.decisions ?? [],
    entrypoints: options.entrypoints ?? [],
    log: options.log,
    watch: options.watch ?? true,
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    revision: {
      builtins: HOST_BUILTINS,
      clock: options.clock ?? systemClock,
      print: printToLog(options.log, source.name),
      ...(options.memoryMaxBytes === undefined ? {} : { memoryMaxBytes: options.memoryMaxBytes }),
      ...(options.timeLimitMs === undefined ? {} : { timeLimitMs: options.timeLimitMs }),
    },
  });

  return {
    // There is no engine without an active bundle: the first one must be good, and a bad one never takes its place.
    ready: true,
    get revision() {
      return slot.active.bundle.revision;
    },
    for: () => policiesOf(source.name, slot.active),
    status: () => [slot.status],
    reload: () => slot.reload(),
    close: () => slot.close(),
  };
}

function policiesOf(bundle: string, active: PolicyRevision): Policies {
  const { revision } = active.bundle;
  return {
    revision,
    bundles: { [bundle]: { revision } },
    has: (entrypoint) => active.has(entrypoint),
    reads: () => READS_EVERYTHING,
    async evaluate(entrypoint, input) {
      const startedAt = performance.now();
      const { result, nondeterministic } = active.evaluate(entrypoint, input);
      return {
        result: result === undefined ? undefined : resultValue(result),
        revision,
        durationMs: performance.now() - startedAt,
        ...(nondeterministic === undefined ? {} : { nondeterministic }),
      };
    },
  };
}
