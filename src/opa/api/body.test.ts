import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inputMember, parseBody, YAML_BYTES_MAX } from "./body.ts";

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
});
