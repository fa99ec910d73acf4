import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { headersFrom } from "../../exchange/headers.ts";
import { detect, FORMATS } from "../../formats/index.ts";
import { arnPathPattern } from "./plain-paths.ts";

const PASSES = new RegExp(`^(?:${arnPathPattern()})$`);

function isInference(pathname: string): boolean {
  const head = { method: "POST", pathname, path: pathname, query: undefined, scheme: "http", host: "a" };
  return detect({ ...head, headers: headersFrom([]), clientRequestId: undefined }).kind === "inference";
}

const TEMPLATES = Object.values(FORMATS).flatMap(({ endpoints }) => endpoints.map(({ path }) => path));

/** Pieces of which ARNs and their forgeries are made. */
const PIECES = [
  ...[
    "arn",
    "ARN",
    "aws",
    "aws-cn",
    "bedrock",
    "us-east-1",
    "123456789012",
    "inference-profile",
    "a.b-c_d",
    "v1",
  ],
  ...[
    ":",
    "%3A",
    "%3a",
    "%253A",
    "/",
    "%2F",
    "%2f",
    "%252F",
    "%5C",
    "\\",
    ".",
    "..",
    "%2E",
    ";",
    "%00",
    "",
    "x y",
    "\u00e9",
  ],
];
const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((parts) => parts.join(""));
const ids = fc.oneof(fc.constantFrom("us.anthropic.claude-v1", "a_b", "titan:0", "titan%3A0"), pieces);
const arns = fc
  .tuple(fc.constantFrom("%2F", "%2f", "/", "%5C"), ids, fc.constantFrom(":", "%3A", "%3a"), ids)
  .map(([slash, first, colon, second]) => {
    const resource = ["inference-profile", first, second].join(slash);
    return ["arn", "aws", "bedrock", "us-east-1", "123456789012", resource].join(colon);
  });

test("a path with an escaped slash passes Envoy just where Regent reads it as an inference", () => {
  let passed = 0;
  fc.assert(
    fc.property(fc.constantFrom(...TEMPLATES), fc.oneof(pieces, arns), (template, name) => {
      const path = template.replaceAll(/\{[a-z]+\}/g, () => name);
      if (!/%(?:2f|5c)/i.test(path)) return;
      const passes = PASSES.test(path);
      if (passes) passed += 1;
      assert.equal(passes, isInference(path), path);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(passed > 20, `only ${passed} paths passed`);
});
