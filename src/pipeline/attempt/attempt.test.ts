import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  answer,
  bytesOf,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  exchangeOf,
  onlyRecord,
  planOf,
  refusalOf,
  type Sent,
  type Stage,
  type StageOptions,
  send,
} from "../../../test/support/pipeline.ts";
import { scriptedTranslators } from "../../../test/support/translator.ts";
import { RegentError } from "../../exchange/errors.ts";
import { headersFrom } from "../../exchange/headers.ts";
import { DECODED_PIECE_BYTES_MAX } from "../answer/streamed-answer.ts";
import type { Governance } from "../governor.ts";
import { ATTEMPTS_MAX } from "./attempt.ts";
import { REPLACED_BYTES_MAX } from "./translate.ts";
import {
  STREAM_BURST_BYTES_MAX,
  STREAM_BYTES_MAX,
  STREAM_BYTES_PER_SECOND_MAX,
} from "./translated-stream.ts";

const policy = await compileAnswering();
const REGISTRY = `
version: 1
targets:
  - { name: us, region: us, provider: sim, format: openai-chat }
  - { name: claude, region: us, provider: sim, format: anthropic-messages }
  - { name: elsewhere, region: us, provider: sim, format: openai-chat }
models:
  - { name: small, stage: active, versions: [{ name: small, weight: 1, targets: [us, claude] }] }
  - { name: large, stage: active, versions: [{ name: large, weight: 1, targets: [elsewhere] }] }
`;
const JSON_HEAD = { status: 200, headers: headersFrom([["content-type", "application/json"]]) };

function stageWith(options: Partial<StageOptions> = {}): Stage {
  return createStage({ policy, registry: REGISTRY, translatorOf: scriptedTranslators({}), ...options });
}

/** An attempt to send what was let through, as the filter at the cluster of a target shows it. */
function attemptOf(stage: Stage, sent: Pick<Sent, "exchange">, target: string | undefined): Governance {
  const exchange = exchangeOf(stage, { body: chatBody() });
  return stage.governor.attempt({
    exchange: { ...exchange, id: sent.exchange.id },
    target,
    host: undefined,
  });
}

async function through(stage: Stage): Promise<Sent> {
  const sent = await send(stage, { body: chatBody() });
  planOf(sent.answer);
  return sent;
}

describe("an attempt", () => {
  test("on the target's own dialect goes on with its head", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const head = await attemptOf(stage, sent, "us").requestHead(false);
    assert.ok(head.kind === "pass");
    assert.equal(head.plan.body, undefined);
    assert.equal(head.plan.path, undefined);
  });

  test("on another dialect waits for the body, and gives it, its path and its type in the target's", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const attempt = attemptOf(stage, sent, "claude");
    assert.deepEqual(await attempt.requestHead(false), { kind: "need_body" });
    const { body, path, headers } = planOf(await attempt.requestBody(bytesOf(chatBody())));
    assert.deepEqual(JSON.parse(String(body)), { was: JSON.stringify(chatBody()) });
    assert.equal(path, "/v1/messages");
    const set = new Map(headers.set);
    assert.deepEqual(
      ["content-type", "anthropic-version", "x-regent-target"].map((name) => set.get(name)),
      ["application/json", "2023-06-01", "claude"],
    );
  });

  test("on another dialect goes nowhere where its version has no translation", async () => {
    const translate = scriptedTranslators({});
    const translatorOf: typeof translate = (from, to, version) =>
      version === undefined ? translate(from, to) : undefined;
    const stage = stageWith({ translatorOf });
    const attempt = attemptOf(stage, await through(stage), "claude");
    assert.equal(refusalOf(await attempt.requestHead(false)).code, "internal_error");
  });

  test("is refused without an exchange that is open, permitted, and not yet answered", async () => {
    const stage = stageWith();
    const undecided = stage.governor.begin(exchangeOf(stage, { body: chatBody() }));
    const denied = await send(stage, { body: chatBody(), decide: { allow: false } });
    const answered = await through(stage);
    await answer(answered, { body: completion() });
    const withdrawn = await through(stage);
    withdrawn.governance.refuse(new RegentError("policy_timeout"));
    const begun = await through(stage);
    await attemptOf(stage, begun, "us").requestHead(false);
    await begun.governance.responseHead(JSON_HEAD, false);
    const open = exchangeOf(stage, { body: chatBody() });
    const deciding = stage.governor.begin(open);
    await deciding.requestHead(false);
    for (const sent of [denied, answered, withdrawn, begun, { exchange: open }]) {
      const refused = refusalOf(await attemptOf(stage, sent, "us").requestHead(false));
      assert.deepEqual([refused.status, refused.code], [403, "not_governed"]);
    }
    undecided.end("aborted");
  });

  test("is refused for a target that policy did not permit, that serves another model, or that is not named", async () => {
    for (const target of ["elsewhere", "nowhere", undefined, "__proto__"]) {
      const stage = stageWith();
      const sent = await through(stage);
      const refused = refusalOf(await attemptOf(stage, sent, target).requestHead(false));
      assert.deepEqual([refused.status, refused.code], [503, "no_permitted_target"], target);
      sent.governance.end("complete");
      assert.equal(onlyRecord(stage).verdict, "deny");
      assert.equal(onlyRecord(stage).charge, undefined, "nothing was sent");
    }
  });

  test("is one of a bounded number", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    for (let count = 0; count < ATTEMPTS_MAX; count += 1) {
      const attempt = attemptOf(stage, sent, "us");
      const head = await attempt.requestHead(false);
      if (head.kind === "need_body") planOf(await attempt.requestBody(bytesOf(chatBody())));
    }
    assert.equal(
      refusalOf(await attemptOf(stage, sent, "us").requestHead(false)).code,
      "no_permitted_target",
    );
  });

  test("with a body that was not judged leaves nothing behind", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const attempt = attemptOf(stage, sent, "claude");
    await attempt.requestHead(false);
    const other = bytesOf(chatBody({ messages: [] }));
    assert.equal(refusalOf(await attempt.requestBody(other)).code, "not_governed");
    // The exchange itself goes on.
    assert.equal((await attemptOf(stage, sent, "claude").requestHead(false)).kind, "need_body");
  });

  test("without the body that was judged, or by another method, leaves nothing behind", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const exchange = { ...exchangeOf(stage, { body: chatBody() }), id: sent.exchange.id };
    const asked = (method: string, endOfStream: boolean) =>
      stage.governor
        .attempt({
          exchange: { ...exchange, request: { ...exchange.request, method } },
          target: "us",
          host: undefined,
        })
        .requestHead(endOfStream);
    assert.equal(refusalOf(await asked("POST", true)).code, "not_governed");
    assert.equal(refusalOf(await asked("DELETE", false)).code, "not_governed");
    assert.equal((await asked("POST", false)).kind, "pass");
  });

  test("whose exchange ended, was refused or was answered meanwhile leaves nothing behind", async () => {
    const endings: readonly ((sent: Sent) => unknown)[] = [
      ({ governance }) => governance.end("aborted"),
      ({ governance }) => governance.refuse(new RegentError("policy_timeout")),
      ({ governance }) => governance.responseHead({ ...JSON_HEAD, origin: "envoy" }, false),
    ];
    for (const end of endings) {
      const stage = stageWith();
      const sent = await through(stage);
      const attempt = attemptOf(stage, sent, "claude");
      await attempt.requestHead(false);
      await end(sent);
      assert.equal(refusalOf(await attempt.requestBody(bytesOf(chatBody()))).code, "not_governed");
      // A client that goes away is nothing that an operator must hear of.
      assert.ok(stage.logged.every(({ facts }) => facts.code !== "not_governed"));
    }
  });

  test("whose exchange ends while its request is translated leaves nothing behind", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const attempt = attemptOf(stage, sent, "claude");
    await attempt.requestHead(false);
    const translating = attempt.requestBody(bytesOf(chatBody()));
    sent.governance.end("aborted");
    assert.equal(refusalOf(await translating).code, "not_governed");
  });

  test("that a translator refuses, or fails at, is a refusal in the client's dialect", async () => {
    for (const [error, status, code] of [
      [new RegentError("translation_unsupported", "No place for /x."), 400, "translation_unsupported"],
      [new TypeError("a bug"), 500, "internal_error"],
    ] as const) {
      const stage = stageWith({
        translatorOf: scriptedTranslators({
          request: () => {
            throw error;
          },
        }),
      });
      const sent = await through(stage);
      const attempt = attemptOf(stage, sent, "claude");
      await attempt.requestHead(false);
      const refused = refusalOf(await attempt.requestBody(bytesOf(chatBody())));
      assert.deepEqual([refused.status, refused.code], [status, code]);
      // The filter at the listener sees that answer next, and passes it on as it is.
      const head = { ...JSON_HEAD, status, origin: "envoy" } as const;
      const passed = await sent.governance.responseHead(head, false);
      assert.ok(passed.kind === "pass" && passed.body === "none");
      assert.equal(new Map(passed.plan.headers.set).get("x-regent-reason"), code);
      sent.governance.end("complete");
      const { verdict, end, charge } = onlyRecord(stage);
      assert.deepEqual([verdict, end, charge], ["deny", "refused", undefined]);
    }
  });

  test("in strict mode is refused for what is dropped or changed, not for what the target's dialect demands", async () => {
    const invented = { code: "invented", member: "/max_tokens", message: "m" } as const;
    const losing = (code: "dropped" | "changed") => ({ code, member: "/seed", message: "m" });
    const strictly = { allow: true, route: { strict: true } };
    for (const [warning, refusal, decide] of [
      [losing("dropped"), "translation_unsupported", undefined],
      [losing("changed"), "translation_unsupported", undefined],
      [undefined, undefined, undefined],
      // The same where policy asks for it, of this request alone.
      [losing("dropped"), "translation_unsupported", strictly],
      [losing("changed"), "translation_unsupported", strictly],
      [undefined, undefined, strictly],
    ] as const) {
      const stage = stageWith({
        strictTranslation: decide === undefined,
        translatorOf: scriptedTranslators({
          request: (bytes, warn) => {
            warn(invented);
            if (warning !== undefined) warn(warning);
            return bytes;
          },
        }),
      });
      const sent = await send(stage, { body: chatBody(), ...(decide === undefined ? {} : { decide }) });
      const attempt = attemptOf(stage, sent, "claude");
      await attempt.requestHead(false);
      const answered = await attempt.requestBody(bytesOf(chatBody()));
      if (refusal === undefined) planOf(answered);
      else assert.equal(refusalOf(answered).code, refusal, warning.code);
      sent.governance.end("complete");
      const { verdict, translation } = onlyRecord(stage);
      assert.equal(verdict, refusal === undefined ? "allow" : "deny");
      if (refusal === undefined) assert.deepEqual(translation?.warnings, ["invented:/max_tokens"]);
    }
  });

  test("that left is in the record, for as long as it took until then; one that stayed is not", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    await attemptOf(stage, sent, "us").requestHead(false);
    await attemptOf(stage, sent, "claude").requestHead(false);
    stage.clock.monotonicMs += 250;
    sent.governance.end("aborted");
    assert.deepEqual(onlyRecord(stage).attempts, [{ target: "us", ms: 250 }]);
  });

  test("that was refused is not passed by: an answer of a target after it stops", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    await attemptOf(stage, sent, "elsewhere").requestHead(false);
    for (const origin of ["upstream", undefined] as const) {
      const passed = await sent.governance.responseHead(
        { ...JSON_HEAD, ...(origin === undefined ? {} : { origin }) },
        false,
      );
      assert.equal(refusalOf(passed).code, "not_governed");
    }
  });
});

describe("an answer on its way back", () => {
  async function answering(options: Partial<StageOptions>) {
    const stage = stageWith(options);
    const sent = await through(stage);
    const attempt = attemptOf(stage, sent, "claude");
    await attempt.requestHead(false);
    planOf(await attempt.requestBody(bytesOf(chatBody())));
    return { stage, sent, attempt };
  }
  const STREAM_HEAD = { status: 200, headers: headersFrom([["content-type", "text/event-stream"]]) };

  test("is translated whole, and what it lost stands beside what the request lost", async () => {
    const { sent, attempt, stage } = await answering({
      translatorOf: scriptedTranslators({
        request: (bytes, warn) => {
          warn({ code: "dropped", member: "/seed", message: "m" });
          return bytes;
        },
        response: (_, warn) => {
          warn({ code: "invented", member: "/id", message: "m" });
          return bytesOf(completion());
        },
      }),
    });
    const head = await attempt.responseHead(JSON_HEAD, false);
    assert.ok(head.kind === "pass" && head.body === "buffered");
    const { body } = planOf(await attempt.responseBody(Buffer.from("{}")));
    attempt.end("complete");
    const delivered = await answer(sent, { body: body ?? "" });
    assert.equal(
      new Map(delivered.plan?.headers.set).get("x-regent-translation-warnings"),
      "dropped:/seed, invented:/id",
    );
    const { translation, charge } = onlyRecord(stage);
    assert.deepEqual(translation, {
      from: "openai-chat",
      to: "anthropic-messages",
      warnings: ["dropped:/seed", "invented:/id"],
    });
    assert.equal(charge?.tokens, 17);
  });

  test("that cannot be translated is charged as any that cannot be read, and what no model made is not", async () => {
    for (const [status, source] of [
      [200, "reserved"],
      [503, undefined],
    ] as const) {
      const { stage, sent, attempt } = await answering({
        translatorOf: scriptedTranslators({
          response: () => {
            throw new TypeError("a bug");
          },
        }),
      });
      await attempt.responseHead({ ...JSON_HEAD, status }, false);
      const refused = refusalOf(await attempt.responseBody(Buffer.from("{}")));
      await sent.governance.responseHead({ ...JSON_HEAD, status: refused.status, origin: "envoy" }, false);
      sent.governance.end("complete");
      assert.equal(onlyRecord(stage).charge?.source, source, String(status));
    }
  });

  test("is refused before it comes where it says that it is larger than what is translated", async () => {
    for (const [bytes, isRefused] of [
      [REPLACED_BYTES_MAX, false],
      [REPLACED_BYTES_MAX + 1, true],
    ] as const) {
      const { attempt } = await answering({});
      const length = [["content-length", String(bytes)]] as const;
      const head = await attempt.responseHead(
        { status: 200, headers: headersFrom([["content-type", "application/json"], ...length]) },
        false,
      );
      if (isRefused) assert.equal(refusalOf(head).code, "upstream_invalid");
      else assert.equal(head.kind, "pass");
    }
  });

  test("is refused where its bytes are not coded as it says, or grow beyond what is translated", async () => {
    const gzip = headersFrom([
      ["content-type", "application/json"],
      ["content-encoding", "gzip"],
    ]);
    const coded = await answering({});
    await coded.attempt.responseHead({ status: 200, headers: gzip }, false);
    assert.equal(refusalOf(await coded.attempt.responseBody(Buffer.from("{}"))).code, "upstream_invalid");
    const response = () => Buffer.alloc(REPLACED_BYTES_MAX + 1);
    const grown = await answering({ translatorOf: scriptedTranslators({ response }) });
    await grown.attempt.responseHead(JSON_HEAD, false);
    assert.equal(refusalOf(await grown.attempt.responseBody(Buffer.from("{}"))).code, "upstream_invalid");
  });

  const streaming = (fault: string | undefined, complete: boolean) =>
    scriptedTranslators({
      stream: () => ({
        push: (chunk) => ({ bytes: Buffer.from(`<${chunk}>`), fault }),
        end: () => ({ bytes: Buffer.from("!"), complete }),
      }),
    });

  test("is streamed piece by piece, with an error event in the place of an end that did not come", async () => {
    for (const [fault, complete, expected] of [
      [undefined, true, /^<a><b>!$/],
      [undefined, false, /^<a><b>!data: .*upstream_incomplete/],
      ["is garbled", true, /^<a>data: .*upstream_invalid/],
    ] as const) {
      const { stage, sent, attempt } = await answering({ translatorOf: streaming(fault, complete) });
      const head = await attempt.responseHead(STREAM_HEAD, false);
      assert.ok(head.kind === "pass" && head.body === "stream");
      let text = "";
      for (const [chunk, last] of [
        ["a", false],
        ["b", true],
      ] as const) {
        const { bytes, end } = await attempt.responseChunk(Buffer.from(chunk), last);
        text += bytes;
        if (end) break;
      }
      assert.match(text.replaceAll("\n", " "), expected);
      sent.governance.end("aborted");
      // As of an answer that needs no translation: what the upstream does wrong is no denial.
      const { verdict, upstreamError, reasons } = onlyRecord(stage);
      assert.deepEqual([verdict, reasons], ["allow", []]);
      assert.equal(upstreamError, /upstream_\w+/.exec(text)?.[0]);
    }
  });

  test("that is broken off ends at the listener, behind the whole error event, and nothing of the rest follows", async () => {
    for (const cut of [1, 40, undefined]) {
      const { sent, attempt } = await answering({ translatorOf: streaming("is garbled", true) });
      await attempt.responseHead(STREAM_HEAD, false);
      const broken = await attempt.responseChunk(Buffer.from("a"), false);
      assert.equal(broken.end, false, "only the listener's end closes the target");
      for (const last of [false, true])
        assert.deepEqual(await attempt.responseChunk(Buffer.from("b"), last), {
          bytes: Buffer.alloc(0),
          end: last,
        });
      await sent.governance.responseHead(STREAM_HEAD, false);
      const pieces = [broken.bytes.subarray(0, cut), broken.bytes.subarray(cut ?? broken.bytes.length)];
      const ends: boolean[] = [];
      for (const piece of pieces) ends.push((await sent.governance.responseChunk(piece, false)).end);
      assert.deepEqual(ends, [cut === undefined, true]);
    }
  });

  test("of a stream that does not end is broken off", async () => {
    const { stage, attempt } = await answering({ translatorOf: streaming(undefined, true) });
    await attempt.responseHead(STREAM_HEAD, false);
    stage.clock.monotonicMs += (STREAM_BYTES_MAX / STREAM_BYTES_PER_SECOND_MAX) * 1000;
    const most = await attempt.responseChunk(Buffer.alloc(STREAM_BYTES_MAX), false);
    assert.ok(most.bytes.length > STREAM_BYTES_MAX);
    const { bytes } = await attempt.responseChunk(Buffer.alloc(1), false);
    assert.match(bytes.toString(), /does not end.*upstream_invalid/);
  });

  test("of a stream that never pauses is broken off earlier", async () => {
    const secondMs = 1000;
    for (const [elapsedMs, more, isBroken] of [
      [0, 0, false],
      [0, 1, true],
      [(STREAM_BURST_BYTES_MAX / STREAM_BYTES_PER_SECOND_MAX) * secondMs, 1, true],
      [
        (STREAM_BURST_BYTES_MAX / STREAM_BYTES_PER_SECOND_MAX + 1) * secondMs,
        STREAM_BYTES_PER_SECOND_MAX,
        false,
      ],
      [
        (STREAM_BURST_BYTES_MAX / STREAM_BYTES_PER_SECOND_MAX + 1) * secondMs,
        STREAM_BYTES_PER_SECOND_MAX + 1,
        true,
      ],
    ] as const) {
      const { stage, attempt } = await answering({ translatorOf: joining });
      await attempt.responseHead(STREAM_HEAD, false);
      const most = await attempt.responseChunk(Buffer.alloc(STREAM_BURST_BYTES_MAX, "\n"), false);
      assert.equal(most.bytes.length, STREAM_BURST_BYTES_MAX);
      stage.clock.monotonicMs += elapsedMs;
      const { bytes } = await attempt.responseChunk(Buffer.alloc(more, "\n"), false);
      if (isBroken) assert.match(bytes.toString(), /never pauses.*upstream_invalid/);
      else assert.equal(bytes.length, more);
    }
  });

  /** Everything that a client gets for the pieces of a coded stream, as far as they are taken. */
  async function coded(coding: string, pieces: readonly Buffer[], translatorOf = joining) {
    const { sent, attempt, stage } = await answering({ translatorOf });
    const headers = headersFrom([
      ["content-type", "text/event-stream"],
      ["content-encoding", coding],
    ]);
    const head = await attempt.responseHead({ status: 200, headers }, false);
    assert.ok(head.kind === "pass" && head.plan.headers.remove.includes("content-encoding"));
    const given: Buffer[] = [];
    for (const [index, piece] of pieces.entries())
      given.push((await attempt.responseChunk(piece, index === pieces.length - 1)).bytes);
    attempt.end("complete");
    sent.governance.end("aborted");
    return { text: Buffer.concat(given).toString(), upstreamError: onlyRecord(stage).upstreamError };
  }
  const joining = scriptedTranslators({
    stream: () => ({
      push: (chunk) => ({ bytes: chunk, fault: undefined }),
      end: () => ({ bytes: Buffer.from("!"), complete: true }),
    }),
  });
  const bytewise = (bytes: Buffer) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const CODERS = {
    gzip: gzipSync,
    "x-gzip": gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  };

  test("is read from a coded stream as it comes, wherever it is cut", async () => {
    const said = "data: Grüße\n\n".repeat(50);
    for (const [coding, code] of Object.entries(CODERS))
      for (const pieces of [[code(said)], bytewise(code(said)), [code(said), Buffer.alloc(0)]])
        assert.deepEqual(await coded(coding, pieces), { text: `${said}!`, upstreamError: undefined }, coding);
  });

  test("of a coded stream comes before its end has", async () => {
    const { attempt } = await answering({ translatorOf: joining });
    const headers = headersFrom([
      ["content-type", "text/event-stream"],
      ["content-encoding", "gzip"],
    ]);
    await attempt.responseHead({ status: 200, headers }, false);
    const first = gzipSync("data: 1\n\n", { finishFlush: constants.Z_SYNC_FLUSH });
    assert.equal(String((await attempt.responseChunk(first, false)).bytes), "data: 1\n\n");
    attempt.end("aborted");
  });

  test("of a coded stream that is damaged, cut short, or goes on behind its end ends in an error event", async () => {
    const said = "data: 1\n\n".repeat(50);
    for (const [coding, code] of Object.entries(CODERS)) {
      const bytes = code(said);
      for (const wrong of [
        [bytes.subarray(0, -1)],
        [Buffer.from(said)],
        [Buffer.concat([bytes, Buffer.from("x")])],
        [bytes.subarray(0, 12), Buffer.from("x"), bytes.subarray(12)],
      ]) {
        const { text, upstreamError } = await coded(coding, wrong);
        assert.match(text, /data: \{"error".*upstream_invalid.*\n\n$/, coding);
        assert.equal(upstreamError, "upstream_invalid");
      }
    }
  });

  test("of a coded stream is bounded in a piece, in what it grows to, and in coded bytes that say nothing", async () => {
    const line = "data: 1\n\n";
    const lines = (bytes: number) => Buffer.alloc(bytes, line);
    // As large as a piece may be, in a ratio that a stream may have.
    const most = await coded("gzip", [gzipSync(lines(DECODED_PIECE_BYTES_MAX), { level: 1 })]);
    assert.equal(most.upstreamError, undefined);
    assert.equal(most.text.length, DECODED_PIECE_BYTES_MAX + 1);
    const once = gzipSync(lines(DECODED_PIECE_BYTES_MAX + 1), { level: 1 });
    const bomb = brotliCompressSync(lines(DECODED_PIECE_BYTES_MAX));
    // Stored blocks of no bytes (RFC 1951 3.2.4), which decode to nothing for ever.
    const empty = Buffer.alloc(STREAM_BURST_BYTES_MAX, Buffer.from([0, 0, 0, 0xff, 0xff]));
    const begun = gzipSync("", { finishFlush: constants.Z_SYNC_FLUSH });
    for (const [coding, pieces] of [
      ["gzip", [once]],
      ["br", [bomb]],
      ["br", [bomb.subarray(0, 10), bomb.subarray(10)]],
      ["gzip", [begun, empty, Buffer.alloc(0)]],
    ] as const) {
      const { text, upstreamError } = await coded(coding, pieces);
      assert.equal(upstreamError, "upstream_invalid");
      assert.match(text.slice(-400), /upstream_invalid/);
      assert.ok(!text.endsWith("!") && text.length < DECODED_PIECE_BYTES_MAX, coding);
    }
  });

  test("is refused where it is a stream that cannot be read: in several codings or an unknown one, or one nobody can translate", async () => {
    for (const [coding, translatorOf] of [
      ["gzip, br", joining],
      ["gzip, gzip", joining],
      ["compress", joining],
      ["__proto__", joining],
      ["identity", scriptedTranslators({})],
    ] as const) {
      const { attempt } = await answering({ translatorOf });
      const headers = headersFrom([
        ["content-type", "text/event-stream"],
        ["content-encoding", coding],
      ]);
      const refused = refusalOf(await attempt.responseHead({ status: 200, headers }, false));
      assert.deepEqual([refused.status, refused.code], [502, "upstream_invalid"], coding);
    }
  });
});

describe("an Envoy without the filter at the cluster", () => {
  test("gets no answer through that was given to another request than the one that was let through", async () => {
    const stage = stageWith();
    const sent = await send(stage, {
      body: chatBody(),
      decide: { allow: true, route: { targets: ["claude"] } },
    });
    planOf(sent.answer);
    assert.equal(refusalOf(await sent.governance.responseHead(JSON_HEAD, false)).code, "config_mismatch");
  });

  test("for one of two attempts gets no answer through that the other one was not given", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    const attempt = attemptOf(stage, sent, "claude");
    await attempt.requestHead(false);
    planOf(await attempt.requestBody(bytesOf(chatBody())));
    const head = { ...JSON_HEAD, origin: "upstream" } as const;
    assert.equal(refusalOf(await sent.governance.responseHead(head, false)).code, "config_mismatch");
  });

  test("serves targets that need nothing of it", async () => {
    const stage = stageWith();
    const sent = await through(stage);
    await answer(sent, { body: completion() });
    assert.equal(onlyRecord(stage).verdict, "allow");
    assert.equal(onlyRecord(stage).attempts, undefined);
  });
});

test("ext_authz alone is led only to targets that take the request as it is, without a key", async () => {
  const stage = stageWith();
  const check = (targets: readonly string[]) => {
    const ask = { body: chatBody(), decide: { allow: true, route: { targets: [...targets] } } };
    const exchange = exchangeOf(stage, { ...ask, protocol: "ext_authz" });
    return stage.governor.check(exchange, { bytes: bytesOf(chatBody()), truncated: false });
  };
  assert.equal(new Map(planOf(await check(["claude", "us"])).headers.set).get("x-regent-target"), "us");
  assert.equal(refusalOf(await check(["claude"])).code, "no_permitted_target");
});
