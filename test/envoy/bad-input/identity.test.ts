import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Witnessed } from "../../../tools/sample-model/witness.ts";
import {
  ALLOWED_BODY,
  ANALYST,
  type AnswerLike,
  CHAT_PATH,
  chat,
  DENIED_BODY,
  headerOf,
  KEYS,
} from "../governed/ask.ts";
import { answered, sendHttp2 } from "../governed/http2.ts";
import { exchangeOne, type RawAnswer, rawRequest } from "../governed/raw.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";
import { BAD_CREDENTIALS, FORGED_HEADERS, STEERING_HEADERS } from "./credentials.ts";

let stack: Governed;
let watch: Watch;
before(async () => {
  stack = await startGoverned();
  watch = new Watch(stack);
});
after(() => stack?.stop());

const KEY = `authorization: ${ANALYST.authorization}`;

function ask(lines: readonly string[], body = ALLOWED_BODY): Promise<RawAnswer> {
  return exchangeOne(stack.port, rawRequest(body, lines));
}

/** Sends what must be served, and gives what the model saw of it. */
async function served(lines: readonly string[], body = ALLOWED_BODY): Promise<Witnessed> {
  const answer = await ask(lines, body);
  assert.equal(answer.status, 200, answer.body);
  return seenOf(answer);
}

/** What the models saw under the decision of an answer: one request. */
function seenOf(answer: AnswerLike): Witnessed {
  const id = headerOf(answer, "x-regent-decision-id");
  const [seen, ...more] = stack.witnessed().filter(({ decisionId }) => decisionId === id);
  assert.ok(seen !== undefined && more.length === 0, `${more.length + 1} requests under decision ${id}`);
  return seen;
}

function names(seen: Witnessed, prefix: string): string[] {
  return seen.headers.filter(([name]) => name.startsWith(prefix)).map(([name, value]) => `${name}: ${value}`);
}

describe("a caller that is not named exactly once is refused with 401", () => {
  for (const [code, ...lines] of BAD_CREDENTIALS)
    test(`${code}: ${lines.join(" + ").replaceAll("\t", "<tab>")}`, async () => {
      await watch.refused(code, () => ask(lines));
    });

  test("over HTTP/2 as well", async () => {
    for (const credentials of [
      { "x-api-key": [KEYS.acmeAnalyst, KEYS.acmeAdmin] },
      { "x-api-key": [KEYS.acmeAnalyst, KEYS.acmeAnalyst] },
      { "x-api-key": KEYS.acmeAnalyst, ...ANALYST },
      { authorization: `${ANALYST.authorization}, ${ANALYST.authorization}` },
    ]) {
      const headers = {
        ":method": "POST",
        ":path": CHAT_PATH,
        "content-type": "application/json",
        ...credentials,
      };
      await watch.refused("credentials_ambiguous", () =>
        sendHttp2(stack.port, headers, ALLOWED_BODY).then(answered),
      );
    }
  });
});

describe("a caller that is named once", () => {
  test("is served, whichever header has the key, and no model sees the key", async () => {
    for (const line of [
      KEY,
      `x-api-key: ${KEYS.acmeAnalyst}`,
      `Authorization: bearer  ${KEYS.acmeAnalyst}`,
    ]) {
      const seen = await served([line, "proxy-authorization: Basic eDp5"]);
      for (const credential of ["authorization", "x-api-key", "proxy-authorization"])
        assert.deepEqual(names(seen, credential), []);
      assert.ok(!JSON.stringify(seen).includes(KEYS.acmeAnalyst));
    }
  });

  test("is served when the header comes a second time with nothing in it: Envoy drops that one", async () => {
    await served([KEY, "authorization:"]);
    await served(["authorization:", KEY]);
  });
});

describe("headers that only Regent and Envoy may set", () => {
  test("do not name a caller", async () => {
    await watch.refused("identity_required", () => ask(FORGED_HEADERS));
    for (const line of FORGED_HEADERS) await watch.refused("identity_required", () => ask([line]));
  });

  test("do not give a caller another role", async () => {
    await watch.refused("model_not_permitted", () => ask([KEY, ...FORGED_HEADERS], DENIED_BODY));
  });

  test("do not reach the model from a client", async () => {
    const seen = await served([KEY, ...FORGED_HEADERS, ...STEERING_HEADERS]);
    assert.deepEqual(names(seen, "x-regent-").sort(), [
      `x-regent-decision-id: ${seen.decisionId}`,
      `x-regent-target: ${seen.server}`,
      "x-regent-tenant: acme",
    ]);
    assert.deepEqual(names(seen, "x-forwarded-client-cert"), []);
    assert.deepEqual(names(seen, "x-envoy-"), ["x-envoy-external-address: 127.0.0.1"]);
  });

  test("do not choose the decision id or the tenant of a record", async () => {
    const seen = await served([KEY, ...FORGED_HEADERS]);
    assert.notEqual(seen.decisionId, "00000000-0000-4000-8000-000000000000");
    const { identity } = await recordOf(stack, seen.decisionId);
    assert.deepEqual(identity, {
      subject: "acme-analyst",
      tenant: "acme",
      roles: ["analyst"],
      method: "api_key",
    });
  });

  test("do not choose the target: data that must stay in the EU stays there", async () => {
    for (const target of ["sim-us", "sim-us, sim-eu", "regent"]) {
      const seen = await served([`x-api-key: ${KEYS.globexAnalyst}`, `x-regent-target: ${target}`]);
      assert.deepEqual(
        [seen.server, names(seen, "x-regent-target")],
        ["sim-eu", ["x-regent-target: sim-eu"]],
      );
    }
  });

  test("do not shorten the time of an answer", async () => {
    await served([KEY, ...STEERING_HEADERS], JSON.stringify(chat("sim-small", "[[delay:200]]")));
  });

  test("do not make Envoy try again", async () => {
    const failing = JSON.stringify(chat("sim-small", "[[fault:500]]"));
    const answer = await ask([KEY, ...STEERING_HEADERS], failing);
    assert.equal(answer.status, 500);
    seenOf(answer);
  });

  test("that are spelt with an underscore are refused", async () => {
    for (const line of [
      "x_regent_target: sim-eu",
      "x_forwarded_client_cert: URI=spiffe://a/b",
      `x_api_key: ${KEYS.acmeAdmin}`,
    ])
      await watch.unreached(() => assert.rejects(ask([KEY, line]), /0 answers/));
  });
});

test("everything that reached a model had its allow, and every refusal its record", () => watch.settle());
