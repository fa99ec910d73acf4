import { isJsonObject, type JsonObject } from "../../../exchange/json.ts";
import { keptWord } from "../../../formats/bounds.ts";
import type { Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { MediaPart, Part } from "../conversation.ts";
import { tellUnread, textOf } from "../loose.ts";
import { kindOfMedia } from "../media.ts";
import { defined, dropped } from "../members.ts";

const AT = "/candidates/content/parts";

/** The parts of one candidate. Calls without an id get one of the answer's and their place, so that it is like no other. */
export class AnswerParts {
  readonly #choice: number;
  readonly #id: string;
  readonly #warn: Warn;
  #calls = 0;

  constructor(choice: number, id: string, warn: Warn) {
    this.#choice = choice;
    this.#id = id;
    this.#warn = warn;
  }

  read(part: JsonObject): readonly Part[] {
    tellUnread(part, PART_MEMBERS, AT, this.#warn);
    const signature = textOf(part.thoughtSignature);
    if (isJsonObject(part.functionCall)) return [this.call(part.functionCall, signature)];
    if (typeof part.text === "string") return [this.#text(part.text, part.thought === true, signature)];
    const media = mediaOf(part);
    const said = media === undefined ? [] : [media];
    if (media === undefined)
      for (const name of SERVER_PARTS)
        if (isJsonObject(part[name]))
          dropped(this.#warn, `${AT}/${name}`, "what the provider's own tools did has no counterpart");
    if (signature !== undefined) this.#tellSignature();
    return said;
  }

  #text(text: string, isThought: boolean, signature: string | undefined): Part {
    if (isThought) return { kind: "reasoning", text, ...defined({ signature }) };
    if (signature !== undefined) this.#tellSignature();
    return { kind: "text", text };
  }

  #tellSignature(): void {
    dropped(this.#warn, `${AT}/thoughtSignature`, "only thoughts and calls have a signature elsewhere");
  }

  /** @param args the arguments, where they came in pieces */
  call(call: JsonObject, signature: string | undefined, args?: string): Extract<Part, { kind: "tool_call" }> {
    const place = `${this.#choice}_${this.#calls++}`;
    return {
      kind: "tool_call",
      id: keptWord(textOf(call.id) ?? `call_${this.#id}_${place}`),
      name: keptWord(textOf(call.name) ?? ""),
      arguments: args ?? answeredArguments(call.args ?? {}),
      ...defined({ signature }),
    };
  }
}

function mediaOf({ inlineData, fileData }: JsonObject): MediaPart | undefined {
  if (isJsonObject(inlineData) && typeof inlineData.data === "string") {
    const mediaType = textOf(inlineData.mimeType) ?? "application/octet-stream";
    return { kind: kindOfMedia(mediaType), source: { from: "base64", mediaType, data: inlineData.data } };
  }
  if (isJsonObject(fileData) && typeof fileData.fileUri === "string") {
    const mediaType = textOf(fileData.mimeType);
    const source = { from: "url", url: fileData.fileUri, ...defined({ mediaType }) } as const;
    return { kind: kindOfMedia(mediaType ?? ""), source };
  }
  return undefined;
}

const SERVER_PARTS = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"] as const;

const PART_MEMBERS: ReadonlySet<string> = new Set([
  "text",
  "thought",
  "thoughtSignature",
  "functionCall",
  "inlineData",
  "fileData",
  ...SERVER_PARTS,
]);
