import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../src/exchange/errors.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { translatorOf } from "../../src/translation/index.ts";
import { readJson } from "../../src/wire/json/index.ts";
import { fixturesMissing, loadFixtures } from "../contract/fixtures.ts";
import { WHOLE_REQUESTS } from "../contract/requests/index.ts";
import { FACTS, SILENT } from "./meaning.ts";

/**
 * Bodies with any JSON value in the place of any member: they are translated, or refused with a reason. Nothing else is
 * ever thrown, and what comes out is JSON that every reader takes alike.
 */

const NAMES = CHAT_DIALECTS.map(({ name }) => name);
const RUNS = { numRuns: 300 };

/** What a hostile sender puts in the place of a member. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    "",
    -1,
    1e308,
    true,
    [],
    {},
    [null],
    [[]],
    { type: "text" },
    { type: 1 },
    { role: [] },
  ),
  fc.constant(JSON.parse('{"__proto__":{"type":"text","role":"user"},"constructor":1}')),
);

for (const from of NAMES) {
  for (const to of NAMES.filter((name) => name !== from)) {
    test(`${from} -> ${to}: a request with anything anywhere is translated or refused`, () => {
      const whole = JSON.parse(JSON.stringify(WHOLE_REQUESTS[from]));
      const paths = pathsOf(whole);
      fc.assert(
        fc.property(fc.constantFrom(...paths), anything, (path, value) => {
          const body = Buffer.from(JSON.stringify(replaced(whole, path, value)));
          if (!readJson(body).ok) return;
          const facts = { headers: new Map(), urlModel: "model" };
          orRefused(["body_invalid", "translation_unsupported"], () =>
            assertJson(translatorOf(from, to)?.request?.(body, facts, SILENT).bytes),
          );
        }),
        RUNS,
      );
    });

    test(`${from} -> ${to}: an answer with anything anywhere is translated or refused`, {
      skip: fixturesMissing(from) ?? false,
    }, () => {
      const answers = loadFixtures(from).filter(
        ({ kind, file }) => kind === "response" && file.endsWith(".json"),
      );
      fc.assert(
        fc.property(fc.constantFrom(...answers), fc.nat(), anything, ({ body }, pick, value) => {
          const whole = parsed(body);
          if (whole === undefined) return;
          const paths = pathsOf(whole);
          const path = paths[pick % paths.length] ?? [];
          const bytes = Buffer.from(JSON.stringify(replaced(whole, path, value)));
          orRefused(["upstream_invalid"], () =>
            assertJson(translatorOf(from, to)?.response?.(bytes, FACTS, SILENT).bytes),
          );
        }),
        RUNS,
      );
    });
  }
}

for (const from of NAMES) {
  const skip = fixturesMissing(from) ?? false;
  const streams = loadFixtures(from).filter(({ kind, file }) => kind === "stream" && file.endsWith(".sse"));
  if (streams.length === 0 && skip === false) continue;
  for (const to of NAMES.filter((name) => name !== from)) {
    test(`${from} -> ${to}: a stream with anything anywhere is translated or broken off`, { skip }, () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...streams),
          fc.nat(),
          fc.nat(),
          anything,
          ({ body }, line, pick, value) => {
            const stream = translatorOf(from, to)?.stream?.(FACTS, SILENT) ?? assert.fail();
            const step = stream.push(withAnything(body, line, pick, value));
            const { bytes } = stream.end();
            assert.ok(step.fault === undefined || step.fault.length > 0);
            assert.ok(Buffer.concat([step.bytes, bytes]).length >= 0);
          },
        ),
        RUNS,
      );
    });
  }
}

/** A stream with another value in one of its events. */
function withAnything(body: Buffer, line: number, pick: number, value: unknown): Buffer {
  const lines = body.toString("utf8").split("\n");
  const at = lines.flatMap((text, index) => (text.startsWith("data: {") ? [index] : []));
  const index = at[line % Math.max(1, at.length)];
  const data =
    index === undefined ? undefined : parsed(Buffer.from((lines[index] ?? "").slice("data: ".length)));
  if (index === undefined || data === undefined) return body;
  const paths = pathsOf(data);
  lines[index] = `data: ${JSON.stringify(replaced(data, paths[pick % paths.length] ?? [], value))}`;
  return Buffer.from(lines.join("\n"));
}

function orRefused(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof RegentError)) throw error;
    assert.ok(codes.includes(error.code), String(error));
  }
}

function assertJson(bytes: Buffer | undefined): void {
  assert.ok(bytes !== undefined);
  const read = readJson(bytes);
  assert.ok(read.ok, bytes.toString("utf8").slice(0, 200));
}

function parsed(body: Buffer): unknown {
  const read = readJson(body);
  return read.ok ? read.document.value : undefined;
}

/** Of every member and item, the value itself first. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function replaced(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(whole) ? [...whole] : { ...(whole as object) }) as { [key: string]: unknown };
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}
