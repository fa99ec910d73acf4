import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
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
  return translateWith({}, body, ...args);
}

/** @param files beside the body, by names that arguments have */
function translateWith(
  files: { readonly [name: string]: string },
  body: Buffer | string,
  ...given: readonly string[]
): Promise<Result> {
  return withFolder(async (folder) => {
    const file = join(folder, "body");
    await writeFile(file, body);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const args = given.map((arg) => (Object.hasOwn(files, arg) ? join(folder, arg) : arg));
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

  test("refuses a request that the gateway refuses, and translates none of it", async () => {
    const { model: _named, ...nameless } = CHAT;
    for (const [body, reason] of [
      [{ ...nameless, Model: "m" }, /^regent: body_invalid: A member is spelt almost like model/],
      [nameless, /^regent: body_invalid: model is missing/],
      [
        { ...CHAT, messages: [{ role: "user", Content: "hello" }] },
        /^regent: body_invalid: .*almost like content/,
      ],
    ] as const) {
      const { status, stdout, stderr } = await translate(
        JSON.stringify(body),
        ...["--from", "openai-chat", "--to", "anthropic-messages", "--kind", "request"],
      );
      assert.deepEqual([status, stdout.length], [3, 0]);
      assert.match(stderr, reason);
    }
  });

  test("undoes the content coding of a body, or says why it cannot", async () => {
    const gzip = [
      ...["--to", "anthropic-messages", "--kind", "request"],
      ...["--header", "content-encoding: gzip"],
    ];
    const { status, stdout } = await translate(gzipSync(JSON.stringify(CHAT)), ...gzip);
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout.toString()) as { max_tokens: number }).max_tokens, 5);
    const plain = await translate(JSON.stringify(CHAT), ...gzip);
    assert.equal(plain.status, 3);
    assert.equal(plain.stderr, "regent: encoding_unsupported: The request has a body that is not gzip.\n");
  });

  test("is strict with requests, and only tells what answers lose", async () => {
    const answer = {
      ...{ id: "i", object: "chat.completion", model: "m", system_fingerprint: "f", created: 1 },
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "a" },
          finish_reason: "stop",
          logprobs: { content: [{}] },
        },
      ],
    };
    const { status, stdout, stderr } = await translate(
      JSON.stringify(answer),
      ...["--to", "anthropic-messages", "--kind", "response", "--strict"],
    );
    assert.equal(status, 0);
    assert.notEqual(stdout.length, 0);
    assert.ok(lines(stderr).some(({ code }) => code === "dropped"));
  });

  test("takes an error for an answer where its status is one, and in words of the client where it has none", async () => {
    const args = ["--from", "openai-chat", "--to", "anthropic-messages", "--kind", "response", "--status"];
    const error = JSON.stringify({ error: { message: "too many", type: "rate_limit_exceeded" } });
    const told = await translate(error, ...args, "429");
    assert.equal(told.status, 0);
    assert.match(told.stdout.toString(), /too many/);
    const success = await translate(error, ...args, "200");
    assert.equal(success.status, 3);
    assert.match(success.stderr, /^regent: upstream_invalid: .* an error under a status of success/);
    const page = await translate("<html>Bad Gateway</html>", ...args, "502");
    assert.equal(page.status, 0);
    assert.equal((JSON.parse(page.stdout.toString()) as { type: string }).type, "error");
  });

  describe("of a model in a registry", () => {
    const REGISTRY = `version: 1
aliases: { flowers: iris }
targets:
  - { name: mlserver, region: us, provider: p, format: kserve-v2, key: { file: nowhere.key } }
models:
  - name: iris
    stage: active
    versions:
      - name: iris-1
        weight: 1
        targets: [mlserver]
        tensors: { inputs: [{ name: features, datatype: FP64, shape: [-1, 2] }] }
      - { name: iris-2, weight: 0, targets: [mlserver] }
  - name: words
    stage: active
    versions:
      - { name: words, weight: 1, targets: [mlserver], completions: { textInput: prompt } }
      - { name: words-2, weight: 1, targets: [mlserver] }
  - { name: gone, stage: retired, versions: [] }
  - { name: short, stage: active, maxOutputTokens: 5, versions: [{ name: chat, weight: 1, targets: [mlserver] }] }
  - { name: long, stage: active, maxOutputTokens: 500, versions: [{ name: chat, weight: 1, targets: [mlserver] }] }
`;
    const of = (model: string) => ["--registry", "registry.yaml", "--model", model];
    const rows = (model: string, body: object = { instances: [[1, 2]] }) =>
      translateWith(
        { "registry.yaml": REGISTRY },
        JSON.stringify(body),
        ...["--from", "tfserving", "--to", "kserve-v2", "--kind", "request", "--url-model", "iris-1"],
        ...of(model),
      );

    test("takes what is declared, reads no key, and makes up nothing", async () => {
      const { status, stdout, stderr } = await rows("iris-1");
      assert.deepEqual([status, stderr], [0, ""]);
      assert.deepEqual(JSON.parse(stdout.toString()), {
        inputs: [{ name: "features", shape: [1, 2], datatype: "FP64", data: [1, 2] }],
      });
      const other = await rows("iris-1", { instances: [["a", "b"]] });
      assert.equal(other.status, 3);
      assert.equal(other.stderr, "regent: body_invalid: features: text given for FP64\n");
    });

    test("takes the version that has the name of its model, and asks for one where they differ", async () => {
      const words = await translateWith(
        { "registry.yaml": REGISTRY },
        JSON.stringify({ model: "words", prompt: "p", max_tokens: 1 }),
        ...["--to", "kserve-v2", "--kind", "request", ...of("words")],
      );
      assert.match(words.stdout.toString(), /"name":"prompt"/);
      for (const [name, wanted] of [
        ["iris", "one of iris-1, iris-2"],
        ["flowers", "one of iris-1, iris-2"],
        // The version of two models, of which one gives more tokens.
        ["chat", "the model"],
      ] as const) {
        const { status, stderr } = await rows(name);
        assert.equal(status, 1);
        assert.equal(
          stderr,
          `regent: "${name}" has versions that declare different things: name ${wanted}\n`,
        );
      }
    });

    test("names what is wrong with the registry or the name", async () => {
      for (const name of ["roses", "gone"]) {
        const unknown = await rows(name);
        assert.equal(unknown.status, 1);
        assert.match(
          unknown.stderr,
          /--model: .*registry\.yaml has no version, and no model with a version, of the name /,
        );
        assert.ok(unknown.stderr.endsWith(`${name}\n`));
      }
      const faulty = await translateWith(
        { "registry.yaml": REGISTRY.replace("FP64", "FP46") },
        "{}",
        ...["--to", "kserve-v2", "--kind", "request", ...of("iris-1")],
      );
      assert.equal(faulty.status, 1);
      assert.match(faulty.stderr, /registry\.yaml:12:57 error config\/value .*datatype/);
      const alone = await translate("{}", "--to", "kserve-v2", "--kind", "request", "--model", "iris");
      assert.match(alone.stderr, /--registry FILE and --model NAME go together/);
    });
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
