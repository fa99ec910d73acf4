import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { TensorInterface } from "../../exchange/model-interface.ts";
import { bareFailure, blamingUpstream, FIRST_ERROR_STATUS } from "../blame.ts";
import type { AnswerFacts, Translator, Warn } from "../translation.ts";
import { replyAsDeclared, requestAsDeclared } from "./declared.ts";
import type { TensorDialect, TensorReply } from "./dialect.ts";
import { kserveV1Tensors } from "./kserve-v1.ts";
import { kserveV2Tensors } from "./kserve-v2.ts";
import { tfservingTensors } from "./tfserving.ts";

export { parseSignature } from "./signature.ts";

/** Every dialect of tensors. */
export const TENSOR_DIALECTS: readonly TensorDialect[] = [kserveV2Tensors, kserveV1Tensors, tfservingTensors];

/** Undefined where one of the two is no dialect of tensors, and for a dialect with itself. */
export function tensorTranslator(
  from: FormatName,
  to: FormatName,
  declared: TensorInterface = {},
): Translator | undefined {
  const source = TENSOR_DIALECTS.find(({ name }) => name === from);
  const target = TENSOR_DIALECTS.find(({ name }) => name === to);
  if (source === undefined || target === undefined || source === target) return undefined;
  return {
    from,
    to,
    request(bytes, facts, warn) {
      const request = source.readRequest(bytes, facts, declared, warn);
      return target.writeRequest(requestAsDeclared(request, declared), declared, warn);
    },
    response(bytes, facts, warn) {
      const reply = replyOf(source, bytes, facts, warn);
      if ("failure" in reply) return { ...target.writeFailure(reply.failure, facts), isFailure: true };
      return blamingUpstream(() =>
        target.writeReply(replyAsDeclared(reply, declared), facts, declared, warn),
      );
    },
  };
}

/** What comes with the status of an error need not be of the dialect. */
function replyOf(
  source: TensorDialect,
  bytes: Buffer,
  facts: AnswerFacts,
  warn: Warn,
): TensorReply | { readonly failure: string } {
  try {
    return blamingUpstream(() => source.readReply(bytes, facts, warn));
  } catch (error) {
    const { code } = RegentError.from(error);
    if (code !== "upstream_invalid" || facts.status < FIRST_ERROR_STATUS) throw error;
    return { failure: bareFailure(facts.status) };
  }
}
