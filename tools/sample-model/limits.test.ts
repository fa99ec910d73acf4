import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { parseDirectives } from "./directives.ts";
import { parseChatRequest } from "./request.ts";
import { startSampleModel } from "./server.ts";
import { Witness } from "./witness.ts";

const NOTHING = Buffer.alloc(0);

test("the witness remembers the newest 50,000 requests and counts them all", () => {
  const witness = new Witness("sim");
  const request = new IncomingMessage(new Socket());
  for (let sent = 0; sent < 100_001; sent += 1) witness.see(request, NOTHING);
  const remembered = witness.find();
  assert.equal(remembered.length, 50_000);
  assert.equal(remembered.at(-1)?.sequence, 100_001);
  assert.equal(witness.count, 100_001);
});

test("the witness keeps 4,096 characters of a body and hashes all of it", () => {
  const witness = new Witness("sim");
  const request = new IncomingMessage(new Socket());
  const [kept, longer] = [4_096, 4_097].map((length) => witness.see(request, Buffer.alloc(length, "x")));
  assert.equal(kept?.body, longer?.body);
  assert.notEqual(kept?.bodySha256, longer?.bodySha256);
});

test("a model server takes no body over 64 MiB", async () => {
  const model = await startSampleModel({ name: "sim", region: "us" });
  try {
    const send = (bytes: number) =>
      fetch(`${model.origin}/v1/other`, { method: "POST", body: Buffer.alloc(bytes) });
    assert.equal((await send(64 * 1024 ** 2)).status, 404);
    assert.equal((await send(64 * 1024 ** 2 + 1)).status, 413);
  } finally {
    await model.close();
  }
});

test("no wait that a prompt asks for is longer than a minute", () => {
  assert.deepEqual(
    [
      parseDirectives("[[delay:60000]]", undefined).delayMs,
      parseDirectives("[[delay:999999]]", undefined).delayMs,
    ],
    [60_000, 60_000],
  );
  assert.equal(parseDirectives("[[pace:70000]]", undefined).paceMs, 60_000);
});

test("a request gets at most eight answers of at most 256 tokens", () => {
  const asked = parseChatRequest(Buffer.from('{"model":"m","messages":[],"n":9,"max_tokens":257}'));
  assert.deepEqual([asked?.choices, asked?.maxTokens], [8, 256]);
});
