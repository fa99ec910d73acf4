import assert from "node:assert/strict";
import { test } from "node:test";
import { entrypointOf, locateDecision, parseDecisionPath, resultBelow } from "./decision-path.ts";

test("splits a path as opa-envoy-plugin does: at slashes, without empty parts, integers as numbers", () => {
  const paths: [string, (string | number)[]][] = [
    ["envoy/authz/allow", ["envoy", "authz", "allow"]],
    ["/envoy//authz/allow/", ["envoy", "authz", "allow"]],
    ["envoy.authz/allow", ["envoy.authz", "allow"]],
    ["data/envoy", ["data", "envoy"]],
    ["a/0/-1/+2/007/-0", ["a", 0, -1, 2, 7, 0]],
    ["a/1.5/1e3/0x1/ 1", ["a", "1.5", "1e3", "0x1", " 1"]],
    ["a/9007199254740993", ["a", "9007199254740993"]],
    ["", []],
  ];
  for (const [path, parts] of paths) assert.deepEqual(parseDecisionPath(path), parts, path);
  assert.equal(entrypointOf(parseDecisionPath("/a//01/b/")), "a/1/b");
});

test("finds the entrypoint of a path, else the longest above it that holds it", () => {
  const has = (entrypoint: string) => ["a", "a/b", "a/b/1"].includes(entrypoint);
  const located = (path: string) => locateDecision(parseDecisionPath(path), has);
  assert.deepEqual(located("a/b"), { entrypoint: "a/b", below: [] });
  assert.deepEqual(located("a/b/c/d"), { entrypoint: "a/b", below: ["c", "d"] });
  assert.deepEqual(located("a/x"), { entrypoint: "a", below: ["x"] });
  assert.deepEqual(located("a/b/01"), { entrypoint: "a/b/1", below: [] });
  assert.equal(located("b"), undefined);
  assert.equal(located(""), undefined);
});

test("follows no integer into a result, where it could be a place in a list or a member of a set", () => {
  assert.equal(
    locateDecision(["a", 0], (entrypoint) => entrypoint === "a"),
    undefined,
  );
  assert.equal(
    locateDecision(["a", 0, "b"], (entrypoint) => entrypoint === "a"),
    undefined,
  );
});

test("finds nothing below a result that has no such member", () => {
  const result = { a: { b: true }, list: [true], text: "true" };
  assert.equal(resultBelow(result, ["a", "b"]), true);
  assert.equal(resultBelow(result, []), result);
  for (const below of [
    ["a", "c"],
    ["list", "length"],
    ["text", "length"],
    ["toString"],
    ["__proto__"],
    ["a", "b", "c"],
  ])
    assert.equal(resultBelow(result, below), undefined, below.join("."));
  assert.equal(resultBelow(undefined, ["a"]), undefined);
});
