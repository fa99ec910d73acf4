import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import { bareFailure, blamingUpstream, FIRST_ERROR_STATUS } from "../blame.ts";
import type { AnswerFacts, Translator, Warn } from "../translation.ts";
import type { TensorDialect, TensorReply } from "./dialect.ts";
import { kserveV1Tensors } from "./kserve-v1.ts";
import { kserveV2Tensors } from "./kserve-v2.ts";
import type { TensorOptions } from "./signature.ts";
import { tfservingTensors } from "./tfserving.ts";

export { type ModelSignature, parseSignature, type TensorFacts, type TensorOptions } from "./signature.ts";

/** Every dialect of tensors. */
export const TENSOR_DIALECTS: readonly TensorDialect[] = [kserveV2Tensors, kserveV1Tensors, tfservingTensors];

/** Undefined where one of the two is no dialect of tensors, and for a dialect with itself. */
export function tensorTranslator(
  from: FormatName,
  to: FormatName,
  options: TensorOptions = {},
): Translator | undefined {
  const source = TENSOR_DIALECTS.find(({ name }) => name === from);
  const target = TENSOR_DIALECTS.find(({ name }) => name === to);
  if (source === undefined || target === undefined || source === target) return undefined;
  return {
    from,
    to,
    request: (bytes, facts, warn) =>
      target.writeRequest(source.readRequest(bytes, facts, options, warn), options, warn),
    response(bytes, facts, warn) {
      const reply = replyOf(source, bytes, facts, options, warn);
      if ("failure" in reply) return target.writeFailure(reply.failure, facts);
      return blamingUpstream(() => target.writeReply(reply, facts, options, warn));
    },
  };
}

/** What comes with the status of an error need not be of the dialect. */
function replyOf(
  source: TensorDialect,
  bytes: Buffer,
  facts: AnswerFacts,
  options: TensorOptions,
  warn: Warn,
): TensorReply | { readonly failure: string } {
  try {
    return blamingUpstream(() => source.readReply(bytes, facts, options, warn));
  } catch (error) {
    const { code } = RegentError.from(error);
    if (code !== "upstream_invalid" || facts.status < FIRST_ERROR_STATUS) throw error;
    return { failure: bareFailure(facts.status) };
  }
}
