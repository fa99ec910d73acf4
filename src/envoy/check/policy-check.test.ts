import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { fakePolicies } from "../../../test/envoy/support/fake-policies.ts";
import type { DecisionEvent } from "../../decision-log/event.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { Identity } from "../../exchange/identity.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import {
  type CheckRequest,
  type CheckRequest2,
  type CheckResponse,
  decodeCheckRequest,
  decodeCheckRequest2,
  decodeCheckResponse,
  decodeCheckResponse2,
  encodeCheckRequest,
  encodeCheckRequest2,
  encodeCheckResponse,
  encodeCheckResponse2,
  type Init,
} from "../codec.ts";
import { GrpcError } from "../server/grpc-error.ts";
import type { CheckCall } from "../server/server.ts";
import { jsonFromStruct } from "../struct.ts";
import { type CheckOptions, type CheckRooms, createCheckHandlers } from "./handler.ts";

const OPTIONS: CheckOptions = {
  entrypoint: "envoy/authz/allow",
  governanceEntrypoint: "regent/request/decision",
  dryRun: false,
  skipRequestBodyParse: false,
};
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CALL: CheckCall = {
  deadlineMs: Infinity,
  cancelled: false,
  header: (name) => (name === "traceparent" ? TRACEPARENT : undefined),
};
const REQUEST: Init<CheckRequest> = {
  attributes: { request: { http: { path: "/a?b=c", headers: { "x-h": "v" } } } },
};
const UNREADABLE: Init<CheckRequest> = { attributes: { request: { http: { path: "/%zz" } } } };

type Script = {
  readonly result?: JsonValue | undefined;
  readonly evaluate?: () => Promise<never>;
  readonly onDecision?: (event: DecisionEvent) => void;
  readonly governor?: CheckRooms["governor"];
  readonly options?: Partial<CheckOptions>;
  readonly call?: Partial<CheckCall>;
  readonly asked?: (entrypoint: string) => void;
};

/** What happened in one check: what was logged, counted and asked. */
type Traces = { events: DecisionEvent[]; reasons: string[]; seconds: number[]; subjects: string[] };

function build(script: Script): { handlers: ReturnType<typeof createCheckHandlers>; traces: Traces } {
  const traces: Traces = { events: [], reasons: [], seconds: [], subjects: [] };
  const evaluate = script.evaluate ?? (async () => ({ result: script.result, revision: "r7" }));
  const handlers = createCheckHandlers(
    { ...OPTIONS, ...script.options },
    {
      policies: (subject) => {
        traces.subjects.push(subject);
        return fakePolicies((entrypoint) => {
          script.asked?.(entrypoint);
          return evaluate();
        });
      },
      onDecision: (event) => {
        traces.events.push(event);
        script.onDecision?.(event);
      },
      performance: {
        observe: (seconds) => traces.seconds.push(seconds),
        countError: (reason) => traces.reasons.push(reason),
      },
      ...(script.governor && { governor: script.governor }),
    },
  );
  return { handlers, traces };
}

type Checked = Traces & { readonly response?: CheckResponse; readonly error?: GrpcError };

async function checked(script: Script, request: Init<CheckRequest> = REQUEST): Promise<Checked> {
  const { handlers, traces } = build(script);
  const decoded = decodeCheckRequest(encodeCheckRequest(request));
  try {
    const answer = await handlers.check(decoded, { ...CALL, ...script.call });
    return { ...traces, response: decodeCheckResponse(encodeCheckResponse(answer)) };
  } catch (error) {
    assert.ok(error instanceof GrpcError, String(error));
    return { ...traces, error };
  }
}

async function checked2(script: Script, request: Init<CheckRequest2>) {
  const { handlers, traces } = build(script);
  const answer = await handlers.check2(decodeCheckRequest2(encodeCheckRequest2(request)), CALL);
  return { ...traces, response: decodeCheckResponse2(encodeCheckResponse2(answer)) };
}

function metadataOf({ response }: Checked): JsonObject {
  return JSON.parse(JSON.stringify(jsonFromStruct(response?.dynamicMetadata ?? assert.fail())));
}

const onlyEvent = ({ events }: Traces): DecisionEvent => {
  assert.equal(events.length, 1);
  return events[0] ?? assert.fail();
};

test("logs a decision before it is answered, with what was asked, read and decided", async () => {
  const result = { allowed: false, body: "no", dynamic_metadata: { why: "because" } };
  const order: string[] = [];
  const done = await checked({
    result,
    asked: () => order.push("decided"),
    onDecision: () => order.push("logged"),
  });
  assert.deepEqual(order, ["decided", "logged"]);
  const event = onlyEvent(done);
  assert.equal(event.decisionId, metadataOf(done).decision_id);
  assert.equal(event.entrypoint, "envoy/authz/allow");
  assert.deepEqual(JSON.parse(String(event.input)).parsed_query, { b: ["c"] });
  assert.deepEqual(event.result, result);
  assert.equal(event.error, undefined);
  assert.deepEqual(event.policies.bundles, { main: { revision: "r7" } });
  assert.deepEqual([event.traceId, event.spanId], TRACEPARENT.split("-").slice(1, 3));
  assert.deepEqual(event.headers?.get("x-h"), ["v"]);
  assert.equal(event.metrics.timer_rego_query_eval_ns, 1e6);
  assert.ok((event.metrics.timer_server_handler_ns ?? 0) > 0);
  assert.equal(event.custom, undefined);
  assert.deepEqual([done.reasons, done.seconds.length], [[], 1]);
});

test("has masks asked where no answer counts as a decision", async () => {
  const events: DecisionEvent[] = [];
  const fake = () => fakePolicies(async () => ({ result: true, revision: "r7" }));
  const unobserved = fake();
  const { check } = createCheckHandlers(OPTIONS, {
    policies: () => ({ ...fake(), unobserved }),
    onDecision: (event) => void events.push(event),
  });
  await check(decodeCheckRequest(encodeCheckRequest(REQUEST)), CALL);
  assert.equal(events[0]?.policies, unobserved);
});

test("asks the policies of the caller who was identified, else of the certificate, else of nobody", async () => {
  const known: Identity = {
    subject: "alice",
    principal: "spiffe://a/b",
    roles: [],
    claims: {},
    method: "api_key",
  };
  const governor = (identify: NonNullable<CheckRooms["governor"]>["identify"]) => ({
    identify,
    check: () => assert.fail(),
    recordDenial: () => {},
  });
  const { subject: _, ...workload } = known;
  const withCertificate = { attributes: { source: { principal: "spiffe://c/d" } } };
  const subjects = async (script: Script, request = withCertificate) =>
    (await checked({ result: true, ...script }, request)).subjects;
  assert.deepEqual(await subjects({ governor: governor(() => ({ identity: known })) }), ["alice"]);
  assert.deepEqual(await subjects({ governor: governor(() => ({ identity: workload })) }), ["spiffe://a/b"]);
  assert.deepEqual(await subjects({ governor: governor(() => ({ failed: "credentials_invalid" })) }), [
    "spiffe://c/d",
  ]);
  assert.deepEqual(await subjects({}), ["spiffe://c/d"]);
  assert.deepEqual((await checked({ result: true }, {})).subjects, [""]);
});

test("logs and counts what came to no decision, by the plugin's names", async () => {
  const trap = (cause: string) => new RegentError("policy_trap", undefined, { cause: new Error(cause) });
  const scripts: [string, number, Script][] = [
    ["envoyauth_eval_error", status.UNKNOWN, { result: undefined }],
    ["envoyauth_eval_error", status.UNKNOWN, { evaluate: () => Promise.reject(trap("unreachable")) }],
    [
      "eval_conflict_error",
      status.UNKNOWN,
      { evaluate: () => Promise.reject(trap("a: complete rules must not produce multiple outputs")) },
    ],
    [
      "eval_cancel_error",
      status.UNKNOWN,
      { evaluate: () => Promise.reject(new RegentError("policy_timeout")) },
    ],
    ["envoyauth_result_error", status.UNKNOWN, { result: "yes" }],
    ["envoyauth_result_error", status.UNKNOWN, { result: { allowed: true, headers: 1 } }],
    ["check_request_cancelled", status.CANCELLED, { result: true, call: { cancelled: true } }],
    ["check_request_timeout", status.DEADLINE_EXCEEDED, { result: true, call: { deadlineMs: 0 } }],
  ];
  for (const [reason, code, script] of scripts) {
    const { error, reasons, seconds, ...done } = await checked(script);
    assert.equal(error?.code, code, reason);
    assert.deepEqual([reasons, seconds], [[reason], []]);
    const event = onlyEvent({ ...done, reasons, seconds });
    assert.deepEqual([event.error?.code, event.error?.message], [reason, error?.message]);
    assert.equal(event.result, undefined);
    assert.notEqual(event.input, undefined);
  }
});

test("logs a request that cannot be read, and answers it with its own denial", async () => {
  const done = await checked({ result: true }, UNREADABLE);
  assert.equal(done.response?.status?.code, status.PERMISSION_DENIED);
  assert.deepEqual(done.reasons, ["request_parse_error"]);
  const event = onlyEvent(done);
  assert.deepEqual(
    [event.input, event.result, event.error?.code],
    [undefined, undefined, "request_parse_error"],
  );
});

test("answers nothing that the log did not take: a denial with the code UNKNOWN, whatever was decided", async () => {
  const full = () => {
    throw new Error("the buffer is full");
  };
  const results: [JsonValue, boolean][] = [
    [true, false],
    [{ allowed: true, headers: { a: "b" } }, false],
    [{ allowed: false, body: "no" }, true],
  ];
  for (const dryRun of [false, true]) {
    for (const [result, denied] of results) {
      const done = await checked({ result, onDecision: full, options: { dryRun } });
      const { response, reasons } = done;
      assert.deepEqual(
        [response?.status?.code, response?.status?.message],
        [status.UNKNOWN, "the buffer is full"],
      );
      assert.equal(response?.httpResponse, denied ? "deniedResponse" : undefined);
      assert.deepEqual(reasons, ["unknown_log_error"]);
    }
    const unreadable = await checked({ onDecision: full, options: { dryRun } }, UNREADABLE);
    assert.equal(unreadable.response?.status?.code, status.UNKNOWN);
    assert.equal(unreadable.response?.httpResponse, "deniedResponse");
    const v2 = await checked2({ result: true, onDecision: full, options: { dryRun } }, REQUEST);
    assert.equal(v2.response.status?.code, status.UNKNOWN);
    assert.equal(v2.response.httpResponse, undefined);
  }
  const failed = await checked({ result: undefined, onDecision: full });
  assert.equal(failed.error?.message, "undefined decision");
  assert.deepEqual(failed.reasons, ["envoyauth_eval_error", "unknown_log_error"]);
});

test("lets a denial pass in a dry run, and says in log and hand-over what was not carried out", async () => {
  const governor = {
    identify: () => ({ identity: { subject: "a", roles: [], claims: {}, method: "api_key" as const } }),
    check: () => assert.fail(),
    recordDenial: () => assert.fail("nothing was refused"),
  };
  for (const [allowed, said] of [
    [true, "allow"],
    [false, "deny"],
  ] as const) {
    const done = await checked({ result: { allowed }, governor, options: { dryRun: true } });
    assert.equal(done.response?.status?.code, status.OK);
    const { regent } = metadataOf(done) as { regent: JsonObject };
    assert.deepEqual([regent.allowed, regent.dry_run], [true, said]);
    assert.deepEqual(onlyEvent(done).result, { allowed });
    assert.deepEqual(onlyEvent(done).custom, { dry_run: true });
  }
  assert.equal((await checked({ result: undefined, options: { dryRun: true } })).error?.code, status.UNKNOWN);
});

test("decides at a path inside the result of an entrypoint", async () => {
  const asked: string[] = [];
  const policies = () => ({
    ...fakePolicies(async (entrypoint) => {
      asked.push(entrypoint);
      return { result: { inner: { allowed: true } }, revision: "r7" };
    }),
    has: (entrypoint: string) => entrypoint === "a/b",
  });
  const answer = async (entrypoint: string) => {
    const { check } = createCheckHandlers({ ...OPTIONS, entrypoint }, { policies });
    return decodeCheckResponse(encodeCheckResponse(await check(decodeCheckRequest(Buffer.alloc(0)), CALL)));
  };
  assert.equal((await answer("/a//b/inner")).status?.code, status.OK);
  assert.deepEqual(asked, ["a/b"]);
  for (const path of ["a/b/other", "a/b/inner/allowed/x", "b", "a/b/0", "a.b/inner"])
    await assert.rejects(answer(path), /undefined decision/, path);
});

test("shows version 2 its own input document and answers with what version 2 knows", async () => {
  const inputs: JsonObject[] = [];
  const result = {
    allowed: true,
    headers: { a: ["1", "2"] },
    response_headers_to_add: { b: "c" },
    request_headers_to_remove: ["d"],
    dynamic_metadata: { e: 1 },
  };
  const { response, events } = await checked2(
    { result },
    {
      attributes: {
        source: {
          address: { socketAddress: { address: "10.0.0.1", portValue: 0, protocol: 1, ipv4Compat: true } },
          principal: "spiffe://a/b",
          labels: { app: "x" },
        },
        destination: { address: { socketAddress: { namedPort: "http", resolverName: "r" } }, service: "s" },
        request: {
          time: { seconds: 5, nanos: 6 },
          http: { method: "GET", path: "/p", headers: { h: "v" }, size: -1, body: "x" },
        },
        contextExtensions: { c: "e" },
        metadataContext: { filterMetadata: { n: { fields: {} } } },
      },
    },
  );
  for (const { input } of events) inputs.push(JSON.parse(String(input)));
  assert.deepEqual(inputs[0], {
    attributes: {
      source: {
        address: {
          Address: {
            SocketAddress: {
              protocol: 1,
              address: "10.0.0.1",
              PortSpecifier: { PortValue: 0 },
              ipv4_compat: true,
            },
          },
        },
        labels: { app: "x" },
        principal: "spiffe://a/b",
      },
      destination: {
        address: { Address: { SocketAddress: { PortSpecifier: { NamedPort: "http" }, resolver_name: "r" } } },
        service: "s",
      },
      request: {
        time: { seconds: 5, nanos: 6 },
        http: { method: "GET", headers: { h: "v" }, path: "/p", size: -1, body: "x" },
      },
      context_extensions: { c: "e" },
      metadata_context: { filter_metadata: { n: {} } },
    },
    version: { ext_authz: "v2", encoding: "encoding/json" },
    parsed_path: ["p"],
    parsed_query: {},
    parsed_body: null,
    truncated_body: false,
    source_principal: "spiffe://a/b",
  });
  assert.equal(response.status?.code, status.OK);
  assert.ok(response.httpResponse === "okResponse");
  assert.deepEqual(
    response.okResponse.headers.map(({ header }) => [header?.key, header?.value]),
    [
      ["a", "1"],
      ["a", "2"],
    ],
  );
});

test("refuses a request of version 2 whose metadata are no JSON", async () => {
  const values = [{}, { numberValue: Number.NaN }];
  for (const value of values) {
    const filterMetadata = { n: { fields: { v: value } } };
    const { response } = await checked2(
      { result: true },
      { attributes: { metadataContext: { filterMetadata } } },
    );
    assert.equal(response.status?.code, status.PERMISSION_DENIED);
    assert.ok(response.httpResponse === "deniedResponse");
    assert.equal(response.deniedResponse.status?.code, 400);
  }
});

test("denies version 2 where Regent itself would decide or hand over: it could not carry that out", async () => {
  const governor = {
    identify: () => assert.fail(),
    check: () => assert.fail(),
    recordDenial: () => assert.fail(),
  };
  for (const entrypoint of [undefined, OPTIONS.governanceEntrypoint]) {
    const { response, subjects } = await checked2({ governor, options: { entrypoint } }, REQUEST);
    assert.equal(response.status?.code, status.FAILED_PRECONDITION);
    assert.match(response.status?.message ?? "", /transport_api_version: V3/);
    assert.ok(response.httpResponse === "deniedResponse");
    assert.equal(response.deniedResponse.status?.code, 500);
    assert.deepEqual(subjects, []);
  }
});
