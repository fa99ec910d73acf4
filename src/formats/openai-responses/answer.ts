import type { Usage } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX, keptWord } from "../bounds.ts";
import type { ReadAnswer, StreamProgress } from "../format.ts";
import { mergeUsage, partlyCounted } from "../loose.ts";
import { type ReadError, readError } from "../openai/error.ts";
import { finishKind } from "./finish.ts";
import { Item, type PieceKind } from "./item.ts";
import { readUsage } from "./usage.ts";

/** Items of one answer, their ids, and pieces in all of them. The longest runs of an agent have some hundreds. */
export const ANSWER_PARTS_MAX = 4096;

/** An answer that grows: by one whole response, or by the events of a stream. */
export class ResponseBuilder {
  readonly #items = new Map<number, Item>();
  readonly #byId = new Map<string, Item>();
  readonly #keepText: boolean;
  /** Behind the last item. */
  #end = 0;
  #last: Item | undefined;
  #model: string | undefined;
  #usage: Usage | undefined;
  /** How much was written when its tokens were counted last: a server may count what it has yet to write. */
  #countedBytes: number | undefined;
  #error: ReadError | undefined;
  #finishReason: string | null | undefined;
  #outputBytes = 0;
  #pieces = 0;

  constructor(keepText: boolean) {
    this.#keepText = keepText;
  }

  get hasError(): boolean {
    return this.#error !== undefined;
  }

  get isFinished(): boolean {
    return typeof this.#finishReason === "string";
  }

  progress(): StreamProgress {
    return {
      outputBytes: this.#outputBytes,
      outputTokens: this.#isCounted ? this.#usage?.output : undefined,
    };
  }

  get #isCounted(): boolean {
    return this.#countedBytes === this.#outputBytes;
  }

  /** The first error counts: what follows it is its consequence. */
  fail(error: ReadError | undefined): void {
    this.#error ??= error;
  }

  /**
   * Takes a response, whole or as far as it is. Gives the reason when an answer cannot be like that.
   *
   * @param isLast whether its status is how it ended
   */
  take(response: JsonObject, isLast: boolean): string | undefined {
    this.fail(readError(response));
    if (typeof response.model === "string" && response.model !== "") this.#model ??= keptWord(response.model);
    const reported = readUsage(response);
    this.#usage = mergeUsage(this.#usage, reported);
    if (typeof response.status === "string") this.#finishReason ??= null;
    if (isLast) this.#finishReason = reasonOf(response) ?? this.#finishReason;
    const fault = this.#takeItems(response.output);
    if (reported?.output !== undefined) this.#countedBytes = this.#outputBytes;
    return fault;
  }

  #takeItems(output: JsonValue | undefined): string | undefined {
    if (!Array.isArray(output)) return undefined;
    for (const [index, item] of output.entries()) {
      const fault = isJsonObject(item) ? this.change(index, item.id, (known) => known.take(item)) : undefined;
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Changes an item. Gives the reason when an answer cannot be like that. */
  change(
    index: JsonValue | undefined,
    id: JsonValue | undefined,
    change: (item: Item) => void,
  ): string | undefined {
    const item = this.#itemAt(index, id);
    const { outputBytes, pieceCount } = item;
    change(item);
    this.#outputBytes += item.outputBytes - outputBytes;
    this.#pieces += item.pieceCount - pieceCount;
    if (this.#items.size + this.#byId.size + this.#pieces > ANSWER_PARTS_MAX)
      return "too many items or parts";
    return this.#keepText && this.#outputBytes > KEPT_BYTES_MAX
      ? `more than ${KEPT_BYTES_MAX} bytes of text`
      : undefined;
  }

  /** The item that an event belongs to: by its place, else by its id, else the one that came last. */
  #itemAt(index: JsonValue | undefined, id: JsonValue | undefined): Item {
    const name = typeof id === "string" && id !== "" ? keptWord(id) : undefined;
    const known =
      typeof index === "number"
        ? this.#items.get(index)
        : name === undefined
          ? this.#last
          : this.#byId.get(name);
    const item = known ?? new Item(this.#keepText);
    if (known === undefined) this.#place(item, typeof index === "number" ? index : this.#end);
    if (name !== undefined) this.#byId.set(name, item);
    this.#last = item;
    return item;
  }

  #place(item: Item, index: number): void {
    this.#items.set(index, item);
    this.#end = Math.max(this.#end, index + 1);
  }

  /** Text of a kind that is counted and not kept. */
  count(text: string): void {
    this.#outputBytes += Buffer.byteLength(text, "utf8");
  }

  answer(): ReadAnswer {
    const items = [...this.#items].sort(([a], [b]) => a - b).map(([, item]) => item);
    const joined = (kind: PieceKind): string | undefined => {
      const texts = items.map((item) => item.textOf(kind)).filter((text) => text !== undefined);
      return texts.length === 0 ? undefined : texts.join("");
    };
    const text = joined("text");
    const toolCalls = items.flatMap((item) => item.toolCalls());
    const reasons = this.#finishReason === undefined ? [] : [this.#finishReason];
    const servers = items.filter(({ isServers }) => isServers).flatMap(({ type }) => type ?? []);
    return {
      invalid: undefined,
      model: this.#model,
      usage: this.#usage,
      ...partlyCounted(this.#isCounted, this.#usage),
      finishReasons: reasons,
      finishKinds: reasons.map((reason) => finishKind(reason, toolCalls.length > 0)),
      text,
      texts: [text],
      outputBytes: this.#outputBytes,
      toolCalls,
      // Some servers send empty ones.
      reasoningText: joined("summary") || undefined,
      refusal: joined("refusal") || undefined,
      error: this.#error?.error,
      errorCode: this.#error?.code ?? null,
      ...(servers.length === 0 ? {} : { details: { server_items: servers } }),
    };
  }
}

/** The status, or why the response is incomplete. */
function reasonOf({ status, incomplete_details: details }: JsonObject): string | undefined {
  if (typeof status !== "string") return undefined;
  const reason = status === "incomplete" && isJsonObject(details) ? details.reason : undefined;
  return keptWord(typeof reason === "string" ? reason : status);
}
