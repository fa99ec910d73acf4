import type { ToolCall } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import { argumentsText, parsedArguments } from "../loose.ts";

/** What a piece of an item is. */
export type PieceKind = "text" | "refusal" | "reasoning" | "summary" | "arguments";

/** A piece of an item, put together from its deltas or given whole. */
type Piece = { readonly kind: PieceKind; bytes: number; text: string };

/** One item of an answer, put together from a whole item or from the events of a stream. */
export class Item {
  type: string | undefined;
  /** UTF-8 bytes of all pieces. */
  outputBytes = 0;
  #name = "";
  #isClients = false;
  readonly #keepText: boolean;
  readonly #pieces = new Map<string, Piece>();

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  get pieceCount(): number {
    return this.#pieces.size;
  }

  /** A piece that is appended to what is there. */
  append(place: string, kind: PieceKind, delta: string): void {
    const piece = this.#pieceAt(place, kind);
    const bytes = Buffer.byteLength(delta, "utf8");
    piece.bytes += bytes;
    this.outputBytes += bytes;
    if (this.#keepText) piece.text += delta;
  }

  /** A whole piece. Servers repeat at the end what they sent before, some with less than that: the longer one counts. */
  put(place: string, kind: PieceKind, text: string): void {
    const piece = this.#pieceAt(place, kind);
    const bytes = Buffer.byteLength(text, "utf8");
    if (bytes < piece.bytes) return;
    this.outputBytes += bytes - piece.bytes;
    piece.bytes = bytes;
    if (this.#keepText) piece.text = text;
  }

  /** A content part or a part of a reasoning summary, whole or still empty. */
  putPart(place: string, part: JsonValue | undefined): void {
    if (!isJsonObject(part)) return;
    const kind = typeof part.type === "string" ? PART_KINDS.get(part.type) : undefined;
    if (kind === undefined) return;
    const text = kind === "refusal" ? part.refusal : part.text;
    this.put(place, kind, typeof text === "string" ? text : "");
  }

  /** The whole item, or as much of it as there is when it begins. */
  take(item: JsonObject): void {
    if (typeof item.type === "string") this.type = keptWord(item.type);
    if (typeof item.name === "string") this.#name = keptWord(item.name);
    this.#isClients = isRunByClient(item);
    for (const key of ["content", "summary"] as const) {
      const parts: JsonValue | undefined = item[key];
      if (!Array.isArray(parts)) continue;
      for (const [index, part] of parts.entries()) this.putPart(`${key}/${index}`, part);
    }
    const given = item.arguments ?? item.input ?? item.code ?? item.action ?? item.actions ?? item.operation;
    const text = argumentsText(given);
    if (text !== "") this.put("arguments", "arguments", text);
  }

  /** The texts of one kind, joined; undefined when there is none. */
  textOf(kind: PieceKind): string | undefined {
    if (!this.#keepText) return undefined;
    const pieces = [...this.#pieces.values()].filter((piece) => piece.kind === kind);
    return pieces.length === 0 ? undefined : pieces.map(({ text }) => text).join("");
  }

  /** The call that the client has to run, if the item is one. */
  toolCalls(): ToolCall[] {
    if (!this.#isClients || this.type === undefined) return [];
    const name = this.#name === "" ? this.type.replace(/_call$/, "") : this.#name;
    return [{ name, arguments: parsedArguments(this.textOf("arguments") ?? "") }];
  }

  /** Whether the provider ran the item, or added it by itself. */
  get isServers(): boolean {
    return (
      this.type !== undefined && !this.#isClients && this.type !== "message" && this.type !== "reasoning"
    );
  }

  #pieceAt(place: string, kind: PieceKind): Piece {
    const known = this.#pieces.get(place);
    if (known !== undefined) return known;
    const piece = { kind, bytes: 0, text: "" };
    this.#pieces.set(place, piece);
    return piece;
  }
}

const PART_KINDS: ReadonlyMap<string, PieceKind> = new Map([
  ["output_text", "text"],
  ["text", "text"],
  ["refusal", "refusal"],
  ["reasoning_text", "reasoning"],
  ["summary_text", "summary"],
]);

/** A shell runs at the client unless it has a container, and a search for tools where the item says so. */
function isRunByClient({ type, execution, environment }: JsonObject): boolean {
  if (type === "tool_search_call") return execution === "client";
  if (type === "shell_call") return !isJsonObject(environment) || environment.type === "local";
  return CALLS_OF_CLIENTS.has(type);
}

const CALLS_OF_CLIENTS: ReadonlySet<unknown> = new Set([
  "function_call",
  "custom_tool_call",
  "computer_call",
  "local_shell_call",
  "apply_patch_call",
]);
