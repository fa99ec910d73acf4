import type { FormatName } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import type { TensorInterface } from "../../exchange/model-interface.ts";
import type { Layout } from "../../formats/tfserving/layout.ts";
import type {
  AnswerFacts,
  RequestFacts,
  TranslatedRequest,
  TranslatedResponse,
  Warn,
} from "../translation.ts";
import type { TensorValue } from "./value.ts";

/** A request to infer, as all dialects of tensors have it. */
export type TensorRequest = {
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly tensors: readonly TensorValue[];
  /** How they lay, where the dialect has layouts. */
  readonly layout: Layout | undefined;
  readonly id: string | undefined;
  /** Names of the outputs asked for; undefined for all. */
  readonly outputs: readonly string[] | undefined;
  /** The model's own parameters. */
  readonly parameters: JsonObject;
};

/** An answer, as all dialects of tensors have it. */
export type TensorReply = {
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly tensors: readonly TensorValue[];
  readonly id: string | undefined;
  readonly parameters: JsonObject;
};

/** One dialect of tensors. Readers warn of what the common types have no place for, writers of what theirs has none for. */
export type TensorDialect = {
  readonly name: FormatName;
  /** @throws RegentError body_invalid or translation_unsupported, naming the member */
  readRequest(bytes: Buffer, facts: RequestFacts, declared: TensorInterface, warn: Warn): TensorRequest;
  writeRequest(request: TensorRequest, declared: TensorInterface, warn: Warn): TranslatedRequest;
  /** @throws RegentError body_invalid; here the fault is the upstream's */
  readReply(bytes: Buffer, facts: AnswerFacts, warn: Warn): TensorReply | { readonly failure: string };
  writeReply(
    reply: TensorReply,
    facts: AnswerFacts,
    declared: TensorInterface,
    warn: Warn,
  ): TranslatedResponse;
  writeFailure(message: string, facts: AnswerFacts): TranslatedResponse;
};
