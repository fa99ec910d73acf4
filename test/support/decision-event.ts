import type { DecidingPolicies, DecisionEvent } from "../../src/decision-log/event.ts";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";

/** Policies that have no rules about the log, or those that a test gives: path of the rule to what it answers. */
export function decidingPolicies(
  rules: { readonly [entrypoint: string]: (event: JsonObject) => JsonValue | undefined } = {},
): DecidingPolicies {
  return {
    revision: "r7",
    bundles: { main: { revision: "r7" } },
    has: (entrypoint) => Object.hasOwn(rules, entrypoint),
    async evaluate(entrypoint, input) {
      const event = JSON.parse(String(input)) as JsonObject;
      return { result: rules[entrypoint]?.(event), revision: "r7", durationMs: 0.1 };
    },
  };
}

/** A decision like those of traffic. */
export function decisionEvent(changes: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    decisionId: crypto.randomUUID(),
    entrypoint: "regent/request/decision",
    input: Buffer.from(
      '{"request":{"method":"POST","headers":{"accept":["*/*"]}},"identity":{"tenant":"acme"}}',
    ),
    result: { allow: true, reasons: [] },
    policies: decidingPolicies(),
    timestamp: Date.UTC(2024, 1, 3, 4, 5, 6, 780),
    metrics: { timer_rego_query_eval_ns: 51_000, timer_server_handler_ns: 93_000 },
    ...changes,
  };
}
