import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TranslationWarning } from "../../translation.ts";
import type { Conversation, Message } from "../conversation.ts";
import { anthropicMessages } from "./index.ts";

const ASKED: Message = { role: "user", parts: [{ kind: "text", text: "q" }] };
const PLAIN: Conversation = {
  model: "claude-sonnet-4-6",
  stream: false,
  includeUsage: false,
  messages: [ASKED],
  tools: [],
  maxOutputTokens: 100,
};
const CALLED: Message = {
  role: "assistant",
  parts: [{ kind: "tool_call", id: "c1", name: "look", arguments: '{"a":1}' }],
};
const TOLD: Message = {
  role: "tool",
  parts: [{ kind: "tool_result", callId: "c1", content: [{ kind: "text", text: "r" }] }],
};

function write(conversation: Partial<Conversation>) {
  const warnings: TranslationWarning[] = [];
  const { bytes, ...rest } = anthropicMessages.writeRequest({ ...PLAIN, ...conversation }, (warning) =>
    warnings.push(warning),
  );
  const told = warnings.map(({ code, member }) => `${code} ${member}`);
  return { body: JSON.parse(bytes.toString("utf8")), told, ...rest };
}

describe("a request for Anthropic", () => {
  test("names the endpoint, the version and the bound that are demanded", () => {
    const { body, path, headers, told } = write({ maxOutputTokens: undefined } as never);
    assert.equal(path, "/v1/messages");
    assert.deepEqual(headers, [["anthropic-version", "2023-06-01"]]);
    assert.equal(body.max_tokens, 4096);
    assert.deepEqual(told, ["invented /max_tokens"]);
  });

  test("has its instructions in front, wherever they stood", () => {
    const { body, told } = write({
      messages: [
        { role: "system", parts: [{ kind: "text", text: "a" }] },
        { role: "developer", parts: [{ kind: "text", text: "b" }] },
        ASKED,
        { role: "system", parts: [{ kind: "text", text: "c" }], at: "/messages/3" },
      ],
    });
    assert.deepEqual(
      body.system.map(({ text }: { text: string }) => text),
      ["a", "b", "c"],
    );
    assert.deepEqual(body.messages, [{ role: "user", content: "q" }]);
    assert.deepEqual(told, ["changed /messages/3"]);
  });

  test("has turns that alternate, with all results of a turn in one message", () => {
    const second: Message = {
      role: "tool",
      parts: [{ kind: "tool_result", callId: "c2", content: [], isError: true }],
    };
    const { body, told } = write({ messages: [ASKED, CALLED, TOLD, second, ASKED] });
    assert.deepEqual(
      body.messages.map(({ role }: { role: string }) => role),
      ["user", "assistant", "user"],
    );
    assert.deepEqual(body.messages[2].content, [
      { type: "tool_result", tool_use_id: "c1", content: "r" },
      { type: "tool_result", tool_use_id: "c2", content: [], is_error: true },
      { type: "text", text: "q" },
    ]);
    assert.deepEqual(told, []);
  });

  test("has arguments as an object, with numbers as they were spelt", () => {
    const call = (given: string): Message => ({
      role: "assistant",
      parts: [{ kind: "tool_call", id: "c1", name: "look", arguments: given, at: "/messages/1" }],
    });
    const { bytes } = anthropicMessages.writeRequest(
      { ...PLAIN, messages: [ASKED, call('{"n":12345678901234567890,"__proto__":{"x":1}}'), TOLD] },
      () => {},
    );
    assert.ok(bytes.toString("utf8").includes('"input":{"n":12345678901234567890,"__proto__":{"x":1}}'));
    for (const [given, input, told] of [
      ["", {}, []],
      ["{", { arguments: "{" }, ["changed /messages/1"]],
      ["[1]", { arguments: "[1]" }, ["changed /messages/1"]],
    ] as const) {
      const written = write({ messages: [ASKED, call(given), TOLD] });
      assert.deepEqual(written.body.messages[1].content[0].input, input);
      assert.deepEqual(written.told, told);
    }
  });

  test("has ids of calls in the letters that Anthropic takes, alike in call and result", () => {
    const id = "functions.look:0";
    const { body } = write({
      messages: [
        ASKED,
        { role: "assistant", parts: [{ kind: "tool_call", id, name: "look", arguments: "{}" }] },
        { role: "tool", parts: [{ kind: "tool_result", callId: id, content: [] }] },
      ],
    });
    assert.equal(body.messages[1].content[0].id, "functions_look_0");
    assert.equal(body.messages[2].content[0].tool_use_id, "functions_look_0");
  });

  test("keeps thinking that is signed or sealed, in front, and drops what nobody can check", () => {
    const { body, told } = write({
      messages: [
        ASKED,
        {
          role: "assistant",
          parts: [
            { kind: "text", text: "a" },
            { kind: "reasoning", text: "t", signature: "s" },
            { kind: "reasoning", text: "", encrypted: "e" },
            { kind: "reasoning", text: "unsigned", at: "/messages/1/reasoning_content" },
          ],
        },
        ASKED,
      ],
    });
    assert.deepEqual(body.messages[1].content, [
      { type: "thinking", thinking: "t", signature: "s" },
      { type: "redacted_thinking", data: "e" },
      { type: "text", text: "a" },
    ]);
    assert.deepEqual(told, ["dropped /messages/1/reasoning_content"]);
  });

  test("leaves out texts and messages that are empty, and white space at the end of a begun answer", () => {
    const { body, told } = write({
      messages: [
        { role: "user", parts: [{ kind: "text", text: "" }], at: "/messages/0" },
        ASKED,
        {
          role: "assistant",
          parts: [{ kind: "text", text: "I say \n", at: "/messages/2/content" }],
          at: "/messages/2",
        },
      ],
    });
    assert.deepEqual(body.messages, [
      { role: "user", content: "q" },
      { role: "assistant", content: "I say" },
    ]);
    assert.deepEqual(told, ["dropped /messages/0", "changed /messages/2/content", "changed /messages/2"]);
  });

  test("has images, PDFs and texts by their sources, and tells of what Anthropic cannot read", () => {
    const { body, told } = write({
      messages: [
        {
          role: "user",
          parts: [
            { kind: "image", source: { from: "base64", mediaType: "image/png", data: "aQ==" } },
            { kind: "image", source: { from: "url", url: "https://i.example/a.png" } },
            {
              kind: "document",
              source: { from: "base64", mediaType: "application/pdf", data: "cA==" },
              name: "n",
            },
            { kind: "document", source: { from: "base64", mediaType: "text/plain", data: "dA==" } },
            { kind: "document", source: { from: "file", id: "f", keeper: "openai" }, at: "/a" },
            { kind: "audio", source: { from: "base64", mediaType: "audio/wav", data: "YQ==" }, at: "/b" },
            {
              kind: "document",
              source: { from: "base64", mediaType: "application/zip", data: "eg==" },
              at: "/c",
            },
          ],
        },
      ],
    });
    assert.deepEqual(body.messages[0].content, [
      { type: "image", source: { type: "base64", media_type: "image/png", data: "aQ==" } },
      { type: "image", source: { type: "url", url: "https://i.example/a.png" } },
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "cA==" },
        title: "n",
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "t" } },
    ]);
    assert.deepEqual(told, ["dropped /a", "dropped /b", "dropped /c"]);
  });

  test("chooses tools as it was asked to, and one at a time where it was", () => {
    const tools = [{ name: "look" }];
    for (const [asked, choice] of [
      [{ toolChoice: { mode: "auto" } }, { type: "auto" }],
      [{ toolChoice: { mode: "required" } }, { type: "any" }],
      [{ toolChoice: { mode: "none" }, parallelToolCalls: false }, { type: "none" }],
      [{ toolChoice: { mode: "tool", name: "look" } }, { type: "tool", name: "look" }],
      [{ parallelToolCalls: false }, { type: "auto", disable_parallel_tool_use: true }],
      [{ parallelToolCalls: true }, undefined],
    ] as const) {
      const { body } = write({ tools, ...asked });
      assert.deepEqual(body.tool_choice, choice);
      assert.deepEqual(body.tools, [{ name: "look", input_schema: { type: "object" } }]);
    }
    const { body, told } = write({ toolChoice: { mode: "required" } });
    assert.deepEqual([body.tool_choice, told], [undefined, ["dropped /tool_choice"]]);
  });

  test("has a temperature of at most 1, and no stop sequence of white space", () => {
    const { body, told } = write({ temperature: 1.5, stop: ["\n", "END"], topP: 0.5, topK: 3 });
    assert.deepEqual([body.temperature, body.stop_sequences, body.top_p, body.top_k], [1, ["END"], 0.5, 3]);
    assert.deepEqual(told, ["changed /temperature", "dropped /stop"]);
  });

  test("tells of every setting that Anthropic has not", () => {
    const { told } = write({
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      choices: 2,
      logprobs: {},
      metadata: { k: "v" },
      output: { form: "json_object" },
      at: { seed: "/seed", choices: "/n" },
    });
    assert.deepEqual(told.toSorted(), [
      "dropped /frequencyPenalty",
      "dropped /logprobs",
      "dropped /metadata",
      "dropped /n",
      "dropped /presencePenalty",
      "dropped /response_format",
      "dropped /seed",
    ]);
  });

  test("keeps to a schema, with its name and description in it", () => {
    const schema = { type: "object", properties: {} };
    const { body, told } = write({
      output: { form: "json_schema", name: "n", description: "d", strict: true, schema },
    });
    assert.deepEqual(body.output_config, {
      format: { type: "json_schema", schema: { title: "n", description: "d", ...schema } },
    });
    assert.deepEqual(told, []);
  });

  test("names the user, by what OpenAI calls it now too", () => {
    const safety = { name: "safety_identifier", value: "s", at: "/safety_identifier" };
    assert.deepEqual(write({ user: "u" }).body.metadata, { user_id: "u" });
    assert.deepEqual(write({ settings: [safety] }).body.metadata, { user_id: "s" });
    const both = write({ user: "u", settings: [safety] });
    assert.deepEqual([both.body.metadata, both.told], [{ user_id: "u" }, ["dropped /safety_identifier"]]);
  });
});

describe("thinking that is asked of Anthropic", () => {
  const thinking = (asked: Partial<Conversation>) => {
    const { body, told } = write(asked);
    return [body.thinking, body.output_config?.effort, told] as const;
  };

  test("is an effort, or a budget for the models that know nothing else", () => {
    const reasoning = { mode: "on", effort: "medium" } as const;
    const room = { maxOutputTokens: 8000, reasoning };
    assert.deepEqual(thinking(room), [{ type: "adaptive" }, "medium", []]);
    for (const model of [
      "claude-3-7-sonnet-20250219",
      "claude-sonnet-4-20250514",
      "claude-opus-4-1-20250805",
      "anthropic.claude-haiku-4-5-20251001-v1:0",
      "claude-sonnet-4@20250514",
      "claude-haiku-4-5",
    ])
      assert.deepEqual(
        thinking({ ...room, model }),
        [{ type: "enabled", budget_tokens: 2048 }, undefined, ["changed /reasoning"]],
        model,
      );
    for (const model of ["claude-opus-4-6", "claude-opus-4-7", "claude-sonnet-5", "claude-opus-5-5"])
      assert.deepEqual(thinking({ ...room, model }), [{ type: "adaptive" }, "medium", []], model);
  });

  test("keeps a budget within what the answer may have, and makes room where no bound was set", () => {
    const budget = (budgetTokens: number, maxOutputTokens?: number) =>
      write({ reasoning: { mode: "on", budgetTokens }, maxOutputTokens } as never);
    assert.deepEqual(budget(2000, 4000).body.thinking, { type: "enabled", budget_tokens: 2000 });
    assert.deepEqual(budget(5000, 4000).body.thinking, { type: "enabled", budget_tokens: 3999 });
    assert.deepEqual(budget(10, 4000).body.thinking, { type: "enabled", budget_tokens: 1024 });
    assert.deepEqual(budget(2000, 1024).body.thinking, undefined);
    assert.deepEqual(budget(2000, 1024).told, ["dropped /reasoning"]);
    assert.equal(budget(2000).body.max_tokens, 6096);
  });

  test("is left out where Anthropic would refuse it", () => {
    const reasoning = { mode: "on", effort: "high" } as const;
    const forced = { tools: [{ name: "look" }], toolChoice: { mode: "required" } } as const;
    assert.deepEqual(thinking({ reasoning, ...forced }), [undefined, undefined, ["dropped /reasoning"]]);
    assert.deepEqual(thinking({ reasoning, messages: [ASKED, CALLED, TOLD] }), [
      undefined,
      undefined,
      ["dropped /reasoning"],
    ]);
    const signed = {
      ...CALLED,
      parts: [{ kind: "reasoning", text: "t", signature: "s" }, ...CALLED.parts],
    } as Message;
    assert.deepEqual(thinking({ reasoning, messages: [ASKED, signed, TOLD] }), [
      { type: "adaptive" },
      "high",
      [],
    ]);
  });

  test("takes no temperature, no top_k and no small top_p beside it", () => {
    const { body, told } = write({
      reasoning: { mode: "on", effort: "low" },
      temperature: 0.2,
      topK: 3,
      topP: 0.5,
    });
    assert.deepEqual([body.temperature, body.top_k, body.top_p], [undefined, undefined, undefined]);
    assert.deepEqual(told, ["dropped /temperature", "dropped /top_k", "dropped /top_p"]);
  });

  test("is switched off where it was", () => {
    assert.deepEqual(thinking({ reasoning: { mode: "off" } }), [{ type: "disabled" }, undefined, []]);
  });
});
