import assert from "node:assert/strict";
import { test } from "node:test";
import type { Target } from "../../exchange/model.ts";
import { FORMATS } from "../../formats/index.ts";
import { placedPath } from "./place.ts";

const BASE = { name: "t", cluster: "t", region: "r", provider: "p" } as const;
const VERTEX: Target = {
  ...BASE,
  format: "gemini-generate",
  vertex: { project: "own-project", location: "europe-west1" },
};
const azure = (apiVersion?: string): Target => ({
  ...BASE,
  format: "openai-chat",
  azure: apiVersion === undefined ? {} : { apiVersion },
});

test("leaves the path to any other target as it is", () => {
  const target: Target = { ...BASE, format: "gemini-generate" };
  assert.equal(
    placedPath(target, "m", "/v1beta/models/m:generateContent?alt=sse"),
    "/v1beta/models/m:generateContent?alt=sse",
  );
});

test("asks Vertex AI in the target's own project and location, whatever the client named", () => {
  const place = "/v1/projects/own-project/locations/europe-west1/publishers/google/models";
  for (const path of [
    "/v1beta/models/theirs:generateContent",
    "/v1/projects/theirs/locations/us-east1/publishers/google/models/theirs:generateContent",
    "/v1beta1/publishers/google/models/theirs:generateContent",
    "/v1/projects/theirs/locations/us-east1/endpoints/123:generateContent",
    "/v1/tunedModels/theirs:generateContent",
  ])
    assert.equal(placedPath(VERTEX, "gemini-2.5-flash", path), `${place}/gemini-2.5-flash:generateContent`);
  assert.equal(
    placedPath(VERTEX, "gemini-2.5-flash", "/v1beta/models/x:streamGenerateContent?alt=sse"),
    `${place}/gemini-2.5-flash:streamGenerateContent?alt=sse`,
  );
  assert.equal(
    placedPath(VERTEX, "a/b:c?d", "/v1beta/models/x:countTokens"),
    `${place}/a%2Fb%3Ac%3Fd:countTokens`,
  );
});

test("has a place on Vertex AI for every endpoint of the dialect, and for nothing else", () => {
  for (const { path } of FORMATS["gemini-generate"].endpoints)
    assert.notEqual(placedPath(VERTEX, "m", path.replaceAll(/[{}]/g, "")), undefined, path);
  for (const path of [
    "/v1beta/models/m:predict",
    "/v1beta/models/m",
    "/v1/chat/completions",
    "",
    "generateContent:",
  ])
    assert.equal(placedPath(VERTEX, "m", path), undefined, path);
});

test("asks a deployment of Azure by a dated version of the API, and the resource by version 1", () => {
  for (const [path, dated, plain] of [
    ["/v1/chat/completions", "/openai/deployments/gpt%204/chat/completions", "/openai/v1/chat/completions"],
    ["/v1/completions", "/openai/deployments/gpt%204/completions", "/openai/v1/completions"],
    ["/v1/embeddings", "/openai/deployments/gpt%204/embeddings", "/openai/v1/embeddings"],
    ["/v1/responses", "/openai/responses", "/openai/v1/responses"],
  ] as const) {
    assert.equal(placedPath(azure("2024-10-21"), "gpt 4", path), `${dated}?api-version=2024-10-21`);
    assert.equal(placedPath(azure(), "gpt 4", path), plain);
  }
});

test("lets nobody else say which version of Azure's API is asked, or with which key", () => {
  const path =
    "/v1/chat/completions?API-Version=1&api-version=2&x=1&subscription-key=k&api-key=k&api%2Dkey=k&x=2";
  assert.equal(
    placedPath(azure("2024-10-21"), "m", path),
    "/openai/deployments/m/chat/completions?x=1&x=2&api-version=2024-10-21",
  );
  assert.equal(placedPath(azure(), "m", path), "/openai/v1/chat/completions?x=1&x=2");
});

test("has a place on Azure for every endpoint of OpenAI's dialects, and for nothing else", () => {
  for (const format of [
    "openai-chat",
    "openai-completions",
    "openai-embeddings",
    "openai-responses",
  ] as const)
    for (const { path } of FORMATS[format].endpoints)
      for (const target of [azure(), azure("2024-10-21")])
        assert.notEqual(placedPath(target, "m", path), undefined, path);
  for (const path of ["/v1/messages", "/v1/chat/completions/", "/v2/chat/completions", "/v1/__proto__", ""])
    assert.equal(placedPath(azure(), "m", path), undefined, path);
});
