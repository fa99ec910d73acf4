import assert from "node:assert/strict";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import {
  assertReading,
  FIXTURES_FOLDER,
  fixturesMissing,
  loadFixtures,
} from "../../test/contract/fixtures.ts";
import { seedsOf } from "../../test/contract/seeds.ts";
import { withFolder } from "../../test/support/rego.ts";
import { type CommandResult, runCommand } from "../../test/support/run-command.ts";
import { BODY_BYTES_MAX } from "../config/schema.ts";
import { type BodyKind, FORMATS } from "../formats/index.ts";
import { readCommand } from "./read.ts";
import { FILE_BYTES_MAX } from "./read-body.ts";

const KINDS = ["request", "response", "stream"] as const;

const read = (...args: readonly string[]): Promise<CommandResult> => runCommand(readCommand(), args);

async function readBody(body: string | Buffer, ...args: readonly string[]): Promise<CommandResult> {
  return withFolder(async (folder) => {
    const file = join(folder, "body");
    await writeFile(file, body);
    return read(...args, file);
  });
}

describe("regent read", () => {
  for (const format of Object.keys(FORMATS)) {
    test(`prints what every recorded body of ${format} says, and ends with 3 for one that breaks its format`, {
      skip: fixturesMissing(format) ?? false,
    }, async () => {
      for (const { file, kind, headers, urlModel, urlStream, status: httpStatus, expected } of loadFixtures(
        format,
      )) {
        const { status, stdout } = await read(
          ...["--kind", kind, "--format", format],
          ...[...headers].flatMap(([name, [value]]) => ["--header", `${name}: ${value}`]),
          ...(urlModel === undefined ? [] : ["--url-model", urlModel]),
          ...(urlStream === true ? ["--url-stream"] : []),
          ...(httpStatus === undefined ? [] : ["--status", String(httpStatus)]),
          join(FIXTURES_FOLDER, file),
        );
        assertReading(JSON.parse(stdout) as { [member: string]: unknown }, expected, file);
        assert.equal(status, expected.invalid === undefined ? 0 : 3, file);
      }
    });
  }

  test("prints what every recorded text of metrics says", {
    skip: fixturesMissing("metrics-text") ?? false,
  }, async () => {
    for (const { file, expected } of loadFixtures("metrics-text")) {
      const { stdout } = await read("-k", "response", "-f", "metrics-text", join(FIXTURES_FOLDER, file));
      const { values, ...said } = JSON.parse(stdout) as { values: unknown[] };
      const { values: chosen, ...wanted } = expected as { values: unknown[] };
      assert.deepEqual(said, wanted, file);
      for (const value of chosen) {
        const text = JSON.stringify(value);
        assert.ok(
          values.some((one) => JSON.stringify(one) === text),
          `${file}: ${text}`,
        );
      }
    }
  });

  test("tells the format by the body", async () => {
    const body = '{"model":"m","messages":[{"role":"user","content":"hello"}]}';
    const { status, stdout } = await readBody(body, "--kind", "request");
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { format: string }).format, "openai-chat");
  });

  test("asks for the format where the body shows none", async () => {
    const { status, failure } = await readBody('{"a":1}', "--kind", "request");
    assert.equal(status, 1);
    assert.match(
      failure ?? "",
      /the body does not show which format it is a request of: .* --format, one of openai-chat, /,
    );
  });

  test("says of a body that is not JSON that this is why its format is not known", async () => {
    const broken = await readBody('{"messages":[', "--kind", "request");
    assert.match(broken.failure ?? "", /which format it is a request of, as it is not JSON: look at --kind/);
    const stream = await readBody("hello", "--kind", "stream");
    assert.match(stream.failure ?? "", /which format it is a stream of: /);
  });

  const CHAT = '{"model":"m","messages":[{"role":"user","content":"hello"}]}';
  const gzip = ["--header", "Content-Encoding: gzip"];

  test("undoes the content coding of a body before it looks at it", async () => {
    const request = await readBody(gzipSync(CHAT), "--kind", "request", ...gzip);
    assert.equal((JSON.parse(request.stdout) as { model: string }).model, "m");
    const answer = brotliCompressSync('{"object":"chat.completion","model":"m","choices":[]}');
    const response = await readBody(answer, "--kind", "response", "--header", "content-encoding: br");
    assert.equal((JSON.parse(response.stdout) as { model: string }).model, "m");
    const events = gzipSync('data: {"object":"chat.completion.chunk","choices":[]}\n\ndata: [DONE]\n\n');
    const stream = await readBody(events, "--kind", "stream", ...gzip);
    assert.equal((JSON.parse(stream.stdout) as { events: number }).events, 2);
  });

  test("takes a body whose coding the gateway refuses for invalid", async () => {
    const invalid = async (body: Buffer, kind: BodyKind, coding: string) => {
      const header = `content-encoding: ${coding}`;
      const { status, stdout } = await readBody(
        body,
        ...["--kind", kind, "-f", "openai-chat", "--header", header],
      );
      assert.equal(status, 3);
      return (JSON.parse(stdout) as { invalid: string }).invalid;
    };
    const body = gzipSync(CHAT);
    assert.equal(
      await invalid(Buffer.from(CHAT), "request", "gzip"),
      "The request has a body that is not gzip.",
    );
    assert.match(await invalid(body, "request", "br"), /a content coding other than gzip/);
    assert.match(
      await invalid(body.subarray(0, -9), "stream", "gzip"),
      /^The answer has a gzip body that is damaged/,
    );
    assert.match(await invalid(body, "stream", "gzip, gzip"), /a content coding that is not read/);
    const guessed = await readBody(Buffer.from(CHAT), "--kind", "request", ...gzip);
    assert.deepEqual([guessed.status, guessed.failure], [3, "The request has a body that is not gzip."]);
  });

  test("takes a request that is larger than any route allows for invalid", async () => {
    const body = (bytes: number) => CHAT.replace("hello", "x".repeat(bytes - CHAT.length + "hello".length));
    const whole = await readBody(body(BODY_BYTES_MAX), "--kind", "request");
    assert.equal(whole.status, 0);
    const { status, stdout } = await readBody(
      body(BODY_BYTES_MAX + 1),
      ...["--kind", "request", "-f", "openai-chat"],
    );
    assert.equal(status, 3);
    assert.match((JSON.parse(stdout) as { invalid: string }).invalid, /more than 52428800 bytes/);
  });

  test("refuses an empty file without a format, a directory, and a file that is too large", async () => {
    const empty = await readBody("", "--kind", "request");
    assert.deepEqual([empty.status, empty.failure], [1, "the body is empty: name its format with --format"]);
    await withFolder(async (folder) => {
      await mkdir(join(folder, "bodies"));
      const directory = await read("--kind", "request", join(folder, "bodies"));
      assert.equal(directory.status, 1);
      assert.match(directory.failure ?? "", /the body cannot be read: .*bodies is a directory$/);
      const file = join(folder, "zeros");
      await writeFile(file, "");
      await truncate(file, FILE_BYTES_MAX + 1);
      const large = await read("--kind", "stream", "-f", "openai-chat", file);
      assert.deepEqual([large.status, large.failure], [1, "the body is larger than 268435456 bytes"]);
    });
  });

  test("prints an object of any body as any kind of any format, and ends with 0 or 3", async () => {
    const formats = Object.values(FORMATS);
    const bodies = [
      Buffer.alloc(0),
      ...formats.flatMap(({ name }) => {
        const seeds = seedsOf(name).filter(({ body }) => body.length < 5000);
        return KINDS.flatMap((kind) => seeds.find((seed) => seed.kind === kind)?.body ?? []);
      }),
    ];
    await withFolder(async (folder) => {
      for (const [index, body] of bodies.entries()) {
        const file = join(folder, String(index));
        await writeFile(file, body);
        for (const { name } of formats)
          for (const kind of KINDS) {
            const { status, stdout } = await read("--kind", kind, "--format", name, file);
            const said = JSON.parse(stdout) as { [member: string]: unknown };
            assert.deepEqual([said.format, said.kind], [name, kind]);
            assert.equal(status, said.invalid === undefined ? 0 : 3, `${name} ${kind} ${body}`);
          }
      }
    });
  });

  test("says why a body breaks its format and where", async () => {
    const { status, stdout } = await readBody(
      '{"model":"a","model":"b"}',
      "--kind",
      "request",
      "-f",
      "openai-chat",
    );
    assert.equal(status, 3);
    assert.match((JSON.parse(stdout) as { invalid: string }).invalid, /repeated .*line 1, column 14/);
  });

  test("names a file that is not there, and headers and statuses that are none", async () => {
    const { status, failure } = await read("--kind", "request", "/nowhere/body.json");
    assert.equal(status, 1);
    assert.match(failure ?? "", /the body cannot be read: .*\/nowhere\/body\.json/);
    const refused = (args: readonly string[], words: RegExp) =>
      assert.rejects(read(...args, "-"), { message: words });
    await refused(["--kind", "request", "--header", "x"], /Write it as 'Name: value'/);
    await refused(["--kind", "response", "--status", "9"], /from 100 to 599/);
    await refused(["--kind", "answer"], /request, response, stream/);
  });
});
