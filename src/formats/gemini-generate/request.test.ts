import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { MODEL_NAME_CHARS_MAX } from "../bounds.ts";
import { detect, type ReadRequest } from "../index.ts";

const PATH = "/v1beta/models/gemini-2.5-flash:generateContent";

function readRequest(body: unknown, path = PATH): ReadRequest {
  const detection = detect({ method: "POST", pathname: path } as Parameters<typeof detect>[0]);
  assert.ok(detection.kind === "inference" && detection.format.name === "gemini-generate", path);
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return detection.format.readRequest({ bytes, headers: new Map(), endpoint: detection.endpoint });
}

function read(body: unknown, path = PATH): Inference {
  return readRequest(body, path).inference;
}

function refused(body: unknown, words: RegExp, path = PATH): void {
  assert.throws(
    () => read(body, path),
    (error: unknown) =>
      error instanceof RegentError && error.code === "body_invalid" && words.test(error.detail ?? ""),
    JSON.stringify(body),
  );
}

const say = (text: string, more: object = {}) => ({
  contents: [{ role: "user", parts: [{ text }] }],
  ...more,
});
const textsOf = ({ textParts }: Inference) => textParts.map(({ role, text }) => [role, text]);

test("reads model, operation and stream from every path of the two APIs", () => {
  const places = [
    "/v1beta/models/",
    "/v1/models/",
    "/v1alpha/models/",
    "/v1beta/tunedModels/",
    "/v1/publishers/google/models/",
    "/v1beta1/publishers/google/models/",
    "/v1/projects/p/locations/us/publishers/google/models/",
    "/v1beta1/projects/p/locations/us/publishers/google/models/",
    "/v1/projects/p/locations/us/endpoints/",
  ];
  for (const place of places) {
    for (const [verb, stream] of [
      ["generateContent", false],
      ["streamGenerateContent", true],
    ] as const) {
      const request = readRequest(say("Hi"), `${place}some-model:${verb}`);
      const { model, operation, stream: asked, usageInStream } = request.inference;
      assert.deepEqual([model, operation, asked, usageInStream], ["some-model", "chat", stream, stream]);
      const changed = request.rewrite({ texts: [], model: "other:1", askForUsage: true });
      assert.equal(changed.pathname, `${place}other%3A1:${verb}`);
    }
  }
  for (const path of [
    "/v1beta/models/m:embedContent",
    "/v1beta/models/a/b:generateContent",
    "/v2/models/m:generateContent",
  ]) {
    const found = detect({ method: "POST", pathname: path } as Parameters<typeof detect>[0]);
    assert.ok(found.kind !== "inference", path);
  }
});

test("takes a path that a server may read as one of them for none", () => {
  for (const path of [
    "/v1beta/models/m%3AgenerateContent",
    "/v1beta/models/m:GENERATECONTENT",
    "/v1beta//models/m:generateContent",
    "/v1beta/./models/m:generateContent",
    "/v1beta/models/m:generateContent/",
  ]) {
    const { kind } = detect({ method: "POST", pathname: path } as Parameters<typeof detect>[0]);
    assert.equal(kind, "ambiguous", path);
  }
});

test("reads texts with whose they are", () => {
  const inference = read({
    system_instruction: { role: "user", parts: [{ text: "sys" }] },
    contents: [
      { parts: [{ text: "nobody's" }] },
      { role: "model", parts: [{ text: "thought", thought: true }, { text: "said" }] },
      { role: "model", parts: [{ functionCall: { id: "i", name: "f", args: { a: "x" } } }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "r" } } }] },
      { role: "alien", parts: [{ text: "alien's" }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f", description: "d" }] }],
    labels: { team: "t" },
  });
  assert.deepEqual(textsOf(inference), [
    ["system", "sys"],
    ["user", "nobody's"],
    ["assistant", "thought"],
    ["assistant", "said"],
    ["id", "i"],
    ["tool_call", "f"],
    ["tool_call", "a"],
    ["tool_call", "x"],
    ["tool", "f"],
    ["tool", "r"],
    ["unknown_role", "alien"],
    ["unknown_role", "alien's"],
    ["tool", "f"],
    ["tool", "d"],
    ["metadata", "team"],
    ["metadata", "t"],
  ]);
  assert.equal(
    inference.textBytes,
    inference.textParts.reduce((sum, { text }) => sum + text.length, 0),
  );
});

test("reads lists that are given as their only element, as Google's servers do", () => {
  const inference = read({
    contents: { parts: { text: "one" } },
    tools: { functionDeclarations: { name: "f" }, googleSearch: {} },
  });
  assert.deepEqual(textsOf(inference)[0], ["user", "one"]);
  assert.deepEqual(inference.tools, ["f", "googleSearch"]);
});

test("names the tools of the provider, of servers and of functions", () => {
  const { tools } = read(
    say("Hi", {
      tools: [
        { function_declarations: [{ name: "f" }, { name: "g" }] },
        { code_execution: {}, google_maps: null },
        { mcpServers: [{ name: "s" }] },
        { toolOfTomorrow: {} },
      ],
    }),
  );
  assert.deepEqual(tools, ["f", "g", "codeExecution", "mcp:s", "toolOfTomorrow"]);
});

test("reports what is no text, with its size or its host", () => {
  const { opaqueParts, modalities } = read({
    contents: [
      {
        parts: [
          { inlineData: { mimeType: "image/png", data: "ZGF0YQ==" } },
          { inline_data: { mime_type: "application/pdf", data: "ZGF0YQ" } },
          { fileData: { mimeType: "video/mp4", fileUri: "https://files.example/v.mp4" } },
          { text: "t", thoughtSignature: "ZGF0YQ==" },
          { partOfTomorrow: { words: "w" } },
          { thoughtSignature: "" },
        ],
      },
    ],
    cachedContent: "cachedContents/c",
  });
  assert.deepEqual(opaqueParts, [
    { pointer: "/contents/0/parts/0/inlineData", modality: "image", bytes: 4 },
    { pointer: "/contents/0/parts/1/inline_data", modality: "file", bytes: 4 },
    { pointer: "/contents/0/parts/2/fileData", modality: "video", host: "files.example" },
    { pointer: "/contents/0/parts/3/thoughtSignature", modality: "encrypted", bytes: 4 },
    { pointer: "/contents/0/parts/4/partOfTomorrow", modality: "unknown" },
    { pointer: "/cachedContent", modality: "context" },
  ]);
  assert.deepEqual(modalities, ["text", "image", "file", "video", "encrypted", "unknown", "context"]);
});

test("reads settings in either spelling, under one name", () => {
  const { maxOutputTokens, choices, parameters, modalities } = read(
    say("Hi", {
      generation_config: {
        max_output_tokens: 7,
        candidateCount: 3,
        temperature: 0.5,
        top_p: 0.9,
        response_mime_type: "application/json",
        responseModalities: ["TEXT", "IMAGE"],
        stopSequences: ["stop"],
      },
    }),
  );
  assert.deepEqual([maxOutputTokens, choices], [7, 3]);
  assert.deepEqual(parameters, { temperature: 0.5, topP: 0.9, responseMimeType: "application/json" });
  assert.deepEqual(modalities, ["text", "image"]);
  const plain = read(say("Hi"));
  assert.deepEqual([plain.maxOutputTokens, plain.choices, plain.modalities], [undefined, 1, ["text"]]);
});

test("counts the tokens of a request, or of one in another", () => {
  const path = PATH.replace("generateContent", "countTokens");
  const nested = { generateContentRequest: { model: "models/gemini-2.5-flash", ...say("Hi") } };
  for (const body of [say("Hi"), nested, {}]) {
    const { operation, maxOutputTokens, stream } = read(body, path);
    assert.deepEqual([operation, maxOutputTokens, stream], ["count_tokens", 0, false]);
  }
  assert.deepEqual(textsOf(read(nested, path)), [["user", "Hi"]]);
});

test("refuses what servers may read in two ways", () => {
  refused(
    { ...say("Hi"), systemInstruction: {}, system_instruction: {} },
    /systemInstruction is there in two/,
  );
  refused(say("Hi", { generationConfig: { maxOutputTokens: 1, max_output_tokens: 2 } }), /two spellings/);
  refused({ contents: [{ parts: [{ inlineData: { mimeType: "a", mime_type: "b" } }] }] }, /two spellings/);
  for (const key of ["Contents", "system_Instruction", "systeminstruction", "SYSTEM_INSTRUCTION", "tool_s"])
    refused({ ...say("Hi"), [key]: [] }, /spelt almost like/);
  refused('{"contents":[],"contents":[]}', /./);
});

test("refuses other models behind the one that policy sees", () => {
  for (const config of [
    { routingConfig: { manualMode: { modelName: "gemini-2.5-pro" } } },
    { routing_config: { autoMode: {} } },
    { modelSelectionConfig: { featureSelectionPreference: "PRIORITIZE_QUALITY" } },
  ])
    refused(say("Hi", { generationConfig: config }), /lets other models answer/);
  refused(say("Hi", { model: "models/gemini-2.5-pro" }), /another model than the path/);
  refused(say("Hi", { model: 5 }), /model must be a text/);
  const nested = { generateContentRequest: { model: "models/gemini-2.5-pro", ...say("Hi") } };
  refused(nested, /another model than the path/, PATH.replace("generateContent", "countTokens"));
  refused(say("Hi"), /at most/, PATH.replace("gemini-2.5-flash", "m".repeat(MODEL_NAME_CHARS_MAX + 1)));
});

test("names another model wherever the body names it once more", () => {
  const model = "publishers/google/models/gemini-2.5-flash";
  const { rewrite } = readRequest(say("Hi", { model }));
  const request = readRequest(say("Hi", { model }));
  assert.equal(typeof rewrite, "function");
  const { bytes, pathname } = request.rewrite({ texts: [], model: "other", askForUsage: false });
  assert.deepEqual(JSON.parse(bytes.toString()), say("Hi", { model: "publishers/google/models/other" }));
  assert.equal(pathname, "/v1beta/models/other:generateContent");
});

test("refuses members of a wrong type where it acts on them", () => {
  refused("[]", /must be a JSON object/);
  refused({}, /contents is missing/);
  refused({ contents: "Hi" }, /contents must be an array of objects/);
  refused({ contents: [{ role: 5, parts: [] }] }, /role must be a text/);
  refused(say("Hi", { systemInstruction: 5 }), /systemInstruction must be an object/);
  refused(say("Hi", { generationConfig: [] }), /generationConfig must be an object/);
  for (const value of [0, -1, 1.5, "7", 1e300, true])
    refused(say("Hi", { generationConfig: { maxOutputTokens: value } }), /maxOutputTokens must be a whole/);
  refused(say("Hi", { generationConfig: { candidateCount: 0 } }), /candidateCount must be a whole/);
  refused('{"contents":[],"generationConfig":{"seed":9007199254740993}}', /every reader/);
  refused(say("Hi", { tools: ["f"] }), /tools must be an array of objects/);
  refused(say("Hi", { tools: [{ functionDeclarations: [{}] }] }), /has no name/);
  refused(say("Hi", { cachedContent: {} }), /cachedContent must be a text/);
});
