/**
 * What reading a chat request costs, beside `JSON.parse(buffer.toString())` of the same bytes, and what editing one field
 * costs, beside a copy of the bytes. Both are measured in turns in one run, so that a busy machine slows both alike.
 *
 *     node bench/formats-json.ts
 */
import { endpointOf } from "../src/formats/endpoints.ts";
import { openaiChat } from "../src/formats/openai-chat/index.ts";
import { editJson, type JsonDocument, readJson } from "../src/wire/json/index.ts";

const NO_HEADERS = new Map<string, readonly string[]>();
const CHAT = endpointOf(openaiChat, {});

const TURNS = 41;
/** Bytes that one turn works through: long enough to time, short enough to take turns often. */
const TURN_BYTES = 2_000_000;

/** A chat of many messages: `bytes` in all, some 300 in a message. */
function chat(bytes: number, sentence: string): Buffer {
  const messages: { role: string; content: string }[] = [];
  const content = sentence.repeat(Math.ceil(300 / sentence.length));
  for (let left = bytes; left > 0; left -= content.length + 40) {
    messages.push({ role: messages.length % 2 === 0 ? "user" : "assistant", content });
  }
  const body = {
    model: "sim-small",
    messages,
    temperature: 0.7,
    max_tokens: 256,
    stream: true,
    user: "someone",
  };
  return Buffer.from(JSON.stringify(body));
}

function parse(bytes: Buffer): JsonDocument {
  const result = readJson(bytes);
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

/** Median time of `measured` over median time of `base`, in microseconds, taken in turns. */
function compare(
  bytes: number,
  base: () => unknown,
  measured: () => unknown,
): { baseUs: number; ratio: number } {
  const times: Record<"base" | "measured", number[]> = { base: [], measured: [] };
  const calls = Math.max(1, Math.round(TURN_BYTES / bytes));
  for (let turn = -10; turn < TURNS; turn++) {
    for (const [name, act] of [
      ["base", base],
      ["measured", measured],
    ] as const) {
      const start = process.hrtime.bigint();
      for (let call = 0; call < calls; call++) act();
      if (turn >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1000 / calls);
    }
  }
  const baseUs = median(times.base);
  return { baseUs, ratio: median(times.measured) / baseUs };
}

function report(what: string, bytes: number, { baseUs, ratio }: { baseUs: number; ratio: number }): void {
  const size = bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
  process.stdout.write(
    `${what.padEnd(44)} ${size.padStart(8)} ${baseUs.toFixed(1).padStart(9)} us  x ${ratio.toFixed(2)}\n`,
  );
}

const SENTENCES = {
  English:
    "The quick brown fox jumps over the lazy dog, said nobody in particular.\nThen it rained for days. ",
  Chinese: "今天天气很好，我们去公园散步吧。\n",
};

for (const [language, sentence] of Object.entries(SENTENCES)) {
  for (const bytes of [1_000, 100_000, 1_000_000]) {
    const body = chat(bytes, sentence);
    const base = () => JSON.parse(body.toString()) as unknown;
    report(
      `strict JSON / JSON.parse, ${language}`,
      body.length,
      compare(body.length, base, () => parse(body)),
    );
    report(
      `chat request / JSON.parse, ${language}`,
      body.length,
      compare(body.length, base, () =>
        openaiChat.readRequest({ bytes: body, headers: NO_HEADERS, endpoint: CHAT }),
      ),
    );
  }
}

/** As {@link compare}, for an act that needs a document of its own each time: one is read just before, as in the sidecar. */
function compareEdit(bytes: Buffer, pointer: string): { baseUs: number; ratio: number } {
  const times: Record<"base" | "measured", number[]> = { base: [], measured: [] };
  for (let turn = -30; turn < 5 * TURNS; turn++) {
    const document = parse(bytes);
    for (const [name, act] of [
      ["base", () => Buffer.from(bytes)],
      ["measured", () => editJson(document, [{ pointer, value: "another" }])],
    ] as const) {
      const start = process.hrtime.bigint();
      act();
      if (turn >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1000);
    }
  }
  const baseUs = median(times.base);
  return { baseUs, ratio: median(times.measured) / baseUs };
}

const large = chat(1_000_000, SENTENCES.English);
for (const pointer of ["/model", "/messages/1500/content", "/user"]) {
  report(`edit ${pointer} / copy`, large.length, compareEdit(large, pointer));
}
