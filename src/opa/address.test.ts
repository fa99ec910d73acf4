import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isLocal, parseOpaAddress, renderOpaAddress } from "./address.ts";

const rendered = (text: string): string => {
  const address = parseOpaAddress(text);
  return typeof address === "string" ? address : renderOpaAddress(address);
};

describe("an address of OPA or the plugin", () => {
  for (const [text, expected] of [
    ["localhost:8181", "localhost:8181"],
    ["127.0.0.1:8181", "127.0.0.1:8181"],
    ["[::1]:8181", "[::1]:8181"],
    ["http://0.0.0.0:8181", "0.0.0.0:8181"],
    ["grpc://127.0.0.1:9191", "127.0.0.1:9191"],
    ["unix:///run/opa.sock", "unix:///run/opa.sock"],
    ["unix://@opa", "unix://@opa"],
    ["opa.opa-system.svc:0", "opa.opa-system.svc:0"],
  ] as const)
    test(`may be ${text}`, () => assert.equal(rendered(text), expected));

  test("without a host is every interface, which is not local", () => {
    const address = parseOpaAddress(":9191");
    assert.ok(typeof address !== "string" && address.kind === "tcp");
    assert.match(address.host, /^(::|0\.0\.0\.0)$/);
    assert.equal(isLocal(address), false);
  });

  for (const [text, fault] of [
    ["9191", /HOST:PORT/],
    ["localhost:65536", /HOST:PORT/],
    ["10.0.0.256:1", /no IP address/],
    ["https://localhost:8181", /asks for TLS/],
    ["tcp://localhost:8181", /neither unix/],
    ["unix://", /no path/],
    [`unix:///${"x".repeat(107)}`, /more than 107 bytes/],
  ] as const)
    test(`may not be ${text.slice(0, 30)}`, () => assert.match(rendered(text), fault));

  test("of loopback and of unix sockets is local", () => {
    for (const text of ["localhost:1", "127.8.8.8:1", "[::1]:1", "unix:///x", "unix://@x"]) {
      const address = parseOpaAddress(text);
      assert.ok(typeof address !== "string");
      assert.equal(isLocal(address), true, text);
    }
  });

  test("of a socket may have the longest path that Linux takes", () => {
    assert.equal(rendered(`unix:///${"x".repeat(106)}`), `unix:///${"x".repeat(106)}`);
  });
});
