import type {
  Conversation,
  Failure,
  MediaSource,
  Part,
  Reply,
  StreamEvent,
} from "../../src/translation/chat/conversation.ts";
import type { ChatDialect } from "../../src/translation/chat/dialect.ts";
import type { AnswerFacts, Warn } from "../../src/translation/index.ts";

/** What a body means, in a form in which two translators that are both right agree. */

export const FACTS: AnswerFacts = { status: 200, headers: new Map(), includeUsage: true, nowS: 1, id: "0" };
export const SILENT: Warn = () => {};

export type Turn = { readonly role: string; readonly said: readonly unknown[] };

/**
 * The messages of a request: instructions first and in one piece, then turns. Messages of one role after another are one
 * turn, as are texts after another; what tells a tool's result apart is the call it belongs to.
 */
export function turnsOf({ messages }: Conversation): Turn[] {
  const isInstruction = ({ role }: { role: string }) => role === "system" || role === "developer";
  const inOrder = [
    ...messages.filter(isInstruction),
    ...messages.filter((message) => !isInstruction(message)),
  ];
  const turns: { role: string; said: unknown[] }[] = [];
  for (const message of inOrder) {
    const role = isInstruction(message) ? "system" : message.role;
    const said = message.parts.flatMap(partMeaning);
    const last = turns.at(-1);
    if (last?.role === role) last.said.push(...said);
    else turns.push({ role, said });
  }
  const ids: string[] = [];
  return turns
    .map(({ role, said }) => ({ role, said: joined(said.map((piece) => withoutIds(piece, ids))) }))
    .filter(({ said }) => said.length > 0);
}

/** Some dialects have no ids of calls, or make them up: calls are numbered as they come. */
function withoutIds(piece: unknown, ids: string[]): unknown {
  if (typeof piece !== "object" || piece === null) return piece;
  const numbered = (id: unknown) => {
    if (!ids.includes(String(id))) ids.push(String(id));
    return ids.indexOf(String(id));
  };
  if ("call" in piece) return { ...piece, call: numbered(piece.call) };
  return "resultOf" in piece ? { ...piece, resultOf: numbered(piece.resultOf) } : piece;
}

function partMeaning(part: Part): unknown[] {
  switch (part.kind) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [part.text];
    case "reasoning":
      return [];
    case "tool_call":
      return [{ call: part.id, name: part.name, arguments: jsonOf(part.arguments) }];
    case "tool_result": {
      const said =
        part.json === undefined ? joined(part.content.flatMap(partMeaning)) : [unwrapped(part.json)];
      return [{ resultOf: part.callId, said: said.map(jsonOf) }];
    }
    default:
      return [{ media: part.kind, source: plainly(part.source) }];
  }
}

/** Gemini's results are objects: a text has to stand in one. */
function unwrapped(json: unknown): unknown {
  const [entry, ...others] = Object.entries(json as object);
  return others.length === 0 && entry !== undefined && WRAPPERS.has(entry[0]) ? entry[1] : json;
}

const WRAPPERS: ReadonlySet<string> = new Set(["content", "output", "result"]);

/** Plain text says the same in base64. */
function plainly(source: MediaSource): MediaSource {
  return source.from === "base64" && source.mediaType === "text/plain"
    ? { from: "text", text: Buffer.from(source.data, "base64").toString("utf8") }
    : source;
}

function joined(said: readonly unknown[]): unknown[] {
  const pieces: unknown[] = [];
  for (const piece of said) {
    const last = pieces.length - 1;
    if (typeof piece === "string" && typeof pieces[last] === "string")
      pieces[last] = `${pieces[last]}${piece}`;
    else pieces.push(piece);
  }
  return pieces;
}

/** JSON by its value, whether a dialect has it as text or not; no arguments are `{}`. */
export function jsonOf(text: unknown): unknown {
  if (typeof text !== "string") return text;
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What an answer says, whole or streamed. */
export type AnswerMeaning = {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finish: string | undefined;
  readonly usage: { readonly input: number; readonly output: number };
  readonly error: string | undefined;
};

export function replyMeaning(reply: Reply | { readonly failure: Failure }): AnswerMeaning {
  if ("failure" in reply) return { ...NOTHING, error: reply.failure.message };
  const [choice] = reply.choices;
  const parts = choice?.parts ?? [];
  return {
    text: parts.map((part) => (part.kind === "text" || part.kind === "refusal" ? part.text : "")).join(""),
    calls: parts.flatMap((part) =>
      part.kind === "tool_call" ? [{ name: part.name, arguments: jsonOf(part.arguments) }] : [],
    ),
    finish: choice?.finish,
    usage: { input: reply.usage?.input ?? 0, output: reply.usage?.output ?? 0 },
    error: undefined,
  };
}

const NOTHING: AnswerMeaning = {
  text: "",
  calls: [],
  finish: undefined,
  usage: { input: 0, output: 0 },
  error: undefined,
};

/** The answer that a stream tells bit by bit, as the answer that says the same at once. */
export function replyOfEvents(events: readonly StreamEvent[]): Reply | { readonly failure: Failure } {
  const parts = new Map<
    number,
    { -readonly [K in keyof Part]: Part[K] } & { text?: string; arguments?: string; signature?: string }
  >();
  let reply: Reply = { choices: [] };
  let finish: Extract<StreamEvent, { event: "finish" }> | undefined;
  for (const event of events) {
    if ("choice" in event && event.choice !== 0) continue;
    if (event.event === "failure") return { failure: event.failure };
    if (event.event === "part_start") parts.set(event.part, { ...event.begins } as never);
    else if (event.event === "delta") {
      const part = parts.get(event.part);
      if (part === undefined) throw new Error("a delta of a part that has not begun");
      if (part.kind === "tool_call") part.arguments = `${part.arguments}${event.text}`;
      else part.text = `${part.text}${event.text}`;
    } else if (event.event === "signature") {
      const part = parts.get(event.part);
      if (part === undefined) throw new Error("a signature of a part that has not begun");
      part.signature = event.signature;
    } else if (event.event === "finish") finish = event;
    else if (event.event === "usage") reply = { ...reply, usage: { ...reply.usage, ...event.usage } };
    else if (event.event === "start") {
      const { event: _event, ...head } = event;
      reply = { ...reply, ...head };
    }
  }
  const {
    event: _event,
    choice: _choice,
    ...ended
  } = finish ?? { event: "finish", choice: 0, finish: undefined };
  return { ...reply, choices: [{ parts: [...parts.values()] as Part[], ...ended }] };
}

/** Reads a stream in one piece. */
export function eventsOf(
  dialect: ChatDialect,
  bytes: Buffer,
  facts: AnswerFacts = FACTS,
): readonly StreamEvent[] {
  const reader = dialect.readStream(facts, SILENT);
  const { events, fault } = reader.push(bytes);
  if (fault !== undefined) throw new Error(fault);
  return [...events, ...reader.finish()];
}
