import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMATS } from "../../formats/index.ts";
import { pathPattern } from "./path-pattern.ts";

const TEMPLATES = Object.values(FORMATS).flatMap(({ endpoints }) => endpoints.map(({ path }) => path));

function matched(templates: readonly string[], path: string): boolean {
  return new RegExp(`^(?:${pathPattern(templates)})$`).test(path);
}

test("matches the paths of each format's endpoints, and of no other format's", () => {
  for (const { name, endpoints } of Object.values(FORMATS)) {
    const templates = endpoints.map(({ path }) => path);
    for (const template of TEMPLATES) {
      const path = template.replaceAll(/\{[a-z]+\}/g, "m-1.5%3A0");
      assert.equal(matched(templates, path), templates.includes(template), `${name}: ${path}`);
    }
  }
});

test("does not match what is longer, shorter or spelt otherwise", () => {
  const templates = ["/v1/a", "/v1/a/b", "/v1/{model}:ask", "/a.b/{x}/c"];
  for (const path of ["/v1/a", "/v1/a/b", "/v1/m:ask", "/v1/m:n:ask", "/a.b/x/c"])
    assert.ok(matched(templates, path), path);
  for (const path of [
    "/v1",
    "/v1/",
    "/v1/a/",
    "/v1/a/b/c",
    "/v1/:ask",
    "/v1/m/n:ask",
    "/v1/m?:ask",
    "/axb/x/c",
    "/a.b//c",
  ])
    assert.ok(!matched(templates, path), path);
});

test("has neither anchors nor groups that capture", () => {
  assert.doesNotMatch(pathPattern(TEMPLATES), /\((?!\?:)|[$]|(?<!\[)\^/);
});
