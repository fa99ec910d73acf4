import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Candidate } from "../exchange/model.ts";
import type { RewrittenRequest } from "../formats/index.ts";
import { applyPatch, type JsonDocument, JsonEditError, readJson } from "../wire/json/index.ts";
import type { ReadBody } from "./body.ts";
import type { Context } from "./context.ts";
import type { RedactedTexts } from "./redact.ts";

/** What goes upstream in the place of what came; undefined members are as they were. */
export type Rewritten = {
  readonly body: Buffer | undefined;
  readonly headers: NonNullable<RewrittenRequest["headers"]>;
  readonly pathname: string | undefined;
};

/**
 * The request that goes upstream, where it is not the one that came: personal data masked, the model named as the chosen
 * version is called upstream, a stream made to report its usage, and what policy patches. All else keeps its bytes.
 *
 * @throws RegentError obligation_unsupported when policy's patch does not fit this body
 */
export function rewriteRequest(
  context: Context,
  decision: Decision,
  read: ReadBody,
  candidate: Candidate | undefined,
  redacted: RedactedTexts,
): Rewritten {
  try {
    const changed = changesOf(context, read, candidate, redacted);
    const body = patch(decision, read, changed?.bytes ?? read.document?.bytes);
    const same = body === read.document?.bytes || body === read.body;
    return { body: same ? undefined : body, headers: changed?.headers ?? [], pathname: changed?.pathname };
  } catch (error) {
    if (!(error instanceof JsonEditError)) throw error;
    const detail = `The body cannot be changed as policy asks: ${error.message}`;
    throw new RegentError("obligation_unsupported", detail, { cause: error });
  }
}

function changesOf(
  { account }: Context,
  { request }: ReadBody,
  candidate: Candidate | undefined,
  { texts }: RedactedTexts,
): RewrittenRequest | undefined {
  if (request === undefined || candidate === undefined) return undefined;
  const { name } = candidate.version;
  const changed = request.rewrite({
    texts,
    model: name === request.inference.model ? undefined : name,
    // ext_authz alone sees no answer, so there is nothing to ask for.
    askForUsage: account.exchange.protocol === "ext_proc",
  });
  account.usageIsHidden = changed.asksForUsage;
  return changed;
}

/** A patch is applied to what the edits made, so that it sees the body that goes upstream. */
function patch(
  { transform: { bodyPatch } }: Decision,
  { document, request }: ReadBody,
  bytes: Buffer | undefined,
): Buffer | undefined {
  if (bodyPatch.length === 0) return bytes;
  if (bytes === undefined || document === undefined || request?.isWhole === false)
    throw new RegentError("obligation_unsupported", "Policy patches a body that is not JSON.");
  return applyPatch(bytes === document.bytes ? document : reread(bytes), bodyPatch);
}

function reread(bytes: Buffer): JsonDocument {
  const result = readJson(bytes);
  if (!result.ok) throw new RegentError("internal_error", undefined, { cause: result.fault });
  return result.document;
}
