import { isJsonObject, type JsonObject } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import { argumentsObject } from "../arguments.ts";
import type {
  MediaPart,
  Message,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { mediaTypeOfUrl } from "./media-type.ts";

/** Writes the parts of one conversation's turns. */
export class PartWriter {
  /** Names of the functions that were called, by the ids of the calls. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #places: ReadonlyMap<string, number>;
  readonly #warn: Warn;
  readonly #needsSignatures: boolean;

  constructor(messages: readonly Message[], model: string, warn: Warn) {
    const calls = messages.flatMap(({ parts }) => parts.filter((part) => part.kind === "tool_call"));
    this.#names = new Map(calls.map(({ id, name }) => [id, name]));
    this.#places = new Map(calls.map(({ id }, place) => [id, place]));
    this.#warn = warn;
    this.#needsSignatures = demandsSignatures(model);
  }

  /**
   * A turn of the model's. From version 3 on Gemini refuses calls without the signature that it gave with them, the first
   * of several; for those that another model made Google has one that is not looked at
   * (https://ai.google.dev/gemini-api/docs/thought-signatures).
   */
  turn(parts: readonly Part[]): readonly object[] {
    const first = parts.find((part) => part.kind === "tool_call");
    if (!this.#needsSignatures || first === undefined || first.signature !== undefined)
      return this.parts(parts);
    invented(this.#warn, first.at ?? "/messages", "Gemini demands a signature of its own with a call");
    return this.parts(
      parts.map((part) => (part === first ? { ...first, signature: UNCHECKED_SIGNATURE } : part)),
    );
  }

  parts(parts: readonly Part[]): readonly object[] {
    return parts.flatMap((part) => this.#part(part, parts.length === 1));
  }

  /**
   * The parts of a turn, in which results come first: they belong right behind the calls. Where ids do not tell, they are
   * matched by the order of the calls.
   */
  inOrder(parts: readonly object[]): readonly object[] {
    const results = parts.filter(isResult);
    const placeOf = ({ functionResponse: { id } }: Result) => this.#places.get(id) ?? 0;
    return [
      ...results.toSorted((a, b) => placeOf(a) - placeOf(b)),
      ...parts.filter((part) => !isResult(part)),
    ];
  }

  #part(part: Part, isAlone: boolean): readonly object[] {
    switch (part.kind) {
      case "text":
        this.#tellCache(part);
        // Gemini refuses empty texts; one that is all of a turn says that there was a turn.
        return part.text === "" && !isAlone ? [] : [{ text: part.text }];
      case "refusal":
        changed(this.#warn, part.at ?? "/messages", "a refusal is text like any other");
        return [{ text: part.text }];
      case "reasoning":
        return this.#reasoning(part);
      case "tool_call":
        return this.#call(part);
      case "tool_result":
        return this.#result(part);
      default:
        return this.#media(part);
    }
  }

  #reasoning({ text, signature, encrypted, id, at = "/messages" }: ReasoningPart): readonly object[] {
    // A signature is one for a model; that of another one would make Gemini refuse the whole conversation.
    if (text !== "" || signature !== undefined)
      changed(this.#warn, at, "it is given as a thought without a proof of whose it is");
    if (encrypted !== undefined) dropped(this.#warn, at, "only the provider that encrypted it can read it");
    if (id !== undefined) dropped(this.#warn, `${at}/id`, "thoughts have no id");
    return text === "" ? [] : [{ text, thought: true }];
  }

  #call(call: ToolCallPart): readonly object[] {
    const { name, signature, at = "/messages" } = call;
    this.#tellCache(call);
    const args = argumentsObject(call.arguments);
    if (args === undefined) changed(this.#warn, `${at}/arguments`, "they are no JSON object");
    return [
      {
        functionCall: { id: call.id, name, args: args ?? { arguments: call.arguments } },
        ...defined({ thoughtSignature: signature }),
      },
    ];
  }

  #result(result: ToolResultPart): readonly object[] {
    const { content, at = "/messages" } = result;
    this.#tellCache(result);
    const name = this.#names.get(result.callId) ?? result.name;
    if (name === undefined) invented(this.#warn, at, "Gemini demands the name of the function");
    const shown = content.filter((part) => part.kind !== "text");
    for (const part of shown) changed(this.#warn, part.at ?? at, "it follows behind the result");
    for (const part of content) if (part.kind === "text") this.#tellCache(part);
    return [
      {
        functionResponse: { id: result.callId, name: name ?? UNKNOWN_FUNCTION, response: responseOf(result) },
      },
      ...shown.flatMap((part) => this.#media(part)),
    ];
  }

  #media(part: MediaPart): readonly object[] {
    const { source, detail, name, at = "/messages" } = part;
    this.#tellCache(part);
    if (detail !== undefined && detail !== "auto")
      dropped(this.#warn, at, "how closely Gemini looks is set for all media at once");
    switch (source.from) {
      case "text":
        if (name !== undefined) dropped(this.#warn, at, "a text has no name");
        return [{ text: source.text }];
      case "base64":
        return [{ inlineData: this.#named({ mimeType: source.mediaType, data: source.data }, name, at) }];
      case "url":
        return [{ fileData: this.#named(this.#fileAt(source.url, source.mediaType, part), name, at) }];
      case "file":
        if (source.keeper === "google") return [{ fileData: this.#named({ fileUri: source.id }, name, at) }];
        dropped(this.#warn, at, "Google cannot read files that another provider keeps");
        return [];
    }
  }

  #fileAt(url: string, given: string | undefined, { kind, at = "/messages" }: MediaPart): object {
    const mimeType = given ?? mediaTypeOfUrl(url, kind);
    if (mimeType === undefined)
      changed(this.#warn, at, "Gemini demands a media type, which the URL does not show");
    return defined({ mimeType, fileUri: url });
  }

  /** Only Vertex AI takes names of media. */
  #named(media: object, name: string | undefined, at: string): object {
    if (name !== undefined) dropped(this.#warn, at, "media have no names");
    return media;
  }

  #tellCache({ cache, at = "/messages" }: Pick<ToolCallPart, "cache" | "at">): void {
    if (cache !== undefined) dropped(this.#warn, at, "Gemini caches by itself");
  }
}

/** A result as it is written. */
type Result = { readonly functionResponse: { readonly id: string } };

function isResult(part: object): part is Result {
  return "functionResponse" in part;
}

const UNKNOWN_FUNCTION = "unknown";

/** `skip_thought_signature_validator`, in base64 as it is sent. */
const UNCHECKED_SIGNATURE = Buffer.from("skip_thought_signature_validator").toString("base64");

/** A result is an object: what is none stands under `output`, or `error`; JSON with more beside it becomes text. */
function responseOf({ content, json, isError }: ToolResultPart): JsonObject {
  const texts = content.filter((part) => part.kind === "text").map(({ text }) => text);
  if (json !== undefined && isJsonObject(json) && isError !== true && texts.length === 0) return json;
  const said =
    json === undefined || texts.length > 0
      ? [...(json === undefined ? [] : [JSON.stringify(json)]), ...texts].join("")
      : json;
  return isError === true ? { error: said } : { output: said };
}

/** `gemini-3-flash-preview` and later ones; what has no version in its name is taken for an older one. */
export function isGemini3(model: string): boolean {
  const version = /gemini-(\d{1,3})(?!\d)/.exec(model)?.[1];
  return version !== undefined && Number(version) >= 3;
}

function demandsSignatures(model: string): boolean {
  return isGemini3(model);
}
