/**
 * Streams of requests of the Open Inference Protocol as clients use them: the next request is sent when the one before is
 * answered. Through a real Envoy, configured as `regent envoy generate` has it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { encodeMessage, framed, unframed } from "../../support/infer-proto.ts";
import { KEYS } from "../governed/ask.ts";
import { eventually, recordOf } from "../governed/records.ts";
import type { Governed } from "../governed/stack.ts";
import { asking, type StreamedResponse, textsIn } from "./infer-model.ts";
import {
  ASK,
  type InferStream,
  openInferStream,
  type StreamModel,
  startStreamModel,
  streamedOf,
  wireForm,
} from "./infer-stream.ts";
import { MODEL, startTensorStack, VERSION } from "./tensor-stack.ts";

/** A key of a form that detectors know, made now. */
const SECRET = `sk-${randomBytes(24).toString("hex")}`;
const MAIL = "jane.doe@example.com";

/** Denies a request that holds a secret, and masks addresses of e-mail. */
const DECISION = `default decision := {
	"allow": true,
	"redact": [{"type": "EMAIL_ADDRESS", "action": "mask", "where": "request"}],
}

decision := {"allow": false, "reasons": [{
	"code": "secret_in_prompt", "kind": "content", "message": "The request holds a secret.",
	"policy": "test/secrets", "severity": "error",
}]} if {
	some finding in input.findings
	finding.type == "SECRET"
}`;

const saidIn = (answer: StreamedResponse) => textsIn(answer.infer_response?.outputs[0])[0];

describe("a stream of requests that waits for its answers", () => {
  let model: StreamModel;
  let stack: Governed;
  const streams: InferStream[] = [];
  before(async () => {
    model = await startStreamModel();
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${model.port}`, DECISION);
  });
  after(async () => {
    for (const stream of streams) stream.close();
    await stack?.stop();
    model?.stop();
  });
  const open = (key: string = KEYS.acmeAnalyst) => {
    const stream = openInferStream(stack.port, key);
    streams.push(stream);
    return stream;
  };
  const ask = async (stream: InferStream, text: string) => {
    stream.send(asking(MODEL, [text]));
    return saidIn(await stream.next());
  };

  test("is answered request by request, each masked before it leaves, and one record tells of all", async () => {
    const stream = open();
    assert.equal(await ask(stream, "first"), "first");
    assert.equal(await ask(stream, `to ${MAIL}`), "to <EMAIL_ADDRESS>");
    const third = asking(MODEL, ["third"]);
    stream.send(third);
    const answer = await stream.next();
    assert.deepEqual([answer.infer_response?.model_name, saidIn(answer)], [VERSION, "third"]);
    stream.end();
    assert.equal((await stream.ended).code, status.OK);
    const record = await recordOf(stack, await stream.decisionId);
    assert.deepEqual(
      [record.verdict, record.end, record.inference?.stream, record.redactions],
      ["allow", "complete", true, [{ type: "EMAIL_ADDRESS", count: 1 }]],
    );
    assert.equal(record.charge?.source, "estimated");
    assert.ok(!model.seen.some((text) => text.includes(MAIL)));
  });

  test("whose second request is denied gets its first answered, and then the status of the denial", async () => {
    const stream = open();
    assert.equal(await ask(stream, "before the secret"), "before the secret");
    stream.send(asking(MODEL, [`my key is ${SECRET}`]));
    const { code, reason, details, rest } = await stream.ended;
    assert.deepEqual([code, reason, rest], [status.INVALID_ARGUMENT, "secret_in_prompt", []]);
    assert.ok(details !== "" && !details.includes(SECRET), details);
    const record = await recordOf(stack, await stream.decisionId);
    assert.deepEqual([record.verdict, record.end, record.status], ["deny", "refused", 200]);
    assert.equal(record.reasons[0]?.code, "secret_in_prompt");
    assert.ok(!model.seen.some((text) => text.includes(SECRET)));
  });

  test("that sends a good request and a bad one at once gets the answer to the good one, and the status", async () => {
    const stream = open();
    stream.send(asking(MODEL, ["good"]));
    stream.send(asking(MODEL, [SECRET]));
    stream.send(asking(MODEL, ["behind the bad one"]));
    const { code, rest } = await stream.ended;
    assert.deepEqual([code, rest.map(saidIn)], [status.INVALID_ARGUMENT, ["good"]]);
    assert.ok(!model.seen.includes("behind the bad one"));
  });

  test("whose first request is denied never reaches the model", async () => {
    const stream = open();
    stream.send(asking(MODEL, [SECRET]));
    const { code, reason } = await stream.ended;
    assert.deepEqual([code, reason], [status.INVALID_ARGUMENT, "secret_in_prompt"]);
    const record = await recordOf(stack, await stream.decisionId);
    assert.deepEqual([record.verdict, record.status, record.attempts], ["deny", 400, undefined]);
  });

  test("stays with one model, and with what can be read", async () => {
    for (const spoil of [
      (stream: InferStream) => stream.send(asking("sim-small", ["other model"])),
      (stream: InferStream) => stream.sendBytes(Buffer.from("no protobuf")),
    ]) {
      const stream = open();
      assert.equal(await ask(stream, "fine"), "fine");
      spoil(stream);
      const { code } = await stream.ended;
      assert.notEqual(code, status.OK);
      assert.equal((await recordOf(stack, await stream.decisionId)).verdict, "deny");
    }
    assert.ok(!model.seen.includes("other model"));
  });

  test("that the client aborts is aborted at the model, and settled by what was delivered", async () => {
    const stream = open();
    assert.equal(await ask(stream, ASK.answerAndStay), ASK.answerAndStay);
    assert.equal(model.resets, 0);
    const id = await stream.decisionId;
    stream.cancel();
    assert.equal((await stream.ended).code, status.CANCELLED);
    await eventually("the model hears of it", () => (model.resets > 0 ? true : undefined));
    const record = await recordOf(stack, id);
    assert.deepEqual([record.end, record.verdict, record.charge?.source], ["aborted", "allow", "estimated"]);
  });

  test("gets the status of a model that fails behind an answer, and the record names it", async () => {
    const stream = open();
    assert.equal(await ask(stream, "fine"), "fine");
    assert.equal(await ask(stream, ASK.fail), ASK.fail);
    const { code, details } = await stream.ended;
    assert.deepEqual([code, details], [status.RESOURCE_EXHAUSTED, "out of memory"]);
    const record = await recordOf(stack, await stream.decisionId);
    assert.deepEqual([record.verdict, record.upstreamError], ["allow", "RESOURCE_EXHAUSTED"]);
  });

  test("is refused in words also while the model is still silent", async () => {
    const stream = open();
    stream.send(asking(MODEL, [ASK.wait]));
    await eventually("the model is asked", () => (model.seen.at(-1) === ASK.wait ? true : undefined));
    stream.send(asking(MODEL, [SECRET]));
    // The stream to the model ends with the refusal, on which it answers what it held.
    const { code, rest } = await stream.ended;
    assert.deepEqual([code, rest.map(saidIn)], [status.INVALID_ARGUMENT, [ASK.wait]]);
  });

  test("may be a flood of small requests, of which each is judged", async () => {
    const stream = open();
    const count = 300;
    for (let i = 0; i < count; i++) stream.send(asking(MODEL, [`${i}`]));
    for (let i = 0; i < count; i++) assert.equal(saidIn(await stream.next()), `${i}`);
    stream.end();
    assert.equal((await stream.ended).code, status.OK);
  });

  test("may be cut anywhere on its way", async () => {
    const frames = ["first", `to ${MAIL}`, "é"].map((text) =>
      framed(encodeMessage("request", wireForm(asking(MODEL, [text])))),
    );
    const whole = Buffer.concat(frames);
    const borders = [1, 4, 5, 6, frames[0]?.length ?? 0, (frames[0]?.length ?? 0) + 3, whole.length - 1];
    for (const border of borders) {
      const { answers, trailers } = await cutAt(stack.port, whole, [border]);
      assert.deepEqual(answers, ["first", "to <EMAIL_ADDRESS>", "é"], `cut at ${border}`);
      assert.equal(trailers["grpc-status"], "0");
    }
    const bytewise = await cutAt(stack.port, whole, [...whole.keys()].slice(1));
    assert.deepEqual(bytewise.answers, ["first", "to <EMAIL_ADDRESS>", "é"]);
  });

  test("with a request that is too large for the route ends before it has come", async () => {
    const stream = open();
    assert.equal(await ask(stream, "small"), "small");
    stream.send(asking(MODEL, ["x".repeat(5 * 1024 * 1024)]));
    const { code, reason } = await stream.ended;
    assert.deepEqual([code, reason], [status.RESOURCE_EXHAUSTED, "body_too_large"]);
  });

  test("carries more than a body may, request by request, without Envoy or Regent keeping it", async () => {
    const stream = open();
    const text = "x".repeat(512 * 1024);
    for (let i = 0; i < 24; i++) assert.equal((await ask(stream, text))?.length, text.length);
    stream.end();
    assert.equal((await stream.ended).code, status.OK);
    const record = await recordOf(stack, await stream.decisionId);
    assert.ok((record.request.bodyBytes ?? 0) > 12 * 1024 * 1024);
  });

  test("is not authenticated without a key that is known", async () => {
    const stream = open("nobody");
    stream.send(asking(MODEL, ["Hello."]));
    assert.equal((await stream.ended).code, status.UNAUTHENTICATED);
  });

  // The last one: the server is gone then.
  test("of which the server dies midway breaks off, and the record does not call it whole", async () => {
    const stream = open();
    assert.equal(await ask(stream, "one"), "one");
    const id = await stream.decisionId;
    stream.send(asking(MODEL, [ASK.die]));
    const { code } = await stream.ended;
    assert.notEqual(code, status.OK);
    const record = await recordOf(stack, id);
    assert.ok(record.end === "aborted" || record.upstreamError !== undefined, JSON.stringify(record));
  });
});

describe("a server of gRPC that ends its answers as no server should", () => {
  let server: Http2Server;
  let stack: Governed;
  const streams: InferStream[] = [];
  let respond: (stream: ServerHttp2Stream) => void;
  before(async () => {
    server = createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.once("data", () => respond(stream));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${port}`);
  });
  after(async () => {
    for (const stream of streams) stream.close();
    await stack?.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  const message = framed(encodeMessage("streamed", { inferResponse: { modelName: VERSION } }));
  const answering = (trailers: { [name: string]: string } | undefined) => {
    respond = (stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: trailers !== undefined },
      );
      stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
      stream.end(message);
    };
  };
  const asked = async () => {
    const stream = openInferStream(stack.port, KEYS.acmeAnalyst);
    streams.push(stream);
    stream.send(asking(MODEL, ["Hello."]));
    await stream.next();
    const ended = await stream.ended;
    return { ended, record: await recordOf(stack, await stream.decisionId) };
  };

  for (const [title, trailers, error] of [
    ["a status that is an error", { "grpc-status": "14", "grpc-message": "gone" }, "UNAVAILABLE"],
    ["trailers without a status", { "x-other": "1" }, "UNKNOWN"],
  ] as const)
    test(`fails the exchange by ${title}`, async () => {
      answering(trailers);
      const { ended, record } = await asked();
      assert.notEqual(ended.code, status.OK);
      assert.deepEqual([record.upstreamError, record.end], [error, "complete"]);
    });

  test("fails the exchange where it sends no trailers at all", async () => {
    answering(undefined);
    const { ended, record } = await asked();
    assert.match(ended.rest[0]?.error_message ?? "", /before it was complete/);
    assert.equal(record.upstreamError, "upstream_incomplete");
  });
});

/** Sends bytes as a stream of requests in pieces, and waits for the answers; for pieces that no library makes. */
async function cutAt(
  port: number,
  body: Buffer,
  borders: readonly number[],
): Promise<{ answers: string[]; trailers: { [name: string]: unknown } }> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/inference.GRPCInferenceService/ModelStreamInfer",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${KEYS.acmeAnalyst}`,
  });
  let trailers: { [name: string]: unknown } = {};
  stream.on("trailers", (headers) => {
    trailers = headers;
  });
  const received: Buffer[] = [];
  stream.on("data", (piece: Buffer) => received.push(piece));
  const closed = new Promise((resolve) => stream.on("close", resolve));
  const cuts = [0, ...borders, body.length];
  for (const [index, start] of cuts.slice(0, -1).entries())
    await new Promise((resolve) => stream.write(body.subarray(start, cuts[index + 1]), resolve));
  stream.end();
  await closed;
  session.destroy();
  const answers = unframed(Buffer.concat(received)).map((bytes) => saidIn(streamedOf(bytes)) ?? "");
  return { answers, trailers };
}
