import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Finding } from "../exchange/finding.ts";
import type { Inference, TextPart } from "../exchange/inference.ts";
import { INSPECTION_TRUNCATED, maskText } from "../inspection/index.ts";

/** The texts that change because policy asked for personal data to go, and how many findings of each type went. */
export type RedactedTexts = {
  readonly texts: readonly { readonly part: TextPart; readonly text: string }[];
  readonly counts: ReadonlyMap<string, number>;
};

const NOTHING: RedactedTexts = { texts: [], counts: new Map() };

/**
 * Carries out the `redact` obligations on a request.
 *
 * @throws RegentError content_blocked when policy blocks a type that was found
 * @param bodyBytes of the request, since nothing was looked for in a body that is no inference
 * @throws RegentError obligation_unsupported for an action that cannot be carried out
 */
export function redactRequest(
  decision: Decision,
  inference: Inference | undefined,
  findings: readonly Finding[],
  bodyBytes: number,
): RedactedTexts {
  const actions = redactActions(decision, "request");
  // What will be asked of the answer is looked at before the request goes anywhere.
  redactActions(decision, "response");
  if (inference === undefined && actions.size > 0 && bodyBytes > 0) {
    throw new RegentError(
      "obligation_unsupported",
      "Redaction of a body that is no inference is not supported.",
    );
  }
  if (actions.size > 0 && findings.some((finding) => finding.type === INSPECTION_TRUNCATED)) {
    throw new RegentError(
      "content_blocked",
      "The request holds more personal data than can be taken out of it.",
    );
  }
  const concerned = findings.filter((finding) => actions.has(finding.type));
  if (concerned.length === 0 || inference === undefined) return NOTHING;
  const counts = new Map<string, number>();
  for (const { type } of concerned) {
    if (actions.get(type) === "block") {
      throw new RegentError(
        "content_blocked",
        `The request contains ${type}, which policy does not let through.`,
      );
    }
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const byPointer = Map.groupBy(concerned, (finding) => finding.pointer);
  const texts = inference.textParts.flatMap((part) => {
    const found = byPointer.get(part.pointer);
    return found === undefined ? [] : [{ part, text: redactText(part.text, found, actions) }];
  });
  return { texts, counts };
}

export type RedactAction = "mask" | "hash" | "block";

/**
 * What a decision asks to be done with the findings of one side, by their type.
 *
 * @throws RegentError obligation_unsupported for an action that cannot be carried out
 */
export function redactActions(
  decision: Decision,
  side: "request" | "response",
): ReadonlyMap<string, RedactAction> {
  const actions = new Map<string, RedactAction>();
  for (const { type, action, where } of decision.redact) {
    if (where !== side && where !== "both") continue;
    if (action === "tokenize") {
      throw new RegentError("obligation_unsupported", `Tokenizing ${type} is not supported.`);
    }
    actions.set(type, stricter(actions.get(type), action));
  }
  return actions;
}

/** Two rules may name one type: what takes more away wins. */
export function stricter(known: RedactAction | undefined, action: RedactAction): RedactAction {
  if (known === "block" || action === "block") return "block";
  return known === "mask" || action === "mask" ? "mask" : "hash";
}

function redactText(
  text: string,
  findings: readonly Finding[],
  actions: ReadonlyMap<string, RedactAction>,
): string {
  return maskText(text, findings, (type) => (actions.get(type) === "hash" ? "hash" : "mask"));
}
