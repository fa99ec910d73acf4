/** What policy asks of answers, carried out through a real Envoy: inspected, redacted, bounded, coded. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import Anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  ConverseStreamCommand,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import OpenAI from "openai";
import type { FormatName } from "../../../src/exchange/inference.ts";
import type { JsonValue } from "../../../src/exchange/json.ts";
import { FORMATS } from "../../../src/formats/index.ts";
import { readingOf } from "../../../src/formats/reading.ts";
import { TOLD, tell, tellLines } from "../../support/answer-streams.ts";
import { KEYS } from "../governed/ask.ts";
import type { Answer } from "../support/witness.ts";
import {
  type AnswersStack,
  type Got,
  MODEL,
  PASSING_HOST,
  STREAMING,
  type StreamingDialect,
  startAnswers,
} from "./stack.ts";

let answers: AnswersStack;
before(async () => {
  answers = await startAnswers();
});
after(() => answers?.stop());

const MAIL = "jane.doe@example.com";
const LONG = "and so it goes on ".repeat(60);
const letters = (text: string) => text.match(/.{1,3}/g) ?? [];
const INSPECT: JsonValue = { allow: true, response: { inspect: true } };
const MASK: JsonValue = {
  allow: true,
  redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "response" }],
};
const bounded = (tokens: number): JsonValue => ({ allow: true, response: { max_output_tokens: tokens } });

const dialectOf = (name: string) => STREAMING.find((dialect) => dialect.name === name) as StreamingDialect;

const typeOf = (name: FormatName) => FORMATS[name].streamType ?? "text/event-stream";

/** A stream that is written in one go, but for its end, which comes only when `ends`. */
function stream({ name }: StreamingDialect, text: string, ends = true) {
  const { open, end } = tell(name, letters(text));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const answer: Answer = (_request, response) => {
    void once(response, "close").then(() => resolve());
    response.writeHead(200, { "content-type": typeOf(name) });
    response.write(open);
    if (ends) response.end(end);
  };
  return { answer, closed };
}

const reading = ({ name }: StreamingDialect, { body }: Got) => readingOf(FORMATS[name], "stream", body);

function endsWith(dialect: StreamingDialect, got: Got, code: string): void {
  assert.deepEqual([got.status, got.end], [200, "clean"]);
  assert.ok(got.body.subarray(-600).includes(code), got.body.subarray(-600).toString());
  assert.notEqual(reading(dialect, got).error, null);
}

for (const dialect of STREAMING.filter(({ name }) => TOLD.includes(name)))
  describe(`a stream of ${dialect.name}`, () => {
    test("ends in the words of policy before anything leaves that policy denies, and so does the upstream's", async () => {
      // The upstream has not ended when the client's stream has.
      const { answer, closed } = stream(dialect, `${LONG}${MAIL} ${LONG}`, false);
      const got = await answers.ask({ dialect, answer, decide: INSPECT, deny: "EMAIL_ADDRESS" });
      endsWith(dialect, got, "found_in_answer");
      const said = String(reading(dialect, got).text ?? "");
      assert.ok(LONG.startsWith(said) && said.length > LONG.length / 3, `${said.length} of ${LONG.length}`);
      await closed;
      const record = await answers.recordOf(got.id);
      assert.deepEqual(
        [record.verdict, record.answerFindings],
        ["deny", [{ type: "EMAIL_ADDRESS", count: 1 }]],
      );
      assert.ok((record.charge?.tokens ?? 0) > 100);
    });

    test("loses what policy wants masked, in every event that says it", async () => {
      const { answer } = stream(dialect, `${LONG}${MAIL} ${LONG}`);
      const got = await answers.ask({ dialect, answer, decide: MASK });
      assert.equal(got.end, "clean");
      assert.ok(!got.body.includes("jane") && !got.body.includes("@example"));
      const { text, error } = reading(dialect, got);
      assert.deepEqual([text, error], [`${LONG}<EMAIL_ADDRESS> ${LONG}`, null]);
      const record = await answers.recordOf(got.id);
      assert.equal(record.charge?.source, "reported");
      assert.equal(record.redactions[0]?.type, "EMAIL_ADDRESS");
    });

    test("comes byte for byte where it is inspected and nothing is found", async () => {
      const { answer } = stream(dialect, LONG);
      const got = await answers.ask({ dialect, answer, decide: INSPECT });
      assert.ok(got.body.equals(tell(dialect.name, letters(LONG)).whole));
    });

    test("ends at the bound of its length, and so does the upstream's", async () => {
      const { answer, closed } = stream(dialect, LONG, false);
      const got = await answers.ask({ dialect, answer, decide: bounded(50) });
      endsWith(dialect, got, "output_limit");
      const said = String(reading(dialect, got).text ?? "");
      assert.ok(LONG.startsWith(said) && said.length <= 200 && said.length > 100, said);
      await closed;
    });

    test("is read where it is coded, and reaches the client without its coding", async () => {
      const body = gzipSync(tell(dialect.name, letters(`to ${MAIL}, now`)).whole);
      const answer: Answer = (_request, response) => {
        response.writeHead(200, { "content-type": typeOf(dialect.name), "content-encoding": "gzip" });
        response.write(body.subarray(0, 40));
        response.end(body.subarray(40));
      };
      const got = await answers.ask({ dialect, answer, decide: MASK });
      assert.equal(got.headers["content-encoding"], undefined);
      assert.equal(reading(dialect, got).text, "to <EMAIL_ADDRESS>, now");
    });
  });

describe("a whole answer", () => {
  const dialect = dialectOf("openai-chat");
  const completion = (content: string) =>
    JSON.stringify({
      id: "c",
      object: "chat.completion",
      model: MODEL,
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
      usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
    });
  const serve =
    (body: string | Buffer, headers: { readonly [name: string]: string } = {}): Answer =>
    (_request, response: ServerResponse) => {
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        ...headers,
      });
      response.end(body);
    };

  test("comes changed, with the right length, whatever its coding was", async () => {
    for (const [coding, encode] of [
      ["gzip", gzipSync],
      ["br", brotliCompressSync],
      [undefined, Buffer.from],
    ] as const) {
      const headers = coding === undefined ? {} : { "content-encoding": coding };
      const answer = serve(encode(Buffer.from(completion(`to ${MAIL}`))), { etag: '"1"', ...headers });
      const got = await answers.ask({ dialect, answer, decide: MASK });
      assert.equal(got.body.toString(), completion("to <EMAIL_ADDRESS>"));
      for (const name of ["content-encoding", "etag"]) assert.equal(got.headers[name], undefined);
      assert.equal(got.headers["content-length"], String(got.body.length));
    }
  });

  test("comes as it was where nothing is found in it", async () => {
    const body = gzipSync(completion("Hello."));
    const answer = serve(body, { "content-encoding": "gzip", etag: '"1"' });
    const got = await answers.ask({ dialect, answer, decide: MASK });
    assert.ok(got.body.equals(body));
    assert.deepEqual([got.headers["content-encoding"], got.headers.etag], ["gzip", '"1"']);
  });

  test("does not come where policy denies it, where it is too long, and where it cannot be inspected", async () => {
    for (const [code, status, asked] of [
      ["found_in_answer", 400, { answer: serve(completion(MAIL)), decide: INSPECT, deny: "EMAIL_ADDRESS" }],
      ["output_limit", 403, { answer: serve(completion("Hello.")), decide: bounded(4) }],
      [
        "answer_uninspectable",
        502,
        { answer: serve("<html>", { "content-type": "text/html" }), decide: INSPECT },
      ],
      [
        "answer_uninspectable",
        502,
        { answer: serve("no gzip", { "content-encoding": "gzip" }), decide: INSPECT },
      ],
    ] as const) {
      const got = await answers.ask({ dialect, ...asked });
      assert.deepEqual([got.status, JSON.parse(got.body.toString()).error.code], [status, code]);
      assert.equal(got.headers["x-regent-reason"], code);
      assert.ok(!got.body.includes(MAIL));
    }
  });
});

describe("a stream in JSON lines", () => {
  const dialect = dialectOf("openai-chat");
  const ask = (text: string, asked: Partial<Parameters<AnswersStack["ask"]>[0]>) => {
    const answer: Answer = (_request, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.end(tellLines(letters(text)).whole);
    };
    return answers.ask({ dialect, answer, ...asked });
  };
  type Line = { readonly choices?: readonly { readonly delta: { readonly content?: string } }[] };
  const textIn = (body: Buffer) =>
    body
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as Line).choices?.[0]?.delta.content ?? "")
      .join("");

  test("loses what policy wants masked, and no line", async () => {
    const got = await ask(`${LONG}${MAIL} ${LONG}`, { decide: MASK });
    assert.equal(got.end, "clean");
    assert.equal(textIn(got.body), `${LONG}<EMAIL_ADDRESS> ${LONG}`);
    const { whole } = tellLines(letters(`${LONG}${MAIL} ${LONG}`));
    assert.equal(got.body.toString().split("\n").length, whole.toString().split("\n").length);
  });

  test("ends in a line with the words of policy where it denies", async () => {
    const got = await ask(`${LONG}${MAIL} ${LONG}`, { decide: INSPECT, deny: "EMAIL_ADDRESS" });
    const lines = got.body.toString().trimEnd().split("\n");
    assert.equal(JSON.parse(lines.at(-1) ?? "").error.code, "found_in_answer");
    assert.ok(LONG.startsWith(textIn(Buffer.from(lines.slice(0, -1).join("\n")))));
  });
});

describe("the official clients", () => {
  const asking = { "x-decide": JSON.stringify(INSPECT), "x-deny": "EMAIL_ADDRESS" };

  test("OpenAI's raises an APIError with the code of a denial in the middle of a stream", async () => {
    const { answer } = stream(dialectOf("openai-chat"), `${LONG}${MAIL} ${LONG}`);
    answers.play(answer);
    const client = new OpenAI({
      baseURL: `http://127.0.0.1:${answers.port}/v1`,
      apiKey: "none",
      maxRetries: 0,
      defaultHeaders: { ...asking, authorization: null },
    });
    const events = await client.chat.completions.create({
      model: MODEL,
      stream: true,
      messages: [{ role: "user", content: "Hello." }],
    });
    let said = "";
    await assert.rejects(
      async () => {
        for await (const { choices } of events) said += choices[0]?.delta.content ?? "";
      },
      (error) => error instanceof OpenAI.APIError && error.code === "found_in_answer",
    );
    assert.ok(said !== "" && LONG.startsWith(said));
  });

  test("Anthropic's raises an APIError with it", async () => {
    const { answer } = stream(dialectOf("anthropic-messages"), `${LONG}${MAIL} ${LONG}`);
    answers.play(answer);
    const client = new Anthropic({
      baseURL: `http://127.0.0.1:${answers.port}`,
      apiKey: null,
      authToken: null,
      maxRetries: 0,
      defaultHeaders: { ...asking, "x-api-key": null, authorization: null },
    });
    const events = client.messages.stream({
      model: MODEL,
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello." }],
    });
    let said = "";
    events.on("text", (text) => {
      said += text;
    });
    await assert.rejects(
      events.done(),
      (error) =>
        error instanceof Anthropic.APIError && JSON.stringify(error.error).includes("found_in_answer"),
    );
    assert.ok(said !== "" && LONG.startsWith(said));
  });
});

describe("Bedrock's official client", () => {
  const clients: BedrockRuntimeClient[] = [];
  after(() => {
    for (const client of clients) client.destroy();
  });

  /** What it says that the model said, and what it raised. */
  async function converse(headers: { readonly [name: string]: string }) {
    const client = new BedrockRuntimeClient({
      endpoint: `http://127.0.0.1:${answers.port}`,
      region: "us-east-1",
      token: { token: KEYS.acmeAnalyst },
      authSchemePreference: ["httpBearerAuth"],
      maxAttempts: 1,
    });
    clients.push(client);
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request: { headers: { [name: string]: string } } };
        Object.assign(request.headers, headers);
        return next(args);
      },
      { step: "build", name: "asking" },
    );
    const { stream: events = [] } = await client.send(
      new ConverseStreamCommand({
        modelId: MODEL,
        messages: [{ role: "user", content: [{ text: "Hello." }] }],
      }),
    );
    let said = "";
    try {
      for await (const { contentBlockDelta } of events) said += contentBlockDelta?.delta?.text ?? "";
    } catch (error) {
      return { said, error };
    }
    return { said, error: undefined };
  }

  test("reads a secret that is cut over events as what stands in its place", async () => {
    answers.play(stream(dialectOf("bedrock-converse"), `${LONG}${MAIL} ${LONG}`).answer);
    const { said, error } = await converse({ "x-decide": JSON.stringify(MASK) });
    assert.deepEqual([said, error], [`${LONG}<EMAIL_ADDRESS> ${LONG}`, undefined]);
  });

  test("raises the exception that a denial in the middle of a stream is", async () => {
    answers.play(stream(dialectOf("bedrock-converse"), `${LONG}${MAIL} ${LONG}`).answer);
    const { said, error } = await converse({
      "x-decide": JSON.stringify(INSPECT),
      "x-deny": "EMAIL_ADDRESS",
    });
    assert.ok(said !== "" && LONG.startsWith(said));
    assert.ok(error instanceof ValidationException, String(error));
    assert.equal(error.message, "No.");
  });
});

describe("a route that lets answers pass as they come", () => {
  const dialect = dialectOf("openai-chat");
  const ask = (asked: Omit<Parameters<AnswersStack["ask"]>[0], "dialect">) =>
    answers.ask({ dialect, host: PASSING_HOST, ...asked });

  test("masks within the window as any other does", async () => {
    const { answer } = stream(dialect, `${LONG}${MAIL} ${LONG}`);
    const got = await ask({ answer, decide: MASK });
    assert.deepEqual([got.end, reading(dialect, got).text], ["clean", `${LONG}<EMAIL_ADDRESS> ${LONG}`]);
  });

  test("breaks the transfer where policy denies, and nothing that is denied has left", async () => {
    const { answer, closed } = stream(dialect, `${LONG}${MAIL} ${LONG}`, false);
    const got = await ask({ answer, decide: INSPECT, deny: "EMAIL_ADDRESS" });
    assert.equal(got.end, "broken");
    assert.ok(!got.body.includes("jane"));
    await closed;
    assert.equal((await answers.recordOf(got.id)).verdict, "deny");
  });

  test("accounts for a whole answer that passes, and refuses to judge one", async () => {
    const body = JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } });
    const answer: Answer = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(body);
    };
    const got = await ask({ answer });
    assert.equal(got.body.toString(), body);
    assert.deepEqual((await answers.recordOf(got.id)).charge, { tokens: 14, source: "reported" });
    const refused = await ask({ answer, decide: INSPECT });
    assert.deepEqual(
      [refused.status, JSON.parse(refused.body.toString()).error.code],
      [500, "obligation_unsupported"],
    );
  });
});
