import type { JsonObject } from "../../../exchange/json.ts";
import { member } from "../../../formats/loose.ts";
import type { Warn } from "../../translation.ts";
import { textOf } from "../loose.ts";
import type { Members } from "../members.ts";

/**
 * What proves a call to the model that made it. OpenAI's calls have nothing like it; Google's own endpoint in OpenAI's
 * dialect puts it in `extra_content` beside the function, and clients give it back from there
 * (https://ai.google.dev/gemini-api/docs/openai).
 */
export function writeCallSignature(signature: string | undefined): object {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}

/** Of a call in a history. */
export function readCallSignature(call: Members, warn: Warn): string | undefined {
  const extra = call.object("extra_content");
  const google = extra?.object("google");
  const signature = google?.text("thought_signature");
  google?.tellRest(warn);
  extra?.tellRest(warn);
  return signature === "" ? undefined : signature;
}

/** Of a call in an answer. */
export function callSignature({ extra_content: extra }: JsonObject): string | undefined {
  return textOf(member(member(extra, "google"), "thought_signature"));
}
