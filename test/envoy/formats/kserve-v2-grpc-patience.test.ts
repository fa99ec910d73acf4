/** Streams of requests where somebody does not keep up: a client, Regent, or the model behind a refusal. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { createProcessHandler } from "../../../src/envoy/process/process.ts";
import { RegentError } from "../../../src/exchange/errors.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { envoyConfig } from "../../../src/local/envoy/bootstrap.ts";
import { REQUEST_STREAM_WINDOW_BYTES } from "../../../src/local/envoy/clusters.ts";
import { CLIENT_STREAM_WINDOW_BYTES } from "../../../src/local/envoy/listener.ts";
import { ENVOY_DEFAULTS } from "../../../src/local/envoy/options.ts";
import type { Governance, RequestChunkAnswer, RequestRefusal } from "../../../src/pipeline/governor.ts";
import { KEYS } from "../governed/ask.ts";
import { eventually } from "../governed/records.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { answer, fakeGovernor, PERMIT, plan } from "../support/fake-governor.ts";
import { type RunningProcessor, startProcessor } from "../support/processor.ts";
import { asking } from "./infer-model.ts";
import {
  ASK,
  type InferStream,
  openInferStream,
  type StreamModel,
  startStreamModel,
} from "./infer-stream.ts";

const TARGET = "model";
/** Far more than anything may hold. */
const FLOOD_BYTES = 64 * 1024 * 1024;
const MESSAGE_BYTES = 1024 * 1024;
const BUSY_MACHINE_MS = 60_000;
/** Heads of HTTP/2's frames, each of some 16 KiB, and of the request: they are in no window. */
const FRAMING_BYTES = 16 * 1024;

const REFUSAL: RequestRefusal = {
  answer: { ...answer(200, {}), body: Buffer.from("refused"), grpcStatus: status.PERMISSION_DENIED },
  last: Buffer.alloc(0),
  trailers: [["grpc-status", String(status.PERMISSION_DENIED)]],
};

/** How a stream of requests is governed: what comes of each piece. */
type Judge = (chunk: Buffer, isFirst: boolean) => Promise<Partial<RequestChunkAnswer>>;

let judge: Judge;
let model: StreamModel;
let processor: RunningProcessor;
let envoy: RunningEnvoy;
const broken: string[] = [];

before(async () => {
  model = await startStreamModel();
  const governor = fakeGovernor({ responseHead: () => ({ kind: "pass", plan: plan(), body: "stream" }) });
  const begin = (exchange: Parameters<typeof governor.begin>[0]): Governance => {
    let isFirst = true;
    return {
      ...governor.begin(exchange),
      requestHead: async () => ({ kind: "need_body", streams: true }),
      async requestChunk(chunk) {
        const given = await judge(chunk, isFirst);
        isFirst = false;
        return { requests: [], isPartial: false, ...given };
      },
      refuseRequest: () => REFUSAL,
    };
  };
  const handler = createProcessHandler(
    { begin },
    {
      nowMs: Date.now,
      onBroken: (_, fault) => broken.push(fault.details),
    },
  );
  processor = await startProcessor(handler);
  const config = envoyConfig({
    ...ENVOY_DEFAULTS,
    filters: "ext_proc",
    regent: { kind: "tcp", host: "127.0.0.1", port: processor.port },
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    targets: [{ name: TARGET, origin: `grpc://127.0.0.1:${model.port}` }],
    accessLog: "/dev/null",
  }) as JsonObject;
  envoy = await startEnvoy(withoutAttempts(config));
});
after(async () => {
  await envoy?.stop();
  processor?.stop();
  model?.stop();
});

const passes = (bytes: Buffer, isFirst: boolean): Partial<RequestChunkAnswer> => ({
  ...(isFirst ? { head: plan({ "x-regent-target": TARGET }, { clearRouteCache: true }) } : {}),
  requests: [{ permit: PERMIT, bytes }],
});

/** A client that sends as much as it is let. */
function flood(): InferStream {
  const stream = openInferStream(envoy.port("ingress"), KEYS.acmeAnalyst);
  for (let sent = 0; sent < FLOOD_BYTES; sent += MESSAGE_BYTES) stream.sendBytes(Buffer.alloc(MESSAGE_BYTES));
  return stream;
}

const received = () => envoy.stat("http.ingress.downstream_cx_rx_bytes_total");

describe("a client that sends faster than it is judged", () => {
  test("is held back by Envoy, which keeps little of it and survives whoever gives up", async () => {
    for (const givesUp of ["client", "Regent"] as const) {
      const stalled = Promise.withResolvers<Partial<RequestChunkAnswer>>();
      judge = () => stalled.promise;
      const paused = await envoy.stat("http.ingress.downstream_flow_control_paused_reading_total");
      const before = await received();
      const stream = flood();
      await eventually(
        "Envoy reads no more",
        async () =>
          (await envoy.stat("http.ingress.downstream_flow_control_paused_reading_total")) > paused
            ? true
            : undefined,
        BUSY_MACHINE_MS,
      );
      // The windows at both sides of Envoy, and what its buffers take in one read.
      const most = 2 * (CLIENT_STREAM_WINDOW_BYTES + REQUEST_STREAM_WINDOW_BYTES) + FRAMING_BYTES;
      assert.ok((await received()) - before <= most, `${(await received()) - before} bytes`);
      if (givesUp === "client") stream.cancel();
      else stalled.reject(new Error("given up"));
      const { code } = await stream.ended;
      assert.equal(code, givesUp === "client" ? status.CANCELLED : status.UNAVAILABLE);
      stalled.resolve({});
      stream.close();
      assert.equal(envoy.ended, false);
      // It goes on serving.
      judge = async (chunk, isFirst) => passes(chunk, isFirst);
      const next = openInferStream(envoy.port("ingress"), KEYS.acmeAnalyst);
      next.send(asking(TARGET, ["still there"]));
      await next.next();
      next.end();
      assert.equal((await next.ended).code, status.OK);
      next.close();
    }
    assert.ok(broken.includes("Regent failed"), String(broken));
  });
});

describe("a model that does not end behind a refusal", () => {
  test("is cut off after a while, and the client is refused in the place of an answer or behind one", async () => {
    judge = async (chunk, isFirst) => (isFirst ? passes(chunk, true) : { refusal: REFUSAL });
    const silent = openInferStream(envoy.port("ingress"), KEYS.acmeAnalyst);
    const talking = openInferStream(envoy.port("ingress"), KEYS.acmeAnalyst);
    silent.send(asking(TARGET, [ASK.never]));
    talking.send(asking(TARGET, [ASK.answerAndStay]));
    await talking.next();
    await eventually("the model is asked", () => (model.seen.includes(ASK.never) ? true : undefined));
    silent.send(asking(TARGET, ["more"]));
    talking.send(asking(TARGET, ["more"]));
    const { code, details } = await silent.ended;
    assert.deepEqual([code, details], [status.PERMISSION_DENIED, "refused"]);
    // The answer has begun, so that its last event says it; a status cannot follow any more.
    assert.notEqual((await talking.ended).code, status.OK);
    assert.ok(!model.seen.includes("more"));
    silent.close();
    talking.close();
  });
});

test("a request of a stream never passes when judging it fails", async () => {
  judge = async (chunk, isFirst) =>
    isFirst ? passes(chunk, true) : Promise.reject(new RegentError("internal_error"));
  const stream = openInferStream(envoy.port("ingress"), KEYS.acmeAnalyst);
  stream.send(asking(TARGET, ["judged"]));
  await stream.next();
  stream.send(asking(TARGET, ["not judged"]));
  assert.notEqual((await stream.ended).code, status.OK);
  assert.ok(model.seen.includes("judged") && !model.seen.includes("not judged"));
  stream.close();
});

/** The generated configuration without the filters at clusters, which are not what is tried here. */
function withoutAttempts(config: JsonObject): JsonObject {
  const text = JSON.stringify(config, (key, value: unknown) =>
    key === "http_filters" && !JSON.stringify(value).includes("envoy.filters.http.router")
      ? undefined
      : value,
  );
  return JSON.parse(text) as JsonObject;
}
