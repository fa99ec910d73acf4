/**
 * Streams of requests by the clients that people use: `tritonclient.grpc`, and MLServer's own with a real MLServer. Both
 * open a stream, wait for answers in between, and end it last.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type StreamModel, startStreamModel } from "../envoy/formats/infer-stream.ts";
import { MODEL, startTensorStack, VERSION } from "../envoy/formats/tensor-stack.ts";
import { KEYS } from "../envoy/governed/ask.ts";
import { eventually } from "../envoy/governed/records.ts";
import type { Governed } from "../envoy/governed/stack.ts";
import { mlserverMissing } from "./mlserver.ts";
import { type StreamClient, startStreamClient } from "./stream-client.ts";
import { startWordServer, type WordServer } from "./word-server.ts";

const MAIL = "jane.doe@example.com";
/** A key of a form that detectors know, made now. */
const SECRET = `sk-${randomBytes(24).toString("hex")}`;

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

const skip = mlserverMissing ?? false;

/** The record of the exchange that ended as the first, second … of a stack. */
const recordAt = (stack: Governed, place: number) =>
  eventually(`record ${place}`, async () => (await stack.records())[place - 1]);

describe("tritonclient.grpc with an open stream", { skip }, () => {
  let model: StreamModel;
  let stack: Governed;
  const clients: StreamClient[] = [];
  before(async () => {
    model = await startStreamModel();
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${model.port}`, DECISION);
  });
  after(async () => {
    for (const client of clients) await client.stop();
    await stack?.stop();
    model?.stop();
  });
  const start = () => {
    const client = startStreamClient("triton", stack.port, KEYS.acmeAnalyst, MODEL);
    clients.push(client);
    return client;
  };

  test("gets each answer before it sends the next request, and ends its stream last", async () => {
    const client = start();
    client.send("Hello.");
    assert.deepEqual(await client.next(), { said: "Hello." });
    client.send(`to ${MAIL}`);
    assert.deepEqual(await client.next(), { said: "to <EMAIL_ADDRESS>" });
    client.end();
    assert.deepEqual(await client.next(), { ended: true });
    const { verdict, end, redactions } = await recordAt(stack, 1);
    assert.deepEqual([verdict, end, redactions[0]?.count], ["allow", "complete", 1]);
    assert.ok(!model.seen.some((text) => text.includes(MAIL)));
  });

  test("is given its own exception for a request that is denied, with the answers before it", async () => {
    const client = start();
    client.send("Hello.");
    assert.deepEqual(await client.next(), { said: "Hello." });
    client.send(`the key is ${SECRET}`);
    assert.deepEqual(await client.next(), {
      error: "The request holds a secret.",
      status: "StatusCode.INVALID_ARGUMENT",
    });
    client.end();
    assert.deepEqual(await client.next(), { ended: true });
    assert.ok(!model.seen.some((text) => text.includes(SECRET)));
    assert.equal((await recordAt(stack, 2)).verdict, "deny");
  });
});

describe("a real MLServer with an open stream", { skip }, () => {
  let server: WordServer;
  let stack: Governed;
  const clients: StreamClient[] = [];
  before(async () => {
    server = await startWordServer(VERSION);
    stack = await startTensorStack("kserve-v2-grpc", `grpc://127.0.0.1:${server.port}`, DECISION);
  });
  after(async () => {
    for (const client of clients) await client.stop();
    await stack?.stop();
    await server?.stop();
  });
  const start = () => {
    const client = startStreamClient("mlserver", stack.port, KEYS.acmeAnalyst, MODEL);
    clients.push(client);
    return client;
  };

  test("answers word by word, and the next request when it comes", async () => {
    const client = start();
    client.send(`write to ${MAIL} please`);
    for (const word of ["write", "to", "<EMAIL_ADDRESS>", "please"])
      assert.deepEqual(await client.next(), { said: word });
    client.send("and again");
    for (const word of ["and", "again"]) assert.deepEqual(await client.next(), { said: word });
    client.end();
    assert.deepEqual(await client.next(), { ended: true });
    const { verdict, upstreamError, route } = await recordAt(stack, 1);
    assert.deepEqual([verdict, upstreamError, route?.version], ["allow", undefined, VERSION]);
  });

  test("gets no request that is denied", async () => {
    const client = start();
    client.send(SECRET);
    const { error, status } = await client.next();
    assert.deepEqual([error, status], ["The request holds a secret.", "StatusCode.INVALID_ARGUMENT"]);
  });
});
