import type { FormatName } from "../../exchange/inference.ts";
import type {
  AnswerFacts,
  RequestFacts,
  TranslatedRequest,
  TranslatedResponse,
  Warn,
} from "../translation.ts";
import type { Conversation, Failure, Reply, StreamEvent } from "./conversation.ts";

/**
 * One dialect of chat, read and written. Readers warn of what a {@link Conversation} has no place for, writers of what
 * their dialect has none for; together they tell everything that is lost.
 */
export type ChatDialect = {
  readonly name: FormatName;
  /** Names of the {@link Conversation.settings} that `writeRequest` carries or tells of; the translator tells of the others. */
  readonly settings?: ReadonlySet<string>;
  /** @throws RegentError body_invalid or translation_unsupported */
  readRequest(bytes: Buffer, facts: RequestFacts, warn: Warn): Conversation;
  writeRequest(conversation: Conversation, warn: Warn): TranslatedRequest;
  /** @throws RegentError upstream_invalid when the body is none of the dialect */
  readReply(bytes: Buffer, facts: AnswerFacts, warn: Warn): Reply | { readonly failure: Failure };
  writeReply(reply: Reply, facts: AnswerFacts, warn: Warn): TranslatedResponse;
  writeFailure(failure: Failure, facts: AnswerFacts): TranslatedResponse;
  readStream(facts: AnswerFacts, warn: Warn): ChatStreamReader;
  writeStream(facts: AnswerFacts, warn: Warn): ChatStreamWriter;
};

/** Reads the bytes of a stream, wherever they are cut. */
export type ChatStreamReader = {
  /** The events in these bytes; `fault` after them when it cannot be read on. */
  push(chunk: Buffer): { readonly events: readonly StreamEvent[]; readonly fault: string | undefined };
  /** The source has ended: what that means, `end` included where the dialect ends so. */
  finish(): readonly StreamEvent[];
};

/** Writes a stream, one piece an event; empty where the dialect says nothing of it yet. */
export type ChatStreamWriter = { write(event: StreamEvent): Buffer };
