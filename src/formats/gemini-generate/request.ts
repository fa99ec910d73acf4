import type { Inference } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { EndpointMatch } from "../format.ts";
import { assertSpelling, invalid, readModel } from "../members.ts";
import { TextCollector } from "../text.ts";
import { type GenerationSettings, readConfig } from "./config.ts";
import { readContents, readSystemInstruction } from "./content.ts";
import { COUNT_TOKENS } from "./detect.ts";
import { SCHEMA } from "./schema.ts";
import { type Member, membersOf } from "./spelling.ts";
import { readTools } from "./tools.ts";

/**
 * Reads a request for content, or for the count of its tokens (https://ai.google.dev/api/generate-content). The path names
 * the model. A member of a wrong type is refused where Regent acts on it; elsewhere its strings are text.
 *
 * @throws RegentError body_invalid
 */
export function readRequest(document: JsonDocument, endpoint: EndpointMatch): Inference {
  const { value } = document;
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  assertSpelling(value, SCHEMA);
  const { model } = endpoint.names;
  const reader = new GenerateReader(model);
  reader.read(value, "");
  const { text, tools, settings } = reader;
  const { textParts, opaqueParts } = text;
  const isCount = endpoint.operation === COUNT_TOKENS;
  if (!reader.hasContents && !isCount) throw invalid("contents is missing");
  return {
    format: "gemini-generate",
    operation: endpoint.operation,
    model: model === undefined ? "" : readModel({ model }),
    stream: endpoint.stream === true,
    textParts,
    opaqueParts,
    textBytes: text.textBytes(document, reader.modelNames),
    maxOutputTokens: isCount ? 0 : settings.maxOutputTokens,
    choices: settings.candidateCount,
    tools,
    modalities: [
      ...new Set(["text", ...settings.modalities, ...opaqueParts.map(({ modality }) => modality)]),
    ],
    parameters: settings.parameters,
    user: undefined,
    usageInStream: endpoint.stream === true,
  };
}

class GenerateReader {
  readonly text = new TextCollector(SCHEMA);
  readonly tools: string[] = [];
  readonly settings: GenerationSettings = {
    maxOutputTokens: undefined,
    candidateCount: 1,
    modalities: [],
    parameters: {},
  };
  hasContents = false;
  /** The model as the body names it again, which is no text. */
  modelNames = "";
  readonly #model: string | undefined;

  constructor(model: string | undefined) {
    this.#model = model;
  }

  read(body: JsonObject, pointer: string): void {
    for (const member of membersOf(body, pointer)) this.#member(member, pointer);
  }

  #member(member: Member, parent: string): void {
    const { text } = this;
    switch (member.name) {
      case "contents":
        readContents(member, text);
        this.hasContents = true;
        break;
      case "systemInstruction":
        readSystemInstruction(member, text);
        break;
      case "tools":
        readTools(member, text, this.tools);
        break;
      case "generationConfig":
        readConfig(member, text, this.settings);
        break;
      case "cachedContent":
      case "continuationToken":
        this.#keptContext(member);
        break;
      case "model":
        this.#sameModel(member);
        break;
      case "generateContentRequest":
        this.#nested(member, parent);
        break;
      default:
        text.member(parent, member.key, member.value, roleOf(member));
    }
  }

  /** Contents that the provider keeps: they are part of the prompt, and nobody here can read them. */
  #keptContext({ value, pointer, name }: Member): void {
    if (value === null || value === "") return;
    if (typeof value !== "string") throw invalid(`${name} must be a text`);
    this.text.opaque(pointer, "context");
  }

  /** A body may name the model once more. Were it another one, it would be a question who answers. */
  #sameModel({ value }: Member): void {
    if (value === null) return;
    if (typeof value !== "string") throw invalid("model must be a text");
    if (this.#model !== undefined && bareModel(value) !== this.#model)
      throw invalid("The body names another model than the path");
    this.modelNames += value;
  }

  /** The request whose tokens are counted. Anywhere else it is a member that is not known. */
  #nested({ key, value, pointer }: Member, parent: string): void {
    if (parent === "" && isJsonObject(value)) this.read(value, pointer);
    else this.text.member(parent, key, value, "unknown_member");
  }
}

/** `models/NAME`, `projects/…/publishers/google/models/NAME` and the like as `NAME`. */
export function bareModel(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1);
}

function roleOf({ name, key }: Member): string {
  if (name === "labels") return "metadata";
  return SCHEMA.isPlainKey(key) ? name : "unknown_member";
}
