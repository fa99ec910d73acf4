import assert from "node:assert/strict";
import { test } from "node:test";
import { editJson, readJson } from "../../wire/json/index.ts";
import { renderModel, renderModels } from "../openai/models.ts";
import { askForUsage, replaceText, rewriteModel } from "../openai/rewrite.ts";
import { readRequest } from "./request.ts";

function read(text: string) {
  const result = readJson(Buffer.from(text));
  if (!result.ok) throw new Error(result.fault.reason);
  return { document: result.document, inference: readRequest(result.document, "chat") };
}

test("names another model in its place", () => {
  const { document } = read('{"messages" : [],  "model":"default"}');
  assert.equal(
    editJson(document, rewriteModel("sim-small")).toString(),
    '{"messages" : [],  "model":"sim-small"}',
  );
});

const USAGE: readonly (readonly [before: string, after: string])[] = [
  [
    '{"model":"m","messages":[],"stream":true}',
    '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    '{"model":"m","messages":[],"stream":true,"stream_options":null}',
    '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
  ],
  [
    '{"model":"m","stream_options":{"include_usage":false},"messages":[],"stream":true}',
    '{"model":"m","stream_options":{"include_usage":true},"messages":[],"stream":true}',
  ],
  [
    '{"model":"m","stream_options":{"x":1},"messages":[],"stream":true}',
    '{"model":"m","stream_options":{"x":1,"include_usage":true},"messages":[],"stream":true}',
  ],
  [
    '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    '{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
  ],
  ['{"model":"m","messages":[]}', '{"model":"m","messages":[]}'],
];
for (const [before, after] of USAGE) {
  test(`asks for the usage of a stream: ${before}`, () => {
    const { document, inference } = read(before);
    assert.equal(editJson(document, askForUsage(document, inference)).toString(), after);
  });
}

test("puts other text in the place of a value and of a key", () => {
  const { document, inference } = read(
    '{"model":"m","messages":[{"role":"user","content":"Jane"}],"metadata":{"Jane":1}}',
  );
  const edits = inference.textParts.map((part) => replaceText(part, part.text.replace("Jane", "[PERSON]")));
  assert.equal(
    editJson(document, edits).toString(),
    '{"model":"m","messages":[{"role":"user","content":"[PERSON]"}],"metadata":{"[PERSON]":1}}',
  );
});

test("lists models as OpenAI does", () => {
  assert.deepEqual(
    JSON.parse(
      renderModels([
        { name: "a", owner: "acme" },
        { name: "b", created: 5, owner: "acme" },
      ]).toString(),
    ),
    {
      object: "list",
      data: [
        { id: "a", object: "model", created: 0, owned_by: "acme" },
        { id: "b", object: "model", created: 5, owned_by: "acme" },
      ],
    },
  );
  assert.deepEqual(JSON.parse(renderModels([]).toString()), { object: "list", data: [] });
  assert.deepEqual(JSON.parse(renderModel({ name: "a", owner: "o" }).toString()), {
    id: "a",
    object: "model",
    created: 0,
    owned_by: "o",
  });
});
