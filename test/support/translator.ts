import type { JsonObject } from "../../src/exchange/json.ts";
import type { Rooms } from "../../src/pipeline/rooms.ts";
import type { Translator, Warn } from "../../src/translation/index.ts";

/** What a test wants of a translator that is none of the product's. */
export type ScriptedTranslation = {
  /** The body that a target gets; `{"was": …}` unless said otherwise. */
  readonly request?: (bytes: Buffer, warn: Warn) => Buffer;
  /** The body that a client gets; the same as the target's unless said otherwise. */
  readonly response?: (bytes: Buffer, warn: Warn) => Buffer;
  readonly stream?: Translator["stream"];
};

/** Translates OpenAI's chat to Anthropic's messages and back as a script says, and nothing else. */
export function scriptedTranslators(script: ScriptedTranslation): Rooms["translation"]["translatorOf"] {
  const there: Translator = {
    from: "openai-chat",
    to: "anthropic-messages",
    request: (bytes, _, warn) => ({
      bytes: script.request?.(bytes, warn) ?? wrapped(bytes),
      contentType: "application/json",
      path: "/v1/messages",
      headers: [],
    }),
  };
  const back: Translator = {
    from: "anthropic-messages",
    to: "openai-chat",
    response: (bytes, _, warn) => ({
      bytes: script.response?.(bytes, warn) ?? bytes,
      contentType: "application/json",
      headers: [],
    }),
    ...(script.stream === undefined ? {} : { stream: script.stream }),
  };
  return (from, to) => [there, back].find((translator) => translator.from === from && translator.to === to);
}

function wrapped(bytes: Buffer): Buffer {
  const document: JsonObject = { was: bytes.toString("utf8") };
  return Buffer.from(JSON.stringify(document));
}
