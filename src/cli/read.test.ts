import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  assertReading,
  FIXTURES_FOLDER,
  fixturesMissing,
  loadFixtures,
} from "../../test/contract/fixtures.ts";
import { withFolder } from "../../test/support/rego.ts";
import { type CommandResult, runCommand } from "../../test/support/run-command.ts";
import { FORMATS } from "../formats/index.ts";
import { readCommand } from "./read.ts";

const read = (...args: readonly string[]): Promise<CommandResult> => runCommand(readCommand(), args);

async function readBody(body: string, ...args: readonly string[]): Promise<CommandResult> {
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
