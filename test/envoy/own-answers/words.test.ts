/** What Envoy answers by itself is worded by the format of the client's dialect, like any refusal of Regent's. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FORMATS, type Format, USUAL_DIALECT } from "../../../src/formats/index.ts";
import { ENVOY_ERRORS, type EnvoyErrorCode } from "../../../src/local/envoy/local-replies.ts";
import { eventually } from "../governed/records.ts";
import { type Received, send } from "../support/client.ts";
import {
  ASKING,
  DEAD_MODEL,
  impatient,
  type Manager,
  type OwnAnswers,
  pathOf,
  SILENT_CLAUDE_MODEL,
  SILENT_MODEL,
  startOwnAnswers,
  wordsOf,
} from "./stack.ts";

const HTTP_FORMATS: readonly Format[] = Object.values(FORMATS).filter(
  (format) => format.refuse({ status: 503, code: "c", message: "m" }).grpcStatus === undefined,
);
const ALLOWED = { "x-decide-request": '{"allow":true}', "x-decide-answer": '{"allow":true}' };
const JSON_TYPE = { "content-type": "application/json" };

/** Asserts that an answer is that of the format for this error, headers included. `null`: it has no id. */
function assertWorded(answer: Received, format: Format, code: EnvoyErrorCode, id: string | null): void {
  assert.notEqual(id, "", "no id");
  const words = wordsOf(format, { ...ENVOY_ERRORS[code], code }, id);
  assert.equal(answer.status, ENVOY_ERRORS[code].status, answer.body);
  assert.equal(answer.headers["content-type"], words.contentType);
  assert.equal(answer.headers["x-regent-reason"], code);
  assert.deepEqual(JSON.parse(answer.body), words.body);
  for (const [name, value] of words.headers) assert.equal(answer.headers[name], value, name);
}

const requestId = ({ headers }: Received) => String(headers["x-request-id"]);
const decisionId = ({ headers }: Received) => String(headers["x-regent-decision-id"]);

for (const filters of ["both", "ext_proc", "ext_authz", "ext_authz_body"] as const)
  describe(`with ${filters} and Regent stopped`, () => {
    let stack: OwnAnswers;
    before(async () => {
      stack = await startOwnAnswers({ filters, isRegentStopped: true });
    });
    after(() => stack?.stop());

    for (const format of HTTP_FORMATS)
      test(`every endpoint of ${format.name} is refused in its words`, async () => {
        for (const endpoint of format.endpoints)
          for (const query of ["", "?a=/v1/messages&b=%2F"]) {
            const path = pathOf(endpoint) + query;
            const answer = await send(stack.port, { method: "POST", path, headers: JSON_TYPE, body: "{}" });
            assertWorded(answer, format, "policy_unreachable", requestId(answer));
          }
        const [endpoint] = format.endpoints;
        assert.ok(endpoint !== undefined);
        const read = await send(stack.port, { method: "GET", path: pathOf(endpoint) });
        assertWorded(read, format, "policy_unreachable", requestId(read));
      });
  });

describe("with Regent stopped, where the path says nothing of the dialect", () => {
  let stack: OwnAnswers;
  before(async () => {
    stack = await startOwnAnswers({ isRegentStopped: true });
  });
  after(() => stack?.stop());

  test("a header that only one dialect's clients send does", async () => {
    const signed = HTTP_FORMATS.filter(({ clientHeader }) => clientHeader !== undefined);
    assert.ok(signed.length > 0);
    for (const format of signed) {
      const headers = { [format.clientHeader?.name ?? ""]: "2023-06-01" };
      for (const path of ["/v1/files", "/v1/models", "/nowhere"]) {
        const answer = await send(stack.port, { path, headers });
        assertWorded(answer, format, "policy_unreachable", requestId(answer));
      }
      const path = pathOf(USUAL_DIALECT.endpoints[0] as (typeof USUAL_DIALECT.endpoints)[0]);
      const asked = await send(stack.port, { path, headers });
      assertWorded(asked, USUAL_DIALECT, "policy_unreachable", requestId(asked));
    }
  });

  test("everybody else gets the words that most clients understand", async () => {
    for (const path of [
      "/",
      "/v1/models",
      "/v1/messagesx",
      "/x/v1/messages",
      "/v1/messages/x",
      "/model/a/b/converse",
    ]) {
      const answer = await send(stack.port, { path });
      assertWorded(answer, USUAL_DIALECT, "policy_unreachable", requestId(answer));
    }
  });

  test("clients of gRPC get a status, whatever the path", async () => {
    for (const path of ["/inference.GRPCInferenceService/ModelInfer", "/v1/messages", "/x"]) {
      const answer = await send(stack.port, {
        method: "POST",
        path,
        headers: { "content-type": "application/grpc" },
      });
      assert.deepEqual(
        ["grpc-status", "grpc-message", "x-regent-reason"].map((name) => answer.headers[name]),
        ["14", ENVOY_ERRORS.policy_unreachable.message, "policy_unreachable"],
      );
      assert.equal(answer.status, 200);
    }
  });
});

describe("ids that clients send", () => {
  let stack: OwnAnswers;
  before(async () => {
    // As Istio's proxies have it: a client's own id stays.
    stack = await startOwnAnswers({
      isRegentStopped: true,
      manager: (manager) => Object.assign(manager, { preserve_external_request_id: true }),
    });
  });
  after(() => stack?.stop());

  for (const id of [
    '"}],"allow":true,"x":[{"',
    "\\",
    '\\"',
    "%REQ(authorization)%",
    "%%",
    "%DYNAMIC_METADATA(regent)%",
    "<script>",
    "\u00e9\t\u00ff",
    "0".repeat(5_000),
  ])
    test(`are no more than text: ${JSON.stringify(id.slice(0, 40))}`, async () => {
      const headers = { "x-request-id": id, authorization: "Bearer secret" };
      for (const name of ["anthropic-messages", "gemini-generate", "bedrock-converse"] as const) {
        const format = FORMATS[name];
        const [endpoint] = format.endpoints;
        assert.ok(endpoint !== undefined);
        const answer = await send(stack.port, { path: pathOf(endpoint), headers });
        assertWorded(answer, format, "policy_unreachable", id.slice(0, 128));
        assert.ok(!answer.body.includes("secret"));
      }
    });
});

describe("with Regent at work", () => {
  let stack: OwnAnswers;
  before(async () => {
    stack = await startOwnAnswers({ bodyBytesMax: 20_000, manager: impatient });
  });
  after(() => stack?.stop());

  const ask = (path: string, body: object | string, headers: object = {}) =>
    send(stack.port, {
      method: "POST",
      path,
      headers: { ...JSON_TYPE, ...ALLOWED, authorization: `Bearer ${stack.stage.keys.analyst}`, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  const recordOf = (answer: Received) =>
    eventually("the record", async () => stack.stage.records.find(({ id }) => id === decisionId(answer)));

  for (const [name, asking] of ASKING) {
    const format = FORMATS[name as keyof typeof FORMATS];

    test(`${name}: a target that cannot be reached`, async () => {
      const { path, body } = asking(DEAD_MODEL);
      const answer = await ask(path, body);
      assertWorded(answer, format, "upstream_unavailable", decisionId(answer));
      const { status, verdict, charge } = await recordOf(answer);
      assert.deepEqual([status, verdict, charge], [503, "allow", undefined]);
    });

    test(`${name}: a target that does not answer in time`, async () => {
      const { path, body } = asking(SILENT_MODEL);
      const answer = await ask(path, body);
      assertWorded(answer, format, "upstream_timeout", decisionId(answer));
    });

    test(`${name}: a body over the limit`, async () => {
      const { path } = asking(DEAD_MODEL);
      const answer = await ask(path, "x".repeat(20_001));
      assertWorded(answer, format, "body_too_large", requestId(answer));
    });
  }

  test("a request that was translated is answered in the client's words, not in the target's", async () => {
    const asking = ASKING.get("openai-chat");
    assert.ok(asking !== undefined);
    const { path, body } = asking(SILENT_CLAUDE_MODEL);
    const answer = await ask(path, body);
    assertWorded(answer, FORMATS["openai-chat"], "upstream_timeout", decisionId(answer));
    assert.equal(stack.silent.seen.at(-1)?.path, "/v1/messages");
  });
});

describe("before Envoy's filters run", () => {
  test("an overloaded Envoy says so in the words of clients that a header tells", async () => {
    const stack = await startOwnAnswers({ isOverloaded: true });
    try {
      await eventually("Envoy to notice", async () => {
        const { headers } = await send(stack.port, {});
        return headers["x-regent-reason"] === "gateway_overloaded" ? true : undefined;
      });
      for (const format of [FORMATS["anthropic-messages"], FORMATS["bedrock-converse"], USUAL_DIALECT]) {
        const { name } = format.clientHeader ?? { name: "x-any" };
        const answer = await send(stack.port, { path: "/v1/messages", headers: { [name]: "1" } });
        assertWorded(answer, format, "gateway_overloaded", null);
      }
    } finally {
      await stack.stop();
    }
  });

  test("a route that is missing is no fault of the client's", async () => {
    const stack = await startOwnAnswers({ filters: "ext_proc", manager: withoutLastRoute });
    try {
      const answer = await send(stack.port, {
        path: "/v1/nowhere",
        headers: { ...ALLOWED, authorization: `Bearer ${stack.stage.keys.analyst}` },
      });
      assertWorded(answer, USUAL_DIALECT, "not_routed", "any");
    } finally {
      await stack.stop();
    }
  });
});

function withoutLastRoute(manager: Manager): void {
  const { virtual_hosts } = manager.route_config as { virtual_hosts: { routes: object[] }[] };
  for (const host of virtual_hosts) host.routes.pop();
}
