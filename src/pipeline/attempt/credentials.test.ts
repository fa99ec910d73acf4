import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { checkSignature } from "../../../test/support/sigv4.ts";
import { KEY_PLACES, type Target } from "../../exchange/model.ts";
import { CREDENTIAL_HEADERS } from "../../exchange/names.ts";
import { awsHeaders } from "../../services/aws.ts";
import type { Rooms } from "../rooms.ts";
import { credentialsFor } from "./credentials.ts";

const sign: Rooms["sign"] = ({ region, service, ...keys }, request) =>
  awsHeaders({ keys: { from: "explicit", ...keys }, region, service }, request);
const REQUEST = { method: "POST", host: "models.test", path: "/v1/x", body: Buffer.from("{}") };

function target(format: Target["format"], more: Partial<Target> = {}): Target {
  return { name: "t", cluster: "t", region: "r", provider: "p", format, ...more };
}

test("puts a key where servers of the dialect look for it, and nothing where there is none", async () => {
  const value = randomBytes(16).toString("hex");
  const key = { reveal: () => value };
  for (const [format, expected] of [
    ["openai-chat", ["authorization", `Bearer ${value}`]],
    ["anthropic-messages", ["x-api-key", value]],
    ["gemini-generate", ["x-goog-api-key", value]],
    ["kserve-v2", ["authorization", `Bearer ${value}`]],
    ["json", ["authorization", `Bearer ${value}`]],
  ] as const) {
    assert.deepEqual(await credentialsFor(target(format, { key }), REQUEST, sign), [expected], format);
    assert.deepEqual(await credentialsFor(target(format), REQUEST, sign), []);
  }
});

test("sends a key as the registry says, and else where servers of the provider look for it", async () => {
  const value = randomBytes(16).toString("hex");
  const key = { reveal: () => value };
  const vertex = { project: "p", location: "l" };
  for (const [more, expected] of [
    [{ keyAs: "bearer" }, ["authorization", `Bearer ${value}`]],
    [{ keyAs: "api-key" }, ["api-key", value]],
    [{ keyAs: "x-api-key" }, ["x-api-key", value]],
    [{ keyAs: "x-goog-api-key" }, ["x-goog-api-key", value]],
    [{ vertex }, ["authorization", `Bearer ${value}`]],
    [{ vertex, keyAs: "x-goog-api-key" }, ["x-goog-api-key", value]],
    [{ azure: {} }, ["api-key", value]],
    [{ azure: {}, keyAs: "bearer" }, ["authorization", `Bearer ${value}`]],
  ] as const)
    for (const format of ["openai-chat", "anthropic-messages", "gemini-generate"] as const)
      assert.deepEqual(await credentialsFor(target(format, { key, ...more }), REQUEST, sign), [expected]);
});

test("takes a client's own credentials from every place in which a key is sent", () => {
  for (const place of KEY_PLACES)
    assert.ok(
      (CREDENTIAL_HEADERS as readonly string[]).includes(place === "bearer" ? "authorization" : place),
    );
  // Where Azure looks besides, as for `subscription-key` in a query.
  assert.ok((CREDENTIAL_HEADERS as readonly string[]).includes("ocp-apim-subscription-key"));
});

test("signs a request to AWS as it leaves: method, host, path and body", async () => {
  const secret = randomBytes(20).toString("base64");
  const id = randomBytes(10).toString("hex");
  const token = randomBytes(30).toString("base64");
  const aws = {
    region: "eu-central-1",
    service: "bedrock",
    accessKeyId: { reveal: () => id },
    secretAccessKey: { reveal: () => secret },
    sessionToken: { reveal: () => token },
  };
  const request = {
    method: "POST",
    host: "bedrock-runtime.eu-central-1.amazonaws.com",
    path: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
    body: Buffer.from('{"messages":[]}'),
  };
  const headers = new Map(await credentialsFor(target("bedrock-converse", { aws }), request, sign));
  assert.equal(headers.get("x-amz-security-token"), token);
  assert.equal(headers.get("host"), undefined);
  const {
    id: signedBy,
    scope,
    signedHeaders,
    signature,
    expected,
  } = checkSignature(request, headers, secret);
  assert.equal(signedBy, id);
  assert.match(scope, /^\d{8}\/eu-central-1\/bedrock\/aws4_request$/);
  assert.ok(signedHeaders.includes("host"));
  assert.equal(signature, expected);
});

test("sends nothing to AWS that it cannot sign", async () => {
  const aws = {
    region: "eu-central-1",
    service: "bedrock",
    accessKeyId: { reveal: () => "id" },
    secretAccessKey: { reveal: () => "secret" },
  };
  const request = { ...REQUEST, host: "no host" };
  await assert.rejects(credentialsFor(target("bedrock-converse", { aws }), request, sign), {
    code: "config_mismatch",
  });
});
