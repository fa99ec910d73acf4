import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { JSON_VALUES_MAX } from "../../wire/json/index.ts";
import { BodyRoom, inputMember, parseBody, readBody, TEXT_LIMITS, YAML_BYTES_MAX } from "./body.ts";

describe("a body", () => {
  test("in YAML is read up to its own bound, and refused beyond it", () => {
    const yaml = (bytes: number) => Buffer.from(`input: ${"x".repeat(bytes - "input: ".length)}`);
    assert.ok(inputMember(parseBody(yaml(YAML_BYTES_MAX), "application/yaml")) !== undefined);
    assert.throws(() => parseBody(yaml(YAML_BYTES_MAX + 1), "application/yaml"), /YAML exceeds limit of/);
  });

  test("in YAML unfolds its aliases only so far", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]`,
    );
    const bomb = Buffer.from(["a0: &a0 [x]", ...levels].join("\n"));
    assert.throws(() => parseBody(bomb, "application/yaml"), /malformed input document/);
  });

  test("keeps a member named __proto__ as a member", () => {
    assert.equal(
      String(inputMember(parseBody(Buffer.from('{"input":{"__proto__":{"x":12345678901234567890}}}'), null))),
      '{"__proto__":{"x":12345678901234567890}}',
    );
  });

  test("with half a surrogate pair has U+FFFD in its place, and nothing else changes", () => {
    const text = String.raw`{"input":["\ud800","\udc00x","\\ud800","\\\ud800","\ud83d\ude00"]}`;
    assert.equal(
      String(inputMember(parseBody(Buffer.from(text), null))),
      String.raw`["�","�x","\\ud800","\\�","😀"]`,
    );
  });

  test("of numbers that keep their digits is bounded as any other, by values and by depth", () => {
    const values = (count: number) => Buffer.from(`[${"1e1,".repeat(count - 1)}1e1]`);
    assert.ok(Array.isArray(parseBody(values(JSON_VALUES_MAX), null)));
    assert.throws(() => parseBody(values(JSON_VALUES_MAX + 1), null), /more than 250000 values/);
    const deep = Buffer.from("[".repeat(TEXT_LIMITS.depthMax + 1) + "]".repeat(TEXT_LIMITS.depthMax + 1));
    assert.throws(() => parseBody(deep, null), /nested deeper than 10000/);
    assert.throws(() => parseBody(Buffer.from("[1,"), null), /Unexpected end of JSON/);
  });

  test("waits for no room: there is some for all bodies together, or it is refused", async () => {
    const limits = { bytes: 100, gzipBytes: 1_000 };
    const room = new BodyRoom(150);
    const post = (body: Buffer, headers: { readonly [name: string]: string } = {}) =>
      new Request("http://x/", { method: "POST", body, headers });
    const first = Promise.withResolvers<void>();
    const held = room.during(async (take) => {
      await readBody(post(Buffer.alloc(100)), limits, take);
      await first.promise;
    });
    const second = () => room.during((take) => readBody(post(Buffer.alloc(60)), limits, take));
    await assert.rejects(second(), { status: 503, message: /too many large requests at once/ });
    first.resolve();
    await held;
    assert.equal((await second()).length, 60);
    const packed = post(gzipSync(Buffer.alloc(500)), { "content-encoding": "gzip" });
    await assert.rejects(
      room.during((take) => readBody(packed, limits, take)),
      { status: 503 },
    );
    assert.equal((await second()).length, 60);
  });
});
