/**
 * Google's official client, unmodified, through a real Envoy with Regent beside it. What it is told, what it raises, and
 * what the record says of it. The models replay recorded answers.
 */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  ApiError,
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  GoogleGenAI,
} from "@google/genai";
import { stringify } from "yaml";
import { ERRORS } from "../../../src/exchange/errors.ts";
import type { Usage } from "../../../src/exchange/inference.ts";
import { REPLAY_HEADER } from "../../../tools/sample-model/replay.ts";
import { FIXTURES_FOLDER, fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { send } from "../support/client.ts";

/** Requests take their time on two busy cores, but do not hang. */
const REQUEST_TIMEOUT_MS = 30_000;

const MODEL = "gemini-2.5-flash";
/** As the model is called where it is served. */
const VERSION = "gemini-2.5-flash-001";
const FORBIDDEN = "gemini-2.5-pro";

const USAGE = { promptTokenCount: 10, candidatesTokenCount: 4, thoughtsTokenCount: 5, totalTokenCount: 26 };

/** Answers of this test's own, by the names of their files. */
const OWN_ANSWERS: { readonly [file: string]: string } = {
  "chat.json": JSON.stringify({
    candidates: [answer([{ text: "Hm.", thought: true }, { text: "Hello." }], "STOP")],
    usageMetadata: { ...USAGE, toolUsePromptTokenCount: 7, cachedContentTokenCount: 3 },
    modelVersion: VERSION,
  }),
  "calls.json": JSON.stringify({
    candidates: [
      answer([{ functionCall: { name: "look", args: { place: "here" } }, thoughtSignature: "c2ln" }], "STOP"),
    ],
    usageMetadata: USAGE,
  }),
  "count.json": JSON.stringify({ totalTokens: 7 }),
  "large.json": JSON.stringify({
    candidates: [answer([{ text: "x" }], "STOP")],
    usageMetadata: {
      promptTokenCount: 100,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 880,
      totalTokenCount: 1000,
    },
  }),
  "array.json": JSON.stringify([
    { candidates: [answer([{ text: "Hel" }])], usageMetadata: { promptTokenCount: 10 } },
    { candidates: [answer([{ text: "lo." }], "STOP")], usageMetadata: USAGE },
  ]),
  "whole.sse":
    event({ candidates: [answer([{ text: "Hel" }])], usageMetadata: { promptTokenCount: 10 } }) +
    event({ candidates: [answer([{ text: "lo." }], "STOP")], usageMetadata: USAGE, modelVersion: VERSION }),
  "error.sse":
    event({ candidates: [answer([{ text: "Hel" }])] }) +
    event({ error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }),
  "cut.sse": event({ candidates: [answer([{ text: "Hel" }])] }),
};

function answer(parts: readonly object[], finishReason?: string): object {
  return { content: { role: "model", parts }, ...(finishReason && { finishReason }), index: 0 };
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\r\n\r\n`;
}

describe("Google's client", () => {
  let stack: Governed;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "regent-gemini-"));
    mkdirSync(join(dir, "own"));
    for (const [file, body] of Object.entries(OWN_ANSWERS)) writeFileSync(join(dir, "own", file), body);
    const recorded = join(FIXTURES_FOLDER, "gemini-generate");
    if (existsSync(recorded)) symlinkSync(recorded, join(dir, "gemini-generate"));
    const registry = join(dir, "registry.yaml");
    writeFileSync(registry, stringify(REGISTRY));
    stack = await startGoverned({
      recordings: dir,
      config: (usual) => ({ ...usual, registry: { file: registry } }),
    });
  });
  after(async () => {
    await stack?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const client = (replay: string, apiKey: string = KEYS.acmeAnalyst) =>
    new GoogleGenAI({
      apiKey,
      httpOptions: {
        baseUrl: `http://127.0.0.1:${stack.port}`,
        headers: { [REPLAY_HEADER]: replay },
        timeout: REQUEST_TIMEOUT_MS,
      },
    });
  const raised = async (work: Promise<unknown>): Promise<ApiError> => {
    const error: unknown = await work.then(
      () => assert.fail("nothing was raised"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof ApiError, String(error));
    return error;
  };
  const recordFor = ({ sdkHttpResponse }: GenerateContentResponse) =>
    recordOf(stack, sdkHttpResponse?.headers?.["x-regent-decision-id"]);
  const post = (path: string, body: unknown, headers: { [name: string]: string } = {}) =>
    send(stack.port, {
      method: "POST",
      path,
      headers: { "content-type": "application/json", "x-goog-api-key": KEYS.acmeAnalyst, ...headers },
      body: JSON.stringify(body),
    });

  test("gets an answer, and its record says all that it used", async () => {
    const response = await client("own/chat.json").models.generateContent({
      model: MODEL,
      contents: "Hello there.",
      config: { systemInstruction: "Be brief.", maxOutputTokens: 100 },
    });
    assert.equal(response.text, "Hello.");
    const record = await recordFor(response);
    assert.deepEqual(record.inference, {
      format: "gemini-generate",
      operation: "chat",
      model: MODEL,
      stream: false,
    });
    assert.deepEqual(record.usage, { input: 10, output: 4, cachedInput: 3, reasoning: 5, total: 26 });
    // Thoughts are no part of the output, and what tools gave none of the prompt.
    assert.deepEqual([record.charge?.tokens, record.charge?.source], [10 + 7 + 4 + 5, "reported"]);
    assert.deepEqual(record.finishReasons, ["STOP"]);
  });

  test("asks for the version that the registry names, in the path and nowhere else", async () => {
    const before = stack.witnessed().length;
    const contents = [{ role: "user", parts: [{ text: "Which one are you?" }] }];
    await client("own/chat.json").models.generateContent({ model: MODEL, contents });
    const [seen] = stack.witnessed().slice(before);
    assert.equal(seen?.path, `/v1/models/${VERSION}:generateContent`);
    assert.deepEqual(JSON.parse(seen.body), { contents });
    const headers = JSON.stringify(seen.headers);
    assert.ok(!headers.includes("x-goog-api-key") && !headers.includes(KEYS.acmeAnalyst));
  });

  test("calls a function, and its history with the result is passed on as it is", async () => {
    const ai = client("own/calls.json");
    const config = {
      tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: { type: "object" } }] }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
    };
    const first = await ai.models.generateContent({ model: MODEL, contents: "Look.", config });
    assert.deepEqual(first.functionCalls, [{ name: "look", args: { place: "here" } }]);
    const before = stack.witnessed().length;
    const contents = [
      { role: "user", parts: [{ text: "Look." }] },
      first.candidates?.[0]?.content ?? {},
      { role: "user", parts: [{ functionResponse: { name: "look", response: { output: "a rose" } } }] },
    ];
    const second = await ai.models.generateContent({ model: MODEL, contents, config });
    assert.deepEqual((await recordFor(second)).finishReasons, ["STOP"]);
    const [seen] = stack.witnessed().slice(before);
    assert.deepEqual((JSON.parse(seen?.body ?? "") as { contents: unknown }).contents, contents);
  });

  test("gets a stream piece by piece, and its record says what it used", async () => {
    const pieces: GenerateContentResponse[] = [];
    const stream = await client("own/whole.sse").models.generateContentStream({
      model: MODEL,
      contents: "Hi",
    });
    for await (const piece of stream) pieces.push(piece);
    assert.deepEqual(
      pieces.map(({ text }) => text),
      ["Hel", "lo."],
    );
    const record = await recordFor(pieces[0] as GenerateContentResponse);
    assert.equal(record.inference?.stream, true);
    assert.deepEqual(record.usage, { input: 10, output: 4, reasoning: 5, total: 26 });
    assert.deepEqual([record.charge?.tokens, record.charge?.source], [10 + 4 + 5, "reported"]);
    const seen = stack.witnessed().find(({ decisionId }) => decisionId === record.id);
    assert.equal(seen?.path, `/v1/models/${VERSION}:streamGenerateContent?alt=sse`);
  });

  test("reads a stream that comes as an array, because nobody asked for events", async () => {
    const path = `/v1beta/models/${MODEL}:streamGenerateContent`;
    const body = { contents: [{ parts: [{ text: "Hi" }] }] };
    const received = await post(path, body, { [REPLAY_HEADER]: "own/array.json" });
    assert.equal(received.body, OWN_ANSWERS["array.json"]);
    const record = await recordOf(stack, String(received.headers["x-regent-decision-id"]));
    assert.deepEqual(record.usage, { input: 10, output: 4, reasoning: 5, total: 26 });
  });

  test("counts tokens, which uses none", async () => {
    const before = stack.witnessed().length;
    const { totalTokens } = await client("own/count.json").models.countTokens({
      model: MODEL,
      contents: "Hi",
    });
    assert.equal(totalTokens, 7);
    const record = await recordOf(stack, stack.witnessed()[before]?.decisionId);
    assert.equal(record.inference?.operation, "count_tokens");
    assert.deepEqual([record.usage, record.charge?.tokens], [undefined, 0]);
  });

  test("masks personal data wherever it stands in a request, in either spelling", async () => {
    const result = { functionResponse: { name: "look", response: { output: "john.roe@example.com" } } };
    const received = await post(
      `/v1/projects/p/locations/l/publishers/google/models/${MODEL}:generateContent`,
      {
        system_instruction: { parts: { text: "You talk to jane.doe@example.com." } },
        contents: [{ role: "user", parts: [result] }],
      },
      { [REPLAY_HEADER]: "own/chat.json" },
    );
    assert.equal(received.status, 200, received.body);
    const id = String(received.headers["x-regent-decision-id"]);
    const [seen] = stack.witnessed().filter(({ decisionId }) => decisionId === id);
    assert.ok(seen !== undefined && !seen.body.includes("@example.com"), seen?.body);
    assert.equal(seen.path, `/v1/projects/p/locations/l/publishers/google/models/${VERSION}:generateContent`);
    assert.equal((await recordOf(stack, id)).redactions[0]?.count, 2);
  });

  const REFUSALS: readonly (readonly [
    title: string,
    raise: () => Promise<unknown>,
    status: number,
    name: string,
    code: string,
  ])[] = [
    [
      "a model that it may not use",
      () => client("own/chat.json").models.generateContent({ model: FORBIDDEN, contents: "Hi" }),
      403,
      "PERMISSION_DENIED",
      "model_not_permitted",
    ],
    [
      "a model that it may not use, asked to stream",
      () => client("own/whole.sse").models.generateContentStream({ model: FORBIDDEN, contents: "Hi" }),
      403,
      "PERMISSION_DENIED",
      "model_not_permitted",
    ],
    [
      "another model behind the one that policy sees",
      () =>
        client("own/chat.json").models.generateContent({
          model: MODEL,
          contents: "Hi",
          config: {
            httpOptions: {
              extraBody: { generationConfig: { routingConfig: { manualMode: { modelName: FORBIDDEN } } } },
            },
          },
        }),
      400,
      "INVALID_ARGUMENT",
      "body_invalid",
    ],
    [
      "one member in two spellings",
      () =>
        client("own/chat.json").models.generateContent({
          model: MODEL,
          contents: "Hi",
          config: {
            systemInstruction: "one",
            httpOptions: { extraBody: { system_instruction: { parts: [{ text: "another" }] } } },
          },
        }),
      400,
      "INVALID_ARGUMENT",
      "body_invalid",
    ],
    [
      "a key that nobody knows",
      () => client("own/chat.json", "nobody").models.generateContent({ model: MODEL, contents: "Hi" }),
      401,
      "UNAUTHENTICATED",
      "credentials_invalid",
    ],
    [
      "an endpoint that is not served",
      () => client("own/chat.json").models.embedContent({ model: MODEL, contents: "Hi" }),
      404,
      "NOT_FOUND",
      "unknown_endpoint",
    ],
  ];
  for (const [title, raise, status, name, code] of REFUSALS) {
    test(`raises its ApiError for ${title}, and nothing reaches a model`, async () => {
      const before = stack.witnessed().length;
      const error = await raised(raise());
      assert.equal(error.status, status);
      const { error: told } = JSON.parse(error.message) as { error: Told };
      assert.deepEqual([told.code, told.status, told.details[0]?.reason], [status, name, code]);
      assert.equal(stack.witnessed().length, before);
      const record = await recordOf(stack, told.details[0]?.metadata.request_id);
      assert.deepEqual([record.verdict, record.charge], ["deny", undefined]);
    });
  }

  test("is refused a key in the query, which stands nowhere afterwards", async () => {
    const before = stack.witnessed().length;
    const path = `/v1beta/models/${MODEL}:generateContent?key=${KEYS.acmeAnalyst}`;
    const received = await send(stack.port, {
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }),
    });
    assert.deepEqual([received.status, received.headers["x-regent-reason"]], [401, "credentials_invalid"]);
    assert.equal(stack.witnessed().length, before);
    await recordOf(stack, String(received.headers["x-regent-decision-id"]));
    const logs = [...filesIn(stack.auditDir), join(stack.dir, "regent.log")];
    for (const file of logs) assert.ok(!readFileSync(file).includes(KEYS.acmeAnalyst), file);
  });

  test("raises its ApiError once its budget is spent", async () => {
    const ai = client("own/large.json", KEYS.initechAnalyst);
    const error = await raised(
      (async () => {
        for (let i = 0; i < REQUESTS_MAX; i++)
          await ai.models.generateContent({ model: MODEL, contents: "Hi", config: { maxOutputTokens: 256 } });
      })(),
    );
    assert.equal(error.status, 429);
    const { error: told } = JSON.parse(error.message) as { error: Told };
    assert.deepEqual([told.status, told.details[0]?.reason], ["RESOURCE_EXHAUSTED", "budget_exceeded"]);
    await recordOf(stack, told.details[0]?.metadata.request_id);
    const charged = (await stack.records()).filter(({ identity }) => identity.tenant === "initech");
    assert.ok(charged.some(({ verdict }) => verdict === "allow"));
    for (const { verdict, charge } of charged)
      assert.equal(charge?.tokens, verdict === "allow" ? 1000 : undefined);
  });

  for (const [file, status, upstreamError] of [
    ["error.sse", 503, "UNAVAILABLE"],
    ["cut.sse", ERRORS.upstream_incomplete.status, "upstream_incomplete"],
  ] as const) {
    test(`raises its ApiError in a stream that does not end well: ${file}`, async () => {
      const stream = await client(`own/${file}`).models.generateContentStream({
        model: MODEL,
        contents: "Hi",
      });
      const pieces: GenerateContentResponse[] = [];
      const error = await raised(
        (async () => {
          for await (const piece of stream) pieces.push(piece);
        })(),
      );
      assert.equal(error.status, status);
      assert.deepEqual(
        pieces.map(({ text }) => text),
        ["Hel"],
      );
      const record = await recordFor(pieces[0] as GenerateContentResponse);
      assert.equal(record.upstreamError, upstreamError);
      assert.equal(record.charge?.source, "estimated");
    });
  }

  const skip = fixturesMissing("gemini-generate") ?? false;
  const answers = loadFixtures("gemini-generate").filter(({ kind }) => kind !== "request");

  test("passes every recorded answer on byte by byte, and records the usage in it", { skip }, async () => {
    for (const { name, file, kind, body, expected } of answers) {
      const verb = kind === "stream" ? "streamGenerateContent?alt=sse" : "generateContent";
      const received = await post(
        `/v1beta/models/${MODEL}:${verb}`,
        { contents: [{ parts: [{ text: "Hi" }] }] },
        { [REPLAY_HEADER]: file },
      );
      assert.equal(received.body, body.toString(), name);
      const record = await recordOf(stack, String(received.headers["x-regent-decision-id"]));
      assert.deepEqual(usageOf(record.usage), expected.usage, name);
      const reasons = (expected.finish_reasons as unknown[]).map((reason) =>
        reason === 1 ? "STOP" : reason,
      );
      assert.deepEqual(record.finishReasons, reasons, name);
    }
    assert.ok(answers.length > 0);
  });

  test("puts every recorded stream together as if nobody stood in between", { skip }, async () => {
    const streams = answers.filter(({ kind }) => kind === "stream");
    for (const { name, file, expected } of streams) {
      let text: string | undefined;
      const stream = await client(file).models.generateContentStream({ model: MODEL, contents: "Hi" });
      for await (const piece of stream)
        for (const part of piece.candidates?.[0]?.content?.parts ?? [])
          if (part.text !== undefined && part.thought !== true) text = (text ?? "") + part.text;
      assert.equal(text ?? null, expected.text, name);
    }
    assert.ok(streams.length > 0);
  });
});

/** What {@link ApiError} has for its message. */
type Told = {
  readonly code: number;
  readonly status: string;
  readonly details: readonly {
    readonly reason: string;
    readonly metadata: { readonly request_id: string };
  }[];
};

const TARGETS = ["sim-us", "sim-eu"];

const REGISTRY = {
  version: 1,
  targets: TARGETS.map((name) => ({
    name,
    region: name.slice(4),
    provider: "sim",
    format: "gemini-generate",
  })),
  models: [
    { name: MODEL, version: VERSION, roles: undefined },
    { name: FORBIDDEN, version: FORBIDDEN, roles: ["admin"] },
  ].map(({ name, version, roles }) => ({
    name,
    stage: "active",
    owner: "platform",
    ...(roles && { roles }),
    dataClasses: ["public", "internal", "personal"],
    contextWindow: 1_048_576,
    maxOutputTokens: 256,
    price: { input: 0.1, output: 0.3 },
    versions: [{ name: version, weight: 100, targets: TARGETS }],
  })),
};

/** Usage as the wire fixtures write it. */
function usageOf(usage: Usage = {}): object {
  const { input = null, output = null, cachedInput = null, cacheCreationInput = null } = usage;
  const { reasoning = null, total = null } = usage;
  return {
    input,
    output,
    cached_input: cachedInput,
    cache_creation_input: cacheCreationInput,
    reasoning,
    total,
  };
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** More than the smallest budget of the demo takes. */
const REQUESTS_MAX = 200;
