/** Answers whose status comes behind their messages, in trailers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { base64, encodeMessage, framed } from "../../../test/support/infer-proto.ts";
import {
  type Ask,
  compileAnswering,
  createStage,
  onlyRecord,
  planOf,
  type Stage,
  send,
} from "../../../test/support/pipeline.ts";
import { headersFrom } from "../../exchange/headers.ts";
import { UPSTREAM_ERROR_CHARS_MAX } from "../response.ts";

const policy = await compileAnswering();

const SERVICE = "/inference.GRPCInferenceService";
const MAIL = "jane.doe@example.com";

const output = (text: string) => ({
  name: "said",
  datatype: "BYTES",
  shape: ["1"],
  contents: { bytesContents: [base64(text)] },
});
const said = (text: string) =>
  framed(encodeMessage("streamed", { inferResponse: { modelName: "small", outputs: [output(text)] } }));
const whole = (text: string) =>
  framed(encodeMessage("response", { modelName: "small", outputs: [output(text)] }));

/** What the client got of an answer before its trailers, and behind them. */
type Given = { readonly messages: Buffer; readonly behind: Buffer; readonly stage: Stage };

/**
 * @param pieces of the answer's body
 * @param trailers what follows it; undefined: the body ends without
 */
async function answered(
  pieces: readonly Buffer[],
  trailers: readonly (readonly [string, string])[] | undefined,
  { method = "ModelStreamInfer", ...ask }: Partial<Ask> & { method?: string } = {},
  passesAnswers = false,
): Promise<Given> {
  const stage = createStage({ policy, passesAnswers });
  const body = framed(encodeMessage("request", { modelName: "small", inputs: [output("Hello.")] }));
  const { governance, answer } = await send(stage, { path: `${SERVICE}/${method}`, body, ...ask });
  planOf(answer);
  const headers = headersFrom([["content-type", "application/grpc"]]);
  const head = await governance.responseHead({ status: 200, headers }, false);
  assert.equal(head.kind === "pass" && head.body, passesAnswers ? "chunks" : "stream");
  const messages: Buffer[] = [];
  const behind: Buffer[] = [];
  for (const [index, piece] of pieces.entries()) {
    const last = index === pieces.length - 1 && trailers === undefined;
    messages.push((await governance.responseChunk(piece, last)).bytes);
  }
  if (trailers !== undefined) {
    const rest = await governance.responseChunk(Buffer.alloc(0), true, headersFrom(trailers));
    assert.equal(rest.end, true);
    behind.push(rest.bytes);
  }
  governance.end("complete");
  return { messages: Buffer.concat(messages), behind: Buffer.concat(behind), stage };
}

for (const passesAnswers of [false, true]) {
  describe(`the status behind the messages of an answer, in ${passesAnswers ? "STREAMED" : "FULL_DUPLEX_STREAMED"} mode`, () => {
    test("is an error of the upstream's where it is one, and the messages pass as they came", async () => {
      const { messages, behind, stage } = await answered(
        [said("a"), said("b")],
        [
          ["grpc-status", "8"],
          ["grpc-message", "out of memory"],
        ],
        {},
        passesAnswers,
      );
      assert.ok(messages.equals(Buffer.concat([said("a"), said("b")])));
      assert.equal(behind.length, 0);
      const { upstreamError, charge, verdict } = onlyRecord(stage);
      assert.deepEqual(
        [upstreamError, charge?.source, verdict],
        ["RESOURCE_EXHAUSTED", "estimated", "allow"],
      );
    });

    test("is no error where all went well", async () => {
      const { stage } = await answered([said("a")], [["grpc-status", "0"]], {}, passesAnswers);
      assert.equal(onlyRecord(stage).upstreamError, undefined);
    });

    test("fails the one answer of a call too", async () => {
      const { messages, stage } = await answered(
        [whole("a")],
        [["grpc-status", "13"]],
        { method: "ModelInfer" },
        passesAnswers,
      );
      assert.ok(messages.equals(whole("a")));
      assert.equal(onlyRecord(stage).upstreamError, "INTERNAL");
    });
  });
}

test("a call without a status is none that went well, with trailers or without", async () => {
  const statusless = await answered([said("a")], [["x-trailer", "1"]]);
  assert.equal(onlyRecord(statusless.stage).upstreamError, "UNKNOWN");
  const twice = await answered(
    [said("a")],
    [
      ["grpc-status", "0"],
      ["grpc-status", "8"],
    ],
  );
  assert.equal(onlyRecord(twice.stage).upstreamError, "UNKNOWN");
  const bare = await answered([said("a")], undefined);
  assert.equal(onlyRecord(bare.stage).upstreamError, "upstream_incomplete");
  assert.ok(bare.messages.subarray(0, said("a").length).equals(said("a")));
  assert.match(bare.messages.subarray(said("a").length).toString("latin1"), /before it was complete/);
});

test("a message that is cut off is dropped where the status says that the call failed, and named where it says nothing of it", async () => {
  const pieces = [said("a"), said("b").subarray(0, -1)];
  const failed = await answered(pieces, [["grpc-status", "14"]]);
  assert.ok(failed.messages.equals(said("a")));
  assert.equal(failed.behind.length, 0);
  assert.equal(onlyRecord(failed.stage).upstreamError, "UNAVAILABLE");
  const fine = await answered(pieces, [["grpc-status", "0"]]);
  assert.match(fine.behind.toString("latin1"), /before it was complete/);
  assert.equal(onlyRecord(fine.stage).upstreamError, "upstream_incomplete");
});

test("what was held back to be looked through comes in front of a failing status, and masked", async () => {
  const { messages, behind, stage } = await answered([said(`to ${MAIL}`)], [["grpc-status", "8"]], {
    decide: { allow: true, redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "response" }] },
  });
  assert.equal(messages.length, 0);
  assert.match(behind.toString("latin1"), /to <EMAIL_ADDRESS>/);
  assert.ok(!behind.includes(MAIL));
  assert.equal(onlyRecord(stage).upstreamError, "RESOURCE_EXHAUSTED");
});

test("a status that is no number is kept within bounds", async () => {
  const { stage } = await answered([said("a")], [["grpc-status", "x".repeat(10_000)]]);
  const { upstreamError } = onlyRecord(stage);
  assert.ok(upstreamError !== undefined && upstreamError.length <= UPSTREAM_ERROR_CHARS_MAX);
});
