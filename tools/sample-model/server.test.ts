import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import Anthropic, { AuthenticationError } from "@anthropic-ai/sdk";
import OpenAI, { APIError } from "openai";
import { type SampleModel, type SampleModelOptions, startSampleModel } from "./server.ts";

let model: SampleModel;
let client: OpenAI;

before(async () => {
  model = await startSampleModel({ name: "sim-us", region: "us", paceMs: 0 });
  client = clientOf(model);
});
after(() => model.close());

function clientOf({ origin }: SampleModel, apiKey = "none"): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${origin}/v1`, maxRetries: 0 });
}

const ask = (content: string, more: object = {}) => ({
  model: "sim-small",
  messages: [{ role: "user" as const, content }],
  ...more,
});

async function withModel(options: Partial<SampleModelOptions>, use: (model: SampleModel) => Promise<void>) {
  const started = await startSampleModel({ name: "sim-eu", region: "eu", paceMs: 0, ...options });
  try {
    await use(started);
  } finally {
    await started.close();
  }
}

describe("an answer", () => {
  test("says which server, region and model answered, and the last user text", async () => {
    const answer = await client.chat.completions.create(ask("hello there"));
    assert.equal(answer.choices[0]?.message.content, "[sim-us us sim-small] You said: hello there");
    assert.equal(answer.choices[0]?.finish_reason, "stop");
    assert.equal(answer.model, "sim-small");
  });

  test("reports usage with cached and reasoning tokens, which add up", async () => {
    const answer = await client.chat.completions.create(
      ask("x".repeat(4 * 300), { reasoning_effort: "low" }),
    );
    assert.equal(answer.usage?.prompt_tokens, 303);
    assert.equal(answer.usage?.prompt_tokens_details?.cached_tokens, 256);
    assert.equal(answer.usage?.completion_tokens_details?.reasoning_tokens, 8);
    assert.equal(answer.usage?.total_tokens, 303 + (answer.usage?.completion_tokens ?? 0));
  });

  test("ends at max_tokens, and at 256 tokens whatever was asked for", async () => {
    for (const [asked, given] of [
      [3, 3],
      [5_000, 256],
    ] as const) {
      const answer = await client.chat.completions.create(ask("[[say:1000]]", { max_tokens: asked }));
      assert.equal(answer.usage?.completion_tokens, given);
      assert.equal(answer.choices[0]?.finish_reason, "length");
    }
  });

  test("is the same text for the same request", async () => {
    const texts = await Promise.all(
      [1, 2].map(
        async () => (await client.chat.completions.create(ask("again"))).choices[0]?.message.content,
      ),
    );
    assert.equal(texts[0], texts[1]);
  });
});

describe("a stream", () => {
  async function read(content: string, more: object = {}) {
    const stream = await client.chat.completions.create({ ...ask(content, more), stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    return events;
  }

  test("joins to the text of the answer and ends with its reason", async () => {
    const events = await read("hello");
    const text = events.map((event) => event.choices[0]?.delta.content ?? "").join("");
    assert.equal(text, "[sim-us us sim-small] You said: hello");
    assert.equal(events.at(-1)?.choices[0]?.finish_reason, "stop");
  });

  test("reports usage in a last event only when that was asked for", async () => {
    assert.ok((await read("a")).every((event) => event.usage === undefined));
    const events = await read("a", { stream_options: { include_usage: true } });
    assert.deepEqual(events.at(-1)?.choices, []);
    assert.ok((events.at(-1)?.usage?.total_tokens ?? 0) > 0);
  });

  test("breaks off in the middle when asked to", async () => {
    await assert.rejects(read("[[fault:close-mid-stream]] a text of some length"));
    const ended = await read("[[fault:end-mid-stream]] a text of some length");
    assert.equal(ended.at(-1)?.choices[0]?.finish_reason, null);
    await assert.rejects(read("[[fault:error-event]]"), /asked to fail/);
  });
});

describe("a fault", () => {
  for (const status of [400, 429, 500, 503]) {
    test(`is an OpenAI error object with status ${status}`, async () => {
      await assert.rejects(client.chat.completions.create(ask(`[[fault:${status}]]`)), (error) => {
        assert.ok(error instanceof APIError);
        assert.equal(error.status, status);
        assert.equal(error.code, "sim_fault");
        return true;
      });
    });
  }

  test("can be asked for by a header as well", async () => {
    const response = await fetch(`${model.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-sim-fault": "non-json" },
      body: JSON.stringify(ask("hello")),
    });
    assert.equal(response.headers.get("content-type"), "text/html");
    assert.match(await response.text(), /<html>/);
  });

  test("cuts the connection before an answer", async () => {
    await assert.rejects(client.chat.completions.create(ask("[[fault:reset]]")), /[Cc]onnection/);
  });

  test("never answers, and lets the request go when the client leaves", async () => {
    const leave = new AbortController();
    const answer = client.chat.completions.create(ask("[[fault:hang]]"), { signal: leave.signal });
    while ((await running()) === 0) await immediate();
    leave.abort();
    await assert.rejects(answer);
    while ((await running()) > 0) await immediate();
  });

  async function running(): Promise<number> {
    const metrics = await (await fetch(`${model.origin}/metrics`)).text();
    return Number(/vllm:num_requests_running\{[^}]*\} (\d+)\n/.exec(metrics)?.[1]);
  }
});

describe("the witness", () => {
  test("keeps id, headers and body hash of a request, and shows it by id", async () => {
    const id = randomBytes(8).toString("hex");
    const body = JSON.stringify(ask(`secret ${id}`));
    const headers = { "x-request-id": id, "x-regent-decision-id": `d-${id}` };
    await fetch(`${model.origin}/v1/chat/completions`, { method: "POST", headers, body });

    const shown = (await (await fetch(`${model.origin}/witness?decision_id=d-${id}`)).json()) as {
      requests: { requestId: string; bodySha256: string; body: string; headers: [string, string][] }[];
    };
    assert.equal(shown.requests.length, 1);
    const [seen] = shown.requests;
    assert.equal(seen?.requestId, id);
    assert.equal(seen?.bodySha256, createHash("sha256").update(body).digest("hex"));
    assert.equal(seen?.body, body);
    assert.ok(seen?.headers.some(([name, value]) => name === "x-regent-decision-id" && value === `d-${id}`));
  });

  test("counts on but shows nothing once it was told to forget", async () => {
    await withModel({}, async (other) => {
      await clientOf(other).chat.completions.create(ask("one"));
      await fetch(`${other.origin}/witness`, { method: "DELETE" });
      assert.deepEqual(other.witness.find(), []);
      assert.equal(other.witness.count, 1);
    });
  });
});

test("asks for its key where servers of the dialect do, in the words of the dialect", async () => {
  const key = randomBytes(16).toString("hex");
  const message = {
    model: "sim-small",
    max_tokens: 10,
    messages: [{ role: "user" as const, content: "hello" }],
  };
  await withModel({ key }, async (locked) => {
    await assert.rejects(clientOf(locked, "wrong").models.list(), { status: 401 });
    assert.ok((await clientOf(locked, key).models.list()).data.length > 0);
    const anthropic = (apiKey: string) => new Anthropic({ apiKey, baseURL: locked.origin, maxRetries: 0 });
    assert.equal((await anthropic(key).messages.create(message)).type, "message");
    for (const ask of [
      () => anthropic("wrong").messages.create(message),
      () => anthropic("wrong").messages.countTokens(message),
    ])
      await assert.rejects(ask(), (error) => {
        assert.ok(error instanceof AuthenticationError);
        assert.equal((error.error as { error?: { type?: string } }).error?.type, "authentication_error");
        return true;
      });
    const status = async (path: string, headers: { readonly [name: string]: string }) =>
      (
        await fetch(`${locked.origin}${path}`, {
          method: "POST",
          headers,
          body: JSON.stringify({ ...message, messages: [{ role: "user", content: [{ text: "hello" }] }] }),
        })
      ).status;
    const asBearer = { authorization: `Bearer ${key}` };
    const alone = { "x-api-key": key };
    const given: (readonly [
      path: string,
      served: readonly object[],
      refused: readonly [number, ...object[]],
    ])[] = [
      [
        "/v1/messages",
        [asBearer, alone],
        [401, {}, { authorization: key }, { "x-api-key": `Bearer ${key}` }],
      ],
      ["/v1/messages/count_tokens", [asBearer, alone], [401, {}, { "x-goog-api-key": key }]],
      ["/v1/chat/completions", [asBearer], [401, {}, alone, { "api-key": key }]],
      ["/model/m/converse", [asBearer], [403, {}, alone]],
    ];
    for (const [path, served, [refusal, ...refused]] of given) {
      for (const headers of served) assert.equal(await status(path, { ...headers }), 200, path);
      for (const headers of refused) assert.equal(await status(path, { ...headers }), refusal, path);
    }
  });
});

test("knows only the models it was given", async () => {
  await withModel({ models: ["mine"] }, async (own) => {
    assert.deepEqual(
      (await clientOf(own).models.list()).data.map(({ id }) => id),
      ["mine"],
    );
    await assert.rejects(clientOf(own).chat.completions.create(ask("hello")), { status: 404 });
  });
});

test("names the process that holds its port", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  await assert.rejects(
    startSampleModel({ name: "late", region: "us", port }),
    new RegExp(`port ${port} is taken by .*process ${process.pid}`),
  );
  holder.close();
});
