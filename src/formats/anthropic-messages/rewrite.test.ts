import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editJson, type JsonDocument, readJson, type Span } from "../../wire/json/index.ts";
import { detect, dialectOf } from "../index.ts";
import { models } from "./models.ts";
import { readRequest } from "./request.ts";
import { askForUsage, replaceText, rewriteModel } from "./rewrite.ts";

function parse(bytes: string | Buffer): JsonDocument {
  const result = readJson(Buffer.from(bytes as Buffer));
  if (!result.ok) throw new Error(result.fault.reason);
  return result.document;
}

/** JSON texts as no serialiser writes them: odd spacing, numbers and escapes. */
const space = fc.constantFrom("", " ", "\n", "\t ", " \r\n");
const string = fc
  .tuple(fc.string({ unit: "grapheme", maxLength: 12 }), fc.boolean())
  .map(([text, isEscaped]) => (isEscaped ? escaped(text) : JSON.stringify(text)));
const number = fc.constantFrom("0", "-0", "1E2", "1.500", "0.1e-7", "12345678901234567890", "1e400");

/** A string with all its characters as escapes. */
function escaped(text: string): string {
  return `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`;
}

const object = (members: readonly (readonly [string, fc.Arbitrary<string>])[]) =>
  fc
    .tuple(space, fc.tuple(...members.map(([key, value]) => fc.tuple(fc.constant(key), value, space))))
    .map(
      ([gap, all]) =>
        `{${gap}${all.map(([key, value, after]) => `"${key}"${after}:${gap}${value}`).join(`${gap},`)}${gap}}`,
    );
const array = (element: fc.Arbitrary<string>) =>
  fc
    .tuple(space, fc.array(element, { maxLength: 4 }))
    .map(([gap, all]) => `[${gap}${all.join(`${gap},${gap}`)}]`);

const constant = (text: string) => fc.constant(text);
const textBlock = object([
  ["type", constant('"text"')],
  ["text", string],
  ["unknown", number],
]);
const block: fc.Arbitrary<string> = fc.oneof(
  textBlock,
  object([
    ["type", constant('"tool_use"')],
    ["id", string],
    ["name", string],
    [
      "input",
      object([
        ["deep", array(string)],
        ["size", number],
      ]),
    ],
  ]),
  object([
    ["type", constant('"tool_result"')],
    ["content", fc.oneof(string, array(textBlock))],
  ]),
  object([
    ["type", constant('"document"')],
    [
      "source",
      object([
        ["type", constant('"text"')],
        ["data", string],
      ]),
    ],
    ["title", string],
  ]),
);
const request = object([
  ["unknown", array(number)],
  ["system", fc.oneof(string, array(textBlock))],
  ["model", constant('"claude"')],
  [
    "messages",
    array(
      object([
        ["role", constant('"user"')],
        ["content", fc.oneof(string, array(block))],
      ]),
    ),
  ],
  ["of_tomorrow", object([["words", array(string)]])],
]);

test("replaces any choice of texts, and not one byte else", () => {
  fc.assert(
    fc.property(request, fc.infiniteStream(fc.boolean()), fc.string(), (text, choose, replacement) => {
      const document = parse(text);
      // Numbered, because two keys of one object must not become the same.
      const chosen = readRequest(document, "chat").textParts.filter(() => choose.next().value);
      const parts = chosen.map((part, index) => ({ part, text: `${replacement}${index}` }));
      const edited = editJson(document, [
        ...parts.map(({ part, text: other }) => replaceText(part, other)),
        ...rewriteModel("new"),
      ]);
      // From the back, so that places in front stay where they are.
      const spans = [
        ...parts.map(({ part: { pointer }, text: other }) => ({ pointer, value: other })),
        { pointer: "/model", value: "new" },
      ]
        .map(({ pointer, value }) => ({ ...(document.span(pointer) as Span), value }))
        .sort((a, b) => b.start - a.start);
      let expected = Buffer.from(text).toString("latin1");
      for (const { start, end, value } of spans) {
        const bytes = Buffer.from(JSON.stringify(value)).toString("latin1");
        expected = expected.slice(0, start) + bytes + expected.slice(end);
      }
      assert.equal(edited.toString("latin1"), expected);
    }),
    { numRuns: 500 },
  );
});

test("what was replaced is read again in its place", () => {
  fc.assert(
    fc.property(request, fc.string({ minLength: 1 }), (text, replacement) => {
      const before = readRequest(parse(text), "chat");
      const values = before.textParts.filter(({ pointer }) => !pointer.endsWith("~#"));
      const edited = editJson(
        parse(text),
        values.map((part) => replaceText(part, replacement)),
      );
      const after = readRequest(parse(edited), "chat").textParts;
      for (const { pointer, role } of values)
        assert.deepEqual(
          after.find((part) => part.pointer === pointer),
          { pointer, role, text: replacement },
        );
    }),
    { numRuns: 300 },
  );
});

test("asks for no usage: a stream of messages reports it", () => {
  assert.deepEqual(askForUsage(), []);
});

test("lists models as Anthropic does", () => {
  assert.deepEqual(
    JSON.parse(
      models
        .list([
          { name: "a", owner: "acme" },
          { name: "b", created: 1_700_000_000, owner: "acme" },
        ])
        .toString(),
    ),
    {
      data: [
        { type: "model", id: "a", display_name: "a", created_at: "1970-01-01T00:00:00Z" },
        { type: "model", id: "b", display_name: "b", created_at: "2023-11-14T22:13:20Z" },
      ],
      has_more: false,
      first_id: "a",
      last_id: "b",
    },
  );
  assert.deepEqual(JSON.parse(models.list([]).toString()), {
    data: [],
    has_more: false,
    first_id: null,
    last_id: null,
  });
});

const head = (method: string, pathname: string, ...names: string[]) => ({
  method,
  pathname,
  path: pathname,
  query: undefined,
  scheme: "http",
  host: "models.example",
  headers: new Map(names.map((name) => [name, ["2023-06-01"]])),
  clientRequestId: undefined,
});

test("is spoken at its two endpoints, and at no path that only looks like them", () => {
  for (const [path, operation] of [
    ["/v1/messages", "chat"],
    ["/v1/messages/count_tokens", "count_tokens"],
  ] as const) {
    const found = detect(head("POST", path));
    assert.ok(found.kind === "inference" && found.format.name === "anthropic-messages");
    assert.equal(found.endpoint.operation, operation);
    assert.equal(detect(head("GET", path)).kind, "unknown");
    for (const other of [
      `${path}/`,
      `/${path}`,
      path.toUpperCase(),
      `${path};x`,
      path.replace("messages", "%6dessages"),
    ])
      assert.equal(detect(head("POST", other)).kind, "ambiguous", other);
  }
  for (const path of ["/v1/messages/batches", "/v1/messages/batches/b/results", "/v1/messagesx"])
    assert.equal(detect(head("POST", path)).kind, "unknown", path);
});

test("its clients get its words where no endpoint says which, and the header changes no reading", () => {
  const name = (method: string, path: string, ...headers: string[]) => {
    const request = head(method, path, ...headers);
    return dialectOf(detect(request), request.headers).name;
  };
  assert.equal(name("GET", "/nowhere", "anthropic-version"), "anthropic-messages");
  assert.equal(name("GET", "/v1/models", "anthropic-version"), "anthropic-messages");
  assert.equal(name("GET", "/v1/models"), "openai-chat");
  assert.equal(name("POST", "/v1/chat/completions", "anthropic-version"), "openai-chat");
  assert.equal(name("POST", "/v1/messages"), "anthropic-messages");
});
