import assert from "node:assert/strict";
import { test } from "node:test";
import { activeConfig } from "./active-config.ts";

test("the configuration is shown without credentials, keys, headers and passwords in URLs", () => {
  const service = {
    url: "https://user:hush@h.example/x",
    headers: { authorization: "hush" },
    credentials: { bearer: { token: "hush" } },
    response_header_timeout_seconds: 5,
  };
  const keys = { k: { key: "hush", private_key: "hush", algorithm: "RS256" } };
  for (const services of [{ s: service }, [{ name: "s", ...service }]]) {
    const shown = activeConfig({ services, keys, labels: { id: "forged" } }, { id: "real" }, "a/b");
    assert.doesNotMatch(JSON.stringify(shown), /hush/);
    assert.match(
      JSON.stringify(shown.services),
      /"url":"https:\/\/h\.example\/x","response_header_timeout_seconds":5/,
    );
    assert.deepEqual(shown.keys, { k: { algorithm: "RS256" } });
    assert.deepEqual([shown.labels, shown.default_decision], [{ id: "real" }, "/a/b"]);
  }
});

test("no spelling of a URL shows a password of it", () => {
  for (const url of [
    "https://user:hush@hush@h.example/x",
    " https://user:hush@h.example/x",
    "https:user:hush@h.example/x",
    "https:\\\\user:hush@h.example/x",
    "ht\ntps://user:hu/sh@h.example/x",
    "https://hush@h.example:port/x",
  ]) {
    const shown = JSON.stringify(activeConfig({ services: { s: { url } } }, {}, ""));
    assert.doesNotMatch(shown, /hush|"[^"]*hu/, url);
    assert.match(shown, /h\.example/);
  }
  const plain = "https://h.example/a@b";
  assert.match(JSON.stringify(activeConfig({ services: { s: { url: plain } } }, {}, "")), /h\.example\/a@b/);
});

test("no query of a resource is shown", () => {
  const resource = "a/b.tar.gz?X-Amz-Signature=hush\n";
  const bundle = { service: "s", resource, polling: { min_delay_seconds: 1 } };
  const shown = activeConfig({ bundles: { b: bundle }, discovery: { resource } }, {}, "");
  assert.deepEqual(shown.bundles, { b: { ...bundle, resource: "a/b.tar.gz" } });
  assert.deepEqual(shown.discovery, { resource: "a/b.tar.gz" });
  assert.equal(
    JSON.stringify(activeConfig({ bundles: { constructor: 1 } }, {}, "")).includes('"constructor":1'),
    true,
  );
});
