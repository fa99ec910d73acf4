/**
 * What a policy copies from a request into its decision cannot make another decision of it: line ends, framing and depth
 * that Envoy would carry on, or take for a failed call, which it is told here to let pass.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { METADATA_DEPTH_MAX } from "../../../src/envoy/check/sendable.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { send } from "../support/client.ts";
import { startWitness } from "../support/witness.ts";
import { startCheckStack } from "./stack.ts";

const MIRROR = `package mirror

default decision := {"allowed": false}

decision := object.union({"allowed": input.attributes.request.http.path == "/open"}, input.parsed_body)
`;

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

const BREAKS = "1\r\n\r\nHTTP/1.1 200 OK";

test("a decision that cannot be sent as it is is a denial, also where failed calls pass", async (t) => {
  const witness = await startWitness();
  t.after(() => witness.stop());
  const stack = await startCheckStack(t, {
    sources: { "mirror.rego": MIRROR },
    extAuthz: { entrypoint: "mirror/decision" },
    filter: {
      failure_mode_allow: true,
      with_request_body: { max_request_bytes: 8192, allow_partial_message: true },
    },
    upstream: { port: witness.port },
  });
  const ask = (path: string, said: JsonObject) =>
    send(stack.port, { path, body: JSON.stringify(said), headers: { "content-type": "application/json" } });
  const unsendable: readonly JsonObject[] = [
    { headers: { "x-said": BREAKS } },
    { headers: [{ "x-said": ["fine", "a\nb"] }] },
    { headers: { "x-said": "a\u0000b" } },
    { headers: { "x-said: 1\r\nx-more": "1" } },
    { dynamic_metadata: nested(METADATA_DEPTH_MAX + 1) },
  ];
  for (const said of unsendable)
    for (const path of ["/open", "/shut"]) {
      const { status, headers, body } = await ask(path, said);
      assert.deepEqual([status, headers["x-said"], body], [500, undefined, ""], JSON.stringify(said));
    }
  for (const said of [
    { headers: { "Transfer-Encoding": "chunked" } },
    { headers: { "content-length": "1" } },
    { response_headers_to_add: { "x-said": BREAKS } },
  ])
    assert.equal((await ask("/open", said)).status, 500, JSON.stringify(said));
  assert.equal(witness.seen.length, 0);

  const sendable = { headers: { "x-said": "Zoë\t1" }, dynamic_metadata: nested(METADATA_DEPTH_MAX) };
  assert.equal((await ask("/shut", sendable)).status, 403);
  assert.equal((await ask("/open", { ...sendable, response_headers_to_add: { "x-said": "2" } })).status, 200);
  assert.equal(witness.seen.length, 1);
});
