import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withFolder } from "../../test/support/rego.ts";
import {
  loadTranslations,
  type TranslationFixture,
  translationsMissing,
} from "../../test/translation/fixtures.ts";
import { packageFile } from "../document/package-root.ts";
import { guessFormat } from "../formats/guess.ts";

type Result = { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string };

/** The program itself: what it writes to stderr is part of what it does. */
function translate(body: Buffer | string, ...args: readonly string[]): Promise<Result> {
  return withFolder(async (folder) => {
    const file = join(folder, "body");
    await writeFile(file, body);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [packageFile("src", "main.ts"), "translate", ...args, file],
      { maxBuffer: 64 * 1024 ** 2 },
    );
    return { status, stdout, stderr: stderr.toString("utf8") };
  });
}

const lines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { code: string; member: string; message: string });

const CHAT = { model: "m", messages: [{ role: "user", content: "hello" }], max_tokens: 5 };

/** A plain request is the same in OpenAI's chat and in Anthropic's messages. */
function showsDialect({ kind, input }: TranslationFixture): boolean {
  if (kind !== "request") return true;
  const {
    model: _model,
    messages,
    max_tokens: _bound,
    stream: _stream,
    ...rest
  } = JSON.parse(input.toString());
  const isPlain = ({ role, content }: { role: string; content: unknown }) =>
    role !== "system" && typeof content === "string";
  return Object.keys(rest).length > 0 || !Array.isArray(messages) || !messages.every(isPlain);
}

describe("regent translate", () => {
  test("prints the body, and what got lost as JSON lines on stderr", async () => {
    const { status, stdout, stderr } = await translate(
      JSON.stringify({ ...CHAT, logit_bias: { 5: 1 } }),
      ...["--from", "openai-chat", "--to", "anthropic-messages", "--kind", "request"],
    );
    assert.equal(status, 0);
    const body = JSON.parse(stdout.toString()) as { max_tokens: number; messages: { content: unknown }[] };
    assert.equal(body.max_tokens, 5);
    assert.equal(JSON.stringify(body.messages[0]?.content).includes("hello"), true);
    assert.deepEqual(
      lines(stderr).map(({ code, member }) => [code, member.split("/")[1]]),
      [["dropped", "logit_bias"]],
    );
  });

  test("refuses in strict mode what is lost, and nothing else", async () => {
    const strict = ["--to", "anthropic-messages", "--kind", "request", "--strict"];
    const lossy = await translate(JSON.stringify({ ...CHAT, logit_bias: { 5: 1 } }), ...strict);
    assert.equal(lossy.status, 3);
    assert.equal(lossy.stdout.length, 0);
    assert.match(lossy.stderr, /translation_unsupported: .*logit_bias/);
    const { max_tokens: _bound, ...unbounded } = CHAT;
    const invented = await translate(JSON.stringify(unbounded), ...strict);
    assert.equal(invented.status, 0);
    assert.deepEqual(
      lines(invented.stderr).map(({ code }) => code),
      ["invented"],
    );
  });

  test("prints path, content-type and headers where asked to", async () => {
    const { stderr } = await translate(
      JSON.stringify(CHAT),
      ...["--to", "gemini-generate", "--kind", "request", "--head"],
    );
    const [head] = stderr.split("\n").filter((line) => line.includes('"path"'));
    assert.match(head ?? "", /"path":"\/v1beta\/models\/m:generateContent/);
  });

  test("ends with 3 for a body that is none of its dialect, and for a stream that broke off", async () => {
    const broken = await translate(
      '{"model":1}',
      "--from",
      "openai-chat",
      "--to",
      "gemini-generate",
      "--kind",
      "request",
    );
    assert.equal(broken.status, 3);
    assert.match(broken.stderr, /body_invalid/);
    const cut = await translate(
      'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
      ...["--from", "openai-chat", "--to", "anthropic-messages", "--kind", "stream"],
    );
    assert.equal(cut.status, 3);
    assert.match(cut.stderr, /^regent: upstream_incomplete: The model ended/m);
    assert.doesNotMatch(cut.stdout.toString(), /message_stop/);
  });

  test("says which pair cannot be translated", async () => {
    const { status, stderr } = await translate(
      JSON.stringify(CHAT),
      "--to",
      "kserve-v2",
      "--kind",
      "request",
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /openai-chat cannot be translated to kserve-v2, only to anthropic-messages, .*bedrock-converse$/m,
    );
  });

  test("says that a body is of the format already, and which kinds a pair has none of", async () => {
    const same = await translate(JSON.stringify(CHAT), "--to", "openai-chat", "--kind", "request");
    assert.equal(same.status, 1);
    assert.match(same.stderr, /the body is openai-chat already/);
    const vectors = await translate(
      '{"model":"m","input":"a"}',
      ...["--from", "openai-embeddings", "--to", "kserve-v2", "--kind", "stream"],
    );
    assert.equal(vectors.status, 1);
    assert.match(
      vectors.stderr,
      /a stream of openai-embeddings cannot be translated to kserve-v2, only a request/,
    );
  });

  test("tells the dialect of recorded bodies by themselves", { skip: translationsMissing ?? false }, () => {
    const told = loadTranslations()
      .filter(showsDialect)
      .map(({ name, from, kind, input }) => ({
        name,
        from,
        guessed: guessFormat(kind, input, new Map()),
      }));
    const wrong = told.filter(({ from, guessed }) => guessed !== from);
    assert.deepEqual(wrong, []);
  });
});
