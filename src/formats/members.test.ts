import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "../exchange/json.ts";
import { parseBody } from "./json-format.ts";
import { assertSpelling, foldedName } from "./members.ts";

const NAMES = ["model", "messages", "content", "url", "tools", "parameters", "input", "maxTokens"];
const SCHEMA = {
  plainKeys: new Set(NAMES),
  folded: new Map(NAMES.map((name) => [foldedName(name), name])),
};
const check = (body: JsonObject) => assertSpelling(body, SCHEMA);

describe("a member that is spelt almost like one of the schema", () => {
  test("is refused wherever the schema reaches, and the refusal says where", () => {
    for (const [body, message] of [
      [{ Model: "m" }, /A member is spelt almost like model/],
      [{ model: "m", MODEL: "n" }, /A member is spelt almost like model/],
      [
        { messages: [{}, { content: { url: "u", Url: "v" } }] },
        /A member of \/messages\/1\/content is .* url/,
      ],
      [{ "tool\u017f": [] }, /almost like tools/],
      [{ maxtokens: 1 }, /almost like maxTokens/],
      [{ input: [{ Content: "c" }] }, /A member of \/input\/0 is .* content/],
    ] as const) {
      assert.throws(() => check(body), { code: "body_invalid", message });
    }
  });

  test("is the caller's own where the caller names the members", () => {
    check({ model: "m", tools: [{ parameters: { Model: {}, properties: { URL: {}, url: {} } } }] });
    check({ input: { Content: "an argument" } });
    check({ unknown: { Model: "nobody's" }, "\u212a": 1 });
  });
});

describe("a number that readers take in different ways", () => {
  const parse = (number: string) => () =>
    parseBody(Buffer.from(`{"a":"9007199254740993",\n"b":[1, ${number}]}`));

  test("is refused wherever it stands, and the refusal says where", () => {
    for (const number of [
      "9007199254740993",
      "-9007199254740992",
      "1e400",
      "-1E+309",
      "18446744073709551615",
    ]) {
      assert.throws(parse(number), {
        code: "body_invalid",
        message: /not taken the same way.*\(line 2, column 9\)/,
      });
    }
    assert.throws(() => parseBody(Buffer.from("9007199254740993")), { code: "body_invalid" });
  });

  test("is not one that all of them round alike", () => {
    for (const number of ["9007199254740991", "1e300", "9007199254740993.0", "1e-400", "-0", "0.1"])
      parse(number)();
  });

  test("is taken where a datatype says how it is read", () => {
    const { value } = parseBody(Buffer.from("[9007199254740993]"), "data");
    assert.deepEqual(value, [9007199254740992]);
  });
});
