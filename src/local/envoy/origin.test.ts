import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { originOf } from "./origin.ts";

describe("the origin of a model server", () => {
  test("is read from what people paste", () => {
    for (const [text, tls, host, port, authority] of [
      ["http://127.0.0.1:8000", false, "127.0.0.1", 8000, "127.0.0.1:8000"],
      ["http://127.0.0.1:8000/v1", false, "127.0.0.1", 8000, "127.0.0.1:8000"],
      ["http://localhost", false, "localhost", 80, "localhost"],
      ["https://models.example.com/v1/", true, "models.example.com", 443, "models.example.com"],
      ["http://[::1]:8000", false, "::1", 8000, "[::1]:8000"],
      ["grpc://127.0.0.1:8001", false, "127.0.0.1", 8001, "127.0.0.1:8001"],
      ["grpcs://[::1]", true, "::1", 443, "[::1]"],
    ] as const) {
      const origin = originOf(text);
      assert.deepEqual(
        [origin.tls, origin.host, origin.port, origin.authority],
        [tls, host, port, authority],
      );
      assert.equal(origin.http2, text.startsWith("grpc"));
    }
  });

  test("is refused with a sentence when it is anything else", () => {
    for (const [text, sentence] of [
      ["127.0.0.1:8000", /expected http/],
      ["models.example.com", /is not a URL/],
      ["ftp://models.example.com", /not http or https/],
      ["grpc:models.example.com", /not http or https/],
      ["http://user:word@models.example.com", /may not carry credentials/],
      ["http://models.example.com/openai/v1", /has a path/],
      ["http://models.example.com/?key=1", /has a path/],
    ] as const) {
      assert.throws(() => originOf(text), sentence);
    }
  });
});
