/** Rules that ask for something to be done with answers, the shipped ones and the one that the docs show, through a real Envoy. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FormatName } from "../../../src/exchange/inference.ts";
import type { JsonValue } from "../../../src/exchange/json.ts";
import { FORMATS } from "../../../src/formats/index.ts";
import { readingOf } from "../../../src/formats/reading.ts";
import { buildBundle } from "../../../src/policy/opa/build.ts";
import { DEFAULT_IGNORE } from "../../../src/policy/opa/sources.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { POLICIES } from "../../policies/policies.ts";
import { tell } from "../../support/answer-streams.ts";
import { writeSources } from "../../support/rego.ts";
import { ANALYST } from "../governed/ask.ts";
import { eventually } from "../governed/records.ts";
import { SCRIPTED_MODEL, startScripted } from "../governed/scripted.ts";
import { startGoverned } from "../governed/stack.ts";
import { type Received, send } from "../support/client.ts";
import type { Answer } from "../support/witness.ts";

/** The tests of one stack, on a machine that does a lot else at once: a stream that never ends fails all the same. */
const SUITE_MS_MAX = 300_000;
/** A record is on disk within milliseconds, but on a machine that does a lot else at once. */
const RECORD_MS_MAX = 120_000;

const LONG = "and so it goes on ".repeat(120);
/** Whole words, in whole pieces: a secret that goes on from a word is none, and what is clean leaves by pieces. */
const BEFORE = LONG.slice(0, 39 * 18);
const letters = (text: string) => text.match(/.{1,3}/g) ?? [];
const secret = () => `sk-ant-${randomBytes(24).toString("hex")}`;

/** The shipped rules with their configuration, and rules of somebody's own, on what is scripted behind Envoy. */
async function startRules(config: JsonValue, own: { readonly [file: string]: string } = {}) {
  const scripted = await startScripted();
  const folder = temporaryFolder();
  const stop = async () => {
    await scripted.stop();
    folder.remove();
  };
  try {
    const bundle = join(folder.path, "bundle.tar.gz");
    const more = join(folder.path, "more");
    await writeSources(more, { "regent/config/data.json": JSON.stringify(config), ...own });
    await buildBundle({
      paths: [POLICIES, join(POLICIES, "demo"), more],
      ignore: [...DEFAULT_IGNORE, "demo", "examples"],
      output: bundle,
      entrypoints: [],
    });
    const stack = await startGoverned({
      filters: "ext_proc",
      config: (usual) => ({
        ...usual,
        bundles: [{ name: "test", path: bundle }],
        extAuthz: {},
        registry: { file: scripted.writeRegistry(folder.path) },
        audit: { ...usual.audit, flush: "5ms" },
      }),
      targets: [scripted.target],
    });
    return {
      async ask(
        { path, body }: Dialect,
        answer: Answer,
        { dataClass, onPiece }: Asked = {},
      ): Promise<Received> {
        scripted.play(answer);
        const headers = {
          ...{ ...ANALYST, "content-type": "application/json", "anthropic-version": "2023-06-01" },
          ...(dataClass === undefined ? {} : { "x-data-class": dataClass }),
        };
        const given = (): boolean => {
          onPiece?.();
          return false;
        };
        return send(stack.port, { path, headers, body: JSON.stringify(body), onPiece: given });
      },
      recordOf: ({ headers }: Received) =>
        eventually(
          "the record",
          async () => (await stack.records()).find(({ id }) => id === headers["x-regent-decision-id"]),
          RECORD_MS_MAX,
        ),
      async stop() {
        await stack.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Asked = { readonly dataClass?: string; readonly onPiece?: () => void };
type Rules = Awaited<ReturnType<typeof startRules>>;
type Dialect = {
  readonly name: FormatName;
  readonly path: string;
  readonly body: { readonly [name: string]: JsonValue };
};

const CHAT = { model: SCRIPTED_MODEL, messages: [{ role: "user", content: "Hello." }] };
const DIALECTS: readonly Dialect[] = [
  { name: "openai-chat", path: "/v1/chat/completions", body: CHAT },
  { name: "anthropic-messages", path: "/v1/messages", body: { ...CHAT, max_tokens: 100 } },
  { name: "openai-responses", path: "/v1/responses", body: { model: SCRIPTED_MODEL, input: "Hello." } },
];
const EMBEDDINGS: Dialect = {
  ...{ name: "openai-embeddings", path: "/v1/embeddings" },
  body: { model: SCRIPTED_MODEL, input: "Hello." },
};
const streaming = (dialect: Dialect): Dialect => ({ ...dialect, body: { ...dialect.body, stream: true } });

/** A whole answer that says this, without its usage: so its length is that of its text. */
function whole({ name }: Dialect, text: string): string {
  const item = { id: "m", type: "message", role: "assistant", content: [{ type: "output_text", text }] };
  const message = { index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" };
  const answers: { readonly [name in FormatName]?: object } = {
    "openai-chat": { id: "c", object: "chat.completion", model: "any", choices: [message] },
    "anthropic-messages": {
      ...{ id: "m", type: "message", role: "assistant", model: "any", stop_reason: "end_turn" },
      content: [{ type: "text", text }],
    },
    "openai-responses": { id: "r", object: "response", model: "any", status: "completed", output: [item] },
  };
  return JSON.stringify(answers[name]);
}

const json =
  (body: string): Answer =>
  (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(body);
  };

/** A stream that is written in one go, but for its end, which comes only when `ends`. */
function stream({ name }: Dialect, text: string, ends = true) {
  const { open, end } = tell(name, letters(text));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const answer: Answer = (_request, response) => {
    void once(response, "close").then(() => resolve());
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(open);
    if (ends) response.end(end);
  };
  return { answer, closed };
}

const saidBy = ({ name }: Dialect, kind: "response" | "stream", { body }: Received) =>
  readingOf(FORMATS[name], kind, Buffer.from(body));

/** Neither all of a secret nor what makes it one has left. */
function assertKept({ body }: Received, value: string): void {
  assert.ok(!body.includes(value.slice("sk-ant-".length, 16)), body.slice(-300));
}

function assertRefusedBy(got: Received, status: number, code: string): void {
  assert.deepEqual([got.status, got.end, got.headers["x-regent-reason"]], [status, "clean", code], got.body);
}

/** The last event of a stream says why it ended. */
function assertEndsWith(dialect: Dialect, got: Received, code: string): string {
  assert.deepEqual([got.status, got.end], [200, "clean"]);
  assert.ok(got.body.slice(-600).includes(code), got.body.slice(-600));
  const { text, error } = saidBy(dialect, "stream", got);
  assert.notEqual(error, null);
  return String(text ?? "");
}

describe("answers that shipped rules bound and refuse for secrets", { timeout: SUITE_MS_MAX }, () => {
  let rules: Rules;
  before(async () => {
    rules = await startRules({
      limits: { output_tokens: { models: { [SCRIPTED_MODEL]: 400 }, data_classes: { personal: 50 } } },
      privacy: { secrets_in_answers: { action: "refuse", window: 256 } },
    });
  });
  after(() => rules?.stop());

  for (const dialect of DIALECTS)
    test(`${dialect.name}: a whole answer with a secret is refused, one without passes byte for byte`, async () => {
      const value = secret();
      const refused = await rules.ask(dialect, json(whole(dialect, `the key is ${value}, use it`)));
      assertRefusedBy(refused, 400, "secret_in_answer");
      assertKept(refused, value);
      const record = await rules.recordOf(refused);
      assert.deepEqual([record.verdict, record.answerFindings], ["deny", [{ type: "SECRET", count: 1 }]]);
      assert.equal(record.reasons.at(-1)?.policy, "privacy/secrets_in_answers");
      const body = whole(dialect, "there is no key");
      assert.equal((await rules.ask(dialect, json(body))).body, body);
    });

  for (const dialect of DIALECTS)
    test(`${dialect.name}: a stream ends in front of a secret that is cut over its events`, async () => {
      const value = secret();
      const { answer, closed } = stream(dialect, `${BEFORE}${value} ${BEFORE}`, false);
      const got = await rules.ask(streaming(dialect), answer);
      const said = assertEndsWith(dialect, got, "secret_in_answer");
      assert.ok(LONG.startsWith(said) && said.length > 0, said);
      assertKept(got, value);
      await closed;
      assert.equal((await rules.recordOf(got)).verdict, "deny");
    });

  for (const dialect of DIALECTS)
    test(`${dialect.name}: an answer ends at the bound of its model, and sooner at that of a class of data`, async () => {
      // One token for four bytes, where nothing is reported.
      const within = whole(dialect, LONG.slice(0, 1_500));
      assert.equal((await rules.ask(dialect, json(within))).body, within);
      assertRefusedBy(await rules.ask(dialect, json(whole(dialect, LONG))), 403, "output_limit");
      assertRefusedBy(await rules.ask(dialect, json(within), { dataClass: "personal" }), 403, "output_limit");
      const { answer, closed } = stream(dialect, LONG, false);
      const said = assertEndsWith(dialect, await rules.ask(streaming(dialect), answer), "output_limit");
      assert.ok(LONG.startsWith(said) && said.length <= 1_600 && said.length > 900, String(said.length));
      await closed;
      const sooner = await rules.ask(streaming(dialect), stream(dialect, LONG).answer, {
        dataClass: "personal",
      });
      assert.ok(assertEndsWith(dialect, sooner, "output_limit").length <= 200);
    });

  test("what writes no text is served all the same", async () => {
    const data = [{ object: "embedding", index: 0, embedding: [0.5, -0.25] }];
    const usage = { prompt_tokens: 2, total_tokens: 2 };
    const body = JSON.stringify({ object: "list", model: "any", data, usage });
    const got = await rules.ask(EMBEDDINGS, json(body));
    assert.deepEqual([got.status, got.body], [200, body]);
  });
});

/** The rule that docs/answers.md shows. */
const [SHOWN = assert.fail("no rule")] = [
  ...readFileSync(join(POLICIES, "..", "docs", "answers.md"), "utf8").matchAll(/^```rego\n(.*?)^```/gms),
].map(([, text]) => text);

describe("answers that a shipped rule masks, beside a rule of one's own", { timeout: SUITE_MS_MAX }, () => {
  let rules: Rules;
  before(async () => {
    rules = await startRules(
      { privacy: { secrets_in_answers: { action: "mask", window: 128 } } },
      { "rules/acme/no_cards/no_cards.rego": SHOWN },
    );
  });
  after(() => rules?.stop());

  for (const dialect of DIALECTS)
    test(`${dialect.name}: secrets are masked, in whole answers and in streams`, async () => {
      const text = `the key is ${secret()}, use it. `;
      const masked = "the key is <SECRET>, use it. ";
      const answered = await rules.ask(dialect, json(whole(dialect, text)));
      assert.deepEqual([answered.status, answered.body], [200, whole(dialect, masked)]);
      const streamed = await rules.ask(streaming(dialect), stream(dialect, `${LONG}${text}${LONG}`).answer);
      const { text: said, error } = saidBy(dialect, "stream", streamed);
      assert.deepEqual([said, error], [`${LONG}${masked}${LONG}`, null]);
      const { redactions } = await rules.recordOf(streamed);
      assert.deepEqual(
        redactions.map(({ type }) => type),
        ["SECRET"],
      );
    });

  test("the rule of one's own refuses a card", async () => {
    const [dialect = assert.fail()] = DIALECTS;
    const card = "4111 1111 1111 1111";
    const refused = await rules.ask(dialect, json(whole(dialect, `pay with ${card}.`)));
    assertRefusedBy(refused, 400, "card_in_answer");
    const got = await rules.ask(streaming(dialect), stream(dialect, `${BEFORE}${card} and on`).answer);
    assert.equal(assertEndsWith(dialect, got, "card_in_answer"), BEFORE);
    assert.ok(!got.body.includes("4111"));
  });

  test("of two windows the larger holds streams back", async () => {
    const [dialect = assert.fail()] = DIALECTS;
    // Known by its third part: a window of 128 bytes would let the beginning go, one of 1,024 does not.
    const hex = (bytes: number) => randomBytes(bytes).toString("hex");
    const token = `eyJ${hex(20)}.${hex(300)}.${hex(32)}`;
    const said = [`${LONG}${token.slice(0, 500)}`, `${token.slice(500)} ${LONG}`];
    const { open, end } = tell(dialect.name, said.flatMap(letters));
    const cut = tell(dialect.name, letters(said[0] ?? "")).open.length;
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const answer: Answer = async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(open.subarray(0, cut));
      // What may leave of the first half does so before the second is there.
      await begun;
      response.write(open.subarray(cut));
      response.end(end);
    };
    const got = await rules.ask(streaming(dialect), answer, { onPiece: () => begin() });
    const { text, error } = saidBy(dialect, "stream", got);
    assert.deepEqual([text, error], [`${LONG}<SECRET> ${LONG}`, null]);
  });

  test("its bound ends an answer", async () => {
    const [dialect = assert.fail()] = DIALECTS;
    const long = LONG.repeat(5);
    assertRefusedBy(await rules.ask(dialect, json(whole(dialect, long))), 403, "output_limit");
    const said = assertEndsWith(
      dialect,
      await rules.ask(streaming(dialect), stream(dialect, long).answer),
      "output_limit",
    );
    assert.ok(long.startsWith(said) && said.length <= 8_000 && said.length > 6_000, String(said.length));
  });
});
