import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegentError } from "../../../exchange/errors.ts";
import type { TranslationWarning } from "../../translation.ts";
import type { Conversation, Message } from "../conversation.ts";
import { openaiChat } from "./index.ts";
import { STOP_SEQUENCES_MAX } from "./write-request.ts";

const FACTS = { headers: new Map() };

function read(body: object) {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(
    JSON.stringify({ model: "m", messages: [{ role: "user", content: "q" }], ...body }),
  );
  const conversation = openaiChat.readRequest(bytes, FACTS, (warning) => warnings.push(warning));
  return { conversation, told: warnings.map(({ code, member }) => `${code} ${member}`) };
}

function write(conversation: Partial<Conversation>) {
  const warnings: TranslationWarning[] = [];
  const { bytes } = openaiChat.writeRequest(
    {
      model: "m",
      stream: false,
      includeUsage: false,
      messages: [{ role: "user", parts: [{ kind: "text", text: "q" }] }],
      tools: [],
      ...conversation,
    },
    (warning) => warnings.push(warning),
  );
  const told = warnings.map(({ code, member }) => `${code} ${member}`);
  return { body: JSON.parse(bytes.toString("utf8")), told };
}

const partsOf = (message: object) => {
  const { conversation } = read({ messages: [message] });
  return conversation.messages[0]?.parts.map(({ at: _at, ...part }) => part);
};

describe("a request of OpenAI's chat", () => {
  test("is refused where a member has a type that it cannot have, by its name", () => {
    for (const [body, pointer] of [
      [{ temperature: "hot" }, "/temperature"],
      [{ max_tokens: -1 }, "/max_tokens"],
      [{ max_tokens: 1.5 }, "/max_tokens"],
      [{ stop: [1] }, "/stop"],
      [{ tools: {} }, "/tools"],
      [{ tools: [{ type: "function", function: { name: 1 } }] }, "/tools/0/function/name"],
      [{ tool_choice: 1 }, "/tool_choice"],
      [{ stream: "yes" }, "/stream"],
      [{ stream_options: [] }, "/stream_options"],
      [{ messages: [{ role: "user", content: 1 }] }, "/messages/0/content"],
      [{ messages: [{ role: "chief", content: "q" }] }, "/messages/0/role"],
      [{ messages: [{ role: "tool", content: "r" }] }, "/messages/0/tool_call_id"],
      [{ messages: [{ role: "user", content: [{ type: "text", text: {} }] }] }, "/messages/0/content/0/text"],
      [{ messages: [{ role: "assistant", tool_calls: [{ id: "i" }] }] }, "/messages/0/tool_calls/0/function"],
      [{ messages: {} }, "/messages"],
    ] as const)
      assert.throws(
        () => read(body),
        (error) =>
          error instanceof RegentError &&
          error.code === "body_invalid" &&
          error.detail?.includes(pointer) === true,
        pointer,
      );
  });

  test("has no members of its prototype", () => {
    const bytes = Buffer.from(
      '{"model":"m","messages":[{"role":"user","content":"q"}],"__proto__":{"seed":7}}',
    );
    const warnings: TranslationWarning[] = [];
    const { seed } = openaiChat.readRequest(bytes, FACTS, (warning) => warnings.push(warning));
    assert.equal(seed, undefined);
    assert.deepEqual(
      warnings.map(({ member }) => member),
      ["/__proto__"],
    );
  });

  test("has its media by what they are, whatever they are called", () => {
    assert.deepEqual(
      partsOf({
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,aQ==", detail: "low" } },
          { type: "image_url", image_url: "https://i.example/a.png" },
          { type: "input_audio", input_audio: { data: "YQ==", format: "mp3" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,cA==" } },
          { type: "file", file: { filename: "a.txt", file_data: "dA==" } },
          { type: "file", file: { file_id: "file-1" } },
          { type: "image_url", image_url: { url: "data:image/svg+xml,%3Csvg%2F%3E" } },
        ],
      }),
      [
        { kind: "image", source: { from: "base64", mediaType: "image/png", data: "aQ==" }, detail: "low" },
        { kind: "image", source: { from: "url", url: "https://i.example/a.png" } },
        { kind: "audio", source: { from: "base64", mediaType: "audio/mp3", data: "YQ==" } },
        {
          kind: "document",
          source: { from: "base64", mediaType: "application/pdf", data: "cA==" },
          name: "a.pdf",
        },
        {
          kind: "document",
          source: { from: "base64", mediaType: "text/plain", data: "dA==" },
          name: "a.txt",
        },
        { kind: "document", source: { from: "file", id: "file-1", keeper: "openai" } },
        { kind: "image", source: { from: "base64", mediaType: "image/svg+xml", data: "PHN2Zy8+" } },
      ],
    );
    for (const url of ["data:image/png", "data:text/plain,%zz"])
      assert.throws(
        () => partsOf({ role: "user", content: [{ type: "image_url", image_url: { url } }] }),
        RegentError,
      );
  });

  test("has its thinking in the fullest of the forms that servers give it", () => {
    const plain = { kind: "reasoning", text: "t" };
    for (const [message, parts] of [
      [{ reasoning_content: "t" }, [plain]],
      [{ reasoning: "t" }, [plain]],
      [{ reasoning: "t", reasoning_content: "t" }, [plain]],
      [{ reasoning_content: "t", reasoning_signature: "s" }, [{ ...plain, signature: "s" }]],
      [
        {
          reasoning_content: "t",
          thinking_blocks: [
            { type: "thinking", thinking: "t", signature: "s" },
            { type: "redacted_thinking", data: "e" },
          ],
        },
        [
          { ...plain, signature: "s" },
          { kind: "reasoning", text: "", encrypted: "e" },
        ],
      ],
      [
        {
          reasoning: "t",
          reasoning_details: [{ type: "reasoning.text", text: "t", signature: "s", index: 0 }],
        },
        [{ ...plain, signature: "s" }],
      ],
    ] as const)
      assert.deepEqual(partsOf({ role: "assistant", ...message }), parts);
  });

  test("may have the calls of before, which know no ids", () => {
    const { conversation } = read({
      functions: [{ name: "look" }],
      function_call: { name: "look" },
      messages: [
        { role: "assistant", content: null, function_call: { name: "look", arguments: "{}" } },
        { role: "function", name: "look", content: "r" },
      ],
    });
    const [call, result] = conversation.messages.map(({ parts }) => parts[0]);
    assert.ok(call?.kind === "tool_call" && result?.kind === "tool_result");
    assert.equal(call.id, result.callId);
    assert.deepEqual(conversation.toolChoice, { mode: "tool", name: "look" });
    assert.equal(conversation.tools[0]?.name, "look");
  });

  test("tells what it says twice or what nobody knows", () => {
    const { conversation, told } = read({
      max_tokens: 5,
      max_completion_tokens: 6,
      made_up: 1,
      n: 1,
      store: false,
    });
    assert.equal(conversation.maxOutputTokens, 6);
    assert.deepEqual(told, ["dropped /max_tokens", "dropped /made_up"]);
  });
});

describe("a request for OpenAI's chat", () => {
  const TOLD: Message = {
    role: "tool",
    parts: [
      { kind: "tool_result", callId: "a", content: [{ kind: "text", text: "r" }] },
      {
        kind: "tool_result",
        callId: "b",
        isError: true,
        content: [
          { kind: "image", source: { from: "base64", mediaType: "image/png", data: "aQ==" }, at: "/i" },
        ],
        at: "/r",
      },
    ],
  };

  test("has a message for each result, and what is no text of them behind", () => {
    const { body, told } = write({ messages: [TOLD] });
    assert.deepEqual(body.messages, [
      { role: "tool", tool_call_id: "a", content: "r" },
      { role: "tool", tool_call_id: "b", content: "The result follows in the next message." },
      { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,aQ==" } }] },
    ]);
    assert.deepEqual(told, ["changed /i", "dropped /r/is_error", "invented /r"]);
  });

  test("has thinking with what proves it, so that it can go back", () => {
    const parts = [
      { kind: "reasoning", text: "t", signature: "s" },
      { kind: "reasoning", text: "", encrypted: "e" },
      { kind: "text", text: "a" },
    ] as const;
    const { body } = write({ messages: [{ role: "assistant", parts }] });
    assert.deepEqual(body.messages[0], {
      role: "assistant",
      content: "a",
      reasoning_content: "t",
      thinking_blocks: [
        { type: "thinking", thinking: "t", signature: "s" },
        { type: "redacted_thinking", data: "e" },
      ],
    });
    assert.deepEqual(partsOf(body.messages[0]), parts);
  });

  test("says null where an answer has calls and nothing else", () => {
    const call = { kind: "tool_call", id: "c", name: "look", arguments: "{}" } as const;
    const { body } = write({ messages: [{ role: "assistant", parts: [call] }] });
    assert.equal(body.messages[0].content, null);
  });

  test(`has at most ${STOP_SEQUENCES_MAX} stop sequences`, () => {
    const stop = Array.from({ length: STOP_SEQUENCES_MAX + 1 }, (_, index) => `s${index}`);
    const { body, told } = write({ stop });
    assert.deepEqual([body.stop, told], [stop.slice(0, STOP_SEQUENCES_MAX), ["dropped /stop"]]);
    assert.deepEqual(write({ stop: stop.slice(1) }).told, []);
  });

  test("has an effort in the place of a budget", () => {
    for (const [budgetTokens, effort] of [
      [1024, "low"],
      [2048, "medium"],
      [2049, "high"],
    ] as const) {
      const { body, told } = write({ reasoning: { mode: "on", budgetTokens } });
      assert.deepEqual([body.reasoning_effort, told], [effort, ["changed /reasoning"]]);
    }
  });
});
