import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { answer, pass, plan } from "../../../test/envoy/support/fake-governor.ts";
import { fakePolicies } from "../../../test/envoy/support/fake-policies.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { Identity } from "../../exchange/identity.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { CheckBody, CheckDenial, Governor } from "../../pipeline/governor.ts";
import {
  type CheckRequest,
  decodeCheckRequest,
  decodeCheckResponse,
  encodeCheckRequest,
  encodeCheckResponse,
  HeaderAppendAction,
  type HttpRequest,
  type Init,
} from "../codec.ts";
import { GrpcError } from "../server/grpc-error.ts";
import { jsonFromStruct } from "../struct.ts";
import { type CheckOptions, type CheckRooms, createCheckHandlers } from "./handler.ts";

const GOVERNANCE = "regent/request/decision";
const POLICY: CheckOptions = {
  entrypoint: "envoy/authz/allow",
  governanceEntrypoint: GOVERNANCE,
  dryRun: false,
  skipRequestBodyParse: false,
};
const IDENTITY: Identity = { subject: "alice", roles: [], claims: {}, method: "api_key" };
const KNOWN = {
  identify: () => ({ identity: IDENTITY }),
  check: () => assert.fail(),
  recordDenial: () => {},
} satisfies CheckRooms["governor"];
const WAITING = { deadlineMs: Infinity, cancelled: false, header: () => undefined };
/** Policies that nobody may ask. */
const NEVER_ASKED = () => fakePolicies(() => assert.fail());

function rooms(result: JsonValue | undefined, governor?: Governor | CheckRooms["governor"]): CheckRooms {
  const policies = () => fakePolicies(async () => ({ result, revision: "r7" }));
  return governor === undefined ? { policies } : { policies, governor };
}

/** What Envoy decodes. */
async function answerTo(request: Init<CheckRequest>, given: CheckRooms, options: Partial<CheckOptions> = {}) {
  const { check } = createCheckHandlers({ ...POLICY, ...options }, given);
  const response = await check(decodeCheckRequest(encodeCheckRequest(request)), WAITING);
  return decodeCheckResponse(encodeCheckResponse(response));
}

function metadataOf(response: Awaited<ReturnType<typeof answerTo>>): JsonObject {
  return JSON.parse(JSON.stringify(jsonFromStruct(response.dynamicMetadata ?? assert.fail())));
}

function failsWith(code: status) {
  return (error: unknown) => error instanceof GrpcError && error.code === code;
}

test("never answers without a status, and never with an allow beside a denied response", async () => {
  for (const result of [true, false, { allowed: true }, { allowed: false }] as JsonValue[]) {
    const response = await answerTo({}, rooms(result));
    const allowed = result === true || (result as JsonObject).allowed === true;
    assert.equal(response.status?.code, allowed ? status.OK : status.PERMISSION_DENIED);
    assert.equal(response.httpResponse === "deniedResponse", typeof result === "object" && !allowed);
  }
});

test("takes nothing but a decision for a decision", async () => {
  const rubbish: (JsonValue | undefined)[] = [
    undefined,
    null,
    0,
    1,
    "true",
    [],
    [true],
    {},
    { allow: true },
    { allowed: 1 },
  ];
  for (const result of rubbish) {
    await assert.rejects(answerTo({}, rooms(result)), failsWith(status.UNKNOWN), JSON.stringify(result));
  }
});

test("fails the whole check when one key has the wrong type", async () => {
  const wrong: JsonObject[] = [
    { headers: "x" },
    { headers: { a: 1 } },
    { headers: { a: [["b"]] } },
    { headers: [["a"]] },
    { headers: null },
    { response_headers_to_add: 1 },
    { request_headers_to_remove: "a" },
    { query_parameters_to_set: [] },
    { query_parameters_to_remove: [1] },
    { dynamic_metadata: [] },
  ];
  for (const keys of wrong) {
    await assert.rejects(
      answerTo({}, rooms({ allowed: true, ...keys })),
      failsWith(status.UNKNOWN),
      JSON.stringify(keys),
    );
  }
  const wrongOnDenial: JsonObject[] = [
    { body: 1 },
    { http_status: "403" },
    { http_status: 403.5 },
    { http_status: 100 },
  ];
  for (const keys of wrongOnDenial) {
    await assert.rejects(
      answerTo({}, rooms({ allowed: false, ...keys })),
      failsWith(status.UNKNOWN),
      JSON.stringify(keys),
    );
    await answerTo({}, rooms({ allowed: true, ...keys }));
  }
});

test("fails the check when the policy fails", async () => {
  const policies = () => fakePolicies(() => Promise.reject(new Error("trap")));
  await assert.rejects(answerTo({}, { policies }), failsWith(status.UNKNOWN));
});

test("evaluates nothing for a request that nobody waits for any more", async () => {
  const { check } = createCheckHandlers(POLICY, { policies: NEVER_ASKED });
  const request = decodeCheckRequest(Buffer.alloc(0));
  await assert.rejects(check(request, { ...WAITING, cancelled: true }), failsWith(status.CANCELLED));
  await assert.rejects(
    check(request, { ...WAITING, deadlineMs: Date.now() - 1 }),
    failsWith(status.DEADLINE_EXCEEDED),
  );
});

test("denies a request that cannot be read before the policy is asked, also in a dry run", async () => {
  const request = { attributes: { request: { http: { path: "/%zz" } } } };
  const response = await answerTo(request, { policies: NEVER_ASKED }, { dryRun: true });
  assert.equal(response.status?.code, status.PERMISSION_DENIED);
  assert.ok(response.httpResponse === "deniedResponse");
  assert.equal(response.deniedResponse.status?.code, 400);
  assert.match(response.deniedResponse.body, /^request_parse_error: /);
  assert.equal(response.dynamicMetadata, null);
});

test("lets everything through in a dry run but says nothing of what would have been done", async () => {
  const denial = { allowed: false, headers: { a: "b" }, dynamic_metadata: { why: "x" } };
  const response = await answerTo({}, rooms(denial), { dryRun: true });
  assert.equal(response.status?.code, status.OK);
  assert.ok(response.httpResponse === "okResponse");
  assert.deepEqual(response.okResponse.headers, []);
  assert.equal(metadataOf(response).why, "x");
});

test("hands over who calls, and lets no policy write that", async () => {
  const forged = { allowed: true, dynamic_metadata: { decision_id: "x", regent: { identity: "x" }, own: 1 } };
  const { decision_id: id, ...rest } = metadataOf(await answerTo({}, rooms(forged, KNOWN)));
  assert.equal(String(id).length, 36);
  assert.deepEqual(rest, { own: 1, regent: { identity: IDENTITY, allowed: true, revision: "r7" } });
});

test("hands nothing over about a caller whose credentials are wrong: ext_proc answers that", async () => {
  const unknown = { ...KNOWN, identify: () => ({ failed: "credentials_ambiguous" }) };
  assert.deepEqual(Object.keys(metadataOf(await answerTo({}, rooms(true, unknown)))), ["decision_id"]);
  const forged = {
    allowed: true,
    dynamic_metadata: { regent: { identity: IDENTITY, allowed: true }, own: 1 },
  };
  const { decision_id: _, ...rest } = metadataOf(await answerTo({}, rooms(forged, unknown)));
  assert.deepEqual(rest, { own: 1 });
});

test("records a denial under the id it hands over, whoever calls, and no allow", async () => {
  for (const identify of [KNOWN.identify, () => ({ failed: "credentials_invalid" })]) {
    const recorded: { id: string; denial: CheckDenial }[] = [];
    const governor = {
      ...KNOWN,
      identify,
      recordDenial: ({ id }: Exchange, denial: CheckDenial) => recorded.push({ id, denial }),
    };
    await answerTo({}, rooms(true, governor));
    assert.deepEqual(recorded, []);
    const denied = await answerTo({}, rooms({ allowed: false, http_status: 401 }, governor));
    const { decision_id: id, regent } = metadataOf(denied);
    assert.deepEqual(recorded, [
      { id, denial: { entrypoint: POLICY.entrypoint, status: 401, revision: "r7" } },
    ]);
    assert.equal((regent as JsonObject).allowed, false);
  }
});

test("asks no policy when none is named", async () => {
  const response = await answerTo(
    {},
    { policies: () => assert.fail(), governor: KNOWN },
    { entrypoint: undefined },
  );
  assert.equal(response.status?.code, status.OK);
  assert.deepEqual(metadataOf(response).regent, { identity: IDENTITY, allowed: true, revision: "" });
});

function governed(request: Init<CheckRequest>, check: Governor["check"]) {
  const governor = { check, identify: () => assert.fail(), recordDenial: () => assert.fail() };
  return answerTo(request, { policies: () => assert.fail(), governor }, { entrypoint: GOVERNANCE });
}

test("carries out what governance decided, replacing what the client sent", async () => {
  const changes = plan({ "x-a": "1", "x-b": "2" }, { remove: ["x-b", "x-c"], metadata: { tenant: "acme" } });
  const response = await governed({}, async () => pass(changes));
  assert.equal(response.status?.code, status.OK);
  assert.ok(response.httpResponse === "okResponse");
  const { headers, headersToRemove, responseHeadersToAdd } = response.okResponse;
  assert.deepEqual(headersToRemove, ["x-c"]);
  assert.deepEqual(
    [...headers, ...responseHeadersToAdd].map((option) => [
      option.header?.key,
      option.append?.value,
      option.appendAction,
    ]),
    ["x-a", "x-b", "x-regent-decision-id"].map((name) => [
      name,
      false,
      HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    ]),
  );
  const { decision_id: id, regent } = metadataOf(response);
  assert.equal(id, responseHeadersToAdd[0]?.header?.value);
  assert.deepEqual(regent, { tenant: "acme" });
});

test("sends Regent's own answers, and leaves the length of the body to Envoy", async () => {
  const own = {
    ...answer(404, { a: 1 }),
    headers: [
      ["content-type", "a/b"],
      ["content-length", "7"],
    ] as const,
  };
  const response = await governed({}, async () => ({ kind: "answer", answer: own }));
  assert.equal(response.status?.code, status.PERMISSION_DENIED);
  assert.ok(response.httpResponse === "deniedResponse");
  assert.equal(response.deniedResponse.status?.code, 404);
  assert.equal(response.deniedResponse.body, '{"a":1}');
  assert.deepEqual(
    response.deniedResponse.headers.map(({ header }) => header?.key),
    ["content-type"],
  );
});

test("fails the check rather than forgetting a body that was to be changed", async () => {
  await assert.rejects(
    governed({}, async () => pass(plan({}, { body: Buffer.alloc(1) }))),
    failsWith(status.INTERNAL),
  );
});

test("knows a body that was cut, or not sent, by what Envoy says and by its length", async () => {
  const bodyOf = async (headers: { [name: string]: string }, http: Init<HttpRequest> = {}) => {
    let seen: CheckBody | undefined;
    await governed({ attributes: { request: { http: { headers, ...http } } } }, async (_exchange, body) => {
      seen = body;
      return pass();
    });
    return [seen?.bytes?.toString(), seen?.truncated];
  };
  const rawBody = Buffer.from("raw");
  assert.deepEqual(await bodyOf({}), [undefined, false]);
  assert.deepEqual(await bodyOf({ "content-length": "0" }), [undefined, false]);
  assert.deepEqual(await bodyOf({ "content-length": "5" }), [undefined, true]);
  assert.deepEqual(await bodyOf({ "content-length": "3" }, { rawBody }), ["raw", false]);
  assert.deepEqual(await bodyOf({ "content-length": "4" }, { rawBody }), ["raw", true]);
  assert.deepEqual(await bodyOf({ "content-length": "x" }, { rawBody }), ["raw", true]);
  assert.deepEqual(await bodyOf({ "x-envoy-auth-partial-body": "true" }, { body: "text" }), ["text", true]);
  assert.deepEqual(await bodyOf({ "x-envoy-auth-partial-body": "false" }, { body: "text" }), ["text", false]);
  const raw = (key: string, value: string) => ({ headers: [{ key, rawValue: Buffer.from(value) }] });
  const headerMap = raw("content-length", "4");
  assert.deepEqual(await bodyOf({}, { rawBody, headerMap }), ["raw", true]);
  assert.deepEqual(await bodyOf({}, { rawBody, headerMap: raw("x-envoy-auth-partial-body", "true") }), [
    "raw",
    true,
  ]);
});

test("does not take the governance entrypoint without a governor", () => {
  assert.throws(
    () => createCheckHandlers({ ...POLICY, entrypoint: GOVERNANCE }, rooms(true)),
    /needs a governor/,
  );
});
