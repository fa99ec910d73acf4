/**
 * What reading a streamed answer costs, in 4 kB pieces as Envoy passes them on, beside cutting the text at blank lines
 * and `JSON.parse` of each event: the least that any reader of events must do.
 *
 *     node bench/formats-sse.ts
 */
import { openaiChat } from "../src/formats/openai-chat/index.ts";

const TURNS = 41;
const PIECE_BYTES = 4096;
const EVENTS = 2000;

function event(content: string, index: number): string {
  const chunk = {
    id: "chatcmpl-0123456789abcdef",
    object: "chat.completion.chunk",
    created: 1_700_000_000 + index,
    model: "sim-small-2024-07-18",
    service_tier: "default",
    system_fingerprint: "fp_0123456789",
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

const text = `${Array.from({ length: EVENTS }, (_, index) => event(index % 7 === 0 ? " früh" : " word", index)).join("")}data: [DONE]\n\n`;
const bytes = Buffer.from(text);
const pieces: Buffer[] = [];
for (let at = 0; at < bytes.length; at += PIECE_BYTES) pieces.push(bytes.subarray(at, at + PIECE_BYTES));

function plain(): number {
  const decoder = new TextDecoder();
  let left = "";
  let content = "";
  for (const piece of pieces) {
    left += decoder.decode(piece, { stream: true });
    const events = left.split("\n\n");
    left = events.pop() ?? "";
    for (const one of events) {
      const data = one.slice(6);
      if (data !== "[DONE]")
        content += (JSON.parse(data) as { choices: { delta: { content: string } }[] }).choices[0]?.delta
          .content;
    }
  }
  return content.length;
}

function reducer(keepText: boolean): number {
  let state = openaiChat.stream.initial({ hideUsage: false, keepText });
  let passed = 0;
  for (const piece of pieces) {
    const step = openaiChat.stream.step(state, piece);
    for (const output of step.outputs) passed += output.length;
    state = step.state;
  }
  const { answer, complete } = openaiChat.stream.finish(state);
  if (!complete || passed !== bytes.length) throw new Error("the stream was not read");
  return answer.outputBytes;
}

const times = new Map<string, number[]>();
const runs = {
  "split and JSON.parse": plain,
  "reducer, text kept": () => reducer(true),
  "reducer, text counted": () => reducer(false),
};
for (let turn = -10; turn < TURNS; turn++) {
  for (const [name, run] of Object.entries(runs)) {
    const start = process.hrtime.bigint();
    run();
    const us = Number(process.hrtime.bigint() - start) / 1000 / EVENTS;
    if (turn >= 0) times.set(name, [...(times.get(name) ?? []), us]);
  }
}
let base: number | undefined;
for (const [name, values] of times) {
  const median = values.sort((a, b) => a - b)[values.length >> 1] as number;
  base ??= median;
  process.stdout.write(
    `${name.padEnd(24)} ${median.toFixed(2).padStart(6)} us an event  x ${(median / base).toFixed(2)}\n`,
  );
}
