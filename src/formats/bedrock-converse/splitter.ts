import { type AwsMessage, encodeAwsMessage } from "../../wire/aws-event-stream.ts";
import { type AnswerPart, BESIDE, jsonPart, uninspectable } from "../answer-parts.ts";
import { type AnswerSplitter, openSplitter, type Splitting } from "../answer-splitter.ts";
import { AWS_MESSAGES, textIn } from "./stream.ts";
import { answerTexts } from "./texts.ts";

/** Takes apart the messages of a stream. One in which something is changed is written anew, with its headers as they were. */
const SPLITTING: Splitting<AwsMessage> = {
  part: (message, bytes) => messagePart(message, bytes),
};

export function openMessages(): AnswerSplitter {
  return openSplitter(AWS_MESSAGES, SPLITTING);
}

function messagePart(message: AwsMessage, bytes: Buffer): AnswerPart {
  const { headers, payload } = message;
  const beside = headersText(message);
  // What is an error by its headers has no payload.
  const said =
    payload.length === 0
      ? { texts: [], ended: [], rewrite: () => undefined }
      : jsonPart(payload, (value) => answerTexts.event(value, textIn(message, ":event-type")));
  return {
    bytes,
    texts: beside === "" ? said.texts : [...said.texts, { pointer: BESIDE, text: beside }],
    ended: said.ended,
    rewrite(edits) {
      if (edits.some(({ pointer }) => pointer === BESIDE)) return undefined;
      const rewritten = said.rewrite(edits);
      return rewritten && encoded({ headers, payload: rewritten });
    },
  };
}

/** A message that grew beyond all bounds cannot be sent. */
function encoded({ headers, payload }: Pick<AwsMessage, "headers" | "payload">): Buffer | undefined {
  try {
    return encodeAwsMessage(headers, payload);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What headers say besides words of the protocol: they reach the client too. */
function headersText({ headers }: AwsMessage): string {
  const said: string[] = [];
  for (const [name, header] of headers) {
    if (header.type === "bytes") throw uninspectable(`its header ${name} is no text`);
    if (!SILENT_NAMES.has(name)) said.push(name);
    if (header.type === "string" && !SILENT_VALUE.test(header.value)) said.push(header.value);
  }
  return said.join("\n");
}

const SILENT_NAMES: ReadonlySet<string> = new Set([
  ":message-type",
  ":event-type",
  ":exception-type",
  ":content-type",
  ":error-code",
  ":error-message",
]);

/** Names of events and exceptions, and media types. */
const SILENT_VALUE = /^[A-Za-z]{0,64}(?:\/[a-z.+-]{0,64})?$/;
