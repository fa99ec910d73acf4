import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  type Ask,
  chatBody,
  compileAnswering,
  createStage,
  exchangeOf,
  onlyRecord,
  planOf,
  refusalOf,
  type Stage,
  send,
} from "../../test/support/pipeline.ts";
import type { Identity } from "../exchange/identity.ts";
import { JSON_DEPTH_MAX } from "../wire/json/index.ts";

const policy = await compileAnswering();
const JSON_TYPE = ["content-type", "application/json"] as const;

/** Sends and tells how it was refused: status and code. Policy is not asked. */
async function refused(ask: Ask, stage: Stage = createStage({ policy })): Promise<string> {
  const { status, code } = refusalOf((await send(stage, ask)).answer);
  assert.deepEqual(stage.asked, []);
  const record = onlyRecord(stage);
  assert.equal(record.verdict, "deny");
  assert.equal(record.end, "refused");
  assert.equal(record.status, status);
  assert.deepEqual(
    record.reasons.map((reason) => reason.code),
    [code],
  );
  return `${status} ${code}`;
}

test("refuses everything while the audit log cannot be written, before it looks at anything else", async () => {
  for (const ask of [
    { body: chatBody() },
    { body: chatBody(), headers: [["x-api-key", "second"]] },
    { path: "/V1/models" },
    { path: "/v1/models" },
    { body: chatBody(), headers: [["upgrade", "websocket"]] },
    { body: "not JSON" },
  ] satisfies Ask[]) {
    const stage = createStage({ policy });
    stage.audit.fault = "disk full";
    assert.equal(await refused(ask, stage), "503 audit_unavailable");
    assert.equal(onlyRecord(stage).identity.method, "none");
  }
});

test("tells no client why the audit log cannot be written, but the process log", async () => {
  const stage = createStage({ policy });
  stage.audit.fault = "/secret/path is full";
  const { answer } = await send(stage);
  assert.ok(answer.kind === "answer");
  assert.ok(!JSON.stringify(answer.answer.headers).includes("secret"));
  assert.ok(!answer.answer.body.includes("secret"));
  assert.deepEqual(
    stage.logged.map(({ facts }) => [facts.code, facts.err]),
    [["audit_unavailable", "/secret/path is full"]],
  );
});

test("takes who calls from the key, and shows policy what it established", async () => {
  const stage = createStage({ policy });
  planOf((await send(stage, { body: chatBody() })).answer);
  const { identity } = JSON.parse(stage.asked[0]?.text ?? "");
  assert.deepEqual(identity, {
    subject: "acme-analyst",
    tenant: "acme",
    roles: ["analyst"],
    claims: {},
    method: "api_key",
  });
});

test("refuses credentials that are unknown, repeated or contradicting", async () => {
  const stage = createStage({ policy });
  const analyst = stage.keys.analyst;
  const cases: readonly [Ask, string][] = [
    [{ headers: [["x-api-key", "unknown"]], credentials: false }, "401 credentials_invalid"],
    [{ headers: [["authorization", "Basic abc"]], credentials: false }, "401 credentials_invalid"],
    [{ headers: [["x-api-key", analyst]] }, "401 credentials_ambiguous"],
    [{ headers: [["authorization", `Bearer ${analyst}`]] }, "401 credentials_ambiguous"],
    [{ principal: "spiffe://mesh.test/ns/globex/sa/bot" }, "401 credentials_ambiguous"],
  ];
  for (const [ask, expected] of cases) {
    stage.records.length = 0;
    assert.equal(await refused({ body: chatBody(), ...ask }, stage), expected);
  }
});

test("refuses a key in the query before policy sees it, and answers in a form that cannot be read", async () => {
  const path = "/v1beta/models/sim-small:generateContent";
  const body = JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] });
  const key = randomBytes(18).toString("base64url");
  const cases: readonly [query: string, expected: string][] = [
    [`?key=${key}`, "401 credentials_invalid"],
    [`?alt=sse&%6bey=${key}`, "401 credentials_invalid"],
    [`?$key=${key}`, "401 credentials_invalid"],
    [`?access_token=${key}`, "401 credentials_invalid"],
    ["?alt=proto", "400 body_invalid"],
    ["?alt=json&$alt=media", "400 body_invalid"],
    ["?fields=candidates", "400 body_invalid"],
    ["?callback=f", "400 body_invalid"],
    ["?$ct=application/x-protobuf", "400 body_invalid"],
    [`?%24httpHeaders=X-Goog-Api-Key%3A${key}%0D%0A`, "400 body_invalid"],
    ["?$httpMethod=DELETE", "400 body_invalid"],
    ["?$req=%7B%7D", "400 body_invalid"],
    ["?alt=sse&$userProject=mine", "400 body_invalid"],
  ];
  for (const [query, expected] of cases) {
    const stage = createStage({ policy });
    await send(stage, { path: path + query, body });
    const { status, reasons } = onlyRecord(stage);
    assert.equal(`${status} ${reasons.map(({ code }) => code)}`, expected, query);
    assert.deepEqual(stage.asked, []);
    assert.ok(!JSON.stringify([stage.records, stage.logged]).includes(key));
  }
  for (const query of [
    "",
    "?alt=json",
    "?alt=sse",
    "?$alt=json;enum-encoding=int",
    "?alt=json%3Benum-encoding%3Dint",
  ]) {
    const stage = createStage({ policy });
    await send(stage, { path: path + query, body });
    assert.ok(stage.asked.length > 0, query);
  }
});

const HANDED: Identity = { subject: "bot", tenant: "globex", roles: ["admin"], claims: {}, method: "mtls" };
const HAND_OVER = {
  decisionId: "0d9a2c9e-0000-4000-8000-000000000001",
  allowed: true,
  identity: HANDED,
  revision: "z",
};

test("takes identity and decision id from the hand-over, whatever the headers say", async () => {
  const stage = createStage({ policy });
  const forged = [
    ["x-regent-decision-id", "forged"],
    ["x-regent-tenant", "forged"],
    ["x-api-key", "second"],
  ] as const;
  const plan = planOf((await send(stage, { body: chatBody(), headers: forged, handOver: HAND_OVER })).answer);
  assert.deepEqual(JSON.parse(stage.asked[0]?.text ?? "").identity, HANDED);
  const set = new Map(plan.headers.set);
  assert.equal(set.get("x-regent-decision-id"), HAND_OVER.decisionId);
  assert.equal(set.get("x-regent-tenant"), "globex");
});

test("believes no header that claims what a hand-over would say", async () => {
  const stage = createStage({ policy });
  const headers = [
    ["x-regent-tenant", "globex"],
    ["x-regent-decision-id", "forged"],
  ] as const;
  const { exchange, answer } = await send(stage, { body: chatBody(), headers });
  const set = new Map(planOf(answer).headers.set);
  assert.equal(set.get("x-regent-decision-id"), exchange.id);
  assert.equal(set.get("x-regent-tenant"), "acme");
  assert.equal(stage.asked[0]?.text.includes("forged"), false);
});

test("refuses what ext_authz refused, should it come this far", async () => {
  const stage = createStage({ policy });
  const ask = { body: chatBody(), handOver: { ...HAND_OVER, allowed: false } };
  assert.equal(await refused(ask, stage), "403 ext_authz_denied");
  assert.equal(onlyRecord(stage).identity.tenant, "globex");
  assert.equal(onlyRecord(stage).id, HAND_OVER.decisionId);
});

test("refuses protocol upgrades", async () => {
  assert.equal(await refused({ path: "/v1/x", headers: [["upgrade", "websocket"]] }), "400 upgrade_refused");
  assert.equal(await refused({ body: chatBody(), headers: [["upgrade", ""]] }), "400 upgrade_refused");
});

test("refuses paths that some server may read as a governed one", async () => {
  for (const path of [
    "//v1/chat/completions",
    "/v1/chat/completions/",
    "/v1/%63hat/completions",
    "/V1/models",
  ])
    assert.equal(await refused({ path, method: "POST", body: chatBody() }), "400 path_ambiguous", path);
});

test("refuses a body over the limit of its route by the length that is announced, and at the limit lets it come", async () => {
  const maxBodyBytes = 1_000;
  const announced = async (length: string) => {
    const stage = createStage({ policy, maxBodyBytes });
    const exchange = exchangeOf(stage, { body: chatBody(), headers: [["content-length", length]] });
    const answer = await stage.governor.begin(exchange).requestHead(false);
    return answer.kind === "need_body" ? answer.kind : refusalOf(answer).code;
  };
  assert.equal(await announced("1000"), "need_body");
  for (const length of ["1001", "20000000", "1e9", "many", "10, 2000"])
    assert.equal(await announced(length), "body_too_large", length);
});

test("refuses a body over the limit that was not announced", async () => {
  const body = JSON.stringify(chatBody());
  const limit = (maxBodyBytes: number) => createStage({ policy, maxBodyBytes });
  assert.equal(await refused({ body }, limit(body.length - 1)), "413 body_too_large");
  planOf((await send(limit(body.length), { body })).answer);
});

test("asks for the body before it decides, also where the path is no endpoint it knows", async () => {
  for (const path of ["/v1/chat/completions", "/other", "/v1/models"]) {
    const stage = createStage({ policy });
    const governance = stage.governor.begin(exchangeOf(stage, { path, method: "POST", body: "x" }));
    assert.deepEqual(await governance.requestHead(false), { kind: "need_body" });
    assert.deepEqual(stage.asked, []);
  }
});

test("governs what a gzip body says and passes its own bytes on where nothing changes", async () => {
  const stage = createStage({ policy });
  const body = gzipSync(JSON.stringify(chatBody({ seed: 7 })));
  const plan = planOf((await send(stage, { body, headers: [["content-encoding", "gzip"]] })).answer);
  assert.equal(JSON.parse(stage.asked[0]?.text ?? "").request.body.seed, 7);
  assert.equal(plan.body, undefined);
  assert.ok(!plan.headers.remove.includes("content-encoding"));
});

test("sends a gzip body on plain, with its own length, where it is changed", async () => {
  const stage = createStage({ policy });
  const body = gzipSync(JSON.stringify(chatBody({ model: "default" })));
  const headers = [
    ["content-encoding", "gzip"],
    ["etag", "x"],
  ] as const;
  const plan = planOf((await send(stage, { body, headers })).answer);
  assert.deepEqual(JSON.parse(plan.body?.toString() ?? ""), chatBody());
  for (const name of ["content-encoding", "etag", "content-md5", "digest"])
    assert.ok(plan.headers.remove.includes(name), name);
  assert.equal(new Map(plan.headers.set).get("content-length"), String(plan.body?.length));
});

test("refuses codings it cannot undo, and gzip that grows over the limit", async () => {
  const body = JSON.stringify(chatBody());
  for (const coding of ["br", "zstd", "deflate", "gzip, gzip", "GZIP, br"])
    assert.equal(
      await refused({ body, headers: [["content-encoding", coding]] }),
      "415 encoding_unsupported",
      coding,
    );
  const gzip = [["content-encoding", "gzip"]] as const;
  assert.equal(await refused({ body, headers: gzip }), "415 encoding_unsupported");
  const large = gzipSync(JSON.stringify(chatBody({ pad: "x".repeat(5_000) })));
  assert.equal(
    await refused({ body: large, headers: gzip }, createStage({ policy, maxBodyBytes: 4_000 })),
    "413 body_too_large",
  );
});

test("refuses what is no strict JSON at an inference endpoint, whatever its content-type says", async () => {
  const bodies = [
    "",
    "nope",
    "null",
    "[]",
    '{"model":"small"',
    `${JSON.stringify(chatBody())} {}`,
    '{"model":"small","model":"large","messages":[]}',
    '{"model":"small","mod\\u0065l":"large","messages":[]}',
    '{"messages":[]}',
    '{"model":7,"messages":[]}',
    "[".repeat(JSON_DEPTH_MAX + 1),
  ];
  for (const body of [...bodies.map((text) => Buffer.from(text)), Buffer.from([0x22, 0xff, 0x22])])
    for (const type of ["application/json", "text/plain"])
      assert.equal(
        await refused({ body, headers: [["content-type", type]] }),
        "400 body_invalid",
        body.toString(),
      );
});

test("refuses an inference endpoint without a body", async () => {
  assert.equal(await refused({ method: "POST" }), "400 body_invalid");
});

test("governs JSON at an inference endpoint under any content-type", async () => {
  for (const type of ["text/plain", "application/octet-stream", "application/json;charset=utf-8"]) {
    const stage = createStage({ policy });
    planOf((await send(stage, { body: chatBody(), headers: [["content-type", type]] })).answer);
    assert.equal(JSON.parse(stage.asked[0]?.text ?? "").inference.model, "small");
  }
});

test("shows policy the JSON body of an endpoint it does not know, and says that it is no inference", async () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"]) {
    const stage = createStage({ policy });
    const ask = {
      path: "/other",
      method: "POST",
      body: '{"a": 1.0}',
      headers: [["content-type", type]],
    } as const;
    planOf((await send(stage, ask)).answer);
    const input = JSON.parse(stage.asked[0]?.text ?? "");
    assert.deepEqual(input.request.body, { a: 1 }, type);
    for (const absent of ["inference", "model", "targets", "estimate"])
      assert.ok(!Object.hasOwn(input, absent), absent);
  }
});

test("does not look into a body at an unknown endpoint that claims to be something else", async () => {
  for (const headers of [
    [],
    [["content-type", "text/plain"]],
    [["content-type", "text/plain; a=/json"]],
  ] as const) {
    const stage = createStage({ policy });
    const ask = { path: "/other", method: "POST", body: "{ nope", headers } as const;
    planOf((await send(stage, ask)).answer);
    assert.equal(JSON.parse(stage.asked[0]?.text ?? "").request.body, null);
  }
});

test("refuses a body at an unknown endpoint that claims to be JSON and is not, or is coded beyond reading", async () => {
  const other = { path: "/other", method: "POST", body: "{ nope" } as const;
  assert.equal(await refused({ ...other, headers: [JSON_TYPE] }), "400 body_invalid");
  const coded = [JSON_TYPE, ["content-encoding", "br"]] as const;
  assert.equal(await refused({ ...other, headers: coded }), "415 encoding_unsupported");
});

test("refuses JSON in another character set than UTF-8, where it would be read", async () => {
  for (const charset of ["utf-7", "utf-16le", "latin1", "utf-8x", '"utf-7"']) {
    const headers = [["content-type", `application/json; charset=${charset}`]] as const;
    assert.equal(await refused({ body: chatBody(), headers }), "415 encoding_unsupported", charset);
    assert.equal(
      await refused({ path: "/other", method: "POST", body: "{}", headers }),
      "415 encoding_unsupported",
    );
  }
});
