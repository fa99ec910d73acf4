import { compileBundle } from "../../support/rego.ts";

const OK = { allow: true, reasons: [] };
const REASON = { code: "x", kind: "permission", message: "No.", policy: "a/b", severity: "error" };
const denial = (reason: object, more: object = {}) => ({
  allow: false,
  reasons: [{ ...REASON, ...reason }],
  ...more,
});
const setting = (name: string, value: string) => ({ ...OK, transform: { set_headers: { [name]: value } } });

/** What a policy may answer that is no decision of the contract. */
export const RUBBISH: { readonly [what: string]: unknown } = {
  "a text": "yes",
  "a number": 1,
  true: true,
  null: null,
  "an array": [true],
  "allow as a text": { ...OK, allow: "true" },
  "allow as a number": { ...OK, allow: 1 },
  "allow as null": { ...OK, allow: null },
  "allow in capitals": { ...OK, Allow: true },
  "a member of its own": { ...OK, permit: true },
  "a member of its own inside": { ...OK, route: { headers: {}, target: "sim-us" } },
  "allow with a reason that denies": { ...OK, reasons: [REASON] },
  "reasons as an object": { ...OK, reasons: {} },
  "a reason without a kind": { allow: false, reasons: [{ code: "x" }] },
  "a reason of a kind of its own": denial({ kind: "other" }),
  "a reason of a severity of its own": denial({ severity: "fatal" }),
  "a code that holds a header": denial({ code: "x\r\nx-regent-decision-id: y" }),
  "a code without end": denial({ code: "x".repeat(5_000) }),
  "status 100": denial({}, { status: 100 }),
  "status 101": denial({}, { status: 101 }),
  "status 200": denial({}, { status: 200 }),
  "status 302": denial({}, { status: 302 }),
  "status 600": denial({}, { status: 600 }),
  "a status as a text": denial({}, { status: "403" }),
  "a broken status": denial({}, { status: 403.5 }),
  "an action of its own": { ...OK, redact: [{ type: "SECRET", action: "forget", where: "request" }] },
  "a redaction of nowhere": { ...OK, redact: [{ type: "SECRET", action: "mask" }] },
  "a route as a text": { ...OK, route: "sim-us" },
  "targets as a text": { ...OK, route: { targets: "sim-us" } },
  "a target twice": { ...OK, route: { targets: ["sim-us", "sim-us"] } },
  "a limit below nothing": { ...OK, limits: [{ key: "k", unit: "tokens", amount: -1, window: "1h" }] },
  "a limit without a window": { ...OK, limits: [{ key: "k", unit: "tokens", amount: 1 }] },
  "a limit in a window of its own": {
    ...OK,
    limits: [{ key: "k", unit: "tokens", amount: 1, window: "moon" }],
  },
  "a header with a line ending": setting("x-a", "a\r\nx-b: c"),
  "a header that is the path": setting(":path", "/v1/models"),
  "a header that is the host": setting("host", "example.com"),
  "a header that is Regent's": setting("x-regent-target", "sim-eu"),
  "a header that is Envoy's": setting("x-envoy-retry-on", "5xx"),
  "a header that frames the body": setting("content-length", "1"),
  "a header that frames the body in chunks": setting("transfer-encoding", "chunked"),
  "a header of Regent's to remove": { ...OK, transform: { remove_headers: ["x-regent-decision-id"] } },
  "a patch of an operation of its own": {
    ...OK,
    transform: { body_patch: [{ op: "eval", path: "/model" }] },
  },
  "an audit level of its own": { ...OK, audit: { level: "none" } },
};

/** What the contract has and Regent cannot do, here at least. */
export const UNSUPPORTED: { readonly [what: string]: unknown } = {
  "an approval": { ...OK, hold: { approval: "boss" } },
  "a query": { ...OK, transform: { set_query: { a: "b" } } },
  "a window that nobody holds": { ...OK, response: { inspect: true, stream_window_bytes: 1e9 } },
  "a patch of what is not there": {
    ...OK,
    transform: { body_patch: [{ op: "replace", path: "/none/x", value: 1 }] },
  },
  "a redaction that needs a vault": {
    ...OK,
    redact: [{ type: "SECRET", action: "tokenize", where: "response" }],
  },
};

/** What a policy of the opa-envoy style may answer that is no decision. */
export const AUTHZ_RUBBISH: { readonly [what: string]: unknown } = {
  "a text": "yes",
  "a number": 1,
  null: null,
  "an array": [true],
  "nothing in it": {},
  "allowed as a text": { allowed: "true" },
  "headers as a text": { allowed: true, headers: "x" },
  "status 100": { allowed: false, http_status: 100 },
};

/** The header by which a request says what policy shall answer about it; the other one is about its answer. */
export const CASE = "x-policy-case";
export const ANSWER_CASE = "x-answer-policy-case";
export const AUTHZ_CASE = "x-authz-case";

const governing = (name: string, header: string) => `package regent.${name}

_case := input.request.headers["${header}"][0]

decision := {"allow": false} if not input.request

decision := {"allow": true} if {
	input.request
	not _case
}

decision := data.cases[_case]

# Two values for one rule: OPA's abort.
decision := {"allow": true} if _case == "trap"

# More than the memory that a policy may have.
decision := {"allow": count(concat("", [data.text | some _ in numbers.range(1, 600)])) > 0} if _case == "memory"

decision := {"allow": true} if {
	_case == "loop"
	some i in numbers.range(1, 10000)
	some j in numbers.range(1, 10000)
	i * j == 100000000
}
`;

const AUTHZ = `package envoy.authz

default allow := true

_case := input.attributes.request.http.headers["${AUTHZ_CASE}"]

allow := data.authz[_case]

allow := {"allowed": true} if _case == "trap"
`;

/** A bundle that answers what a request asks it to, and allows where it asks for nothing. */
export function compileFaultyPolicy(): Promise<Buffer> {
  const cases = {
    ...RUBBISH,
    ...UNSUPPORTED,
    trap: { allow: false },
    "no reason": { allow: false },
    "nothing in it": {},
  };
  const authz = { ...AUTHZ_RUBBISH, trap: { allowed: false } };
  return compileBundle(
    {
      "request.rego": governing("request", CASE),
      "response.rego": governing("response", ANSWER_CASE),
      "authz.rego": AUTHZ,
      "data.json": JSON.stringify({ cases, authz, text: "x".repeat(500_000) }),
    },
    ["regent/request/decision", "regent/response/decision", "envoy/authz/allow"],
    "faulty",
  );
}
