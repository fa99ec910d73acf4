import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Headers } from "../../src/exchange/headers.ts";
import type { BodyKind } from "../../src/formats/reading.ts";

/** The recorded bodies, beside the checkout. Tests that need them are skipped, loudly, where they are not there. */
const ROOT = new URL("../../../shared/fixtures/", import.meta.url);

export const FIXTURES_FOLDER = fileURLToPath(ROOT);

/** A recorded body and what a correct reader finds in it. */
export type Fixture = {
  readonly name: string;
  /** `FOLDER/FILE`, below {@link FIXTURES_FOLDER}. */
  readonly file: string;
  readonly kind: BodyKind;
  readonly body: Buffer;
  readonly status: number | undefined;
  /** Lower case. */
  readonly headers: Headers;
  /** The model in the path of the request. */
  readonly urlModel: string | undefined;
  /** Whether the path of the request asks for a stream, where the path says so. */
  readonly urlStream: boolean | undefined;
  /** Byte offsets inside characters. */
  readonly splits: readonly number[];
  /** What the body says, without what is known of the recording. */
  readonly expected: { readonly [member: string]: unknown };
};

/** Why there is nothing to test with; undefined when there is. */
export function fixturesMissing(format: string): string | undefined {
  return existsSync(new URL(`${format}/`, ROOT))
    ? undefined
    : `no fixtures at ${ROOT.pathname}${format}: NOT TESTED`;
}

export function loadFixtures(format: string): Fixture[] {
  if (fixturesMissing(format) !== undefined) return [];
  const folder = new URL(`${format}/`, ROOT);
  const files = readdirSync(folder);
  return files
    .filter((file) => file.endsWith(EXPECT))
    .map((file) => loadFixture(folder, files, file.slice(0, -EXPECT.length)));
}

const EXPECT = ".expect.json";

function loadFixture(folder: URL, files: readonly string[], name: string): Fixture {
  const file = [".json", ".sse", ".txt", ".bin"]
    .map((ending) => name + ending)
    .find((candidate) => files.includes(candidate));
  if (file === undefined) throw new Error(`${name} has no body`);
  const {
    source: _source,
    request: _request,
    status,
    splits = [],
    content_type: contentType,
    headers = {},
    url_model: urlModel,
    ...expected
  } = JSON.parse(readFileSync(new URL(name + EXPECT, folder), "utf8")) as {
    [member: string]: unknown;
    kind: BodyKind;
    status?: number;
    splits?: number[];
    content_type?: string;
    headers?: { [name: string]: string };
    url_model?: string;
    model: string | null;
  };
  return {
    name,
    file: `${basename(folder.pathname)}/${file}`,
    kind: expected.kind as BodyKind,
    body: readFileSync(new URL(file, folder)),
    status,
    headers: new Map(
      Object.entries({ ...(contentType && { "content-type": contentType }), ...headers }).map(
        ([header, value]) => [header.toLowerCase(), [value]],
      ),
    ),
    urlModel: urlModel ?? (expected.kind === "request" ? (expected.model ?? undefined) : undefined),
    urlStream: expected.kind === "request" ? (expected.stream as boolean | undefined) : undefined,
    splits,
    expected,
  };
}

type Members = { readonly [member: string]: unknown };

/**
 * Compares what was read of a body with what is to be found in it. What is wrong with a broken body every reader says in
 * its own words, and not all that it would have said.
 */
export function assertReading(reading: Members, expected: Members, name: string): void {
  const { invalid } = expected;
  if (invalid !== undefined) assert.equal(typeof reading.invalid, "string", name);
  const said = invalid === undefined ? reading : { ...reading, invalid };
  assert.deepEqual(comparable(said, expected), comparable(expected, said), name);
}

/** A reading without what the other one leaves out rightly. */
function comparable(reading: Members, other: Members): Members {
  return Object.fromEntries(
    Object.entries(reading).filter(
      ([name]) =>
        Object.hasOwn(other, name) || !(WRITTEN_AT_WILL.has(name) || Object.hasOwn(other, "invalid")),
    ),
  );
}

/** Not every oracle writes these down. */
const WRITTEN_AT_WILL: ReadonlySet<string> = new Set(["shape", "shapes", "signature"]);
