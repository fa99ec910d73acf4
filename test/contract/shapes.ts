import type { FormatName } from "../../src/exchange/inference.ts";
import type { BodyKind } from "../../src/formats/reading.ts";
import { encodeAwsMessage } from "../../src/wire/aws-event-stream.ts";
import { encodeMessage, framed } from "../support/infer-proto.ts";

/** A body of a size that somebody chose to keep its reader busy. */
export type Shape = {
  readonly format: FormatName;
  readonly kind: BodyKind;
  readonly name: string;
  /** About as many bytes as are asked for. */
  bytes(size: number): Buffer;
};

/** A text that repeats between a head and a tail; `#` is the number of the repetition. */
function repeated(head: string, piece: string, tail: string, separator = ",") {
  return (size: number): Buffer => {
    const count = Math.max(
      1,
      Math.floor((size - head.length - tail.length) / (piece.length + separator.length)),
    );
    const pieces = Array.from({ length: count }, (_, index) => piece.replaceAll("#", String(index)));
    return Buffer.from(head + pieces.join(separator) + tail);
  };
}

/** Events of a stream, the first ones once and one of them again and again. */
function events(first: readonly string[], piece: string) {
  const head = first.map((data) => `data: ${data}\n\n`).join("");
  return repeated(head, `data: ${piece}\n\n`, "", "");
}

/** One event with a list. */
function event(head: string, piece: string, tail: string) {
  return repeated(`data: ${head}`, piece, `${tail}\n\n`);
}

function awsMessages(type: string, first: readonly object[], piece: object) {
  const encode = (payload: object, name: string) =>
    encodeAwsMessage(
      new Map([
        [":message-type", { type: "string", value: "event" }],
        [":event-type", { type: "string", value: name }],
      ] as const),
      Buffer.from(JSON.stringify(payload)),
    );
  return (size: number): Buffer => {
    const head = Buffer.concat(first.map((payload) => encode(payload, type)));
    const message = encode(piece, type);
    return Buffer.concat([head, ...Array(Math.ceil(size / message.length)).fill(message)]);
  };
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const CALLS_1000 = range(1000)
  .map((index) => `{"index":${index},"id":"${index}","function":{"name":"f"}}`)
  .join(",");
const CANDIDATES_100 = range(100)
  .map((index) => `{"index":${index},"content":{"parts":[{"text":"a"}]}}`)
  .join(",");

/** Texts whose characters are looked at one by one somewhere. */
const TEXTS: readonly (readonly [name: string, piece: string])[] = [
  ["backslashes", "\\\\\\\\"],
  ["escaped quotes", '\\"'],
  ["unicode escapes", "\\u00e9"],
  ["pairs of surrogates", "\\ud83d\\ude00"],
  ["brackets", "[{"],
  ["percent signs", "%25"],
  ["white space", " \\n"],
  ["data URLs", "data:;base64,"],
  ["commas and semicolons", ",;"],
];

function textShapes(format: FormatName, kind: BodyKind, where: string, head: string, tail: string): Shape[] {
  return TEXTS.map(([name, piece]) => ({
    format,
    kind,
    name: `${name} in ${where}`,
    bytes: repeated(head, piece, tail, ""),
  }));
}

type Row = readonly [name: string, bytes: Shape["bytes"]];

function shapes(format: FormatName, kind: BodyKind, rows: readonly Row[]): Shape[] {
  return rows.map(([name, bytes]) => ({ format, kind, name, bytes }));
}

const user = (content: string) => `{"role":"user","content":${content}}`;

const REQUESTS: readonly Shape[] = [
  ...shapes("openai-chat", "request", [
    ["messages", repeated('{"model":"m","messages":[', user('""'), "]}")],
    [
      "assistant and user in turns",
      repeated('{"model":"m","messages":[', `{"role":"assistant","content":"a"},${user('"b"')}`, "]}"),
    ],
    [
      "parts",
      repeated('{"model":"m","messages":[{"role":"user","content":[', '{"type":"text","text":""}', "]}]}"),
    ],
    [
      "images",
      repeated(
        '{"model":"m","messages":[{"role":"user","content":[',
        '{"type":"image_url","image_url":{"url":"https://a/#"}}',
        "]}]}",
      ),
    ],
    [
      "tools",
      repeated('{"model":"m","messages":[],"tools":[', '{"type":"function","function":{"name":"f#"}}', "]}"),
    ],
    [
      "calls and their results",
      repeated(
        '{"model":"m","messages":[',
        '{"role":"assistant","tool_calls":[{"id":"c#","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c#","content":"r"}',
        "]}",
      ),
    ],
    [
      "calls, then results",
      (size) => {
        const count = Math.floor(size / 150);
        const calls = range(count).map(
          (at) => `{"id":"c${at}","type":"function","function":{"name":"f","arguments":"{}"}}`,
        );
        const results = range(count).map((at) => `{"role":"tool","tool_call_id":"c${at}","content":"r"}`);
        return Buffer.from(
          `{"model":"m","messages":[{"role":"assistant","tool_calls":[${calls.join(",")}]},${results.join(",")}]}`,
        );
      },
    ],
    ["members of metadata", repeated('{"model":"m","messages":[],"metadata":[{', '"k#":""', "}]}")],
    ["unknown lists", repeated('{"model":"m","messages":[],"x":[', "[]", "]}")],
    ["numbers", repeated('{"model":"m","messages":[],"x":[', "1", "]}")],
    ["stop sequences", repeated('{"model":"m","messages":[],"stop":[', '""', "]}")],
  ]),
  ...textShapes(
    "openai-chat",
    "request",
    "a message",
    '{"model":"m","messages":[{"role":"user","content":"',
    '"}]}',
  ),
  ...textShapes(
    "openai-chat",
    "request",
    "a URL",
    '{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,',
    '"}}]}]}',
  ),
  ...textShapes(
    "openai-chat",
    "request",
    "a file",
    '{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"',
    '"}}]}]}',
  ),
  ...textShapes(
    "openai-chat",
    "request",
    "arguments",
    '{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"',
    '"}}]}]}',
  ),
  ...shapes("anthropic-messages", "request", [
    ["messages", repeated('{"model":"m","max_tokens":1,"messages":[', user('""'), "]}")],
    [
      "blocks",
      repeated(
        '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[',
        '{"type":"text","text":""}',
        "]}]}",
      ),
    ],
    [
      "uses and their results",
      repeated(
        '{"model":"m","max_tokens":1,"messages":[',
        '{"role":"assistant","content":[{"type":"tool_use","id":"c#","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c#"}]}',
        "]}",
      ),
    ],
    [
      "uses, then results",
      (size) => {
        const count = Math.floor(size / 120);
        const uses = range(count).map((at) => `{"type":"tool_use","id":"c${at}","name":"f","input":{}}`);
        const results = range(count).map((at) => `{"type":"tool_result","tool_use_id":"c${at}"}`);
        return Buffer.from(
          `{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[${uses.join(",")}]},{"role":"user","content":[${results.join(",")}]}]}`,
        );
      },
    ],
    [
      "tools",
      repeated(
        '{"model":"m","max_tokens":1,"messages":[],"tools":[',
        '{"name":"f#","input_schema":{}}',
        "]}",
      ),
    ],
  ]),
  ...textShapes(
    "anthropic-messages",
    "request",
    "a document",
    '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"text/plain","data":"',
    '"}}]}]}',
  ),
  ...shapes("openai-responses", "request", [
    ["items", repeated('{"model":"m","input":[', user('""'), "]}")],
    [
      "calls and their outputs",
      repeated(
        '{"model":"m","input":[',
        '{"type":"function_call","call_id":"c#","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c#","output":"r"}',
        "]}",
      ),
    ],
    [
      "parts",
      repeated('{"model":"m","input":[{"role":"user","content":[', '{"type":"input_text","text":""}', "]}]}"),
    ],
  ]),
  ...shapes("gemini-generate", "request", [
    ["contents", repeated('{"contents":[', '{"role":"user","parts":[{"text":""}]}', "]}")],
    ["parts", repeated('{"contents":[{"role":"user","parts":[', '{"text":""}', "]}]}")],
    [
      "calls and their responses",
      repeated(
        '{"contents":[',
        '{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}',
        "]}",
      ),
    ],
    [
      "calls, then responses",
      (size) => {
        const count = Math.floor(size / 100);
        const calls = range(count).map((at) => `{"functionCall":{"name":"f${at}"}}`);
        const responses = range(count).map((at) => `{"functionResponse":{"name":"f${at}","response":{}}}`);
        return Buffer.from(
          `{"contents":[{"role":"model","parts":[${calls.join(",")}]},{"role":"user","parts":[${responses.reverse().join(",")}]}]}`,
        );
      },
    ],
    ["declarations", repeated('{"contents":[],"tools":[{"functionDeclarations":[', '{"name":"f#"}', "]}]}")],
  ]),
  ...shapes("bedrock-converse", "request", [
    ["messages", repeated('{"messages":[', '{"role":"user","content":[{"text":""}]}', "]}")],
    ["blocks", repeated('{"messages":[{"role":"user","content":[', '{"text":""}', "]}]}")],
    [
      "uses and their results",
      repeated(
        '{"messages":[',
        '{"role":"assistant","content":[{"toolUse":{"toolUseId":"c#","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"c#","content":[]}}]}',
        "]}",
      ),
    ],
    [
      "documents",
      repeated(
        '{"messages":[{"role":"user","content":[',
        '{"document":{"format":"txt","name":"n#","source":{"bytes":""}}}',
        "]}]}",
      ),
    ],
  ]),
  ...shapes("openai-completions", "request", [
    ["prompts", repeated('{"model":"m","prompt":[', '"a"', "]}")],
    ["tokens", repeated('{"model":"m","prompt":[', "1", "]}")],
  ]),
  ...shapes("openai-embeddings", "request", [
    ["inputs", repeated('{"model":"m","input":[', '"a"', "]}")],
    ["tokens", repeated('{"model":"m","input":[', "[1]", "]}")],
  ]),
  ...shapes("triton-generate", "request", [
    ["texts", repeated('{"text_input":[', '"a"', "]}")],
    ["numbers", repeated('{"text_input":"a","max_tokens":[', "1", "]}")],
  ]),
  ...shapes("kserve-v1", "request", [
    ["instances", repeated('{"instances":[', '{"a":"b"}', "]}")],
    ["lists", repeated('{"instances":[', "[]", "]}")],
    ["numbers", repeated('{"instances":[', "1", "]}")],
  ]),
  ...shapes("tfserving", "request", [
    ["instances", repeated('{"instances":[', '{"a":"b"}', "]}")],
    ["columns", repeated('{"inputs":{"a":[', "1", "]}}")],
    ["NaN", repeated('{"instances":[', "NaN", "]}")],
    ["base64", repeated('{"instances":[', '{"b64":"YQ=="}', "]}")],
  ]),
  ...shapes("kserve-v2", "request", [
    ["tensors", repeated('{"inputs":[', '{"name":"t#","shape":[0],"datatype":"INT8","data":[]}', "]}")],
    ["outputs", repeated('{"inputs":[],"outputs":[', '{"name":"t#"}', "]}")],
    [
      "bounds",
      (size) =>
        Buffer.from(
          `{"inputs":[{"name":"max_tokens","shape":[${size >> 1}],"datatype":"INT32","data":[${range(
            size >> 1,
          )
            .fill(1)
            .join(",")}]}]}`,
        ),
    ],
    [
      "texts",
      (size) =>
        Buffer.from(
          `{"inputs":[{"name":"t","shape":[${size >> 2}],"datatype":"BYTES","data":[${Array(size >> 2)
            .fill('"a"')
            .join(",")}]}]}`,
        ),
    ],
  ]),
  ...shapes("kserve-v2-grpc", "request", [
    [
      "tensors",
      (size) =>
        framed(
          encodeMessage("request", {
            modelName: "m",
            inputs: range(Math.min(4000, size >> 4)).map((at) => ({
              name: `t${at}`,
              datatype: "INT8",
              shape: ["0"],
            })),
          }),
        ),
    ],
    [
      "numbers",
      (size) =>
        framed(
          encodeMessage("request", {
            modelName: "m",
            inputs: [
              {
                name: "t",
                datatype: "INT32",
                shape: [String(size)],
                contents: { intContents: range(size).fill(1) },
              },
            ],
          }),
        ),
    ],
    [
      "parameters",
      (size) =>
        framed(
          encodeMessage("request", {
            modelName: "m",
            parameters: Object.fromEntries(
              range(Math.min(1500, size >> 4)).map((at) => [`p${at}`, { boolParam: true }]),
            ),
            inputs: [],
          }),
        ),
    ],
  ]),
];

const RESPONSES: readonly Shape[] = [
  ...shapes("openai-chat", "response", [
    ["choices", repeated('{"choices":[', "{}", "]}")],
    ["calls", repeated('{"choices":[{"message":{"tool_calls":[', "{}", "]}}]}")],
    [
      "pieces of the first of many calls",
      repeated(`{"choices":[{"message":{"tool_calls":[${CALLS_1000},`, '{"index":0}', "]}}]}"),
    ],
    ["parts", repeated('{"choices":[{"message":{"content":[', '{"text":"a"}', "]}}]}")],
    ["thoughts", repeated('{"choices":[{"message":{"reasoning_details":[', '{"text":"a"}', "]}}]}")],
  ]),
  ...textShapes(
    "openai-chat",
    "response",
    "arguments",
    '{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"',
    '"}}]}}]}',
  ),
  ...shapes("anthropic-messages", "response", [
    ["blocks", repeated('{"type":"message","content":[', '{"type":"text","text":"a"}', "]}")],
  ]),
  ...shapes("openai-responses", "response", [
    ["items", repeated('{"output":[', '{"type":"message"}', "]}")],
    [
      "parts",
      repeated('{"output":[{"type":"message","content":[', '{"type":"output_text","text":"a"}', "]}]}"),
    ],
  ]),
  ...shapes("gemini-generate", "response", [
    ["candidates", repeated('{"candidates":[', "{}", "]}")],
    ["parts", repeated('{"candidates":[{"content":{"parts":[', '{"text":"a"}', "]}}]}")],
    ["calls", repeated('{"candidates":[{"content":{"parts":[', '{"functionCall":{"name":"f"}}', "]}}]}")],
    [
      "pieces of a list",
      repeated(
        '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","partialArgs":[',
        '{"jsonPath":"$.a[#]","numberValue":1}',
        "]}}]}}]}",
      ),
    ],
    [
      "pieces of a text",
      repeated(
        '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","partialArgs":[',
        '{"jsonPath":"$.a","stringValue":"a","willContinue":true}',
        "]}}]}}]}",
      ),
    ],
  ]),
  ...shapes("bedrock-converse", "response", [
    ["blocks", repeated('{"output":{"message":{"content":[', '{"text":"a"}', "]}}}")],
    [
      "citations",
      repeated(
        '{"output":{"message":{"content":[{"citationsContent":{"content":[',
        '{"text":"a"}',
        "]}}]}}}",
      ),
    ],
  ]),
  ...shapes("openai-completions", "response", [["choices", repeated('{"choices":[', '{"text":"a"}', "]}")]]),
  ...shapes("openai-embeddings", "response", [
    ["vectors", repeated('{"data":[', '{"embedding":[1]}', "]}")],
    ["numbers", repeated('{"data":[{"embedding":[', "1", "]}]}")],
  ]),
  ...shapes("triton-generate", "response", [["texts", repeated('{"text_output":[', '"a"', "]}")]]),
  ...shapes("kserve-v1", "response", [["predictions", repeated('{"predictions":[', '{"a":1}', "]}")]]),
  ...shapes("tfserving", "response", [
    ["predictions", repeated('{"predictions":[', "[1]", "]}")],
    ["columns", repeated('{"outputs":{"a":[', "1", "]}}")],
  ]),
  ...shapes("kserve-v2", "response", [
    ["tensors", repeated('{"outputs":[', '{"name":"t#","shape":[0],"datatype":"INT8","data":[]}', "]}")],
    [
      "numbers",
      (size) =>
        Buffer.from(
          `{"outputs":[{"name":"t","shape":[${size >> 1}],"datatype":"INT32","data":[${range(size >> 1)
            .fill(1)
            .join(",")}]}]}`,
        ),
    ],
  ]),
];

const delta = (content: string) => `{"choices":[{"index":0,"delta":${content}}]}`;

const STREAMS: readonly Shape[] = [
  ...shapes("openai-chat", "stream", [
    ["lines that end in CR", repeated("", `data: ${delta('{"content":"a"}')}\r\r`, "", "")],
    ["comments", repeated("", ":\n", "", "")],
    ["comments that end in CR", repeated("", ":\r", "", "")],
    ["lines of one event", repeated("", "data:\n", "\n", "")],
    ["fields of one event", repeated("", "x\n", "\n", "")],
    ["choices", events([], '{"choices":[{"index":#,"delta":{"content":"a"}}]}')],
    ["choices of one event", event('{"choices":[', "{}", "]}")],
    ["calls of one event", event('{"choices":[{"delta":{"tool_calls":[', "{}", "]}}]}")],
    [
      "pieces of the first of many calls",
      events([delta(`{"tool_calls":[${CALLS_1000}]}`)], delta('{"tool_calls":[{"index":0}]}')),
    ],
    [
      "pieces of the first of many calls in one event",
      event(`{"choices":[{"delta":{"tool_calls":[${CALLS_1000},`, '{"index":0}', "]}}]}"),
    ],
    [
      "text and thoughts in turns",
      events([], `${delta('{"content":"a"}')}\n\ndata: ${delta('{"reasoning_content":"b"}')}`),
    ],
    ["an event in small pieces", event('{"choices":[{"delta":{"content":"', "a", '"}}]}')],
    ["ends", events([], "[DONE]")],
  ]),
  ...shapes("anthropic-messages", "stream", [
    ["starts", events([], '{"type":"message_start","message":{}}')],
    [
      "blocks",
      events([], '{"type":"content_block_start","index":#,"content_block":{"type":"text","text":"a"}}'),
    ],
    [
      "blocks begun again",
      events(
        [],
        '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"f","input":{}}}',
      ),
    ],
    [
      "pieces of the first of many blocks",
      events(
        range(1000).map(
          (at) =>
            `{"type":"content_block_start","index":${at},"content_block":{"type":"tool_use","name":"f","id":"c${at}","input":{}}}`,
        ),
        '{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1"}}',
      ),
    ],
    [
      "deltas of blocks that never began",
      events([], '{"type":"content_block_delta","index":#,"delta":{"type":"text_delta","text":"a"}}'),
    ],
    [
      "signatures",
      events(
        ['{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}'],
        '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}',
      ),
    ],
  ]),
  ...shapes("openai-responses", "stream", [
    [
      "items",
      events(
        [],
        '{"type":"response.output_item.added","output_index":#,"item":{"type":"message","id":"i#"}}',
      ),
    ],
    [
      "deltas",
      events([], '{"type":"response.output_text.delta","output_index":0,"content_index":#,"delta":"a"}'),
    ],
    [
      "deltas of one part",
      events([], '{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}'),
    ],
    [
      "the whole again and again",
      events(
        [],
        '{"type":"response.in_progress","response":{"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]}}',
      ),
    ],
    [
      "a part done again and again",
      events([], '{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"abcdefgh"}'),
    ],
  ]),
  ...shapes("gemini-generate", "stream", [
    ["candidates", events([], `{"candidates":[${CANDIDATES_100}]}`)],
    ["calls", events([], '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]}}]}')],
    [
      "pieces of arguments",
      events(
        [],
        '{"candidates":[{"content":{"parts":[{"functionCall":{"willContinue":true,"partialArgs":[{"jsonPath":"$.a","stringValue":"a","willContinue":true}]}}]}}]}',
      ),
    ],
    [
      "places of arguments",
      events(
        [],
        '{"candidates":[{"content":{"parts":[{"functionCall":{"willContinue":true,"partialArgs":[{"jsonPath":"$.a[#].b","stringValue":"a","willContinue":true}]}}]}}]}',
      ),
    ],
    [
      "deep places of arguments",
      events(
        [],
        `{"candidates":[{"content":{"parts":[{"functionCall":{"willContinue":true,"partialArgs":[{"jsonPath":"$.a#${".b".repeat(60)}","numberValue":1}]}}]}}]}`,
      ),
    ],
    ["parts of one event", event('{"candidates":[{"content":{"parts":[', '{"text":"a"}', "]}}]}")],
    [
      "text and thoughts in turns",
      event('{"candidates":[{"content":{"parts":[', '{"text":"a"},{"text":"b","thought":true}', "]}}]}"),
    ],
  ]),
  ...shapes("bedrock-converse", "stream", [
    [
      "starts",
      awsMessages("contentBlockStart", [], {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: "c", name: "f" } },
      }),
    ],
    [
      "pieces of the first of many blocks",
      awsMessages(
        "contentBlockDelta",
        range(1000).map((at) => ({ contentBlockIndex: at, delta: { text: "a" } })),
        { contentBlockIndex: 0, delta: { text: "a" } },
      ),
    ],
    ["stops of blocks", awsMessages("contentBlockStop", [], { contentBlockIndex: 0 })],
    ["metadata", awsMessages("metadata", [], { usage: { inputTokens: 1 } })],
  ]),
  ...shapes("openai-completions", "stream", [
    ["choices", events([], '{"choices":[{"index":#,"text":"a"}]}')],
  ]),
  ...shapes("triton-generate", "stream", [
    ["texts", events([], '{"text_output":"a"}')],
    ["texts of one event", event('{"text_output":[', '"a"', "]}")],
  ]),
  ...shapes("kserve-v2-grpc", "stream", [
    [
      "answers",
      (size) => {
        const answer = framed(encodeMessage("streamed", { inferResponse: { modelName: "m" } }));
        return Buffer.concat(Array(Math.ceil(size / answer.length)).fill(answer));
      },
    ],
    [
      "empty answers",
      (size) => {
        const answer = framed(encodeMessage("streamed", { inferResponse: {} }));
        return Buffer.concat(Array(Math.ceil(size / answer.length)).fill(answer));
      },
    ],
  ]),
];

export const SHAPES: readonly Shape[] = [...REQUESTS, ...RESPONSES, ...STREAMS];
