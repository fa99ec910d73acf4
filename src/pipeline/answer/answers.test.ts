import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { tell } from "../../../test/support/answer-streams.ts";
import {
  type Ask,
  answer,
  chatBody,
  compilePolicies,
  completion,
  createStage,
  type Delivered,
  delta,
  event,
  exchangeOf,
  onlyRecord,
  REQUEST_ENTRYPOINT,
  RESPONSE_ENTRYPOINT,
  refusalIn,
  type Stage,
  type StageOptions,
  send,
  type Upstream,
  USAGE_EVENT,
} from "../../../test/support/pipeline.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { FORMATS, RESPONSE_BYTES_MAX, readingOf } from "../../formats/index.ts";
import { PROGRESS_SLICE_BYTES } from "../answer-stream.ts";
import { STREAM_WINDOW_BYTES } from "./demands.ts";
import { DECODED_PIECE_BYTES_MAX } from "./streamed-answer.ts";

/** Decides what the request says, and denies an answer with a type of finding that the request names. */
const policy = await compilePolicies(
  {
    "request.rego": `package regent.request

decision := json.unmarshal(input.request.headers["x-decide-request"][0])
`,
    "response.rego": `package regent.response

decision := {"allow": false, "reasons": [{
	"code": "found_in_answer", "kind": "content", "message": "Found.", "policy": "a/b", "severity": "error",
}]} if {
	some finding in input.findings
	finding.type == input.request.headers["x-deny"][0]
} else := object.union(json.unmarshal(input.request.headers["x-decide-answer"][0]), {"transform": {"set_headers": {
	"x-late": input.request.headers["x-late"][0],
}}}) if {
	count(input.findings) > 0
	input.request.headers["x-late"]
} else := json.unmarshal(input.request.headers["x-decide-answer"][0])
`,
  },
  [REQUEST_ENTRYPOINT, RESPONSE_ENTRYPOINT],
);

const INSPECT: JsonValue = { allow: true, response: { inspect: true } };
const masks = (action: string, where = "response"): JsonValue => ({
  allow: true,
  redact: [{ type: "EMAIL_ADDRESS", action, where }],
});
const MAIL = "jane.doe@example.com";
const MORE = "and so on ".repeat(100);
const CONVERSE = {
  path: "/model/small/converse-stream",
  body: { messages: [{ role: "user", content: [{ text: "Hello." }] }] },
};
const STREAM = chatBody({ stream: true, stream_options: { include_usage: true } });

type Answered = { readonly stage: Stage; readonly given: Delivered };

async function answered(
  upstream: Upstream,
  ask: Partial<Ask> = {},
  options: Partial<StageOptions> = {},
): Promise<Answered> {
  const stage = createStage({ policy, ...options });
  const sent = await send(stage, { body: chatBody(), ...ask });
  assert.equal(sent.answer.kind, "pass", JSON.stringify(sent.answer));
  return { stage, given: await answer(sent, upstream) };
}

const message = (content: JsonValue, more: JsonObject = {}) =>
  completion({
    choices: [{ index: 0, message: { role: "assistant", content, ...more }, finish_reason: "stop" }],
  });

const asked = ({ asked: questions }: Stage) =>
  questions.slice(1).map(({ text }) => JSON.parse(text) as { findings?: JsonValue });

function refusedWith({ given }: Answered): string {
  assert.ok(given.own !== undefined, given.bytes.toString());
  const { status, code } = refusalIn(given.own);
  return `${status} ${code}`;
}

describe("a whole answer that is inspected", () => {
  test("is shown to policy with what was found in its text, reasoning, refusal and tool calls", async () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: `{"to":"${MAIL}"}` } };
    const { stage, given } = await answered(
      { body: message(`to ${MAIL}`, { reasoning_content: MAIL, refusal: MAIL, tool_calls: [call] }) },
      { decide: INSPECT },
    );
    assert.equal(given.plan?.body, undefined);
    const where = ["content", "reasoning_content", "refusal", "tool_calls/0/function/arguments"];
    assert.deepEqual(asked(stage), [
      {
        ...asked(stage)[0],
        findings: [
          {
            type: "EMAIL_ADDRESS",
            count: 4,
            score_max: 1,
            where: where.map((name) => `/choices/0/message/${name}`),
          },
        ],
      },
    ]);
    assert.deepEqual(onlyRecord(stage).answerFindings, [{ type: "EMAIL_ADDRESS", count: 4 }]);
  });

  test("shows policy that nothing was found, which is not the same as not having looked", async () => {
    const looked = await answered({ body: completion() }, { decide: INSPECT });
    assert.deepEqual(asked(looked.stage)[0]?.findings, []);
    assert.deepEqual(onlyRecord(looked.stage).answerFindings, []);
    const streamed = await answered({ body: chunks(["Hi"]) }, { body: STREAM, decide: INSPECT });
    assert.deepEqual(onlyRecord(streamed.stage).answerFindings, []);
    const not = await answered({ body: completion() });
    assert.ok(!("findings" in (asked(not.stage)[0] ?? {})));
    assert.ok(!("answerFindings" in onlyRecord(not.stage)));
  });

  test("is refused in whole where policy denies it", async () => {
    const result = await answered(
      { body: message(MAIL) },
      { decide: INSPECT, headers: [["x-deny", "EMAIL_ADDRESS"]] },
    );
    assert.equal(refusedWith(result), "400 found_in_answer");
    assert.ok(!result.given.bytes.includes(MAIL));
    assert.equal(onlyRecord(result.stage).verdict, "deny");
    // The model was asked, and has answered.
    assert.equal(onlyRecord(result.stage).charge?.tokens, 17);
  });

  test("of Bedrock loses what policy wants masked, in texts, reasoning and what tools get", async () => {
    const text = (mail: string) => `{ "output":{"message":{"role":"assistant","content":[
      {"reasoningContent":{"reasoningText":{"text":"about ${mail}","signature":"c2ln"}}},
      {"text":"to ${mail}"},
      {"toolUse":{"toolUseId":"t","name":"send","input":{"to":["${mail}", 1.0]}}}]}},
      "stopReason":"tool_use","usage":{"inputTokens":9,"outputTokens":5, "totalTokens":14.0}}`;
    const asked = { ...CONVERSE, path: "/model/small/converse", decide: masks("mask") };
    const { given, stage } = await answered({ body: text(MAIL) }, asked);
    assert.equal(given.plan?.body?.toString(), text("<EMAIL_ADDRESS>"));
    assert.equal(onlyRecord(stage).redactions[0]?.count, 3);
  });

  test("loses what policy wants masked or hashed, and no byte beside it", async () => {
    const text = JSON.stringify(message(`to ${MAIL}, now`), null, 2).replace("17", "17.0");
    for (const [action, expected] of [
      ["mask", /^to <EMAIL_ADDRESS>, now$/],
      ["hash", /^to <EMAIL_ADDRESS:[0-9a-f]{16}>, now$/],
    ] as const)
      for (const where of ["response", "both"]) {
        const { stage, given } = await answered(
          {
            headers: [
              ["content-type", "application/json"],
              ["etag", '"1"'],
            ],
            body: text,
          },
          { decide: masks(action, where) },
        );
        const body = given.plan?.body?.toString() ?? "";
        const said = JSON.parse(body).choices[0].message.content;
        assert.match(said, expected);
        assert.equal(body, text.replace(`to ${MAIL}, now`, said));
        assert.deepEqual(given.plan?.headers.remove, ["etag"]);
        assert.deepEqual(onlyRecord(stage).redactions, [{ type: "EMAIL_ADDRESS", count: 1 }]);
      }
  });

  test("is refused where policy blocks what is in it, or only policy on the answer wants it out", async () => {
    assert.equal(
      refusedWith(await answered({ body: message(MAIL) }, { decide: masks("block") })),
      "400 content_blocked",
    );
    const late = await answered({ body: message(MAIL) }, { decideAnswer: masks("mask") });
    assert.equal(
      JSON.parse(late.given.plan?.body?.toString() ?? "").choices[0].message.content,
      "<EMAIL_ADDRESS>",
    );
  });

  test("is masked in every coding and sent plain; where nothing is found its own bytes go on", async () => {
    const bytes = (content: string) => Buffer.from(JSON.stringify(message(content)));
    for (const [coding, encode] of [
      ["gzip", gzipSync],
      ["br", brotliCompressSync],
      ["deflate", deflateSync],
      ["zstd", zstdCompressSync],
    ] as const) {
      const headers = [
        ["content-type", "application/json"],
        ["content-encoding", coding],
      ] as const;
      const changed = await answered({ headers, body: encode(bytes(MAIL)) }, { decide: masks("mask") });
      assert.equal(changed.given.plan?.body?.toString(), bytes("<EMAIL_ADDRESS>").toString(), coding);
      assert.deepEqual(changed.given.plan?.headers.remove, ["content-encoding"]);
      const same = await answered({ headers, body: encode(bytes("x")) }, { decide: masks("mask") });
      assert.deepEqual([same.given.plan?.body, same.given.plan?.headers.remove], [undefined, []]);
      assert.equal(onlyRecord(same.stage).charge?.source, "reported");
    }
  });

  test("is refused where it cannot be read, and passes so unless anything is asked of it", async () => {
    const json = ["content-type", "application/json"] as const;
    const coded = (coding: string) => [json, ["content-encoding", coding] as const];
    const good = gzipSync(JSON.stringify(completion()));
    const logprobs = completion({
      choices: [
        {
          index: 0,
          message: { content: "x" },
          logprobs: { content: [{ token: "x" }] },
          finish_reason: "stop",
        },
      ],
    });
    const unreadable: { readonly [what: string]: Upstream } = {
      "lying about its coding": { headers: coded("gzip"), body: "{}" },
      "cut short": { headers: coded("gzip"), body: good.subarray(0, 30) },
      "in an unknown coding": { headers: coded("compress"), body: good },
      "in two codings": { headers: coded("gzip, gzip"), body: gzipSync(good) },
      "no JSON": { headers: [json], body: "<html>" },
      "with a key twice": { headers: [json], body: '{"choices":[],"choices":[]}' },
      "of another type": { headers: [["content-type", "text/html"]], body: "<html>" },
      "without a type": { headers: [], body: "{}" },
      "in tokens": { headers: [json], body: logprobs },
      "in sound": { headers: [json], body: message("x", { audio: { id: "a", data: "AAAA" } }) },
      "too large": { headers: [json], body: message("x".repeat(RESPONSE_BYTES_MAX)) },
      "a stream in an unknown coding": {
        headers: [
          ["content-type", "text/event-stream"],
          ["content-encoding", "compress"],
        ],
        body: good,
      },
    };
    for (const [what, upstream] of Object.entries(unreadable)) {
      assert.equal(
        refusedWith(await answered(upstream, { decide: INSPECT })),
        "502 answer_uninspectable",
        what,
      );
      const passed = await answered(upstream);
      assert.equal(passed.given.own, undefined, what);
      assert.equal(passed.given.plan?.body, undefined, what);
    }
  });

  test("may have no body", async () => {
    const none = await answered({ headers: [["content-type", "application/json"]] }, { decide: INSPECT });
    assert.equal(none.given.mode, "none");
    const empty = await answered({ body: Buffer.alloc(0) }, { decide: INSPECT });
    assert.equal(empty.given.mode, "buffered");
  });
});

/** Each in a chunk of its own. */
const chunks = (texts: readonly string[]) => [
  ...texts.map((text) => event(delta(text))),
  event(delta(undefined, "stop")),
  event(USAGE_EVENT),
  event("[DONE]"),
];
const letters = (text: string) => chunks(text.split(""));

/** What a client reads. */
function textOf(bytes: Buffer): string {
  return eventsOf(bytes)
    .map((data) => (data.choices as { delta: { content?: string } }[] | undefined)?.[0]?.delta.content ?? "")
    .join("");
}

function eventsOf(bytes: Buffer): { [member: string]: unknown }[] {
  return bytes
    .toString()
    .split("\n\n")
    .filter((one) => one !== "" && one !== "data: [DONE]")
    .map((one) => JSON.parse(one.slice("data: ".length)));
}

const lastCode = (bytes: Buffer) => (eventsOf(bytes).at(-1)?.error as { code: string } | undefined)?.code;

describe("a stream that is inspected", () => {
  test("reaches the client byte for byte where nothing is found, and policy is asked once", async () => {
    const body = letters(MORE);
    const { stage, given } = await answered({ body }, { body: STREAM, decide: INSPECT });
    assert.equal(given.bytes.toString(), body.join(""));
    assert.equal(asked(stage).length, 1);
    assert.equal(onlyRecord(stage).charge?.source, "reported");
  });

  test("is held back by as much text as policy says", async () => {
    const first = async (decide: JsonValue) => {
      const stage = createStage({ policy });
      const { governance } = await send(stage, { body: STREAM, decide });
      const headers = new Map([["content-type", ["text/event-stream"]]]);
      await governance.responseHead({ status: 200, headers }, false);
      for (let count = 1; count < 4000; count++) {
        const { bytes } = await governance.responseChunk(Buffer.from(event(delta("x"))), false);
        if (bytes.length > 0) return count;
      }
      throw new Error("nothing left");
    };
    // The window and a quarter of it, which is looked at at once.
    for (const [decide, windowBytes] of [
      [INSPECT, STREAM_WINDOW_BYTES],
      [{ allow: true, response: { stream_window_bytes: 100 } }, 100],
      [{ allow: true, response: { inspect: true, stream_window_bytes: 2000 } }, 2000],
    ] as const)
      assert.equal(await first(decide), windowBytes * 1.25);
  });

  test("ends in the words of policy where it denies, and nothing of what it denied has left", async () => {
    const { stage, given } = await answered(
      { body: letters(`${MORE} ${MAIL} ${MORE}`) },
      { body: STREAM, decide: INSPECT, headers: [["x-deny", "EMAIL_ADDRESS"]] },
    );
    assert.equal(lastCode(given.bytes), "found_in_answer");
    assert.ok(!given.bytes.includes("[DONE]"));
    // All that is in front of it.
    assert.equal(textOf(given.bytes), `${MORE} `);
    assert.deepEqual(
      asked(stage).map(({ findings }) => findings),
      [undefined, [{ type: "EMAIL_ADDRESS", count: 1, score_max: 1, where: ["/choices/0/delta/content"] }]],
    );
    const record = onlyRecord(stage);
    assert.deepEqual(
      [record.verdict, record.status, record.reasons.map(({ code }) => code)],
      ["deny", 200, ["found_in_answer"]],
    );
    assert.equal(record.charge?.source, "estimated");
  });

  test("loses what policy wants masked, wherever it is cut, and all else stays", async () => {
    for (const body of [letters(`${MORE}${MAIL} ${MORE}`), [letters(`${MORE}${MAIL} ${MORE}`).join("")]]) {
      const { stage, given } = await answered({ body }, { body: STREAM, decide: masks("mask") });
      assert.equal(textOf(given.bytes), `${MORE}<EMAIL_ADDRESS> ${MORE}`);
      const all = eventsOf(Buffer.from(body.join("")));
      assert.equal(eventsOf(given.bytes).length, all.length);
      assert.deepEqual(eventsOf(given.bytes).at(-1), USAGE_EVENT);
      assert.deepEqual(onlyRecord(stage).redactions, [{ type: "EMAIL_ADDRESS", count: 1 }]);
    }
  });

  test("counts what is found over the whole of it", async () => {
    const { stage } = await answered(
      { body: letters(`${MAIL} ${MORE}${MAIL} ${MORE}`) },
      { body: STREAM, decide: INSPECT },
    );
    const counts = asked(stage).map(
      ({ findings }) => (findings as { count: number }[] | undefined)?.[0]?.count,
    );
    assert.deepEqual(counts, [undefined, 1, 2]);
    assert.deepEqual(onlyRecord(stage).answerFindings, [{ type: "EMAIL_ADDRESS", count: 2 }]);
    assert.deepEqual(onlyRecord(stage).reasons, []);
  });

  test("is judged to its end where the upstream broke off, and says so behind it", async () => {
    const body = letters(`to ${MAIL}`).slice(0, -3);
    const masked = await answered({ body }, { body: STREAM, decide: masks("mask") });
    assert.equal(textOf(masked.given.bytes), "to <EMAIL_ADDRESS>");
    assert.equal(lastCode(masked.given.bytes), "upstream_incomplete");
    const blocked = await answered({ body }, { body: STREAM, decide: masks("block") });
    assert.equal(textOf(blocked.given.bytes), "to ");
    assert.equal(lastCode(blocked.given.bytes), "content_blocked");
  });

  test("ends with an error event at what cannot be inspected", async () => {
    const probable = {
      ...delta("x"),
      choices: [{ index: 0, delta: { content: "x" }, logprobs: { content: [{ token: "x" }] } }],
    };
    for (const odd of [
      "data: no json\n\n",
      'data: {"choices":[],"choices":[]}\n\n',
      event(probable),
      event({ ...delta("x"), choices: [{ index: 0, delta: { audio: { data: "AAAA" } } }] }),
    ]) {
      const { given } = await answered(
        { body: [event(delta("before")), odd, event(delta("after", "stop"))] },
        { body: STREAM, decide: INSPECT },
      );
      assert.equal(lastCode(given.bytes), "answer_uninspectable", odd);
      assert.ok(!given.bytes.includes("after"));
    }
  });

  test("looks at comments, names and ids as well, and at a last event without its end", async () => {
    for (const hidden of [
      `: ${MAIL}\n\n`,
      `id: ${MAIL}\ndata: ${JSON.stringify(delta("x"))}\n\n`,
      `event: ${MAIL}\ndata: {}\n\n`,
    ]) {
      const body = [hidden, ...chunks(["y"])];
      const { given, stage } = await answered({ body }, { body: STREAM, decide: INSPECT });
      assert.equal(given.bytes.toString(), body.join(""));
      assert.equal(onlyRecord(stage).answerFindings?.[0]?.count, 1, hidden);
      const masked = await answered({ body }, { body: STREAM, decide: masks("mask") });
      assert.equal(lastCode(masked.given.bytes), "answer_uninspectable", hidden);
    }
    const open = [...chunks(["y"]), `data: ${JSON.stringify(delta(MAIL))}`];
    const { given } = await answered({ body: open }, { body: STREAM, decide: masks("mask") });
    assert.ok(!given.bytes.includes(MAIL) && given.bytes.includes("<EMAIL_ADDRESS>"));
  });

  test("cannot change its head once that has left", async () => {
    const { given } = await answered(
      { body: letters(`${MAIL} ${MORE}`) },
      { body: STREAM, decide: INSPECT, headers: [["x-late", "1"]] },
    );
    assert.equal(lastCode(given.bytes), "obligation_unsupported");
    assert.ok(!given.bytes.includes("j"));
  });

  test("is refused before its head leaves where nothing is known of its texts", async () => {
    const asked = { path: "/v1/embeddings", body: { model: "small", input: "Hello" }, decide: INSPECT };
    const result = await answered({ body: [event({ error: "no" }), ""] }, asked);
    assert.equal(refusedWith(result), "502 answer_uninspectable");
  });

  test("judges a last line of JSON without its end, which clients read", async () => {
    const headers = [["content-type", "application/x-ndjson"]] as const;
    const lines = [`${JSON.stringify(delta(undefined, "stop"))}\n`, JSON.stringify(delta(MAIL)), ""];
    const { given } = await answered({ headers, body: lines }, { body: STREAM, decide: masks("mask") });
    const [, last, end] = given.bytes.toString().split("\n");
    assert.deepEqual([JSON.parse(last ?? ""), end], [delta("<EMAIL_ADDRESS>"), ""]);
  });

  test("ends where a message of AWS is cut off behind the end, which nobody can read", async () => {
    const { whole } = tell("bedrock-converse", ["Hello."]);
    const cut = whole.subarray(0, -1);
    const headers = [["content-type", "application/vnd.amazon.eventstream"]] as const;
    const { given, stage } = await answered({ headers, body: [cut, ""] }, { ...CONVERSE, decide: INSPECT });
    const { error } = readingOf(FORMATS["bedrock-converse"], "stream", given.bytes);
    assert.equal((error as { code: string }).code, "answer_uninspectable");
    assert.equal(onlyRecord(stage).verdict, "deny");
    const asIs = await answered({ headers, body: [cut, ""] }, CONVERSE);
    assert.ok(asIs.given.bytes.equals(cut));
  });

  test("is refused before a model is asked where its framing cannot be taken apart, or says no length", async (t) => {
    const format = FORMATS["bedrock-converse"];
    const refused = async (decide: JsonValue) => {
      const { answer: own } = await send(createStage({ policy }), { ...CONVERSE, decide });
      assert.ok(own.kind === "answer", own.kind);
      assert.equal(own.answer.status, 500);
      assert.equal(JSON.parse(own.answer.body.toString()).reason, "obligation_unsupported");
    };
    const { openSplitter, stream } = format;
    t.after(() => Object.assign(format, { openSplitter, stream }));
    Object.assign(format, { openSplitter: undefined, stream: { ...stream, progress: undefined } });
    await refused(INSPECT);
    await refused({ allow: true, response: { max_output_tokens: 10 } });
    // One answer is whole, and can be both.
    const whole = { ...CONVERSE, path: "/model/small/converse" };
    const both = { allow: true, response: { inspect: true, max_output_tokens: 10 } };
    assert.equal((await send(createStage({ policy }), { ...whole, decide: both })).answer.kind, "pass");
  });

  test("gives back what it held when policy fails in the middle", async () => {
    let questions = 0;
    const { given, stage } = await answered(
      { body: letters(`${MAIL} ${MORE}`) },
      { body: STREAM, decide: INSPECT },
      {
        beforePolicy: () => {
          questions++;
          if (questions === 3) throw new TypeError("secret fault");
        },
      },
    );
    assert.equal(lastCode(given.bytes), "internal_error");
    assert.ok(!given.bytes.includes("secret") && textOf(given.bytes) === "");
    assert.equal(onlyRecord(stage).verdict, "deny");
  });
});

describe("a coded stream", () => {
  // As little alike as words are, so that it is compressed no better than they.
  const varied = `${Array.from(randomBytes(1500), (byte) => "abcdefgh mnop rst"[byte % 17]).join("")} `;
  const body = letters(`${varied}${MAIL} ${varied}`);
  const plain = Buffer.from(body.join(""));
  const codings = [
    ["gzip", gzipSync(plain)],
    ["br", brotliCompressSync(plain)],
    ["zstd", zstdCompressSync(plain)],
  ] as const;
  const pieces = (bytes: Buffer) =>
    Array.from({ length: Math.ceil(bytes.length / 200) }, (_, index) =>
      bytes.subarray(index * 200, index * 200 + 200),
    );
  const coded = (coding: string) =>
    [
      ["content-type", "text/event-stream"],
      ["content-encoding", coding],
    ] as const;

  test("is read, and sent on without its coding", async () => {
    for (const [coding, bytes] of codings) {
      const { stage, given } = await answered(
        { headers: coded(coding), body: pieces(bytes) },
        { body: STREAM },
      );
      assert.ok(given.bytes.equals(plain), coding);
      assert.deepEqual(given.plan?.headers.remove, ["content-encoding"]);
      assert.equal(onlyRecord(stage).charge?.source, "reported");
      const masked = await answered(
        { headers: coded(coding), body: pieces(bytes) },
        { body: STREAM, decide: masks("mask") },
      );
      assert.equal(textOf(masked.given.bytes), `${varied}<EMAIL_ADDRESS> ${varied}`);
    }
  });

  test("ends with an error event where it is a bomb", async () => {
    const bomb = brotliCompressSync(Buffer.alloc(DECODED_PIECE_BYTES_MAX * 4, "data: 1\n\n"));
    for (const pieces of [[bomb], [bomb.subarray(0, 20), bomb.subarray(20)]]) {
      const { given } = await answered({ headers: coded("br"), body: pieces }, { body: STREAM });
      assert.ok(given.bytes.includes("upstream_invalid"));
      assert.ok(given.bytes.length < DECODED_PIECE_BYTES_MAX);
    }
  });

  test("ends with an error event where it is not what it says, or is cut short", async () => {
    for (const [coding, bytes] of codings) {
      for (const wrong of [pieces(bytes).slice(0, -1), [Buffer.from("data: {}\n\n")]]) {
        const { given, stage } = await answered({ headers: coded(coding), body: wrong }, { body: STREAM });
        assert.equal(lastCode(given.bytes), "upstream_invalid", coding);
        assert.equal(onlyRecord(stage).upstreamError, "upstream_invalid");
      }
    }
  });
});

describe("an answer that policy bounds", () => {
  const bounded = (tokens: number): JsonValue => ({ allow: true, response: { max_output_tokens: tokens } });

  test("is refused in whole beyond it, by what is reported or else by its length", async () => {
    const silent = { ...message("x".repeat(400)), usage: null };
    assert.equal((await answered({ body: completion() }, { decide: bounded(5) })).given.own, undefined);
    assert.equal(
      refusedWith(await answered({ body: completion() }, { decide: bounded(4) })),
      "403 output_limit",
    );
    assert.equal((await answered({ body: silent }, { decide: bounded(100) })).given.own, undefined);
    assert.equal(refusedWith(await answered({ body: silent }, { decide: bounded(99) })), "403 output_limit");
    assert.equal(
      refusedWith(await answered({ body: completion() }, { decideAnswer: bounded(4) })),
      "403 output_limit",
    );
    const least = { decide: bounded(4), decideAnswer: bounded(50) };
    assert.equal(refusedWith(await answered({ body: completion() }, least)), "403 output_limit");
  });

  test("is refused where it cannot be read, for nothing is known of its length", async () => {
    const text = "x".repeat(400);
    const large = Buffer.concat([
      Buffer.from(JSON.stringify(message(text))),
      Buffer.alloc(RESPONSE_BYTES_MAX, " "),
    ]);
    for (const body of [JSON.stringify([message(text)]), `${JSON.stringify(message(text))}x`, large])
      assert.equal(
        refusedWith(await answered({ body }, { decide: bounded(5) })),
        "502 answer_uninspectable",
        String(body).slice(0, 80),
      );
  });

  test("ends within a slice of the bound where it is streamed, in whatever pieces it comes", async () => {
    const body = letters("x".repeat(400)).slice(0, -3);
    for (const pieces of [body, [body.join("")]]) {
      const { stage, given } = await answered({ body: pieces }, { body: STREAM, decide: bounded(50) });
      assert.equal(lastCode(given.bytes), "output_limit");
      const length = textOf(given.bytes).length;
      assert.ok(
        length <= 200 && length > 200 - PROGRESS_SLICE_BYTES / event(delta("x")).length - 1,
        String(length),
      );
      assert.deepEqual(
        onlyRecord(stage).reasons.map(({ code }) => code),
        ["output_limit"],
      );
      assert.ok((onlyRecord(stage).charge?.tokens ?? 0) > 0);
    }
  });

  test("ends a stream by what it reports of itself", async () => {
    const body = chunks(["Hi"]);
    const { given } = await answered({ body }, { body: STREAM, decide: bounded(4) });
    assert.equal(lastCode(given.bytes), "output_limit");
    assert.ok(!given.bytes.includes("[DONE]"));
    const within = await answered({ body }, { body: STREAM, decide: bounded(5) });
    assert.equal(within.given.bytes.toString(), body.join(""));
  });

  test("is bounded and inspected at once", async () => {
    const both = { allow: true, response: { inspect: true, max_output_tokens: 50 } };
    const { given } = await answered({ body: letters(MORE) }, { body: STREAM, decide: both });
    assert.equal(lastCode(given.bytes), "output_limit");
    assert.ok(textOf(given.bytes).length > 180 && MORE.startsWith(textOf(given.bytes)));
  });
});

describe("an answer of a route that lets answers pass as they come", () => {
  const passing = { passesAnswers: true };

  test("passes piece by piece, and is accounted for", async () => {
    const text = Buffer.from(JSON.stringify(completion()));
    const headers = [["content-type", "application/json"]] as const;
    const { stage, given } = await answered(
      { headers, body: [text.subarray(0, 50), text.subarray(50)] },
      {},
      passing,
    );
    assert.deepEqual([given.mode, given.bytes.toString()], ["chunks", text.toString()]);
    assert.equal(onlyRecord(stage).charge?.source, "reported");
    const streamed = await answered({ body: chunks(["Hi"]) }, { body: STREAM }, passing);
    assert.deepEqual([streamed.given.mode, textOf(streamed.given.bytes)], ["chunks", "Hi"]);
  });

  test("is refused where policy must see all of it, and held back where it is a stream", async () => {
    const whole = await answered({ body: completion() }, { decide: INSPECT }, passing);
    assert.equal(refusedWith(whole), "500 obligation_unsupported");
    const { given } = await answered(
      { body: letters(`${MAIL} ${MORE}`) },
      { body: STREAM, decide: masks("mask") },
      passing,
    );
    assert.deepEqual([given.mode, textOf(given.bytes)], ["chunks", `<EMAIL_ADDRESS> ${MORE}`]);
  });

  test("is charged what was reserved where it is too large to be read", async () => {
    const body = [Buffer.alloc(RESPONSE_BYTES_MAX, " "), Buffer.from(JSON.stringify(completion()))];
    const headers = [["content-type", "application/json"]] as const;
    const { stage, given } = await answered({ headers, body }, {}, passing);
    assert.equal(given.bytes.length, Buffer.concat(body).length);
    assert.equal(onlyRecord(stage).charge?.source, "reserved");
  });
});

test("ext_authz alone sees no answer, so it carries out nothing on one", async () => {
  for (const decide of [
    INSPECT,
    masks("mask"),
    masks("mask", "both"),
    { allow: true, response: { max_output_tokens: 5 } },
  ]) {
    const stage = createStage({ policy });
    const exchange = exchangeOf(stage, { decide, body: chatBody(), protocol: "ext_authz" });
    const checked = await stage.governor.check(exchange, {
      bytes: Buffer.from(JSON.stringify(chatBody())),
      truncated: false,
    });
    assert.ok(checked.kind === "answer");
    assert.equal(refusalIn(checked.answer).code, "obligation_unsupported", JSON.stringify(decide));
  }
});
