import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plant, positionsOf } from "../../../../test/contract/markers.ts";
import { openaiResponsesRequest } from "../../../../test/contract/requests/openai-responses.ts";
import { RegentError } from "../../../exchange/errors.ts";
import type { TranslationWarning } from "../../translation.ts";
import type { Conversation, Part } from "../conversation.ts";
import { openaiResponses } from "./index.ts";

function read(body: object): { conversation: Conversation; warnings: TranslationWarning[] } {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(JSON.stringify({ model: "m", input: "i", ...body }));
  const conversation = openaiResponses.readRequest(bytes, { headers: new Map() }, (warning) =>
    warnings.push(warning),
  );
  return { conversation, warnings };
}

function write(conversation: Partial<Conversation>): { body: Loose; warnings: TranslationWarning[] } {
  const warnings: TranslationWarning[] = [];
  const whole = { model: "m", stream: false, includeUsage: true, messages: [], tools: [], ...conversation };
  const { bytes, path, contentType } = openaiResponses.writeRequest(whole, (warning) =>
    warnings.push(warning),
  );
  assert.deepEqual([path, contentType], ["/v1/responses", "application/json"]);
  return { body: JSON.parse(bytes.toString()), warnings };
}

type Loose = { readonly [member: string]: unknown };

const said = ({ messages }: Conversation) =>
  messages.map(({ role, parts }) => [role, ...parts.map(({ at: _at, ...part }: Part) => part)]);
const members = (warnings: readonly TranslationWarning[]) => warnings.map(({ member }) => member);

describe("a request for a response is read", () => {
  test("with its instructions in front, and what a model gave in one turn as one message", () => {
    const { conversation, warnings } = read({
      instructions: "Be brief.",
      input: [
        { role: "user", content: "Weather?" },
        {
          type: "reasoning",
          id: "rs_1",
          summary: [
            { type: "summary_text", text: "One." },
            { type: "summary_text", text: "Two." },
          ],
          encrypted_content: "c2VhbGVk",
        },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "I look.", annotations: [] }],
        },
        { type: "function_call", id: "fc_1", call_id: "c1", name: "look", arguments: '{"a":1}' },
        { type: "function_call", call_id: "c2", name: "look", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: "sun" },
        { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "rain" }] },
        { role: "developer", content: [{ type: "input_text", text: "Now." }] },
      ],
    });
    assert.deepEqual(said(conversation), [
      ["system", { kind: "text", text: "Be brief." }],
      ["user", { kind: "text", text: "Weather?" }],
      [
        "assistant",
        { kind: "reasoning", text: "One.", id: "rs_1" },
        { kind: "reasoning", text: "Two.", id: "rs_1", encrypted: "c2VhbGVk" },
        { kind: "text", text: "I look." },
        { kind: "tool_call", id: "c1", name: "look", arguments: '{"a":1}' },
        { kind: "tool_call", id: "c2", name: "look", arguments: "{}" },
      ],
      [
        "tool",
        {
          kind: "tool_result",
          callId: "c1",
          content: [{ kind: "text", text: "sun", at: "/input/5/output" }],
        },
        {
          kind: "tool_result",
          callId: "c2",
          content: [{ kind: "text", text: "rain", at: "/input/6/output/0" }],
        },
      ],
      ["developer", { kind: "text", text: "Now." }],
    ]);
    assert.deepEqual(warnings, []);
  });

  test("with images and files as what they are", () => {
    const { conversation } = read({
      input: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "low" },
            { type: "input_image", file_id: "file-1" },
            { type: "input_file", filename: "a.csv", file_data: "YQ==" },
            { type: "input_file", file_url: "https://example.com/a.pdf" },
            { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
            { type: "input_text", text: "t", prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } },
          ],
        },
      ],
    });
    assert.deepEqual(said(conversation)[0]?.slice(1), [
      { kind: "image", source: { from: "base64", mediaType: "image/png", data: "AAAA" }, detail: "low" },
      { kind: "image", source: { from: "file", id: "file-1", keeper: "openai" } },
      { kind: "document", source: { from: "base64", mediaType: "text/csv", data: "YQ==" }, name: "a.csv" },
      { kind: "document", source: { from: "url", url: "https://example.com/a.pdf" } },
      { kind: "audio", source: { from: "base64", mediaType: "audio/mpeg", data: "AAAA" } },
      { kind: "text", text: "t", cache: { ttl: "30m" } },
    ]);
  });

  test("with its settings, and only with tools that the client runs and the request allows", () => {
    const { conversation, warnings } = read({
      stream: true,
      max_output_tokens: 7,
      temperature: 0.5,
      top_p: 0.9,
      parallel_tool_calls: false,
      reasoning: { effort: "high", summary: "auto" },
      text: {
        format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
        verbosity: "low",
      },
      tools: [
        { type: "function", name: "a", parameters: { type: "object" }, strict: false },
        { type: "function", name: "b", parameters: null, strict: null },
        { type: "web_search" },
      ],
      tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "a" }] },
      top_logprobs: 3,
      user: "u",
      service_tier: "flex",
      store: false,
    });
    const { messages: _messages, at: _at, ...settings } = conversation;
    assert.deepEqual(settings, {
      model: "m",
      stream: true,
      includeUsage: true,
      tools: [{ name: "a", parameters: { type: "object" }, strict: false, at: "/tools/0" }],
      toolChoice: { mode: "required" },
      parallelToolCalls: false,
      maxOutputTokens: 7,
      temperature: 0.5,
      topP: 0.9,
      logprobs: { top: 3 },
      output: { form: "json_schema", name: "n", schema: { type: "object" }, strict: true },
      reasoning: { mode: "on", effort: "high", shown: true },
      user: "u",
      settings: [
        { name: "service_tier", value: "flex", at: "/service_tier" },
        { name: "verbosity", value: "low", at: "/text/verbosity" },
      ],
    });
    assert.deepEqual(members(warnings), ["/tools/2", "/tool_choice", "/tools/1"]);
  });

  test("and refused where it leans on what only the provider has", () => {
    const leaning: readonly object[] = [
      { previous_response_id: "resp_1" },
      { conversation: "conv_1" },
      { prompt: { id: "p" } },
      { background: true },
      { input: [{ type: "item_reference", id: "msg_1" }] },
      { input: [{ id: "msg_1" }] },
      { input: [{ type: "compaction", encrypted_content: "e" }] },
    ];
    for (const body of leaning) {
      assert.throws(() => read(body), { code: "translation_unsupported" }, JSON.stringify(body));
    }
  });

  test("and refused where it is none", () => {
    const broken: readonly object[] = [
      { input: undefined },
      { input: 1 },
      { input: [1] },
      { input: [{ role: "user", content: 1 }] },
      { input: [{ role: "user", content: [{ type: "input_image" }] }] },
      { input: [{ type: "function_call", name: "n", arguments: "{}" }] },
      { tools: [{ type: "function" }] },
      { max_output_tokens: 0 },
      { reasoning: { effort: "immense" } },
      { text: { format: { type: "xml" } } },
    ];
    for (const body of broken) {
      assert.throws(() => read(body), { code: "body_invalid" }, JSON.stringify(body));
    }
  });

  test("and everything that is lost of it is named", (context) => {
    let carried = 0;
    let told = 0;
    let refused = 0;
    for (const position of positionsOf(TRANSLATABLE)) {
      if (NAMES_ONLY.test(position.pointer)) continue;
      const { text, pointer, marker } = plant(TRANSLATABLE, position);
      try {
        const { conversation, warnings } = read(JSON.parse(text));
        if (JSON.stringify(conversation).includes(marker)) carried++;
        else if (warnings.some(({ member }) => `${pointer}/`.startsWith(`${member}/`))) told++;
        else assert.fail(`${position.pointer} is lost`);
      } catch (error) {
        if (!(error instanceof RegentError)) throw error;
        refused++;
      }
    }
    context.diagnostic(`markers: ${carried} carried, ${told} told, ${refused} refused`);
    assert.ok(carried > 20 && told > 5 * refused);
  });
});

/** The request with all members, without what is refused for leaning on the provider. */
const {
  previous_response_id: _id,
  conversation: _conversation,
  prompt: _prompt,
  ...REST
} = openaiResponsesRequest;
const TRANSLATABLE = {
  ...REST,
  input: REST.input.filter((item) => {
    const { type, role } = item as { type?: string; role?: string };
    return type === undefined ? role !== undefined : !/^(item_reference|compaction)/.test(type);
  }),
  tools: REST.tools.filter((tool) => !("function" in tool)),
};

/** Words that only say of what type the object around them is. */
const NAMES_ONLY = /\/(summary|content)\/\d+\/type$/;

describe("a request for a response is written", () => {
  test("so that reading it gives the same conversation", () => {
    const conversation: Partial<Conversation> = {
      stream: true,
      messages: [
        { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
        {
          role: "user",
          parts: [
            { kind: "text", text: "See.", cache: {} },
            { kind: "image", source: { from: "url", url: "https://example.com/i.png" }, detail: "high" },
            {
              kind: "document",
              source: { from: "base64", mediaType: "application/pdf", data: "AAAA" },
              name: "a.pdf",
            },
          ],
        },
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "One.", id: "rs_1" },
            { kind: "reasoning", text: "Two.", id: "rs_1", encrypted: "c2VhbGVk" },
            { kind: "reasoning", text: "Signed.", id: "rs_2", signature: "c2ln" },
            { kind: "text", text: "I look." },
            { kind: "tool_call", id: "c1", name: "look", arguments: "{}" },
          ],
        },
        {
          role: "tool",
          parts: [{ kind: "tool_result", callId: "c1", content: [{ kind: "text", text: "sun" }] }],
        },
      ],
      tools: [{ name: "look", description: "d", parameters: { type: "object" }, strict: true }],
      toolChoice: { mode: "tool", name: "look" },
      parallelToolCalls: true,
      maxOutputTokens: 5,
      temperature: 0,
      topP: 1,
      logprobs: { top: 2 },
      output: { form: "json_schema", name: "n", description: "d", schema: { type: "object" }, strict: true },
      reasoning: { mode: "on", effort: "low", shown: true },
      user: "u",
      metadata: { k: "v" },
      settings: [
        { name: "prompt_cache_key", value: "k", at: "/prompt_cache_key" },
        { name: "verbosity", value: "low", at: "/text/verbosity" },
      ],
    };
    const { body, warnings } = write(conversation);
    assert.deepEqual(warnings, []);
    const back = read(body);
    assert.deepEqual(back.warnings, []);
    assert.deepEqual(
      withoutPlaces(back.conversation),
      withoutPlaces({ model: "m", includeUsage: true, ...conversation }),
    );
  });

  test("with nothing kept by the provider, and tools that are not strict unless they say so", () => {
    const { body } = write({ tools: [{ name: "t" }] });
    assert.equal(body.store, false);
    assert.deepEqual(body.tools, [{ type: "function", name: "t", parameters: null, strict: false }]);
  });

  test("with an effort in the place of a budget", () => {
    for (const [budgetTokens, effort] of [
      [1024, "low"],
      [4096, "medium"],
      [32_000, "high"],
    ] as const) {
      const { body, warnings } = write({ reasoning: { mode: "on", budgetTokens } });
      assert.deepEqual(body.reasoning, { effort });
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["changed"],
      );
    }
    assert.deepEqual(write({ reasoning: { mode: "off" } }).body.reasoning, { effort: "none" });
  });

  test("and tells of everything that a response has not", () => {
    const { warnings } = write({
      topK: 1,
      stop: ["s"],
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      choices: 2,
      at: { stop: "/stop_sequences" },
      output: { form: "json_schema", schema: {} },
      messages: [
        {
          role: "user",
          name: "n",
          parts: [{ kind: "video", source: { from: "url", url: "https://e.com/v" } }],
        },
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "plain" },
            { kind: "tool_call", id: "c", name: "n", arguments: "{}", signature: "s", at: "/here" },
          ],
        },
        {
          role: "tool",
          parts: [{ kind: "tool_result", callId: "c", content: [], isError: true, at: "/there" }],
        },
        { role: "user", parts: [{ kind: "document", source: { from: "text", text: "t" }, at: "/document" }] },
        {
          role: "user",
          parts: [{ kind: "image", source: { from: "file", id: "f", keeper: "anthropic" }, at: "/image" }],
        },
      ],
      tools: [{ name: "t", cache: {} }],
    });
    assert.deepEqual(members(warnings).sort(), [
      "/document",
      "/frequency_penalty",
      "/here",
      "/image",
      "/messages/0",
      "/messages/0/name",
      "/messages/1",
      "/n",
      "/presence_penalty",
      "/seed",
      "/stop_sequences",
      "/text/format",
      "/there",
      "/tools/0",
      "/top_k",
    ]);
  });
});

/** Places in a body that was read, and what is absent, say nothing of a conversation. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member) => (key === "at" ? undefined : member)));
}
