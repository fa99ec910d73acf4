import type { JsonValue } from "../../../src/exchange/json.ts";
import type { Policies } from "../../../src/policy/policies.ts";

/** How a fake answers one entrypoint. */
export type Evaluate = (
  entrypoint: string,
  input: Buffer,
) => Promise<{ readonly result: JsonValue | undefined; readonly revision: string }>;

/** Policies of which every entrypoint is there and answers by a script. */
export function fakePolicies(evaluate: Evaluate): Policies {
  return {
    revision: "r7",
    bundles: { main: { revision: "r7" } },
    has: () => true,
    reads: () => true,
    async evaluate(entrypoint, input) {
      if (!Buffer.isBuffer(input)) throw new TypeError("the input is handed over as bytes");
      return { ...(await evaluate(entrypoint, input)), durationMs: 1 };
    },
  };
}
