/** The window over streams as they are framed: what a client reads of them, wherever they are cut. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { tell, tellLines } from "../../../test/support/answer-streams.ts";
import { base64, encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import { FORMATS, framingOf, type ReadAnswer, type StreamFraming } from "../../formats/index.ts";
import { inspect, maskText } from "../../inspection/index.ts";
import type { RedactAction } from "../redact.ts";
import { Window } from "./window.ts";

/** A framing, how a server writes pieces of text in it, and how a client reads them. */
type Framed = {
  readonly name: string;
  readonly framing: StreamFraming;
  write(pieces: readonly string[]): Buffer;
  read(answer: ReadAnswer): string;
};

const said = ({ text }: ReadAnswer) => text ?? "";

function framing(name: keyof typeof FORMATS, type: string): StreamFraming {
  const found = framingOf(FORMATS[name], type);
  assert.ok(found !== undefined);
  return found;
}

/** A response of Triton's for each piece, and one that says it was the last. */
function responses(pieces: readonly string[]): Buffer {
  const response = (text: string, isLast: boolean) =>
    encodeMessage("streamed", {
      inferResponse: {
        id: "1",
        parameters: { triton_final_response: { boolParam: isLast } },
        outputs: isLast
          ? []
          : [
              {
                name: "text_output",
                datatype: "BYTES",
                shape: ["1"],
                contents: { bytesContents: [base64(text)] },
              },
            ],
      },
    });
  return framed(...pieces.map((piece) => response(piece, false)), response("", true));
}

function responsesText({ details }: ReadAnswer): string {
  const { responses: all } = details as { responses: { tensors: { data: string[] }[] }[] };
  return all.flatMap(({ tensors }) => tensors.flatMap(({ data }) => data)).join("");
}

const FRAMED: readonly Framed[] = [
  {
    name: "server-sent events",
    framing: framing("openai-chat", "text/event-stream"),
    write: (pieces) => tell("openai-chat", pieces).whole,
    read: said,
  },
  {
    name: "JSON lines",
    framing: framing("openai-chat", "application/x-ndjson"),
    write: (pieces) => tellLines(pieces).whole,
    read: said,
  },
  {
    name: "AWS event streams",
    framing: framing("bedrock-converse", "application/vnd.amazon.eventstream"),
    write: (pieces) => tell("bedrock-converse", pieces).whole,
    read: said,
  },
  {
    name: "gRPC",
    framing: framing("kserve-v2-grpc", "application/grpc"),
    write: responses,
    read: responsesText,
  },
];

const MASK = new Map<string, RedactAction>([
  ["EMAIL_ADDRESS", "mask"],
  ["CREDIT_CARD", "mask"],
]);

const address = fc.constantFrom("jane.doe@example.com", "a@b.example.org", "4111 1111 1111 1111");
const filler = fc.stringMatching(/^[a-z ]{0,40}$/);
const text = fc
  .array(fc.tuple(filler, address), { maxLength: 4 })
  .map((pairs) => `${pairs.map(([before, found]) => `${before} ${found} , `).join("")}the end.`);
const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });

function pieces(whole: string, sizes: readonly number[]): string[] {
  const cut: string[] = [];
  for (let at = 0, index = 0; at < whole.length; index++) {
    const size = sizes[index % sizes.length] as number;
    cut.push(whole.slice(at, at + size));
    at += size;
  }
  return cut;
}

/** What the client gets of a stream in these chunks of bytes, by the same steps as a streamed answer takes. */
function held(
  { stream, openSplitter }: StreamFraming,
  chunks: readonly Buffer[],
  windowBytes: number,
  actions: ReadonlyMap<string, RedactAction>,
): Buffer {
  const splitter = openSplitter?.();
  assert.ok(splitter !== undefined);
  const window = new Window(windowBytes);
  const left: Buffer[] = [];
  let state = stream.initial({ hideUsage: false, keepText: false });
  const push = (bytes: Buffer, isLast: boolean) => {
    for (const part of splitter.split(bytes, isLast)) window.push(part);
    for (let batch = window.take(isLast); batch !== undefined; batch = window.take(isLast))
      left.push(batch.release(actions));
  };
  for (const chunk of chunks) {
    const step = stream.step(state, chunk);
    assert.equal(step.fault, undefined);
    state = step.state;
    push(Buffer.concat(step.outputs), false);
  }
  const { complete, rest } = stream.finish(state);
  assert.ok(complete);
  push(rest, true);
  return Buffer.concat(left);
}

function readBack({ framing: { stream }, read }: Framed, bytes: Buffer): string {
  const step = stream.step(stream.initial({ hideUsage: false, keepText: true }), bytes);
  assert.equal(step.fault, undefined);
  const end = stream.finish(step.state);
  assert.ok(end.complete && !end.truncated);
  return read(end.answer);
}

for (const one of FRAMED)
  describe(`a window over ${one.name}`, () => {
    const chunked = (bytes: Buffer, sizes: readonly number[]) => {
      const chunks: Buffer[] = [];
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const size = 17 * (sizes[index % sizes.length] as number);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      return chunks;
    };

    test("lets a client read everything but what is masked", () => {
      fc.assert(
        fc.property(
          text,
          lengths,
          lengths,
          fc.integer({ min: 48, max: 400 }),
          (whole, cuts, sizes, window) => {
            const bytes = one.write(pieces(whole, cuts));
            const given = held(one.framing, chunked(bytes, sizes), window, MASK);
            const masked = maskText(whole, inspect([{ pointer: "", text: whole, role: "" }]), () => "mask");
            assert.equal(readBack(one, given), masked);
          },
        ),
        { numRuns: 150 },
      );
    });

    test("lets every byte through where nothing is to be done", () => {
      fc.assert(
        fc.property(
          text,
          lengths,
          lengths,
          fc.integer({ min: 48, max: 400 }),
          (whole, cuts, sizes, window) => {
            const bytes = one.write(pieces(whole, cuts));
            assert.ok(held(one.framing, chunked(bytes, sizes), window, new Map()).equals(bytes));
          },
        ),
        { numRuns: 100 },
      );
    });

    test("changes only the events that say what is masked", () => {
      const whole = ["one two three ", "to jane.d", "oe@example.com", " and so on ", "and on"];
      const bytes = one.write(whole);
      const given = held(one.framing, [bytes], 64, MASK);
      const [first = ""] = whole;
      const head = bytes.subarray(0, bytes.indexOf(first) + first.length);
      assert.ok(given.subarray(0, head.length).equals(head));
      const end = bytes.subarray(bytes.lastIndexOf(Buffer.from("and on")));
      assert.ok(given.subarray(-end.length).equals(end));
    });
  });
