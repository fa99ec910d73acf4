import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegentError } from "../../../exchange/errors.ts";
import type { TranslationWarning } from "../../translation.ts";
import { anthropicMessages } from "../anthropic-messages/index.ts";
import type { Conversation, Message, Part } from "../conversation.ts";
import { openaiChat } from "../openai-chat/index.ts";
import { chatTranslator } from "../translator.ts";
import { geminiGenerate } from "./index.ts";
import { STOP_SEQUENCES_MAX } from "./write-config.ts";

type Body = {
  readonly contents: readonly { readonly role: string; readonly parts: readonly unknown[] }[];
  readonly systemInstruction?: unknown;
  readonly tools?: unknown;
  readonly toolConfig?: unknown;
  readonly generationConfig?: { readonly [key: string]: unknown };
};

function write(more: Partial<Conversation>) {
  const warnings: TranslationWarning[] = [];
  const conversation: Conversation = {
    model: "gemini-2.5-flash",
    stream: false,
    includeUsage: true,
    messages: [user("Hi")],
    tools: [],
    ...more,
  };
  const { bytes, path } = geminiGenerate.writeRequest(conversation, (warning) => warnings.push(warning));
  const told = warnings.map(({ code, member }) => `${code} ${member}`);
  return { body: JSON.parse(bytes.toString()) as Body, path, told };
}

function read(body: object, facts: { urlModel?: string; urlStream?: boolean } = {}) {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(JSON.stringify(body));
  const conversation = geminiGenerate.readRequest(bytes, { headers: new Map(), ...facts }, (warning) =>
    warnings.push(warning),
  );
  return { conversation, told: warnings.map(({ code, member }) => `${code} ${member}`) };
}

const user = (text: string): Message => ({ role: "user", parts: [{ kind: "text", text }] });
const assistant = (...parts: readonly Part[]): Message => ({ role: "assistant", parts });
const call = (id: string, name: string, more: object = {}): Part => ({
  kind: "tool_call",
  id,
  name,
  arguments: "{}",
  ...more,
});
const result = (callId: string, text: string, more: object = {}): Message => ({
  role: "tool",
  parts: [{ kind: "tool_result", callId, content: [{ kind: "text", text }], ...more }],
});

describe("a request written for Gemini", () => {
  test("names the model in the path, and asks for events where a stream is wanted", () => {
    assert.equal(write({}).path, "/v1beta/models/gemini-2.5-flash:generateContent");
    const { path } = write({ stream: true, model: "tuned/one" });
    assert.equal(path, "/v1beta/models/tuned%2Fone:streamGenerateContent?alt=sse");
    assert.throws(
      () => write({ model: undefined }),
      (error: unknown) => error instanceof RegentError && error.code === "body_invalid",
    );
  });

  test("has turns that alternate, and all instructions before them", () => {
    const { body, told } = write({
      messages: [
        { role: "system", parts: [{ kind: "text", text: "one" }], at: "/messages/0" },
        user("a"),
        user("b"),
        { role: "developer", parts: [{ kind: "text", text: "two" }], at: "/messages/3" },
        assistant({ kind: "text", text: "c" }),
        user("d"),
      ],
    });
    assert.deepEqual(body.systemInstruction, { parts: [{ text: "one" }, { text: "two" }] });
    assert.deepEqual(body.contents, [
      { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      { role: "model", parts: [{ text: "c" }] },
      { role: "user", parts: [{ text: "d" }] },
    ]);
    assert.deepEqual(told, ["changed /messages/3"]);
  });

  test("has the results of calls in the order of the calls, by their names", () => {
    const { body, told } = write({
      messages: [
        user("go"),
        assistant(call("1", "f"), call("2", "g"), call("3", "f")),
        result("3", "third"),
        result("1", "first"),
        result("2", "", { json: { a: 1 }, content: [] }),
      ],
    });
    assert.deepEqual(body.contents[2], {
      role: "user",
      parts: [
        { functionResponse: { id: "1", name: "f", response: { output: "first" } } },
        { functionResponse: { id: "2", name: "g", response: { a: 1 } } },
        { functionResponse: { id: "3", name: "f", response: { output: "third" } } },
      ],
    });
    assert.deepEqual(told, []);
  });

  test("says that a tool failed, and tells of a result of a call that nobody made", () => {
    const { body, told } = write({
      messages: [user("go"), result("9", "no", { isError: true, at: "/messages/1" })],
    });
    assert.deepEqual(body.contents[0]?.parts[0], {
      functionResponse: { id: "9", name: "unknown", response: { error: "no" } },
    });
    assert.deepEqual(told, ["invented /messages/1"]);
  });

  test("gives back the signature of a call, and has one for calls of others where Gemini demands it", () => {
    const messages = [user("go"), assistant(call("1", "f", { signature: "c2ln" }), call("2", "g"))];
    const signatures = (model: string, turns: readonly Message[]) => {
      const { body, told } = write({ model, messages: turns });
      const parts = (body.contents[1]?.parts ?? []) as readonly { thoughtSignature?: string }[];
      return [parts.map(({ thoughtSignature }) => thoughtSignature), told];
    };
    assert.deepEqual(signatures("gemini-3-pro", [...messages, user("x")]), [["c2ln", undefined], []]);
    const foreign = [user("go"), assistant(call("1", "f", { at: "/messages/1" }), call("2", "g")), user("x")];
    assert.deepEqual(signatures("gemini-2.5-pro", foreign), [[undefined, undefined], []]);
    assert.deepEqual(signatures("gemini-3.1-flash", foreign), [
      ["c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=", undefined],
      ["invented /messages/1"],
    ]);
  });

  test("has media where Gemini takes them, with the type that a path shows", () => {
    const media = (source: object, kind = "image") => {
      const part = { kind, source, at: "/p" } as Part;
      const { body, told } = write({ messages: [{ role: "user", parts: [part] }] });
      return [body.contents[0]?.parts[0], told];
    };
    assert.deepEqual(media({ from: "base64", mediaType: "image/png", data: "ZGF0YQ==" }), [
      { inlineData: { mimeType: "image/png", data: "ZGF0YQ==" } },
      [],
    ]);
    assert.deepEqual(media({ from: "url", url: "https://x.example/a.JPEG?b=c.pdf" }), [
      { fileData: { mimeType: "image/jpeg", fileUri: "https://x.example/a.JPEG?b=c.pdf" } },
      [],
    ]);
    assert.deepEqual(media({ from: "url", url: "https://x.example/a" }), [
      { fileData: { fileUri: "https://x.example/a" } },
      ["changed /p"],
    ]);
    assert.deepEqual(media({ from: "url", url: "https://x.example/a.mp4" }), [
      { fileData: { fileUri: "https://x.example/a.mp4" } },
      ["changed /p"],
    ]);
    assert.deepEqual(media({ from: "text", text: "plain" }, "document"), [{ text: "plain" }, []]);
    assert.deepEqual(media({ from: "file", id: "files/f", keeper: "google" }), [
      { fileData: { fileUri: "files/f" } },
      [],
    ]);
    assert.deepEqual(media({ from: "file", id: "file-1", keeper: "openai" }), [undefined, ["dropped /p"]]);
  });

  test("has schemas where Gemini takes JSON schema as it is", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#/$defs/A" } },
      $defs: { A: { type: "null" } },
    };
    const { body } = write({
      tools: [{ name: "f", description: "d", parameters: schema }],
      toolChoice: { mode: "tool", name: "f" },
      output: { form: "json_schema", name: "n", schema },
    });
    assert.deepEqual(body.tools, [
      { functionDeclarations: [{ name: "f", description: "d", parametersJsonSchema: schema }] },
    ]);
    assert.deepEqual(body.toolConfig, {
      functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] },
    });
    assert.deepEqual(body.generationConfig, {
      responseMimeType: "application/json",
      responseJsonSchema: { title: "n", ...schema },
    });
  });

  test("thinks by a budget or by a level, as the model knows it", () => {
    const thinking = (model: string, reasoning: Conversation["reasoning"]) =>
      write({ model, ...(reasoning && { reasoning }) }).body.generationConfig?.thinkingConfig;
    assert.deepEqual(thinking("gemini-2.5-flash", { mode: "off" }), { thinkingBudget: 0 });
    assert.deepEqual(thinking("gemini-2.5-flash", { mode: "on", effort: "high" }), {
      thinkingBudget: 4096,
      includeThoughts: true,
    });
    assert.deepEqual(thinking("gemini-3-flash-preview", { mode: "on", effort: "high", shown: false }), {
      thinkingLevel: "HIGH",
      includeThoughts: false,
    });
    assert.deepEqual(thinking("gemini-3-pro", { mode: "on", budgetTokens: 77 }), {
      thinkingBudget: 77,
      includeThoughts: true,
    });
    assert.deepEqual(thinking("gemini-2.5-flash", { mode: "on", adaptive: true }), {
      thinkingBudget: -1,
      includeThoughts: true,
    });
  });

  test("takes the first stop sequences, as many as Gemini takes", () => {
    const stop = Array.from({ length: STOP_SEQUENCES_MAX + 1 }, (_, index) => `s${index}`);
    const { body, told } = write({ stop });
    assert.deepEqual(body.generationConfig?.stopSequences, stop.slice(0, STOP_SEQUENCES_MAX));
    assert.deepEqual(told, ["dropped /stop"]);
    assert.deepEqual(write({ stop: stop.slice(1) }).told, []);
  });

  test("says of arguments that are no object that they are none", () => {
    const { body, told } = write({
      messages: [user("go"), assistant(call("1", "f", { arguments: "[1", at: "/c" })), user("x")],
    });
    assert.deepEqual(body.contents[1]?.parts, [
      { functionCall: { id: "1", name: "f", args: { arguments: "[1" } } },
    ]);
    assert.deepEqual(told, ["changed /c/arguments"]);
  });
});

describe("a request read from Gemini", () => {
  test("takes model and stream from the path", () => {
    const { conversation } = read({ contents: [] }, { urlModel: "m", urlStream: true });
    assert.deepEqual([conversation.model, conversation.stream, conversation.includeUsage], ["m", true, true]);
  });

  test("matches results with calls by id, else by name and order", () => {
    const { conversation, told } = read({
      contents: [
        {
          role: "model",
          parts: [
            { functionCall: { name: "f", args: { n: 1 } }, thought_signature: "c2ln" },
            { functionCall: { name: "f" } },
            { functionCall: { id: "own", name: "g" } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { id: "own", name: "g", response: { error: "no" } } },
            { functionResponse: { name: "f", response: { output: "one" } } },
            { text: "and then?" },
            { functionResponse: { name: "f", response: { deep: [1] } } },
          ],
        },
      ],
    });
    const [model, ...rest] = conversation.messages;
    const ids = model?.parts.map((part) => (part.kind === "tool_call" ? [part.id, part.signature] : []));
    assert.deepEqual(ids, [
      ["call_0", "c2ln"],
      ["call_1", undefined],
      ["own", undefined],
    ]);
    assert.deepEqual(
      rest.map(({ role, parts }) => [
        role,
        parts.map((part) =>
          part.kind === "tool_result" ? [part.callId, part.json, part.isError] : part.kind,
        ),
      ]),
      [
        [
          "tool",
          [
            ["own", undefined, true],
            ["call_0", undefined, undefined],
          ],
        ],
        ["user", ["text"]],
        ["tool", [["call_1", { deep: [1] }, undefined]]],
      ],
    );
    assert.deepEqual(told, []);
  });

  test("tells of a result that answers no call", () => {
    const { told } = read({
      contents: [{ parts: [{ functionResponse: { id: "x", name: "f", response: {} } }] }],
    });
    assert.deepEqual(told, ["changed /contents/0/parts/0/functionResponse/name"]);
  });

  test("makes JSON schema of Gemini's own", () => {
    const { conversation } = read({
      contents: [],
      tools: [
        {
          functionDeclarations: [
            {
              name: "f",
              parameters: {
                type: "OBJECT",
                property_ordering: ["b", "a"],
                properties: {
                  a: { type: "STRING", nullable: true, minLength: "2" },
                  b: { type: "ARRAY", items: { anyOf: [{ type: "INTEGER" }] }, example: [1] },
                  type: { type: "STRING" },
                },
                required: ["a"],
              },
            },
          ],
        },
      ],
    });
    assert.equal(
      JSON.stringify(conversation.tools[0]?.parameters),
      JSON.stringify({
        type: "object",
        properties: {
          b: { type: "array", items: { anyOf: [{ type: "integer" }] }, examples: [[1]] },
          a: { type: ["string", "null"], minLength: 2 },
          type: { type: "string" },
        },
        required: ["a"],
      }),
    );
  });

  test("tells of an order and a nullable that say nothing, and keeps every member whatever it is called", () => {
    const parameters = (schema: string) => {
      const body = `{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":${schema}}]}]}`;
      const { conversation, told } = read(JSON.parse(body));
      return { schema: JSON.stringify(conversation.tools[0]?.parameters), told };
    };
    for (const lost of [
      '{"type":"OBJECT","propertyOrdering":"a"}',
      '{"type":"OBJECT","properties":{"1":{}},"propertyOrdering":[1]}',
      '{"type":"OBJECT","propertyOrdering":{"a":"b"}}',
      '{"nullable":true}',
      '{"type":"STRING","nullable":"yes"}',
    ])
      assert.deepEqual(parameters(lost).told, ["dropped /tools/0/functionDeclarations/0/parameters"], lost);
    const named = '{"type":"object","__proto__":{"description":"d"},"constructor":"c"}';
    assert.deepEqual(parameters(named), { schema: named, told: [] });
  });

  test("refuses what refers to contents that only Google has", () => {
    assert.throws(
      () => read({ contents: [], cached_content: "cachedContents/c" }),
      (error: unknown) => error instanceof RegentError && error.code === "translation_unsupported",
    );
  });

  test("has places in Gemini's body for what another dialect demands, with a configuration and without", () => {
    const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
    for (const [config, place] of [
      [{}, "/generationConfig/maxOutputTokens"],
      [{ generationConfig: {} }, "/generationConfig/maxOutputTokens"],
      [{ generation_config: {} }, "/generation_config/maxOutputTokens"],
    ] as const) {
      const told: string[] = [];
      const body = Buffer.from(JSON.stringify({ contents, ...config }));
      chatTranslator(geminiGenerate, anthropicMessages).request?.(
        body,
        { headers: new Map(), urlModel: "m" },
        ({ code, member }) => told.push(`${code} ${member}`),
      );
      assert.deepEqual(told, [`invented ${place}`]);
    }
  });

  test("names members as they are spelt in the body", () => {
    const { told } = read({
      contents: [{ parts: [{ text: "Hi", video_metadata: { fps: 1 } }] }],
      safety_settings: [{ category: "c" }],
      generation_config: { audio_timestamp: true },
    });
    assert.deepEqual(told.toSorted(), [
      "dropped /contents/0/parts/0/video_metadata",
      "dropped /generation_config/audio_timestamp",
      "dropped /safety_settings",
    ]);
  });
});

test("a call's signature survives a client of OpenAI's: in a whole answer, in a stream and in the history", () => {
  const facts = { status: 200, headers: new Map(), includeUsage: false, nowS: 1, id: "i" };
  const answers = chatTranslator(geminiGenerate, openaiChat);
  const piece = {
    candidates: [
      {
        content: { parts: [{ functionCall: { name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" }] },
        finishReason: "STOP",
      },
    ],
  };
  const untold = () => assert.fail("nothing is lost");
  const whole = JSON.parse(
    String(answers.response?.(Buffer.from(JSON.stringify(piece)), facts, untold).bytes),
  ) as { choices: readonly [{ message: { tool_calls: readonly { id: string }[] } }] };
  const { message } = whole.choices[0];
  const stream = answers.stream?.(facts, untold);
  const streamed = String(stream?.push(Buffer.from(`data: ${JSON.stringify(piece)}\n\n`)).bytes);
  assert.ok(streamed.includes('"extra_content":{"google":{"thought_signature":"c2ln"}}'), streamed);

  const history = {
    model: "gemini-3-pro",
    messages: [
      { role: "user", content: "go" },
      message,
      { role: "tool", tool_call_id: message.tool_calls[0]?.id, content: "done" },
    ],
  };
  const asked = chatTranslator(openaiChat, geminiGenerate).request?.(
    Buffer.from(JSON.stringify(history)),
    { headers: new Map() },
    untold,
  );
  const { contents } = JSON.parse(String(asked?.bytes)) as Body;
  assert.deepEqual(contents[1], {
    role: "model",
    parts: [
      {
        functionCall: { id: message.tool_calls[0]?.id, name: "f", args: { a: 1 } },
        thoughtSignature: "c2ln",
      },
    ],
  });
});
