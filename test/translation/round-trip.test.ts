import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { type TranslationWarning, translatorOf } from "../../src/translation/index.ts";
import { fixturesMissing, loadFixtures } from "../contract/fixtures.ts";
import { FACTS, replyMeaning, SILENT, turnsOf } from "./meaning.ts";

/** There and back: the meaning is the same, or something was told to be lost on the way. */

const NAMES = CHAT_DIALECTS.map(({ name }) => name);

for (const from of NAMES) {
  const skip = fixturesMissing(from) ?? false;
  const bodies = loadFixtures(from).filter(({ expected }) => expected.invalid === undefined);

  for (const to of NAMES.filter((name) => name !== from)) {
    test(`${from} -> ${to} -> ${from}: a request keeps its meaning, or a loss is told`, {
      skip,
    }, (context) => {
      let kept = 0;
      const requests = bodies.filter(({ kind }) => kind === "request");
      for (const { name, body, urlModel } of requests) {
        const facts = { headers: new Map(), urlModel: urlModel ?? "model" };
        const there = translate(from, to, body, facts.urlModel);
        if (there === undefined) continue;
        const back = translate(to, from, there.bytes, facts.urlModel);
        assert.ok(back !== undefined, name);
        const { readRequest } = dialectOf(from);
        const before = readRequest(body, facts, SILENT);
        const after = readRequest(back.bytes, facts, SILENT);
        const isTold = (pattern: RegExp) =>
          [...there.warnings, ...back.warnings].some(({ member }) => pattern.test(member));
        if (!isTold(/messages|input|contents|system|toolConfig/))
          assert.deepEqual(turnsOf(after), turnsOf(before), name);
        if (!isTold(/tools|toolConfig/)) assert.deepEqual(toolsOf(after), toolsOf(before), name);
        if (!isTold(/tool/)) assert.deepEqual(after.toolChoice, before.toolChoice, name);
        assert.equal(after.model, before.model, name);
        kept++;
      }
      context.diagnostic(`${from} -> ${to} -> ${from}: ${kept} of ${requests.length} requests came back`);
      assert.ok(kept > 0);
    });

    test(`${from} -> ${to} -> ${from}: an answer keeps its meaning, or a loss is told`, {
      skip,
    }, (context) => {
      let kept = 0;
      const answers = bodies.filter(({ kind }) => kind === "response");
      for (const { name, body, status = 200, urlModel, expected } of answers) {
        const facts = { ...FACTS, status, model: urlModel };
        const warnings: TranslationWarning[] = [];
        const warn = (warning: TranslationWarning) => void warnings.push(warning);
        const there = answer(() => translatorOf(from, to)?.response?.(body, facts, warn).bytes);
        if (there === undefined) continue;
        const back = answer(() => translatorOf(to, from)?.response?.(there, facts, warn).bytes);
        assert.ok(back !== undefined, name);
        const { readReply } = dialectOf(from);
        const before = replyMeaning(readReply(body, facts, SILENT));
        const after = replyMeaning(readReply(back, facts, SILENT));
        assert.equal(after.text, before.text, name);
        if (!warnings.some(({ member }) => /tool_calls|output/.test(member)))
          assert.deepEqual(after.calls, before.calls, name);
        // A recorded count of reasoning larger than the output that it is a part of is no count.
        const { reasoning } = expected.usage as { reasoning: number | null };
        if (before.usage.output >= (reasoning ?? 0)) assert.deepEqual(after.usage, before.usage, name);
        assert.equal(after.error, before.error, name);
        if (before.finish !== undefined && warnings.length === 0)
          assert.equal(after.finish, before.finish, name);
        kept++;
      }
      context.diagnostic(`${from} -> ${to} -> ${from}: ${kept} of ${answers.length} answers came back`);
      assert.ok(kept > 0);
    });
  }
}

function dialectOf(name: FormatName) {
  return CHAT_DIALECTS.find((dialect) => dialect.name === name) ?? assert.fail();
}

function toolsOf({ tools }: ReturnType<ReturnType<typeof dialectOf>["readRequest"]>): unknown {
  // A description that is empty describes nothing, and not every dialect takes one.
  return tools.map(({ name, description, parameters }) => ({
    name,
    description: description || undefined,
    parameters,
  }));
}

function translate(from: FormatName, to: FormatName, body: Buffer, urlModel: string) {
  const warnings: TranslationWarning[] = [];
  const facts = { headers: new Map(), urlModel };
  try {
    const warn = (warning: TranslationWarning) => void warnings.push(warning);
    const { bytes } = translatorOf(from, to)?.request?.(body, facts, warn) ?? assert.fail();
    return { bytes, warnings };
  } catch (error) {
    assert.ok(error instanceof RegentError, String(error));
    assert.equal(error.code, "translation_unsupported");
    return undefined;
  }
}

/** Undefined for a body that is no answer of a chat. */
function answer(translated: () => Buffer | undefined): Buffer | undefined {
  try {
    return translated();
  } catch (error) {
    assert.ok(error instanceof RegentError && error.code === "upstream_invalid", String(error));
    return undefined;
  }
}
