/**
 * A gRPC client of the Open Inference Protocol through a real Envoy with Regent beside it, to a server of the same. Client
 * and server are gRPC's own library on the `.proto` file.
 */
import assert from "node:assert/strict";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Metadata, status } from "@grpc/grpc-js";
import { encodeMessage, framed } from "../../support/infer-proto.ts";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import type { Governed } from "../governed/stack.ts";
import {
  asking,
  askingRaw,
  connectInfer,
  FAILS,
  type InferClient,
  type InferModel,
  startInferModel,
  textsIn,
  textsOf,
} from "./infer-model.ts";
import { MODEL, startTensorStack, VERSION } from "./tensor-stack.ts";

describe("a gRPC client of the Open Inference Protocol", () => {
  let model: InferModel;
  let stack: Governed;
  let client: InferClient;
  const clients: InferClient[] = [];
  const connect = (apiKey: string | undefined, options: object = {}) => {
    const connected = connectInfer(stack.port, apiKey, options);
    clients.push(connected);
    return connected;
  };
  before(async () => {
    model = await startInferModel();
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${model.port}`);
    client = connect(KEYS.acmeAnalyst);
  });
  after(async () => {
    for (const connected of clients) connected.close();
    await stack?.stop();
    await model?.stop();
  });

  const decisionOf = (metadata: Metadata) => headerOf(metadata, "x-regent-decision-id");
  const headerOf = (metadata: Metadata, name: string) => metadata.get(name)[0] as string | undefined;
  /** What reached the model under a decision. */
  const seenFor = (id: string | undefined) =>
    model.seen.filter(({ metadata }) => headerOf(metadata, "x-regent-decision-id") === id);

  test("gets an answer from the version that was chosen, and the record says what was asked", async () => {
    const { answers, code, metadata } = await client.infer(asking(MODEL, ["Hello there.", "é"]));
    assert.equal(code, status.OK);
    assert.equal(answers[0]?.model_name, VERSION);
    assert.deepEqual(textsIn(answers[0]?.outputs[0]), ["Hello there.", "é"]);
    const record = await recordOf(stack, decisionOf(metadata));
    assert.deepEqual(record.inference, {
      format: "kserve-v2-grpc",
      operation: "infer",
      model: MODEL,
      stream: false,
    });
    assert.deepEqual([record.verdict, record.usage], ["allow", undefined]);
  });

  test("gets personal data masked on the way to the model, in typed contents, in raw ones and in compressed messages", async () => {
    const zipping = connect(KEYS.acmeAnalyst, { "grpc.default_compression_algorithm": 2 });
    for (const [sender, request] of [
      [client, asking(MODEL, ["write to jane.doe@example.com", "and no more"])],
      [client, askingRaw(MODEL, ["write to jane.doe@example.com", "and no more"])],
      [zipping, asking(MODEL, [`write to jane.doe@example.com ${"x".repeat(4000)}`, "and no more"])],
    ] as const) {
      const { code, details, metadata } = await sender.infer(request);
      assert.equal(code, status.OK, details);
      const id = decisionOf(metadata);
      const [seen] = seenFor(id);
      assert.ok(seen !== undefined);
      const [first, second] = textsOf(seen.request);
      assert.ok(first?.startsWith("write to ") && !first.includes("jane.doe"), first);
      assert.equal(second, "and no more");
      assert.equal((await recordOf(stack, id)).redactions[0]?.count, 1);
    }
  });

  test("is refused with the status and the words of a denial", async () => {
    const { answers, code, details, metadata } = await client.infer(asking("sim-frontier", ["Hello."]));
    assert.deepEqual([answers.length, code], [0, status.PERMISSION_DENIED]);
    assert.match(details, /sim-frontier/);
    assert.equal(headerOf(metadata, "x-regent-reason"), "model_not_permitted");
    const record = await recordOf(stack, decisionOf(metadata));
    assert.deepEqual([record.verdict, record.status], ["deny", 403]);
    assert.deepEqual(seenFor(decisionOf(metadata)), []);
  });

  test("without a key is not authenticated", async () => {
    const { code } = await connect(undefined).infer(asking(MODEL, ["Hello."]));
    assert.equal(code, status.UNAUTHENTICATED);
  });

  test("is told what is wrong with a message", async () => {
    const { code, details } = await client.inferBytes(Buffer.from("no protobuf"));
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /^The message has /);
    const wrong = asking(MODEL, ["Hello."]);
    const mismatch = await client.infer({ ...wrong, inputs: [{ ...wrong.inputs[0], shape: [2] } as never] });
    assert.equal(mismatch.details, "text: shape [2] wants 2 elements, 1 given");
  });

  test("is told that nothing else of the service is served", async () => {
    const { code, metadata } = await client.inferBytes(
      Buffer.alloc(0),
      "/inference.GRPCInferenceService/RepositoryModelLoad",
    );
    assert.equal(code, status.UNIMPLEMENTED);
    assert.equal(headerOf(metadata, "x-regent-reason"), "unknown_endpoint");
  });

  test("is told by Envoy itself when a message is too large, in the same way", async () => {
    const { code, details, metadata } = await client.infer(asking(MODEL, ["x".repeat(5 * 1024 * 1024)]));
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    assert.match(details, /larger/);
    assert.equal(headerOf(metadata, "x-regent-reason"), "body_too_large");
  });

  test("gets the server's own error as it is, and the record names it", async () => {
    const { code, details, metadata } = await client.infer(asking(MODEL, [FAILS]));
    assert.deepEqual([code, details], [status.FAILED_PRECONDITION, "the model is not ready: 50 % loaded"]);
    const record = await recordOf(stack, decisionOf(metadata));
    assert.equal(record.upstreamError, "FAILED_PRECONDITION");
  });

  test("sends a stream of requests to its end, and each is governed and answered", async () => {
    const { answers, code, metadata } = await client.stream(
      asking(MODEL, ["first"]),
      asking(MODEL, ["mail john.roe@example.com"]),
    );
    assert.equal(code, status.OK);
    const said = answers.map(({ infer_response: answer }) => textsIn(answer?.outputs[0])[0]);
    assert.equal(said.length, 4);
    assert.deepEqual(said.slice(0, 2), ["first", "first"]);
    assert.ok(said.every((text) => !text?.includes("john.roe")));
    const id = decisionOf(metadata);
    assert.equal(seenFor(id).length, 2);
    const record = await recordOf(stack, id);
    assert.deepEqual([record.inference?.stream, record.redactions[0]?.count], [true, 1]);
  });

  test("gets an error in a stream as it is, and the record has it", async () => {
    const { answers, code, metadata } = await client.stream(asking(MODEL, [FAILS]));
    assert.equal(code, status.OK);
    assert.equal(answers[1]?.error_message, "out of memory");
    assert.ok((await recordOf(stack, decisionOf(metadata))).upstreamError !== undefined);
  });

  test("cannot ask for a model behind another one in a stream", async () => {
    const { code, metadata } = await client.stream(asking(MODEL, ["a"]), asking("sim-large", ["b"]));
    assert.notEqual(code, status.OK);
    const id = decisionOf(metadata);
    assert.deepEqual(
      seenFor(id).map(({ request }) => textsOf(request)),
      [["a"]],
    );
    assert.equal((await recordOf(stack, id)).verdict, "deny");
  });
});

describe("a server of gRPC that breaks its protocol", () => {
  let server: Http2Server;
  let stack: Governed;
  let client: InferClient;
  let respond: (stream: ServerHttp2Stream) => void;
  before(async () => {
    server = createServer();
    server.on("stream", (stream) => {
      stream.resume();
      stream.on("end", () => respond(stream));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${port}`);
    client = connectInfer(stack.port, KEYS.acmeAnalyst);
  });
  after(async () => {
    client?.close();
    await stack?.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Answers with these bytes, and says that all went well. */
  const answering = (...pieces: readonly Buffer[]) => {
    respond = (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(pieces));
    };
  };
  const whole = framed(encodeMessage("response", { modelName: VERSION, outputs: [] }));
  const streamed = framed(encodeMessage("streamed", { inferResponse: { modelName: VERSION } }));

  for (const [title, pieces] of [
    ["half an answer", [whole.subarray(0, -1)]],
    ["an answer that is no message", [framed(Buffer.from("no protobuf"))]],
    ["two answers", [whole, whole]],
  ] as const) {
    test(`cannot give a client ${title} as a good one`, async () => {
      answering(...pieces);
      const { answers, code } = await client.infer(asking(MODEL, ["Hello."]));
      assert.deepEqual([answers.length, code], [0, status.INTERNAL]);
    });
  }

  test("cannot end a stream in the middle of a message without an error", async () => {
    answering(streamed, streamed.subarray(0, -1));
    const { answers, metadata } = await client.stream(asking(MODEL, ["Hello."]));
    assert.equal(answers.length, 2);
    assert.equal(answers[0]?.infer_response?.model_name, VERSION);
    assert.match(answers[1]?.error_message ?? "", /before it was complete/);
    const id = metadata.get("x-regent-decision-id")[0] as string;
    assert.equal((await recordOf(stack, id)).upstreamError, "upstream_incomplete");
  });
});
