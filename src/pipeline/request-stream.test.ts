/** A stream of requests, each judged before it leaves. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { fakePolicies } from "../../test/envoy/support/fake-policies.ts";
import { base64, decodeMessage, encodeMessage, framed, unframed } from "../../test/support/infer-proto.ts";
import {
  type Ask,
  compilePolicies,
  createStage,
  exchangeOf,
  onlyRecord,
  REQUEST_ENTRYPOINT,
  RESPONSE_ENTRYPOINT,
  type Stage,
  type StageOptions,
} from "../../test/support/pipeline.ts";
import type { DecisionEvent } from "../decision-log/event.ts";
import { RegentError } from "../exchange/errors.ts";
import { headersFrom } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import type { PolicyEngine } from "../policy/engine.ts";
import type { Governance, RequestChunkAnswer } from "./governor.ts";
import { STREAM_REQUESTS_MAX } from "./request-stream.ts";

/** Decides each request by its parameter `at`, from a list in a header; without the parameter by the first of it. */
const policy = await compilePolicies(
  {
    "request.rego": `package regent.request

_decisions := json.unmarshal(input.request.headers["x-decide-request"][0])

default _at := 0

_at := input.inference.parameters.at

decision := _decisions[_at]
`,
    "response.rego": `package regent.response

decision := {"allow": true, "reasons": [
	{"code": "seen", "kind": "content", "message": "Seen.", "policy": "a/b", "severity": "warning"},
]}
`,
  },
  [REQUEST_ENTRYPOINT, RESPONSE_ENTRYPOINT],
);

const PATH = "/inference.GRPCInferenceService/ModelStreamInfer";
const MAIL = "jane.doe@example.com";
const ALLOW: JsonObject = { allow: true };
const DENY: JsonObject = {
  allow: false,
  reasons: [
    { code: "no", kind: "permission", message: "Not this one: 100 %.", policy: "a/b", severity: "error" },
  ],
};
const MASK: JsonObject = {
  allow: true,
  redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "request" }],
};

type Said = { readonly text?: string; readonly at?: number; readonly model?: string };

const message = ({ text = "Hello.", at = 0, model = "small" }: Said = {}) =>
  encodeMessage("request", {
    modelName: model,
    parameters: { at: { int64Param: String(at) } },
    inputs: [{ name: "text", datatype: "BYTES", shape: ["1"], contents: { bytesContents: [base64(text)] } }],
  });
const request = (said?: Said) => framed(message(said));
const textIn = (frame: Buffer) => {
  const { inputs } = decodeMessage("request", unframed(frame)[0] as Buffer);
  const [input] = inputs as { contents: { bytesContents: string[] } }[];
  return Buffer.from(input?.contents.bytesContents[0] ?? "", "base64").toString();
};

type Opened = {
  readonly stage: Stage;
  readonly governance: Governance;
  push(chunk: Buffer, endOfStream?: boolean): Promise<RequestChunkAnswer>;
};

async function open(
  decisions: readonly JsonObject[] = [ALLOW, ALLOW],
  options: Partial<StageOptions> = {},
  ask: Partial<Ask> = {},
): Promise<Opened> {
  const stage = createStage({ policy, ...options });
  const exchange = exchangeOf(stage, { path: PATH, body: Buffer.alloc(0), decide: [...decisions], ...ask });
  const governance = stage.governor.begin(exchange);
  const head = await governance.requestHead(false);
  assert.deepEqual(head, { kind: "need_body", streams: true });
  const { requestChunk } = governance;
  assert.ok(requestChunk !== undefined);
  return { stage, governance, push: (chunk, end = false) => requestChunk(chunk, end) };
}

const bytesOf = ({ requests }: RequestChunkAnswer) => requests.map(({ bytes }) => bytes);
const trailersOf = ({ refusal }: RequestChunkAnswer) => Object.fromEntries(refusal?.trailers ?? []);

/** The code and the gRPC status with which the second request is refused behind the first one. */
async function secondRefused(
  decision: JsonObject,
  said: Said = {},
  first: JsonObject = ALLOW,
): Promise<string> {
  const { stage, governance, push } = await open([first, decision]);
  assert.equal((await push(request())).requests.length, 1);
  const answer = await push(request({ at: 1, ...said }));
  assert.deepEqual(answer.requests, []);
  assert.ok(answer.refusal !== undefined, "it was let through");
  governance.end("complete");
  const record = onlyRecord(stage);
  assert.equal(record.verdict, "deny");
  const { "x-regent-reason": code, "grpc-status": status } = trailersOf(answer);
  assert.ok(record.reasons.some((reason) => reason.code === code));
  return `${code} ${status}`;
}

describe("a stream of requests", () => {
  test("opens its exchange with the first, and passes the others as they come", async () => {
    const { stage, governance, push } = await open([ALLOW, ALLOW]);
    const first = await push(request({ text: "a" }));
    assert.deepEqual(bytesOf(first), [request({ text: "a" })]);
    const set = new Map(first.head?.headers.set);
    assert.equal(set.get("x-regent-target"), "us");
    assert.equal(first.head?.body, undefined);
    const second = await push(request({ text: "b", at: 1 }));
    assert.deepEqual([bytesOf(second), second.head], [[request({ text: "b", at: 1 })], undefined]);
    assert.deepEqual(await push(Buffer.alloc(0), true), { requests: [], isPartial: false });
    governance.end("complete");
    const all = Buffer.concat([request({ text: "a" }), request({ text: "b", at: 1 })]);
    const { request: recorded, inference, verdict } = onlyRecord(stage);
    assert.deepEqual(
      [recorded.bodyBytes, recorded.bodySha256, recorded.upstreamBodySha256],
      [all.length, createHash("sha256").update(all).digest("hex"), undefined],
    );
    assert.deepEqual([inference?.model, inference?.stream, verdict], ["small", true, "allow"]);
  });

  test("never says how long it is, or what all of it is", async () => {
    const headers = [
      ["content-length", "5"],
      ["digest", "sha-256=x"],
    ] as const;
    const { push } = await open([MASK], {}, { headers });
    const { head } = await push(request({ text: `to ${MAIL}` }));
    assert.ok(head?.headers.remove.includes("content-length") && head.headers.remove.includes("digest"));
    assert.ok(!head?.headers.set.some(([name]) => name === "content-length"));
  });

  test("is searched and masked request by request, and the record has all of it", async () => {
    const { stage, governance, push } = await open([MASK, MASK]);
    await push(request({ text: `first ${MAIL}` }));
    const second = await push(request({ text: `second ${MAIL}`, at: 1 }));
    assert.equal(textIn(bytesOf(second)[0] as Buffer), "second <EMAIL_ADDRESS>");
    await push(request({ text: "nothing", at: 1 }));
    governance.end("complete");
    const { findings, redactions, request: recorded, estimate } = onlyRecord(stage);
    assert.deepEqual(findings, [{ type: "EMAIL_ADDRESS", count: 2 }]);
    assert.deepEqual(redactions, [{ type: "EMAIL_ADDRESS", count: 2 }]);
    assert.ok(recorded.upstreamBodySha256 !== undefined);
    assert.ok(
      (estimate?.inputTokens ?? 0) > 20 && estimate?.outputTokensMax === 300,
      JSON.stringify(estimate),
    );
    const asked = stage.asked.map(({ text }) => JSON.parse(text) as { findings: { where: string[] }[] });
    assert.deepEqual(
      asked.map(({ findings: found }) => found.map(({ where }) => where)),
      [[["/requests/0/inputs/0/data/0"]], [["/requests/1/inputs/0/data/0"]], []],
    );
  });

  test("gives the same however it is cut", async () => {
    const said = [{ text: "a" }, { text: `to ${MAIL}`, at: 1 }, { text: "", at: 1 }, { text: "é", at: 1 }];
    const whole = Buffer.concat(said.map((one) => request(one)));
    const push = async (cuts: readonly number[]) => {
      const { push: give } = await open([MASK, MASK]);
      const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const given: Buffer[] = [];
      for (const [index, start] of at.slice(0, -1).entries()) {
        const answer = await give(whole.subarray(start, at[index + 1]), index === at.length - 2);
        assert.equal(answer.refusal, undefined);
        given.push(...bytesOf(answer));
      }
      return given;
    };
    const expected = await push([]);
    assert.deepEqual(expected.map(textIn), ["a", "to <EMAIL_ADDRESS>", "", "é"]);
    for (let cut = 1; cut < whole.length; cut++) assert.deepEqual(await push([cut]), expected);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 20 }),
        async (cuts) => assert.deepEqual(await push(cuts), expected),
      ),
      { numRuns: 50 },
    );
  });

  test("takes messages that are compressed one by one, and none that are compressed together", async () => {
    const zipped = gzipSync(message({ text: `to ${MAIL}` }));
    const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, zipped.length]), zipped]);
    const { push } = await open([MASK], {}, { headers: [["grpc-encoding", "gzip"]] });
    assert.equal(textIn(bytesOf(await push(frame))[0] as Buffer), "to <EMAIL_ADDRESS>");
    const whole = await open([ALLOW], {}, { headers: [["content-encoding", "gzip"]] });
    assert.equal(trailersOf(await whole.push(request()))["x-regent-reason"], "encoding_unsupported");
  });

  test("leaves others their turn between requests that came together", async () => {
    const { push } = await open([ALLOW]);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const { requests } = await push(Buffer.concat(Array.from({ length: 200 }, () => request())));
    clearInterval(count);
    assert.equal(requests.length, 200);
    assert.ok(turns > 10, `${turns} turns`);
  });

  test("is judged no further when it is over", async () => {
    const limits = [{ key: "tenant:acme", unit: "requests", amount: 9, window: "1h" }];
    const { stage, governance, push } = await open([{ allow: true, limits }], {
      beforePolicy: ({ asked }) => {
        if (asked.length === 3) governance.stop?.();
      },
    });
    const five = Buffer.concat(Array.from({ length: 5 }, () => request()));
    const answer = await push(five, true);
    assert.deepEqual([answer.requests.length, answer.refusal, stage.asked.length], [3, undefined, 3]);
    governance.end("aborted");
    assert.deepEqual(await push(five), { requests: [], isPartial: false });
    assert.equal(stage.asked.length, 3);
    const [budget] = stage.meter.budgets("acme");
    assert.deepEqual([budget?.reserved, budget?.used], [0, 3]);
    assert.equal(onlyRecord(stage).verdict, "allow");
  });

  test("reserves nothing when its account is closed", async () => {
    const limits = [{ key: "tenant:acme", unit: "requests", amount: 9, window: "1h" }];
    const { stage, governance, push } = await open([{ allow: true, limits }]);
    await push(request());
    governance.end("aborted");
    assert.deepEqual(await push(request()), { requests: [], isPartial: false });
    assert.equal(stage.meter.budgets("acme")[0]?.reserved, 0);
  });

  test("is logged decision by decision, each with its time, under an id of its own that leads to the exchange", async () => {
    const logged: DecisionEvent[] = [];
    const { stage, governance, push } = await open([ALLOW, ALLOW], {
      decisionLog: { log: (event) => void logged.push(event) },
      beforePolicy: ({ clock }) => {
        clock.monotonicMs += 2;
      },
    });
    await push(request());
    stage.clock.monotonicMs += 60_000;
    await push(request({ at: 1 }));
    governance.end("complete");
    assert.deepEqual(
      logged.map(({ metrics }) => metrics.timer_server_handler_ns),
      [2e6, 2e6],
    );
    const { id } = onlyRecord(stage);
    assert.deepEqual(
      logged.map(({ decisionId, batchDecisionId }) => [decisionId === id, batchDecisionId]),
      [
        [true, undefined],
        [false, id],
      ],
    );
  });
});

describe("a request behind the first of a stream", () => {
  test("that policy denies does not leave, and those in front of it do", async () => {
    const { stage, governance, push } = await open([ALLOW, DENY]);
    const answer = await push(Buffer.concat([request(), request({ at: 1 }), request()]));
    assert.deepEqual(bytesOf(answer), [request()]);
    assert.deepEqual(trailersOf(answer), {
      "grpc-status": "7",
      "grpc-message": "Not this one: 100 %25.",
      "x-regent-reason": "no",
    });
    assert.equal(answer.refusal?.answer.status, 403);
    const [last] = unframed(answer.refusal?.last ?? Buffer.alloc(0));
    assert.equal(decodeMessage("streamed", last as Buffer).errorMessage, "Not this one: 100 %.");
    governance.end("complete", 403);
    const { verdict, end, status, reasons, charge } = onlyRecord(stage);
    assert.deepEqual([verdict, end, status], ["deny", "refused", 403]);
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["no"],
    );
    assert.equal(charge?.source, "estimated");
  });

  test("leaves what was seen of it in the record where it is refused", async () => {
    const warning = { code: "soon", kind: "content", message: "Soon.", policy: "a/b", severity: "warning" };
    const labels = { labels: { first: "2", second: "2" } };
    const label = { labels: { first: "1" } };
    const denial = { ...DENY, reasons: [...(DENY.reasons as JsonObject[]), warning], audit: labels };
    for (const [second, codes] of [
      [denial, ["no", "soon"]],
      [{ allow: true, reasons: [warning], audit: labels }, ["soon", "obligation_unsupported"]],
    ] as const) {
      const { stage, governance, push } = await open([{ allow: true, audit: label }, second]);
      await push(request());
      assert.deepEqual((await push(request({ text: `to ${MAIL}`, at: 1 }))).requests, []);
      governance.end("complete");
      const { findings, reasons, audit, estimate, redactions } = onlyRecord(stage);
      assert.deepEqual(findings, [{ type: "EMAIL_ADDRESS", count: 1 }]);
      assert.deepEqual(
        reasons.map(({ code }) => code),
        codes,
      );
      assert.deepEqual(audit.labels, { first: "1", second: "2" });
      // Of what did not leave nothing is used, and nothing is masked in it.
      assert.deepEqual([estimate?.outputTokensMax, redactions], [100, []]);
    }
  });

  test("keeps its reason in the record when policy is asked about the answer after it", async () => {
    const { stage, governance, push } = await open([ALLOW, DENY]);
    await push(request());
    await push(request({ at: 1 }));
    const headers = headersFrom([["content-type", "application/grpc"]]);
    await governance.responseHead({ status: 200, headers }, false);
    governance.end("complete");
    const { reasons, verdict, status } = onlyRecord(stage);
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["no", "seen"],
    );
    assert.deepEqual([verdict, status], ["deny", 200]);
  });

  test("is refused where it is none that can be read, or asks for another model", async () => {
    const { push } = await open([ALLOW]);
    await push(request());
    assert.equal(trailersOf(await push(framed(Buffer.from("no protobuf"))))["grpc-status"], "3");
    const end = await open([ALLOW]);
    await end.push(request());
    const cut = await end.push(request().subarray(0, -1), true);
    assert.deepEqual([cut.requests, trailersOf(cut)["x-regent-reason"]], [[], "body_invalid"]);
    assert.equal(await secondRefused(ALLOW, { model: "large" }), "body_invalid 3");
    assert.equal(await secondRefused(ALLOW, { model: "default" }), "body_invalid 3");
    assert.equal(await secondRefused(ALLOW, { model: "" }), "body_invalid 3");
  });

  test("goes to the target of the first or nowhere", async () => {
    assert.equal(await secondRefused({ allow: true, route: { targets: ["eu"] } }), "no_permitted_target 14");
    assert.equal(await secondRefused({ allow: true, route: { model: "large" } }), "no_permitted_target 14");
    const { push } = await open([ALLOW, { allow: true, route: { targets: ["us"] } }]);
    await push(request());
    assert.equal((await push(request({ at: 1 }))).requests.length, 1);
  });

  test("is refused where policy asks for what comes too late, or cannot be done", async () => {
    const header = (value: string) => ({ allow: true, transform: { set_headers: { "x-a": value } } });
    for (const [decision, first] of [
      [{ allow: true, hold: { approval: "board" } }],
      [header("b")],
      [header("b"), header("a")],
      [ALLOW, header("a")],
      [{ allow: true, route: { headers: { "x-a": "b" } } }],
      [{ allow: true, transform: { remove_headers: ["x-b"] } }],
      [ALLOW, { allow: true, transform: { remove_headers: ["x-b"] } }],
      [{ allow: true, response: { inspect: true } }],
      [{ allow: true, response: { max_output_tokens: 5 } }],
      [{ allow: true, redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "response" }] }],
      [{ allow: true, audit: { level: "full" } }],
      [
        { allow: true, audit: { labels: { a: "2" } } },
        { allow: true, audit: { labels: { a: "1" } } },
      ],
    ] as const satisfies (readonly [JsonObject, JsonObject?])[])
      assert.equal(
        await secondRefused(decision, {}, first),
        "obligation_unsupported 13",
        JSON.stringify([first, decision]),
      );
  });

  test("may ask for no more than the first one asked, and for labels of its own", async () => {
    const careful: JsonObject = {
      allow: true,
      response: { inspect: true, max_output_tokens: 5 },
      audit: { labels: { a: "1" } },
    };
    const { stage, governance, push } = await open([
      careful,
      { allow: true, response: { max_output_tokens: 9 }, audit: { labels: { b: "2" } } },
    ]);
    await push(request());
    assert.equal((await push(request({ at: 1 }))).refusal, undefined);
    governance.end("complete");
    assert.deepEqual(onlyRecord(stage).audit.labels, { a: "1", b: "2" });
  });

  test("is refused when the policies fail, or the audit log does", async () => {
    assert.equal(await secondRefused({ allow: "yes" }), "policy_output_invalid 13");
    assert.equal(await secondRefused(ALLOW, { at: 7 }), "policy_output_invalid 13");
    const { stage, push } = await open([ALLOW]);
    await push(request());
    stage.audit.fault = "disk full";
    assert.equal(trailersOf(await push(request()))["x-regent-reason"], "audit_unavailable");
  });

  test("takes from the budget what it may use, and is refused where nothing is left", async () => {
    const limits = [
      { key: "tenant:acme", unit: "tokens", amount: 250, window: "1h" },
      { key: "tenant:acme", unit: "requests", amount: 2, window: "1h" },
    ];
    const { stage, governance, push } = await open([{ allow: true, limits }]);
    const reserved = () => stage.meter.budgets("acme").map((budget) => budget.reserved);
    await push(request());
    const [once = 0] = reserved();
    assert.ok(once > 100);
    await push(request());
    assert.deepEqual(reserved(), [2 * once, 2]);
    const third = await push(request());
    assert.deepEqual([third.requests.length, trailersOf(third)["grpc-status"]], [0, "8"]);
    governance.end("complete");
    assert.deepEqual(reserved(), [0, 0]);
    assert.equal(stage.meter.budgets("acme")[1]?.used, 2);
  });

  test("leaves later attempts no target that policy did not permit for it", async () => {
    const { stage, push } = await open([ALLOW, { allow: true, route: { targets: ["us"] } }]);
    await push(request());
    const id = idOf(stage);
    const attempt = (target: string) =>
      stage.governor
        .attempt({
          exchange: { ...exchangeOf(stage, { path: PATH, body: "" }), id },
          target,
          host: undefined,
        })
        .requestHead(false);
    await push(request({ at: 1 }));
    assert.equal((await attempt("us")).kind, "pass");
    assert.equal((await attempt("eu")).kind, "answer");
  });
});

describe("an attempt of a stream of requests", () => {
  test("goes on without its body, and again after one that failed", async () => {
    const { stage, push } = await open([ALLOW]);
    await push(request());
    const id = idOf(stage);
    const attempt = (endOfStream: boolean) =>
      stage.governor
        .attempt({
          exchange: { ...exchangeOf(stage, { path: PATH, body: "" }), id },
          target: "us",
          host: undefined,
        })
        .requestHead(endOfStream);
    assert.equal((await attempt(false)).kind, "pass");
    assert.equal((await attempt(false)).kind, "pass");
    // Nothing of what was judged would be in it.
    assert.equal((await attempt(true)).kind, "answer");
  });
});

describe("a bound of a stream of requests", () => {
  /** Policies that cost nothing. */
  const fast = {
    for: () => fakePolicies(async () => ({ result: { allow: true }, revision: "r" })),
  } as unknown as PolicyEngine;

  test("is their number", async () => {
    const { push } = await open([ALLOW], { policy: fast });
    const half = Buffer.concat(Array.from({ length: STREAM_REQUESTS_MAX / 2 }, () => request()));
    for (let i = 0; i < 2; i++) assert.equal((await push(half)).refusal, undefined);
    const one = await push(request());
    assert.deepEqual([one.requests.length, trailersOf(one)["x-regent-reason"]], [0, "body_too_large"]);
  });

  test("is the size of each, which is known before it has come", async () => {
    const bytesMax = 64 * 1024;
    const { push } = await open([ALLOW], { policy: fast, maxBodyBytes: bytesMax });
    await push(request());
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytesMax + 1, 1);
    const { refusal, requests } = await push(head);
    assert.deepEqual([requests.length, refusal?.answer.status], [0, 413]);
    const most = await open([ALLOW], { policy: fast, maxBodyBytes: bytesMax });
    head.writeUInt32BE(bytesMax - 5, 1);
    assert.deepEqual(await most.push(head), { requests: [], isPartial: true });
  });

  test("is none of their bytes together", async () => {
    const bytesMax = 8 * 1024;
    const { push } = await open([ALLOW], { policy: fast, maxBodyBytes: bytesMax });
    for (let i = 0; i < 4; i++)
      assert.equal((await push(request({ text: "x".repeat(bytesMax / 2) }))).refusal, undefined);
  });

  test("is at least one request", async () => {
    const { stage, governance, push } = await open();
    const answer = await push(Buffer.alloc(0), true);
    assert.equal(answer.refusal?.answer.status, 400);
    governance.end("refused");
    assert.deepEqual([onlyRecord(stage).verdict, onlyRecord(stage).status], ["deny", 400]);
  });

  test("that only Envoy's side knows refuses in the same words", async () => {
    const { stage, governance, push } = await open([ALLOW]);
    await push(request());
    const refusal = governance.refuseRequest?.(new RegentError("request_timeout"));
    assert.equal(Object.fromEntries(refusal?.trailers ?? [])["grpc-status"], "4");
    governance.end("complete");
    assert.equal(onlyRecord(stage).verdict, "deny");
  });
});

/** The id of the one exchange of a stage, as policy was told it. */
function idOf({ asked }: Stage): string {
  const { request: told } = JSON.parse(asked[0]?.text ?? "") as { request: { id: string } };
  return told.id;
}
