import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FORMATS, type Format } from "../../formats/index.ts";
import { dialectsOf, wordsOf } from "./worded.ts";

const ERROR = { code: "upstream_unavailable", status: 503, message: "Nothing is there." };
const ID = "%REQ(x-request-id)%";

/** A format that refuses like this, as another folder of formats could bring it. */
function refusing(refuse: Format["refuse"]): Format {
  return { ...FORMATS["openai-chat"], refuse };
}

describe("what Envoy answers by itself", () => {
  test("has Envoy's command for the id wherever the format has the id", () => {
    const { format, headers } = wordsOf(FORMATS["anthropic-messages"], ERROR, ID);
    assert.deepEqual(format, {
      json_format: {
        type: "error",
        error: { type: "api_error", message: ERROR.message, details: { error_code: ERROR.code } },
        request_id: ID,
      },
      omit_empty_values: true,
      content_type: "application/json",
    });
    assert.deepEqual(headers, [["request-id", ID]]);
  });

  test("keeps a null that the dialect has", () => {
    const { format } = wordsOf(FORMATS["openai-chat"], ERROR, ID);
    assert.equal(format.omit_empty_values, undefined);
    assert.equal((format.json_format as { error: { param: null } }).error.param, null);
  });

  test("has no command but that one, whatever the words are", () => {
    const percent = { ...ERROR, message: "100% %REQ(authorization)% %%" };
    for (const format of Object.values(FORMATS)) {
      const text = JSON.stringify(wordsOf(format, percent, ID)).replaceAll(ID, "");
      assert.ok(text.includes("100%% %%REQ(authorization)%% %%%%"), format.name);
      assert.ok(!text.replaceAll("%%", "").includes("%"), text);
    }
  });

  test("is not made where an id would stand in text, in which Envoy escapes nothing", () => {
    const plain = refusing(({ message, requestId }) => ({
      contentType: "application/grpc",
      body: Buffer.from(`${message} ${requestId}`),
      grpcStatus: 14,
    }));
    assert.throws(() => wordsOf(plain, ERROR, ID), /id of a request in text/);
    const unread = refusing(() => ({ contentType: "text/html", body: Buffer.from("<p>") }));
    assert.throws(() => wordsOf(unread, ERROR, ID), SyntaxError);
  });

  test("is worded once for formats that refuse alike, and every format is in one of these groups", () => {
    const groups = dialectsOf([ERROR]).map(({ formats }) => formats.map(({ name }) => name));
    assert.deepEqual(groups.flat().sort(), Object.keys(FORMATS).sort());
    const group = groups.find((names) => names.includes("tfserving"));
    assert.ok(group?.includes("kserve-v2") && !group.includes("openai-chat"));
  });
});
