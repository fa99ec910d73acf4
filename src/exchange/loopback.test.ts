import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback } from "./loopback.ts";

test("knows this machine by its name and its addresses, and nothing that looks like them", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.255.254", "::1", "[::1]"])
    assert.equal(isLoopback(host), true, host);
  const others = [
    "",
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "127.0.0.1.example",
    "localhost.example",
    "127.1",
    "x127.0.0.1",
    "::ffff:10.0.0.1",
  ];
  for (const host of others) assert.equal(isLoopback(host), false, host);
});
