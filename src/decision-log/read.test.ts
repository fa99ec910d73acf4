import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { decisionEvent } from "../../test/support/decision-event.ts";
import { createDecisionLog } from "./decision-log.ts";
import { EVENT_BYTES_MAX } from "./event-texts.ts";
import { type LoggedDecision, readDecisionLog, type UnreadableEvent } from "./read.ts";

async function read(path: string, unreadable: UnreadableEvent[] = []): Promise<LoggedDecision[]> {
  const decisions: LoggedDecision[] = [];
  const onUnreadable = (event: UnreadableEvent) => unreadable.push(event);
  for await (const decision of readDecisionLog(path, { onUnreadable })) decisions.push(decision);
  return decisions;
}

async function readText(text: string | Buffer): Promise<{ ids: string[]; unreadable: string[] }> {
  return withFolder(async (dir) => {
    const file = join(dir, "log");
    await writeFile(file, text);
    const unreadable: UnreadableEvent[] = [];
    const ids = (await read(file, unreadable)).map(({ decisionId }) => decisionId);
    return {
      ids,
      unreadable: unreadable.map(({ place, why }) => `${place.replace(file, "log")} ${why}`),
    };
  });
}

function eventOf(id: string, more: object = {}): string {
  return JSON.stringify({ decision_id: id, path: "a/b", timestamp: "2026-01-01T00:00:00Z", ...more });
}

async function withFolder<T>(run: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "decisions-"));
  try {
    return await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const LINE = JSON.stringify({
  decision_id: "a",
  path: "acme/allow",
  timestamp: "2026-01-01T00:00:00Z",
  result: true,
});

test("reads what the log has written, with every number as it was", () =>
  withFolder(async (dir) => {
    const log = await createDecisionLog({
      labels: {},
      ndBuiltinCache: true,
      folder: { dir, fileBytes: 600, filesMax: 100 },
      log: { info() {}, warn() {}, error: (_facts, message) => assert.fail(message) },
    });
    const input = '{"n":12345678901234567890,"f":1.10,"text":"a\\nb"}';
    const first = decisionEvent({
      input: Buffer.from(input.replace(",", ",\n")),
      nondeterministic: {
        "time.now_ns": { "[]": "1772600767000000001" },
        "rand.intn": { '["a",5]': 3 },
        "opa.runtime": { "[]": 1.5 },
      },
      result: { allow: false },
    });
    const second = decisionEvent({ erased: ["/input/request/body"], batchDecisionId: first.decisionId });
    log.log(first);
    for (let n = 0; n < 20; n++) log.log(second);
    await log.close();
    const [found, ...others] = await read(dir);
    assert.equal(String(found?.input), input);
    assert.deepEqual(found?.nondeterministic, {
      "time.now_ns": { "[]": "1772600767000000001" },
      "rand.intn": { '["a",5]': 3 },
      "opa.runtime": { "[]": 1.5 },
    });
    assert.deepEqual(found?.result, { allow: false });
    assert.deepEqual(found?.bundles, { main: { revision: "r7" } });
    assert.deepEqual(found?.changed, []);
    assert.equal(others.length, 20);
    assert.deepEqual(others[19]?.changed, ["/input/request/body"]);
    assert.equal(others[19]?.batchDecisionId, first.decisionId);
    assert.match(others[19]?.place ?? "", /decisions-0+\d+\.jsonl:\d+$/);
  }));

test("names what masks changed of what policy reads", () =>
  withFolder(async (dir) => {
    const file = join(dir, "log.jsonl");
    const event = {
      ...JSON.parse(LINE),
      erased: ["/input/a", "/result/b"],
      masked: ["/nd_builtin_cache/c", "/inputs"],
    };
    await writeFile(file, `${JSON.stringify(event)}\n\n`);
    assert.deepEqual((await read(file))[0]?.changed, ["/input/a", "/nd_builtin_cache/c"]);
  }));

test("reads arrays, lines and gzip of either, in pieces of any size", async () => {
  const array = `[${eventOf("a")},\n${eventOf("b", { input: { text: 'x],{"\\\\' } })} , ${eventOf("c")}\n]`;
  const lines = `${eventOf("d")}\r\n\n  ${eventOf("e")}\n`;
  const expected = { ids: ["a", "b", "c", "d", "e"], unreadable: [] };
  for (const text of [`${array}\n${lines}`, `${array}${lines}`])
    assert.deepEqual(await readText(text), expected);
  assert.deepEqual(await readText(gzipSync(`${array}\n${lines}`)), expected);
  // Two members of gzip, as two uploads that were put one behind the other.
  assert.deepEqual(await readText(Buffer.concat([gzipSync(array), gzipSync(lines)])), expected);
  const padding = " ".repeat(64 * 1024 - eventOf("a").length + 7);
  assert.deepEqual((await readText(`[${eventOf("a")}${padding},${eventOf("b")}]`)).ids, ["a", "b"]);
  assert.deepEqual(await readText("[]\n[ ]\n"), { ids: [], unreadable: [] });
  assert.deepEqual(await readText(""), { ids: [], unreadable: [] });
});

test("names what is no decision by its line and reads on behind it", async () => {
  const bad = ["{", "1", "{}", '{"decision_id":1,"path":"a"}', '{"decision_id":"x"}', "{}}"];
  const { ids, unreadable } = await readText(
    `${eventOf("a")}\n${bad.join("\n")}\n${eventOf("b")}\n[${eventOf("c")},\n{"x":},${eventOf("d")}]`,
  );
  assert.deepEqual(ids, ["a", "b", "c", "d"]);
  assert.deepEqual(
    unreadable.map((text) => text.split(" ")[0]),
    [...bad.map((_, index) => `log:${index + 2}`), "log:10"],
  );
});

test("passes by what OPA's console says beside decisions", async () => {
  const said = '{"level":"info","msg":"Initializing server.","time":"2026-01-01T00:00:00Z"}';
  const decision = eventOf("a", {
    level: "info",
    msg: "Decision Log",
    type: "openpolicyagent.org/decision_logs",
  });
  assert.deepEqual(await readText(`${said}\n${decision}\n`), { ids: ["a"], unreadable: [] });
});

test("reads what there is of a log that was cut off, and says so", async () => {
  const half = await readText(`${eventOf("a")}\n${eventOf("b").slice(0, 30)}`);
  assert.deepEqual(half.ids, ["a"]);
  assert.match(half.unreadable[0] ?? "", /^log:2 it is not JSON.*the file ends in it/);
  const events = Array.from({ length: 2000 }, () => eventOf(randomUUID()));
  const packed = gzipSync(`${events.join("\n")}\n`);
  const cut = await readText(packed.subarray(0, packed.length / 2));
  assert.ok(cut.ids.length > 100 && cut.ids.length < 2000, String(cut.ids.length));
  assert.match(cut.unreadable.at(-1) ?? "", /^log unexpected end of file$/);
});

test("does not hold an event that is too long", async () => {
  const long = `{"a":"${"x".repeat(EVENT_BYTES_MAX)}"}`;
  const expected = { ids: ["a", "b"], unreadable: [`log:2 it is longer than ${EVENT_BYTES_MAX} bytes`] };
  assert.deepEqual(await readText(`${eventOf("a")}\n${long}\n${eventOf("b")}`), expected);
  assert.deepEqual(await readText(`[${eventOf("a")},\n${long},\n${eventOf("b")}]`), expected);
});

test("reads hostile events as the data they are", async () => {
  const deep = `{"decision_id":"x","path":"a","input":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  const proto =
    '{"decision_id":"p","path":"a","__proto__":{"decision_id":"q"},"input":{"__proto__":{"a":1}}}';
  const { ids, unreadable } = await readText(`${deep}\n${proto}\n${eventOf("a")}`);
  assert.deepEqual(ids, ["p", "a"]);
  assert.match(unreadable[0] ?? "", /^log:1 /);
  assert.equal(({} as { a?: number }).a, undefined);
});

test("refuses a log that is not there", () =>
  withFolder(async (dir) => {
    await assert.rejects(read(join(dir, "absent")), /ENOENT/);
  }));
