import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import OpenAI from "openai";
import type { Record } from "../../../src/exchange/record.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { ANALYST, assertRefused, chat, codeOf, DENIED_BODY, KEYS, post } from "../governed/ask.ts";
import { parseAnswers, rawRequest } from "../governed/raw.ts";
import { recordOf } from "../governed/records.ts";
import { SCRIPTED_MODEL, type Scripted, startScripted } from "../governed/scripted.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";
import type { Received } from "../support/client.ts";
import type { Answer } from "../support/witness.ts";

let scripted: Scripted;
let stack: Governed;
let watch: Watch;
const folder = temporaryFolder();
before(async () => {
  scripted = await startScripted();
  stack = await startGoverned({
    config: (usual) => ({
      ...usual,
      registry: { file: scripted.writeRegistry(folder.path) },
      // Every test waits for its record.
      audit: { ...usual.audit, flush: "5ms" },
    }),
    targets: [scripted.target],
  });
  watch = new Watch(stack);
});
after(async () => {
  await stack?.stop();
  await scripted?.stop();
  folder.remove();
});

type Exchanged = { readonly received: Received; readonly record: Record };

/** Asks the scripted model, once, and gives what the client got and what was recorded. */
async function exchange(answer: Answer, more: object = {}): Promise<Exchanged> {
  scripted.play(answer);
  const before = scripted.witness.seen.length;
  const exchanged = await ask(SCRIPTED_MODEL, "Hello.", more);
  assert.equal(scripted.witness.seen.length, before + 1, "the model was asked once");
  return exchanged;
}

/** Asks the sample model for one of its faults. */
function fault(name: string, more: object = {}): Promise<Exchanged> {
  return ask("sim-small", `[[fault:${name}]]`, more);
}

async function ask(model: string, content: string, more: object): Promise<Exchanged> {
  const received = await post(stack.port, JSON.stringify(chat(model, content, more)));
  const record = await recordOf(stack, received.headers["x-regent-decision-id"] as string);
  assert.equal(record.verdict, "allow");
  return { received, record };
}

const STREAM = { stream: true };
/** A chunk of a stream, with its usage where some is given. */
const event = (content: string, finish: string | null, usage?: unknown) =>
  `data: ${JSON.stringify({
    id: "x",
    object: "chat.completion.chunk",
    created: 1,
    model: SCRIPTED_MODEL,
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
    ...(usage === undefined ? {} : { usage }),
  })}\n\n`;
const FIRST_EVENT = event("Once", null);
const DONE = "data: [DONE]\n\n";

const completion = (usage: unknown) => ({
  id: "x",
  object: "chat.completion",
  created: 1,
  model: SCRIPTED_MODEL,
  choices: [{ index: 0, message: { role: "assistant", content: "Once" }, finish_reason: "stop" }],
  usage,
});

/** Milliseconds between an event and the cut, so that the event is on its way alone. */
const CUT_AFTER_MS = 60;

/** Writes bytes of one's own framing, then closes or resets the connection. */
function cut(head: string, body: string, how: "close" | "reset" = "close"): Answer {
  return ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`);
    setTimeout(() => {
      if (how === "close") socket.end();
      else (socket as Socket & { resetAndDestroy(): void }).resetAndDestroy();
    }, CUT_AFTER_MS);
  };
}

function reply(
  status: number,
  type: string | undefined,
  body: string | Buffer,
  headers: object = {},
): Answer {
  return (_request, response) => {
    response.writeHead(status, { ...(type === undefined ? {} : { "content-type": type }), ...headers });
    response.end(body);
  };
}

const EVENT_STREAM = "content-type: text/event-stream";
const CLOSE = "connection: close";
const CHUNK = `${FIRST_EVENT.length.toString(16)}\r\n${FIRST_EVENT}\r\n`;

/** A stream that ends without its own end, in a way that Regent sees. */
const ENDED: { readonly [what: string]: Answer } = {
  "closes what only the close delimits": cut(`${EVENT_STREAM}\r\n${CLOSE}`, FIRST_EVENT),
  "resets what only the close delimits": cut(`${EVENT_STREAM}\r\n${CLOSE}`, FIRST_EVENT, "reset"),
  "closes in the middle of an event": cut(
    `${EVENT_STREAM}\r\n${CLOSE}`,
    `${FIRST_EVENT}data: {"id":"x","cho`,
  ),
  "ends its chunks too early": reply(200, "text/event-stream", FIRST_EVENT),
  "sends no event at all": reply(200, "text/event-stream", ""),
  "sends a document instead of events": reply(
    200,
    "text/event-stream",
    JSON.stringify(completion(undefined)),
  ),
};

/** A stream that breaks off inside its framing: Envoy resets the client's before anybody can say more. */
const BROKEN: { readonly [what: string]: Answer } = {
  "closes in the middle of its chunks": cut(`${EVENT_STREAM}\r\ntransfer-encoding: chunked`, CHUNK),
  "resets in the middle of its chunks": cut(`${EVENT_STREAM}\r\ntransfer-encoding: chunked`, CHUNK, "reset"),
  "closes before the length it announced": cut(`${EVENT_STREAM}\r\ncontent-length: 1000`, FIRST_EVENT),
};

function assertIncomplete({ received, record }: Exchanged): void {
  assert.equal(received.status, 200);
  assert.ok(!received.body.includes("[DONE]"));
  assert.equal(record.usage, undefined);
  assert.ok((record.charge?.tokens ?? 0) > 0, "what was delivered is charged");
  assert.equal(record.charge?.source, "estimated");
}

describe("a model that goes away in the middle of a stream", () => {
  for (const [what, answer] of Object.entries(ENDED))
    test(`and ${what} is told to the client as an error event, in a stream that ends well`, async () => {
      const exchanged = await exchange(answer, STREAM);
      assertIncomplete(exchanged);
      const { received, record } = exchanged;
      assert.equal(received.end, "clean");
      const last = received.body.trimEnd().split("\n\n").at(-1)?.replace("data: ", "") ?? "";
      assert.equal(codeOf({ body: last }), "upstream_incomplete");
      assert.equal(record.upstreamError, "upstream_incomplete");
    });

  for (const [what, answer] of Object.entries(BROKEN))
    test(`and ${what} leaves the client a broken transfer, never a whole one`, async () => {
      const exchanged = await exchange(answer, STREAM);
      assertIncomplete(exchanged);
      assert.deepEqual([exchanged.received.end, exchanged.record.end], ["broken", "aborted"]);
      assert.equal(exchanged.received.body, FIRST_EVENT);
    });

  test("makes the official client throw, whichever way it goes", async () => {
    const client = new OpenAI({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}/v1`,
      maxRetries: 0,
    });
    for (const answer of [...Object.values(ENDED), ...Object.values(BROKEN)]) {
      scripted.play(answer);
      const stream = await client.chat.completions.create({
        ...chat(SCRIPTED_MODEL, "Hello."),
        stream: true,
      });
      await assert.rejects(async () => {
        for await (const _ of stream);
      });
    }
  });

  test("of the sample model is treated alike", async () => {
    assert.equal((await fault("close-mid-stream", STREAM)).received.end, "broken");
    const ended = await fault("end-mid-stream", STREAM);
    assert.match(ended.received.body, /"code":"upstream_incomplete"\}\}\n\n$/);
    const failed = await fault("error-event", STREAM);
    assert.match(failed.received.body, /"code":"sim_fault"\}\}\n\n$/);
    assert.equal(failed.record.upstreamError, "sim_fault");
  });
});

describe("a model that goes away in the middle of a document", () => {
  for (const answer of [
    cut("content-type: application/json\r\ncontent-length: 1000", '{"id":"x"'),
    cut("content-type: application/json\r\ntransfer-encoding: chunked", '9\r\n{"id":"x"\r\n'),
  ])
    test("is told to the client as 503, and none of the document is passed on", async () => {
      const { received, record } = await exchange(answer);
      assertRefused(received, "upstream_unavailable");
      assert.deepEqual([record.end, record.charge?.source], ["aborted", "reserved"]);
    });

  test("before it began is told to the client as 503, and nothing is charged", async () => {
    for (const answer of [cut("x", "", "reset"), (({ socket }) => socket.destroy()) satisfies Answer]) {
      const { received, record } = await exchange(answer);
      assert.deepEqual([received.status, codeOf(received)], [503, "upstream_unavailable"]);
      assert.equal(record.charge, undefined);
    }
  });
});

/** What the model may answer that says nothing: passed on as it is, and charged what was reserved. */
const SILENT: { readonly [what: string]: readonly [number, string | undefined, string] } = {
  "a page of HTML": [200, "text/html", "<html><body>It works!</body></html>\n"],
  "a page of HTML that is called JSON": [200, "application/json", "<html></html>"],
  "text that is called JSON": [200, "application/json", "It works!"],
  "JSON that is cut": [200, "application/json", '{"id":"x","choices":[{"message":{"content":"On'],
  "JSON twice": [200, "application/json", "{}{}"],
  "an array": [200, "application/json", "[]"],
  null: [200, "application/json", "null"],
  "nothing that is called JSON": [200, "application/json", ""],
  "a completion that is called text": [200, "text/plain", JSON.stringify(completion({ total_tokens: 1 }))],
  "something without a name": [200, undefined, "x"],
  "no content (204)": [204, undefined, ""],
  "a redirection": [302, undefined, ""],
};

describe("a model that answers no completion", () => {
  for (const [what, [status, type, body]] of Object.entries(SILENT))
    for (const more of [{}, STREAM])
      test(`but ${what}${"stream" in more ? ", asked for a stream" : ""}: passed on, usage not known, charged as reserved`, async () => {
        const { received, record } = await exchange(reply(status, type, body), more);
        assert.deepEqual([received.status, received.body, received.end], [status, body, "clean"]);
        assert.equal(received.headers["content-type"], type);
        assert.deepEqual([record.status, record.end, record.usage], [status, "complete", undefined]);
        const { inputTokens = 0, outputTokensMax = 0 } = record.estimate ?? {};
        assert.ok(outputTokensMax > 0);
        assert.deepEqual(record.charge, { tokens: inputTokens + outputTokensMax, source: "reserved" });
      });

  test("but bytes that are not UTF-8: passed on to the last one", async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
    scripted.play(reply(200, "application/json", bytes));
    const headers = { "content-type": "application/json", ...ANALYST };
    const answer = await fetch(`http://127.0.0.1:${stack.port}/v1/chat/completions`, {
      method: "POST",
      headers,
      body: JSON.stringify(chat(SCRIPTED_MODEL, "Hello.")),
    });
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  });

  test("but events in gzip that nobody asked for: read, and passed on without their coding", async () => {
    const coded = gzipSync(event("Once", "stop", { total_tokens: 1 }) + DONE);
    const { received, record } = await exchange(
      reply(200, "text/event-stream", coded, { "content-encoding": "gzip" }),
      STREAM,
    );
    assert.deepEqual([received.headers["content-encoding"], received.end], [undefined, "clean"]);
    assert.ok(received.body.includes("Once") && received.body.endsWith(DONE));
    assert.deepEqual([record.usage, record.charge?.source], [{ total: 1 }, "reported"]);
  });

  test("but a document in gzip that nobody asked for: passed on, and read", async () => {
    const { received, record } = await fault("gzip");
    assert.equal(received.headers["content-encoding"], "gzip");
    assert.equal(record.charge?.source, "reported");
  });
});

describe("a model that fails", () => {
  for (const [status, type, body] of [
    [500, "text/plain", "oops"],
    [500, "application/json", "<html>"],
    [500, undefined, ""],
    [
      503,
      "application/json",
      '{"error":{"message":"Later.","type":"server_error","param":null,"code":"busy"}}',
    ],
    [
      429,
      "application/json",
      '{"error":{"message":"Later.","type":"rate_limit_error","param":null,"code":"busy"}}',
    ],
  ] as const)
    test(`with ${status} and ${body === "" ? "nothing" : body.slice(0, 30)} has its failure passed on, and charges nothing`, async () => {
      const { received, record } = await exchange(reply(status, type, body));
      assert.deepEqual([received.status, received.body], [status, body]);
      assert.deepEqual([record.status, record.charge, record.usage], [status, undefined, undefined]);
      assert.equal(record.upstreamError, body.includes("busy") ? "busy" : undefined);
    });
});

const HUGE = Number.MAX_SAFE_INTEGER;

/** Counts that cannot be, and what is charged instead: what was reserved, or an estimate of what was delivered. */
const IMPOSSIBLE: readonly (readonly [unknown, "reserved" | "estimated"])[] = [
  [{ prompt_tokens: 5, completion_tokens: 1e15, total_tokens: 1e15 }, "reserved"],
  [{ prompt_tokens: 1e12, completion_tokens: 0, total_tokens: 1e12 }, "reserved"],
  [{ prompt_tokens: HUGE, completion_tokens: HUGE }, "reserved"],
  [{ total_tokens: 20_000_001 }, "reserved"],
  [{ prompt_tokens: 1e308, completion_tokens: 1e308 }, "estimated"],
  [{ prompt_tokens: -5, completion_tokens: -10, total_tokens: -15 }, "estimated"],
  [{ prompt_tokens: 5, completion_tokens: -10 }, "estimated"],
  [{ prompt_tokens: -5, completion_tokens: 1e15, total_tokens: 1.5 }, "estimated"],
  [{ prompt_tokens: 1.5, completion_tokens: 2.5 }, "estimated"],
  [{ prompt_tokens: "5", completion_tokens: "7", total_tokens: "12" }, "estimated"],
  [{ prompt_tokens: [5], completion_tokens: { a: 1 }, total_tokens: true }, "estimated"],
  [[], "estimated"],
  ["5", "estimated"],
  [null, "estimated"],
];

describe("a model that reports impossible usage", () => {
  for (const [usage, source] of IMPOSSIBLE)
    test(`${JSON.stringify(usage)} is charged as ${source}, and costs nothing that can be computed`, async () => {
      const document = await exchange(reply(200, "application/json", JSON.stringify(completion(usage))));
      const stream = event("Once", "stop", usage) + DONE;
      const streamed = await exchange(reply(200, "text/event-stream", stream), STREAM);
      assert.equal(streamed.received.body, stream);
      for (const { record } of [document, streamed]) {
        const { inputTokens = 0, outputTokensMax = 0 } = record.estimate ?? {};
        const tokens = inputTokens + (source === "reserved" ? outputTokensMax : 1);
        const clamped = source === "reserved" ? { clamped: true } : {};
        assert.deepEqual(record.charge, { tokens, source, ...clamped });
      }
    });

  test("in numbers beyond all doubles is charged by what was delivered", async () => {
    const body = JSON.stringify(completion(0)).replace(
      '"usage":0',
      '"usage":{"prompt_tokens":1e999,"completion_tokens":9e99}',
    );
    const { record } = await exchange(reply(200, "application/json", body));
    assert.equal(record.charge?.source, "estimated");
  });

  test("neither empties nor fills the budget of its caller", async () => {
    const spent: number[] = [];
    for (const usage of [
      { total_tokens: 1e15 },
      { prompt_tokens: -1e6, completion_tokens: -1e6 },
      { total_tokens: 1e15 },
    ]) {
      scripted.play(reply(200, "application/json", JSON.stringify(completion(usage))));
      const headers = { authorization: `Bearer ${KEYS.initechAnalyst}` };
      const received = await post(stack.port, JSON.stringify(chat(SCRIPTED_MODEL, "Hello.")), { headers });
      assert.equal(received.status, 200, received.body);
      const { charge } = await recordOf(stack, received.headers["x-regent-decision-id"] as string);
      spent.push(charge?.tokens ?? -1);
    }
    assert.ok(
      spent.every((tokens) => tokens > 0 && tokens < 1_000),
      String(spent),
    );
  });
});

describe("a model that says more than an answer", () => {
  test("cannot set what Regent tells its clients", async () => {
    for (const more of [{}, STREAM]) {
      const { received, record } = await fault("forged-headers", more);
      assert.equal(received.headers["x-regent-decision-id"], record.id);
      assert.equal(received.headers["x-regent-reason"], undefined);
    }
  });

  test("cannot put an answer of its own before the next client", async () => {
    const body = JSON.stringify(completion({ total_tokens: 1 }));
    const smuggled = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\nforged`;
    const { received } = await exchange(
      cut(`content-type: application/json\r\ncontent-length: ${body.length}`, body + smuggled),
    );
    assert.equal(received.body, body);
    const next = await exchange(reply(200, "application/json", body));
    assert.equal(next.received.body, body);
  });

  test("and frames its answer in two ways is refused by Envoy", async () => {
    for (const head of [
      "content-length: 2\r\ncontent-length: 40",
      "content-length: 2\r\ntransfer-encoding: chunked",
    ]) {
      const { received } = await exchange(cut(`content-type: application/json\r\n${head}`, "{}"));
      assert.deepEqual([received.status, codeOf(received)], [503, "upstream_unavailable"]);
    }
  });

  test("such as early hints has only its answer passed on", async () => {
    const body = JSON.stringify(completion({ total_tokens: 1 }));
    const { received } = await exchange((_request, response) => {
      response.writeEarlyHints({ link: "</x>; rel=preload" });
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
    assert.equal(received.body, body);
  });

  test("such as 101 opens no tunnel: what follows on the connection is governed", async () => {
    let tunnelled = "";
    scripted.play(({ socket }) => {
      socket.removeAllListeners("data");
      socket.on("data", (bytes) => {
        tunnelled += bytes;
      });
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    });
    const key = `authorization: ${ANALYST.authorization}`;
    const client = connect(stack.port, "127.0.0.1");
    let said = "";
    client.on("data", (bytes) => {
      said += bytes;
    });
    client.write(rawRequest(JSON.stringify(chat(SCRIPTED_MODEL, "Hello.")), [key, "connection: keep-alive"]));
    await once(client, "data");
    client.write(rawRequest(DENIED_BODY, [key]));
    await once(client, "close");
    const [switched, denied] = parseAnswers(said);
    assert.equal(switched?.status, 101);
    assertRefused(denied as never, "model_not_permitted");
    assert.equal(tunnelled, "");
  });
});

test("everything that reached a sample model had its allow, and every refusal its record", () =>
  watch.settle());
