import assert from "node:assert/strict";
import { test } from "node:test";
import { readResponse } from "./response.ts";

function detailsOf(body: unknown) {
  return readResponse(200, Buffer.from(JSON.stringify(body))).details;
}

test("tells how many vectors came, how long the first is and how it is written", () => {
  assert.deepEqual(detailsOf({ data: [{ embedding: [1, 2, 3] }, { embedding: [4, 5, 6] }] }), {
    vectors: 2,
    dimensions: 3,
    encoding: "float",
  });
  const embedding = Buffer.alloc(20).toString("base64");
  assert.deepEqual(detailsOf({ data: [{ embedding }] }), { vectors: 1, dimensions: 5, encoding: "base64" });
});

test("says nothing of vectors that are not there or of no known form", () => {
  assert.equal(detailsOf({ error: { message: "no" } }), undefined);
  assert.deepEqual(detailsOf({ data: [] }), { vectors: 0, dimensions: null, encoding: null });
  assert.deepEqual(detailsOf({ data: [{ embedding: { int8: [1] } }] }), {
    vectors: 1,
    dimensions: null,
    encoding: null,
  });
  assert.deepEqual(detailsOf({ data: [7] }), { vectors: 1, dimensions: null, encoding: null });
});

test("a body that is no JSON object is invalid, and nothing is known of it", () => {
  const { invalid, usage, details } = readResponse(200, Buffer.from("<html>"));
  assert.deepEqual(
    { invalid, usage, details },
    { invalid: "body is not JSON", usage: undefined, details: undefined },
  );
});
