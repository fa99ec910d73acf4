import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as message from "../../src/formats/anthropic-messages/answer.ts";
import * as converse from "../../src/formats/bedrock-converse/answer.ts";
import * as bounds from "../../src/formats/bounds.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { TENSORS_MAX } from "../../src/formats/kserve-v2/tensors.ts";
import { GRPC_MESSAGE_BYTES_MAX, GRPC_MESSAGES_MAX } from "../../src/formats/kserve-v2-grpc/frames.ts";
import { PROTOBUF_FIELDS_MAX } from "../../src/formats/kserve-v2-grpc/wire.ts";
import * as answer from "../../src/formats/openai/answer.ts";
import * as responses from "../../src/formats/openai-responses/answer.ts";
import * as shape from "../../src/formats/tensors/shape.ts";
import * as text from "../../src/formats/text.ts";
import * as awsEventStream from "../../src/wire/aws-event-stream.ts";
import * as contentEncoding from "../../src/wire/content-encoding.ts";
import * as json from "../../src/wire/json/index.ts";
import * as ndjson from "../../src/wire/ndjson.ts";
import * as sse from "../../src/wire/sse.ts";
import { renderFormatsPage } from "../../tools/docs/formats.ts";

const PAGE = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");

/** The cells of the rows below a heading, without their back quotes. */
function rowsUnder(heading: string): string[][] {
  const section = PAGE.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("docs/formats.md lists every endpoint of every format, and no other", () => {
  const endpoints = Object.values(FORMATS).flatMap(({ name, endpoints: all }) =>
    all.map(({ method, path, operation }) => [name, method, path, operation]),
  );
  assert.deepEqual(rowsUnder("Endpoints").sort(), endpoints.sort());
});

test("the tables of docs/formats.md say what the formats and translators do", () => {
  assert.equal(renderFormatsPage(PAGE), PAGE, "due: node tools/docs/formats.ts");
});

test("docs/formats.md lists every limit of reading with its value, and no other", () => {
  const wire = [json, contentEncoding, sse, ndjson, awsEventStream];
  const tensors = { TENSORS_MAX, GRPC_MESSAGE_BYTES_MAX, GRPC_MESSAGES_MAX, PROTOBUF_FIELDS_MAX };
  const modules = [...wire, text, bounds, answer, responses, message, converse, shape, tensors];
  const limits = modules
    .flatMap((module) => Object.entries(module as { [name: string]: unknown }))
    .filter(([, value]) => typeof value === "number")
    .map(([name, value]) => [name, String(value)]);
  assert.deepEqual(
    rowsUnder("Limits")
      .map((row) => row.slice(0, 2))
      .sort(),
    limits.sort(),
  );
});
