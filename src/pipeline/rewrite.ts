import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Inference } from "../exchange/inference.ts";
import type { Candidate } from "../exchange/model.ts";
import {
  applyPatch,
  editJson,
  type JsonDocument,
  type JsonEdit,
  JsonEditError,
  readJson,
} from "../wire/json/index.ts";
import type { ReadBody } from "./body.ts";
import type { Context } from "./context.ts";
import type { RedactedTexts } from "./redact.ts";

/**
 * The body that goes upstream, when it is not the one that came: personal data masked, the model named as the chosen
 * version is called upstream, a stream made to report its usage, and what policy patches. All else keeps its bytes.
 *
 * @throws RegentError obligation_unsupported when policy's patch does not fit this body
 */
export function rewriteBody(
  context: Context,
  decision: Decision,
  { document, inference }: ReadBody,
  candidate: Candidate | undefined,
  redacted: RedactedTexts,
): Buffer | undefined {
  const { bodyPatch } = decision.transform;
  if (document === undefined) {
    if (bodyPatch.length === 0) return undefined;
    throw new RegentError("obligation_unsupported", "Policy patches a body that is not JSON.");
  }
  const edits = editsOf(context, document, inference, candidate, redacted);
  try {
    const edited = edits.length === 0 ? document.bytes : editJson(document, edits);
    const patched = bodyPatch.length === 0 ? edited : applyPatch(reread(edited), bodyPatch);
    return patched === document.bytes ? undefined : patched;
  } catch (error) {
    if (!(error instanceof JsonEditError)) throw error;
    throw new RegentError(
      "obligation_unsupported",
      `The body cannot be changed as policy asks: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function editsOf(
  { detection, account }: Context,
  document: JsonDocument,
  inference: Inference | undefined,
  candidate: Candidate | undefined,
  redacted: RedactedTexts,
): JsonEdit[] {
  if (detection.kind !== "inference" || inference === undefined || candidate === undefined) return [];
  const { format } = detection;
  const renamed = candidate.version.name !== inference.model;
  // ext_authz alone sees no answer, so there is nothing to ask for.
  const usage = account.exchange.protocol === "ext_authz" ? [] : format.askForUsage(document, inference);
  account.usageIsHidden = usage.length > 0;
  return [
    ...redacted.texts.map(({ part, text }) => format.replaceText(part, text)),
    ...(renamed ? format.rewriteModel(candidate.version.name) : []),
    ...usage,
  ];
}

/** A patch is applied to what the edits made, so that it sees the body that goes upstream. */
function reread(bytes: Buffer): JsonDocument {
  const result = readJson(bytes);
  if (!result.ok) throw new RegentError("internal_error", undefined, { cause: result.fault });
  return result.document;
}
