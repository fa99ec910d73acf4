import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../exchange/errors.ts";
import type { HandOver } from "../exchange/exchange.ts";
import type { JsonObject } from "../exchange/json.ts";
import {
  type CheckRequest,
  decodeCheckRequest,
  decodeProcessingRequest,
  encodeCheckRequest,
  encodeProcessingRequest,
  type Init,
  type ProcessingRequest,
} from "./codec.ts";
import { exchangeFromCheckRequest, exchangeFromHttpHeaders, responseHeadFrom } from "./exchange.ts";
import { handOverMetadata } from "./hand-over.ts";
import { structFromJson } from "./struct.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function fields(...pairs: [string, string | Buffer][]) {
  return { headers: pairs.map(([key, value]) => ({ key, rawValue: Buffer.from(value as string) })) };
}

function fromProc(init: Init<ProcessingRequest>) {
  const message = decodeProcessingRequest(encodeProcessingRequest(init));
  assert.ok(message.request === "requestHeaders");
  return exchangeFromHttpHeaders(message, message.requestHeaders, 5);
}

function fromCheck(init: Init<CheckRequest>) {
  return exchangeFromCheckRequest(decodeCheckRequest(encodeCheckRequest(init)), 5);
}

function withHandOver(handOver: JsonObject, namespace = "envoy.filters.http.ext_authz") {
  return fromProc({
    requestHeaders: { headers: fields([":path", "/"]) },
    metadataContext: { filterMetadata: { [namespace]: structFromJson(handOver) } },
  });
}

const HAND_OVER: HandOver = {
  decisionId: "11111111-2222-4333-8444-555555555555",
  allowed: true,
  revision: "r1",
  identity: {
    subject: "s",
    tenant: "t",
    roles: ["a"],
    claims: { deep: { n: [1, null] } },
    method: "api_key",
  },
};

test("reads the head of a request from ext_proc, the pseudo-headers apart from the others", () => {
  const exchange = fromProc({
    requestHeaders: {
      headers: fields(
        [":method", "POST"],
        [":scheme", "https"],
        [":authority", "h:1"],
        [":path", "/v1/x?a=1&b=2?"],
        ["x-request-id", "r"],
        ["x-a", "1"],
        ["x-a", "2"],
      ),
    },
  });
  assert.match(exchange.id, UUID);
  assert.equal(exchange.protocol, "ext_proc");
  assert.equal(exchange.startedAtMs, 5);
  assert.equal(exchange.handOver, undefined);
  assert.deepEqual(exchange.request, {
    method: "POST",
    scheme: "https",
    host: "h:1",
    path: "/v1/x?a=1&b=2?",
    pathname: "/v1/x",
    query: "a=1&b=2?",
    headers: new Map([
      ["x-request-id", ["r"]],
      ["x-a", ["1", "2"]],
    ]),
    clientRequestId: "r",
  });
});

test("tells an empty query from none", () => {
  const query = (path: string) =>
    fromProc({ requestHeaders: { headers: fields([":path", path]) } }).request.query;
  assert.deepEqual([query("/a?"), query("/a")], ["", undefined]);
});

test("carries header values that are not UTF-8 escaped, and those that are as they came", () => {
  const { headers } = fromProc({
    requestHeaders: {
      headers: fields(
        ["x-bytes", Buffer.from([0x61, 0xff, 0xc3])],
        ["x-text", "ä\\x"],
        ["x-long", Buffer.from([0xc0, 0xaf])],
      ),
    },
  }).request;
  assert.deepEqual(headers.get("x-bytes"), ["a\\xff\\xc3"]);
  assert.deepEqual(headers.get("x-text"), ["ä\\x"]);
  assert.deepEqual(headers.get("x-long"), ["\\xc0\\xaf"]);
});

test("takes the client's certificate and addresses from the attributes that Envoy sends", () => {
  const exchange = fromProc({
    requestHeaders: { headers: fields([":path", "/"]) },
    attributes: {
      "envoy.filters.http.ext_proc": structFromJson({
        "connection.uri_san_peer_certificate": "spiffe://td/ns/a/sa/b",
        "source.address": "10.0.0.1:4711",
        "source.port": 4711,
        "destination.address": "[2001:db8::1]:80",
        "destination.port": 80,
      }),
    },
  });
  assert.deepEqual(exchange.source, { address: "10.0.0.1", port: 4711, principal: "spiffe://td/ns/a/sa/b" });
  assert.deepEqual(exchange.destination, { address: "2001:db8::1", port: 80 });
});

test("takes no identity from headers or from attributes of another name", () => {
  const exchange = fromProc({
    requestHeaders: {
      headers: fields([":path", "/"], ["x-forwarded-client-cert", "URI=spiffe://evil"], ["regent", "{}"]),
      attributes: { "envoy.filters.http.ext_proc": structFromJson({ "source.address": "6.6.6.6:6" }) },
    },
    attributes: { other: structFromJson({ "connection.uri_san_peer_certificate": "spiffe://evil" }) },
  });
  assert.deepEqual(exchange.source, {});
  assert.equal(exchange.handOver, undefined);
});

test("reads back from dynamic metadata what ext_authz hands over, and takes its decision id", () => {
  const exchange = withHandOver(handOverMetadata(HAND_OVER));
  assert.equal(exchange.id, HAND_OVER.decisionId);
  assert.deepEqual(JSON.parse(JSON.stringify(exchange.handOver)), HAND_OVER);
  for (const dryRun of ["allow", "deny"] as const)
    assert.equal(withHandOver(handOverMetadata({ ...HAND_OVER, dryRun })).handOver?.dryRun, dryRun);
});

test("ignores metadata under another namespace and that of another ext_authz service", () => {
  assert.equal(withHandOver(handOverMetadata(HAND_OVER), "regent").handOver, undefined);
  assert.equal(withHandOver({ decision_id: "x" }).handOver, undefined);
});

test("refuses a hand-over of another shape instead of reading a part of it", () => {
  const whole = handOverMetadata(HAND_OVER) as { regent: JsonObject };
  const identity = whole.regent.identity as JsonObject;
  const broken: JsonObject[] = [
    { ...whole, decision_id: "" },
    { ...whole, decision_id: 5 },
    { ...whole, regent: true },
    { ...whole, regent: { ...whole.regent, allowed: "true" } },
    { ...whole, regent: { ...whole.regent, revision: null } },
    { ...whole, regent: { ...whole.regent, dry_run: true } },
    { ...whole, regent: { ...whole.regent, identity: { ...identity, roles: ["a", 1] } } },
    { ...whole, regent: { ...whole.regent, identity: { ...identity, roles: "a" } } },
    { ...whole, regent: { ...whole.regent, identity: { ...identity, claims: [] } } },
    { ...whole, regent: { ...whole.regent, identity: { ...identity, method: "root" } } },
    { ...whole, regent: { ...whole.regent, identity: { ...identity, tenant: {} } } },
  ];
  for (const metadata of broken) {
    assert.throws(
      () => withHandOver(metadata),
      (error) => error instanceof RegentError && error.code === "config_mismatch",
      JSON.stringify(metadata),
    );
  }
});

test("reads the head of a request and its peers from a CheckRequest", () => {
  const exchange = fromCheck({
    attributes: {
      source: {
        address: { socketAddress: { address: "10.0.0.1", portValue: 4711 } },
        principal: "spiffe://td/a",
      },
      destination: { address: { pipe: { path: "/run/x.sock" } } },
      request: {
        http: {
          method: "GET",
          scheme: "http",
          host: "h",
          path: "/p?q=1",
          query: "not=trusted",
          headers: { ":path": "/p?q=1", "x-request-id": "r", "x-a": "1,2" },
        },
      },
    },
  });
  assert.match(exchange.id, UUID);
  assert.equal(exchange.protocol, "ext_authz");
  assert.deepEqual(exchange.source, { address: "10.0.0.1", port: 4711, principal: "spiffe://td/a" });
  assert.deepEqual(exchange.destination, { address: "/run/x.sock" });
  assert.deepEqual(exchange.request, {
    method: "GET",
    scheme: "http",
    host: "h",
    path: "/p?q=1",
    pathname: "/p",
    query: "q=1",
    headers: new Map([
      ["x-request-id", ["r"]],
      ["x-a", ["1,2"]],
    ]),
    clientRequestId: "r",
  });
});

test("keeps repeated headers apart where Envoy sends them raw", () => {
  const headerMap = fields([":path", "/p"], ["x-a", "1"], ["x-a", "2"]);
  const exchange = fromCheck({ attributes: { request: { http: { path: "/p", headerMap } } } });
  assert.deepEqual(exchange.request.headers, new Map([["x-a", ["1", "2"]]]));
});

test("makes an exchange of an empty CheckRequest, about which nothing is known", () => {
  const exchange = fromCheck({});
  assert.equal(exchange.request.path, "");
  assert.deepEqual(exchange.source, {});
});

test("reads the status of an answer, and none that is not a number", () => {
  const head = (status: string) => {
    const init = { responseHeaders: { headers: fields([":status", status], ["content-type", "a/b"]) } };
    const message = decodeProcessingRequest(encodeProcessingRequest(init));
    assert.ok(message.request === "responseHeaders");
    return responseHeadFrom(message.responseHeaders);
  };
  assert.deepEqual(head("204"), { status: 204, headers: new Map([["content-type", ["a/b"]]]) });
  assert.equal(head("").status, 0);
  assert.equal(head("2x").status, 0);
});
