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
