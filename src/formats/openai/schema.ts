import { foldedName, type Names } from "../members.ts";
import type { Schema } from "../text.ts";

/** What belongs to the schema of a request. */
export type RequestSchema = Schema &
  Names & {
    /** Members of a request that Regent acts on, in lower case. Another spelling of one of them is refused. */
    readonly governed: ReadonlySet<string>;
  };

/**
 * Makes a schema of names and values that say nothing of the caller's, so that they are no text. What is not listed is
 * taken for text: a value too many could hide something, one too few costs nothing but a little time.
 */
export function requestSchema({
  governed,
  words,
  keys,
  ids,
}: {
  governed: readonly string[];
  /** Members whose text is one of a few words, with these words. */
  words: { readonly [member: string]: readonly string[] };
  keys: readonly string[];
  ids: readonly string[];
}): RequestSchema {
  const plain = new Set([...governed, ...Object.keys(words), ...keys, ...ids]);
  const known = new Map(Object.entries(words).map(([member, values]) => [member, new Set(values)]));
  const names = new Set(ids);
  return {
    governed: new Set(governed.map((member) => member.toLowerCase())),
    plainKeys: plain,
    folded: new Map([...plain].map((name) => [foldedName(name), name])),
    isPlainKey: (key) => plain.has(key),
    isWord: (key, value) => known.get(key)?.has(value) === true,
    isId: (key) => names.has(key),
  };
}

/** Splits a list of words that is easier to read as one text. */
export function listed(text: string): readonly string[] {
  return text.split(/\s+/);
}

/** Settings that several of OpenAI's requests share. */
export const COMMON_KEYS = listed(
  `frequency_penalty presence_penalty logit_bias logprobs top_logprobs temperature top_p top_k seed stop store
  metadata parallel_tool_calls prompt_cache_key prompt_cache_options prompt_cache_breakpoint safety_identifier`,
);

/** Words of settings that several of OpenAI's requests share. */
export const COMMON_WORDS = {
  service_tier: listed("auto default flex scale priority fast standard_only"),
  prompt_cache_retention: listed("in_memory in-memory 24h"),
} as const;

/** What a content part holds, by its type. What is not here and no text is reported as unknown. */
export const PART_MODALITIES: ReadonlyMap<unknown, string> = new Map([
  ["image_url", "image"],
  ["image", "image"],
  ["input_image", "image"],
  ["computer_screenshot", "image"],
  ["input_audio", "audio"],
  ["audio_url", "audio"],
  ["video_url", "video"],
  ["file", "file"],
  ["input_file", "file"],
  ["document_url", "file"],
]);
