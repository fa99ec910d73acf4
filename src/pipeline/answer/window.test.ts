import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../exchange/errors.ts";
import type { Finding } from "../../exchange/finding.ts";
import type { AnswerPart, AnswerText } from "../../formats/index.ts";
import { inspect, maskText } from "../../inspection/index.ts";
import type { RedactAction } from "../redact.ts";
import {
  HELD_BYTES_MAX,
  HELD_EVENTS_MAX,
  OPEN_FINDING_UNITS_MAX,
  RUNNING_TEXTS_MAX,
  Window,
} from "./window.ts";

const MASK = new Map<string, RedactAction>([["EMAIL_ADDRESS", "mask"]]);
const MAIL = "jane@example.com";
const NOTHING = new Map<string, RedactAction>();

/** An event whose bytes are its text. */
function part(text: string, { lane = "0", name = "content", ended = false } = {}): AnswerPart {
  return held([{ pointer: `/${name}`, text, continues: { lane, name } }], text, ended ? [lane] : []);
}

function held(texts: readonly AnswerText[], bytes: string, ended: readonly string[] = []): AnswerPart {
  return {
    bytes: Buffer.from(bytes),
    texts: texts.filter(({ text }) => text !== ""),
    ended,
    rewrite: (edits) =>
      Buffer.from(edits.map((edit) => ("value" in edit ? String(edit.value) : "")).join("")),
  };
}

type Run = { readonly given: string[]; readonly findings: Finding[] };

/** Pushes events one by one, and gives what left after each, the rest last. */
function run(window: Window, parts: readonly AnswerPart[], actions = NOTHING): Run {
  const given: string[] = [];
  const findings: Finding[] = [];
  const take = (isLast: boolean) => {
    let left = "";
    for (let batch = window.take(isLast); batch !== undefined; batch = window.take(isLast)) {
      findings.push(...batch.findings);
      left += batch.release(actions).toString();
    }
    given.push(left);
  };
  for (const each of parts) {
    window.push(each);
    take(false);
  }
  take(true);
  return { given, findings };
}

const words = (count: number) => Array.from({ length: count }, () => part("word "));

describe("a window", () => {
  test("lets an event go when as much text is behind it, and the rest at the end", () => {
    const { given } = run(new Window(20), words(10));
    assert.equal(given.join(""), "word ".repeat(10));
    // Four words of five bytes are behind the first when the fifth has come.
    assert.deepEqual(given.slice(0, 4), ["", "", "", ""]);
    assert.equal(given[4], "word ");
    assert.equal(given.at(-1), "word ".repeat(4));
  });

  test("counts bytes and not letters", () => {
    const { given } = run(new Window(20), [part("short"), part("é".repeat(9)), part("é")]);
    assert.deepEqual(given, ["", "", "short", "é".repeat(10)]);
  });

  test("lets go at once what says nothing, unless something is held in front of it", () => {
    const silent = () => held([], "ping");
    assert.deepEqual(run(new Window(20), [silent(), part("word"), silent()]).given, [
      "ping",
      "",
      "",
      "wordping",
    ]);
  });

  test("lets all of a choice go when it has ended, and waits for one that goes on", () => {
    const { given } = run(new Window(50), [
      part("one ", { lane: "0" }),
      part("end", { lane: "0", ended: true }),
      part("two ", { lane: "1" }),
      part("three", { lane: "2", ended: true }),
    ]);
    assert.deepEqual(given, ["", "one end", "", "", "two three"]);
  });

  test("does not take the text of another choice for what is behind it", () => {
    const other = Array.from({ length: 20 }, () => part("word ", { lane: "1" }));
    const { given } = run(new Window(20), [
      part("a@b", { lane: "0" }),
      ...other,
      part(".com", { lane: "0" }),
    ]);
    assert.equal(given.slice(0, -1).join(""), "");
  });

  test("finds what is cut over events before its beginning leaves", () => {
    const address = "jane.doe@example.com";
    const { given, findings } = run(
      new Window(64),
      [...words(30), ...address.split("").map((letter) => part(letter)), part(" "), ...words(30)],
      MASK,
    );
    assert.equal(given.join(""), `${"word ".repeat(30)}<EMAIL_ADDRESS> ${"word ".repeat(30)}`);
    assert.deepEqual(
      findings.map(({ type, pointer }) => [type, pointer]),
      [["EMAIL_ADDRESS", "/content"]],
    );
  });

  test("reports a finding once, however often it is looked at", () => {
    const text = `${"x ".repeat(40)}a@example.com ${"y ".repeat(200)}a@example.com ${"z ".repeat(100)}`;
    const { findings } = run(
      new Window(32),
      text.split("").map((letter) => part(letter)),
    );
    assert.equal(findings.length, 2);
  });

  test("keeps a finding back while its end may not have come, though it is longer than the window", () => {
    const secret = `-----BEGIN PRIVATE KEY-----\n${randomBytes(3000).toString("base64")}\n-----END PRIVATE KEY-----`;
    const pieces = secret.match(/[\s\S]{1,40}/g) ?? [];
    const actions = new Map<string, RedactAction>([["SECRET", "mask"]]);
    const { given } = run(
      new Window(128),
      [...words(40), ...pieces.map((piece) => part(piece)), ...words(60)],
      actions,
    );
    assert.equal(given.join(""), `${"word ".repeat(40)}<SECRET>${"word ".repeat(60)}`);
  });

  test("cuts off what it finds when its beginning has left", () => {
    // The choice says that it has ended, and goes on.
    const parts = [part("write to jane.doe@exam", { ended: true }), part("ple.com now")];
    const { given, findings } = run(new Window(64), parts, MASK);
    assert.deepEqual(given, ["write to jane.doe@exam", "", "<EMAIL_ADDRESS> now"]);
    assert.equal(findings.length, 1);
  });

  test("takes texts that stand for themselves each by itself, and changes only those", () => {
    const both = held(
      [
        { pointer: "/a", text: "mail a@example.com" },
        { pointer: "/b", text: "nothing" },
      ],
      "bytes",
    );
    const { given, findings } = run(new Window(64), [both], MASK);
    assert.deepEqual(given, ["mail <EMAIL_ADDRESS>", ""]);
    assert.deepEqual(
      findings.map(({ pointer, start }) => [pointer, start]),
      [["/a", 5]],
    );
  });

  test("gives what is clean by itself, so that it has left when what is behind it is denied", () => {
    const window = new Window(64);
    for (const text of ["one ", "two ", "write to ", MAIL, " three"])
      window.push(part(text, { ended: true }));
    const clean = window.take(true);
    assert.deepEqual([clean?.findings, clean?.release(NOTHING).toString()], [[], "one two write to "]);
    const rest = window.take(true);
    assert.equal(rest?.findings.length, 1);
    assert.equal(rest.release(MASK).toString(), "<EMAIL_ADDRESS> three");
    assert.equal(window.take(true), undefined);
  });

  test("gives the very bytes where nothing is taken out", () => {
    const event = part("write to jane@example.com", { ended: true });
    const window = new Window(0);
    window.push(event);
    assert.equal(window.take(true)?.release(NOTHING), event.bytes);
  });
});

describe("any text in any pieces", () => {
  const address = fc.constantFrom("jane.doe@example.com", "a@b.example.org", "4111 1111 1111 1111");
  const filler = fc.stringMatching(/^[a-zé ]{0,60}$/);
  const text = fc.array(fc.tuple(filler, address), { maxLength: 6 }).map((pairs) => {
    const said = pairs.map(([before, found]) => `${before} ${found} , `).join("");
    return `${said}the end.`;
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  const actions = new Map<string, RedactAction>([...MASK, ["CREDIT_CARD", "mask"]]);

  /** In pieces of these lengths, over and over. */
  function pieces(said: string, lengths: readonly number[]): AnswerPart[] {
    const parts: AnswerPart[] = [];
    for (let at = 0, index = 0; at < said.length; index++) {
      const length = lengths[index % lengths.length] as number;
      parts.push(part(said.slice(at, at + length)));
      at += length;
    }
    return parts;
  }

  test("loses what is found, and nothing else", () => {
    fc.assert(
      fc.property(text, cuts, fc.integer({ min: 48, max: 600 }), (said, lengths, windowBytes) => {
        const whole = maskText(said, inspect([{ pointer: "", text: said, role: "" }]), () => "mask");
        const { given } = run(new Window(windowBytes), pieces(said, lengths), actions);
        assert.equal(given.join(""), whole);
      }),
      { numRuns: 400 },
    );
  });

  test("passes as it is where nothing is to be done, after it was seen", () => {
    fc.assert(
      fc.property(text, cuts, fc.integer({ min: 48, max: 600 }), (said, lengths, windowBytes) => {
        const { given, findings } = run(new Window(windowBytes), pieces(said, lengths));
        assert.equal(given.join(""), said);
        assert.equal(findings.length, inspect([{ pointer: "", text: said, role: "" }]).length);
      }),
      { numRuns: 400 },
    );
  });

  test("has not left when it is found", () => {
    fc.assert(
      fc.property(filler, cuts, fc.integer({ min: 48, max: 300 }), (before, lengths, windowBytes) => {
        const window = new Window(windowBytes);
        const said = `${before} jane.doe@example.com , ${"more ".repeat(200)}`;
        let left = "";
        for (const piece of pieces(said, lengths)) {
          window.push(piece);
          const batch = window.take(false);
          if (batch === undefined) continue;
          if (batch.findings.length > 0) {
            assert.ok(`${before} `.startsWith(left), left);
            return;
          }
          left += batch.release(NOTHING).toString();
        }
        assert.fail("it was not found");
      }),
      { numRuns: 400 },
    );
  });
});

describe("what a window refuses", () => {
  const code = (expected: string) => (error: unknown) =>
    error instanceof RegentError && error.code === expected;

  test(`more than ${HELD_BYTES_MAX} bytes`, () => {
    const half = () =>
      held(
        [{ pointer: "/a", text: "a", continues: { lane: "", name: "a" } }],
        "x".repeat(HELD_BYTES_MAX / 2),
      );
    const window = new Window(64);
    window.push(half());
    window.push(half());
    assert.throws(() => window.push(held([], "x")), code("answer_uninspectable"));
  });

  test("counts what has left no more", () => {
    const window = new Window(4);
    const large = () =>
      held(
        [{ pointer: "/a", text: "word", continues: { lane: "", name: "a" } }],
        "x".repeat(HELD_BYTES_MAX / 4),
      );
    for (let index = 0; index < 12; index++) {
      window.push(large());
      window.take(false)?.release(NOTHING);
    }
  });

  test(`more than ${HELD_EVENTS_MAX} events`, () => {
    const window = new Window(64);
    window.push(part("a"));
    for (let index = 1; index < HELD_EVENTS_MAX; index++) window.push(held([], ""));
    assert.throws(() => window.push(held([], "")), code("answer_uninspectable"));
  });

  test(`more than ${RUNNING_TEXTS_MAX} texts at once`, () => {
    const window = new Window(64);
    for (let index = 0; index < RUNNING_TEXTS_MAX; index++) window.push(part("a", { name: String(index) }));
    assert.throws(() => window.push(part("a", { name: "more" })), code("answer_uninspectable"));
    const lanes = new Window(64);
    for (let index = 0; index < RUNNING_TEXTS_MAX; index++) lanes.push(held([], "", [String(index)]));
    assert.throws(() => lanes.push(held([], "", ["more"])), code("answer_uninspectable"));
  });

  test("something that has no end", () => {
    const window = new Window(64);
    const endless = () => {
      window.push(part("-----BEGIN PRIVATE KEY-----\n"));
      for (let units = 0; units < OPEN_FINDING_UNITS_MAX + 200; units += 100) {
        window.push(part("A".repeat(100)));
        window.take(false)?.release(NOTHING);
      }
    };
    assert.throws(endless, code("answer_uninspectable"));
  });

  test("what policy blocks, before anything of it leaves", () => {
    const window = new Window(64);
    window.push(part("write to jane@example.com"));
    const batch = window.take(true);
    assert.throws(() => batch?.release(new Map([["EMAIL_ADDRESS", "block"]])), code("content_blocked"));
  });

  test("what cannot be taken out", () => {
    const window = new Window(64);
    window.push({ ...part("write to jane@example.com"), rewrite: () => undefined });
    const batch = window.take(true);
    assert.throws(() => batch?.release(MASK), code("answer_uninspectable"));
  });

  test("to redact where there may be more than was looked for", () => {
    const numbers = Array.from(
      { length: 3000 },
      (_, index) => `+1 212 555 ${String(1000 + index).slice(0, 4)}`,
    );
    const window = new Window(64);
    window.push(part(numbers.join(", ")));
    const batch = window.take(true);
    assert.ok(batch?.findings.some(({ type }) => type === "INSPECTION_TRUNCATED"));
    assert.throws(() => batch?.release(MASK), code("content_blocked"));
  });
});
