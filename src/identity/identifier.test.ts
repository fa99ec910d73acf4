import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { RegentError } from "../exchange/errors.ts";
import type { RequestHead } from "../exchange/exchange.ts";
import { type HeaderField, headersFrom } from "../exchange/headers.ts";
import { ANONYMOUS } from "../exchange/identity.ts";
import { hashApiKey } from "./api-keys.ts";
import { createIdentifier } from "./identifier.ts";
import { PRINCIPAL_LENGTH_MAX } from "./spiffe.ts";

const KEY = randomBytes(18).toString("base64url");
const OTHER_KEY = randomBytes(18).toString("base64url");
const salt = randomBytes(16).toString("hex");
const spiffe = [{ match: "spiffe://cluster.local/ns/{tenant}/sa/{subject}", roles: ["workload"] }];
const apiKeys = {
  version: 1 as const,
  salt,
  keys: [KEY, OTHER_KEY].map((key, index) => ({
    id: `key-${index}`,
    hash: hashApiKey(salt, key),
    subject: `subject-${index}`,
    tenant: "acme",
    roles: ["analyst"],
    team: "research",
  })),
};
const identifier = createIdentifier({ apiKeys, spiffe });
const WORKLOAD = "spiffe://cluster.local/ns/acme/sa/chat";

function head(fields: readonly HeaderField[]): RequestHead {
  const headers = headersFrom(fields);
  return {
    method: "POST",
    scheme: "http",
    host: "h",
    path: "/",
    pathname: "/",
    query: undefined,
    headers,
    clientRequestId: undefined,
  };
}

function identify(fields: readonly HeaderField[], principal?: string) {
  return identifier.identify(head(fields), principal);
}

function assertRefused(code: string, fields: readonly HeaderField[], principal?: string): void {
  assert.throws(
    () => identify(fields, principal),
    (error) => error instanceof RegentError && error.code === code && !error.message.includes(KEY),
    JSON.stringify(fields.map(([name]) => name)),
  );
}

test("is nobody when there is neither key nor certificate", () => {
  assert.equal(identify([["x-tenant", "acme"]]), ANONYMOUS);
  assert.equal(identify([], ""), ANONYMOUS);
});

test("takes a key from any of the headers and names its subject", () => {
  const expected = {
    subject: "subject-0",
    tenant: "acme",
    team: "research",
    roles: ["analyst"],
    claims: {},
    method: "api_key",
  };
  for (const fields of [
    [["authorization", `Bearer ${KEY}`]],
    [["Authorization", `bearer  ${KEY}`]],
    [["x-api-key", KEY]],
    [["x-goog-api-key", KEY]],
  ] as const) {
    assert.deepEqual(identify(fields), expected);
  }
});

test("takes the principal of a certificate with or without a rule for it", () => {
  assert.deepEqual(identify([], WORKLOAD), {
    principal: WORKLOAD,
    tenant: "acme",
    subject: "chat",
    roles: ["workload"],
    claims: {},
    method: "mtls",
  });
  const unmapped = "spiffe://elsewhere/x";
  assert.deepEqual(identify([], unmapped), { principal: unmapped, roles: [], claims: {}, method: "mtls" });
});

test("joins a key and a certificate: the key's subject and roles, the certificate's principal", () => {
  for (const principal of [WORKLOAD, "spiffe://elsewhere/x"]) {
    const identity = identify([["x-api-key", KEY]], principal);
    assert.deepEqual(identity, { ...identify([["x-api-key", KEY]]), principal });
  }
});

test("refuses a key of one tenant with a certificate of another", () => {
  assertRefused("credentials_ambiguous", [["x-api-key", KEY]], "spiffe://cluster.local/ns/globex/sa/chat");
});

test("refuses repeated credentials in every form, equal ones too", () => {
  for (const second of [KEY, OTHER_KEY, "", "unknown"]) {
    assertRefused("credentials_ambiguous", [
      ["authorization", `Bearer ${KEY}`],
      ["x-api-key", second],
    ]);
    assertRefused("credentials_ambiguous", [
      ["authorization", `Bearer ${KEY}`],
      ["authorization", `Bearer ${second}`],
    ]);
    assertRefused("credentials_ambiguous", [
      ["x-api-key", KEY],
      ["X-Api-Key", second],
    ]);
    for (const header of ["authorization", "x-api-key", "x-goog-api-key"])
      assertRefused("credentials_ambiguous", [
        ["x-goog-api-key", KEY],
        [header, second],
      ]);
    assertRefused("credentials_ambiguous", [["authorization", `Bearer ${KEY},Bearer ${second}`]]);
    assertRefused("credentials_ambiguous", [["x-api-key", `${KEY},${second}`]]);
  }
  assertRefused("credentials_ambiguous", [["authorization", `Bearer Bearer ${KEY}`]]);
  assertRefused("credentials_ambiguous", [["authorization", `Bearer ${KEY} ${OTHER_KEY}`]]);
  assertRefused("credentials_ambiguous", [["authorization", `Basic eDp5,Bearer ${KEY}`]]);
});

test("never takes an unknown key for no key, not even beside a certificate", () => {
  for (const principal of [undefined, WORKLOAD]) {
    for (const value of [randomBytes(18).toString("base64url"), `${KEY}x`, "", "\\x00", "k".repeat(60_000)]) {
      assertRefused("credentials_invalid", [["x-api-key", value]], principal);
      assertRefused("credentials_invalid", [["x-goog-api-key", value]], principal);
      assertRefused("credentials_invalid", [["authorization", `Bearer ${value}`]], principal);
    }
    for (const value of ["", "Bearer", KEY, `Basic ${KEY}`, `Bearer${KEY}`]) {
      assertRefused("credentials_invalid", [["authorization", value]], principal);
    }
  }
});

test("reads no key where none are configured", () => {
  const mtlsOnly = createIdentifier({ spiffe });
  const unused = head([["authorization", "Bearer unused"]]);
  assert.equal(mtlsOnly.identify(unused, WORKLOAD).method, "mtls");
  assert.equal(mtlsOnly.identify(unused, undefined), ANONYMOUS);
});

test("takes a principal of the greatest length and refuses a longer one", () => {
  const longest = `spiffe://d/${"x".repeat(PRINCIPAL_LENGTH_MAX - "spiffe://d/".length)}`;
  assert.equal(identify([], longest).principal, longest);
  assertRefused("credentials_invalid", [], `${longest}x`);
});
