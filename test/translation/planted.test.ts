import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { type TranslationWarning, translatorOf } from "../../src/translation/index.ts";
import { plant, positionsOf } from "../contract/markers.ts";
import { WHOLE_REQUESTS } from "../contract/requests/index.ts";

/**
 * Whatever a request has in it comes out at the other end, or a warning names it: tried with every string, key, number and
 * switch of a request that has every member of its schema.
 */

const NAMES = CHAT_DIALECTS.map(({ name }) => name);

for (const from of NAMES) {
  for (const to of NAMES.filter((name) => name !== from)) {
    test(`${from} -> ${to}: every text comes through, or a warning names it`, (context) => {
      const fates = { "came through": 0, "told of": 0, refused: 0 };
      const lost: string[] = [];
      const whole = translatable(from, to);
      for (const position of positionsOf(whole)) {
        const planted = plant(whole, position);
        const outcome = translate(from, to, planted.text);
        if (outcome === undefined) fates.refused++;
        else if (holds(outcome.text, planted.marker)) fates["came through"]++;
        else if (isNamed(planted.pointer, outcome.warnings)) fates["told of"]++;
        else lost.push(`${planted.pointer}${position.isKey ? " (key)" : ""}`);
      }
      context.diagnostic(
        `${from} -> ${to}: ${Object.entries(fates)
          .map(([fate, count]) => `${count} ${fate}`)
          .join(", ")}`,
      );
      assert.deepEqual(lost, []);
      assert.ok(fates["came through"] > 0 && fates["told of"] > 0);
    });

    test(`${from} -> ${to}: every number and switch counts, or a warning names it`, (context) => {
      const whole = translatable(from, to);
      const plain = translate(from, to, JSON.stringify(whole));
      assert.ok(plain !== undefined);
      const lost: string[] = [];
      let tried = 0;
      for (const path of scalarsOf(whole)) {
        tried++;
        const pointer = `/${path.join("/")}`;
        const outcome = translate(from, to, JSON.stringify(replaced(whole, path)));
        if (outcome === undefined || outcome.text !== plain.text || ABOUT_ANSWERS.has(pointer)) continue;
        if (!isNamed(pointer, outcome.warnings) && !isNamed(pointer, plain.warnings)) lost.push(pointer);
      }
      context.diagnostic(`${from} -> ${to}: ${tried} numbers and switches`);
      assert.deepEqual(lost, []);
      assert.ok(tried > 0);
    });
  }
}

/**
 * A request with every member but those that make one of this pair impossible, as what refers to something that the
 * provider keeps: members are added one by one, and those of lists item by item, as long as the whole is translated.
 */
function translatable(from: FormatName, to: FormatName): object {
  // Written out and read again: what is the same object in two places is not planted in both.
  const whole = JSON.parse(JSON.stringify(WHOLE_REQUESTS[from])) as { [member: string]: unknown };
  const required = Object.keys(whole).filter((key) => REQUIRED.has(key));
  const taken = new Map<string, unknown>(
    required.map((key) => [key, Array.isArray(whole[key]) ? [whole[key][0]] : whole[key]]),
  );
  const fits = (key: string, value: unknown) =>
    translate(from, to, JSON.stringify(Object.fromEntries([...taken, [key, value]]))) !== undefined;
  for (const [key, value] of Object.entries(whole)) {
    if (!Array.isArray(value)) {
      if (fits(key, value)) taken.set(key, value);
      continue;
    }
    for (const item of value) {
      const longer = [...((taken.get(key) as unknown[] | undefined) ?? []), item];
      if (fits(key, longer)) taken.set(key, longer);
    }
  }
  const request = Object.fromEntries(taken);
  assert.ok(translate(from, to, JSON.stringify(request)) !== undefined);
  return request;
}

const REQUIRED: ReadonlySet<string> = new Set(["model", "messages", "input", "contents"]);

/** As it stands, or as the data of a file. */
function holds(text: string, marker: string): boolean {
  return text.includes(marker) || text.includes(Buffer.from(marker).toString("base64"));
}

type Outcome = { readonly text: string; readonly warnings: readonly TranslationWarning[] };

/** Undefined where the request is refused, saying why. */
function translate(from: FormatName, to: FormatName, body: string): Outcome | undefined {
  const warnings: TranslationWarning[] = [];
  const facts = { headers: new Map(), urlModel: "model" };
  try {
    const translated = translatorOf(from, to)?.request?.(Buffer.from(body), facts, (warning) => {
      warnings.push(warning);
    });
    assert.ok(translated !== undefined);
    return { text: `${decodeURIComponent(translated.path)} ${translated.bytes.toString("utf8")}`, warnings };
  } catch (error) {
    assert.ok(error instanceof RegentError && REFUSALS.has(error.code), String(error));
    assert.ok(error.detail !== undefined && error.detail !== "");
    return undefined;
  }
}

const REFUSALS: ReadonlySet<string> = new Set(["body_invalid", "translation_unsupported"]);

/** Named itself, by what it is in, or by what is in it. */
function isNamed(pointer: string, warnings: readonly TranslationWarning[]): boolean {
  const names = [pointer, ...(TOLD_BY.get(pointer) ?? [])];
  return warnings.some(({ code, member }) =>
    names.some(
      (name) =>
        code !== "invented" &&
        (member === name || name.startsWith(`${member}/`) || member.startsWith(`${name}/`)) &&
        member !== "",
    ),
  );
}

/** Members that say one thing together, told of by the one that says that it is wanted at all. */
const TOLD_BY: ReadonlyMap<string, readonly string[]> = new Map([
  ["/top_logprobs", ["/logprobs"]],
  ["/generationConfig/logprobs", ["/generationConfig/responseLogprobs"]],
]);

/** What changes the answer's translation and not the request's. */
const ABOUT_ANSWERS: ReadonlySet<string> = new Set(["/stream_options/include_usage"]);

function* scalarsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value === "number" || typeof value === "boolean") yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* scalarsOf(member, [...path, key]);
}

/** The same with another number, or the switch turned. */
function replaced(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return typeof value === "number" ? value + 1 : value !== true;
  const copy: { [key: string]: unknown } = Array.isArray(value)
    ? ([...value] as never)
    : { ...(value as object) };
  copy[key] = replaced(copy[key], rest);
  return copy;
}
