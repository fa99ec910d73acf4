import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../load.ts";
import { decisionLogsFrom } from "./decision-logs.ts";

const SERVICES = "version: 1\nservices: [{ name: acme, url: 'https://acme.example' }]\n";

function parse(section: string) {
  const parsed = parseConfig(`${SERVICES}decisionLogs: ${section}\n`, "regent.yaml");
  return parsed.ok
    ? { logs: decisionLogsFrom(parsed.value.decisionLogs, "/base"), faults: [] }
    : { logs: undefined, faults: parsed.faults.map(({ line, message }) => `${line}: ${message}`) };
}

test("without a section nothing is logged", () => {
  const parsed = parseConfig(SERVICES, "regent.yaml");
  assert.ok(parsed.ok);
  assert.equal(decisionLogsFrom(parsed.value.decisionLogs, "/base"), undefined);
});

test("has OPA's defaults, and a bound where OPA has none", () => {
  assert.deepEqual(parse("{ service: acme }").logs, {
    console: false,
    folder: undefined,
    upload: {
      service: "acme",
      resource: "/logs",
      trigger: "periodic",
      minDelayMs: 300_000,
      maxDelayMs: 600_000,
      uploadBytesMax: 32_768,
      buffer: { type: "size", bytes: 64 * 1024 ** 2 },
      decisionsPerSecondMax: undefined,
    },
    maskDecision: "system/log/mask",
    dropDecision: "system/log/drop",
    ndBuiltinCache: false,
    requestHeaders: [],
  });
});

test("a folder records what decisions read, so that they can be replayed, unless told otherwise", () => {
  const { logs } = parse("{ dir: var/decisions }");
  assert.deepEqual(logs?.folder, { dir: "/base/var/decisions", fileBytes: 64 * 1024 ** 2, filesMax: 16 });
  assert.equal(logs?.upload, undefined);
  assert.equal(logs?.ndBuiltinCache, true);
  assert.equal(parse("{ dir: d, ndBuiltinCache: false }").logs?.ndBuiltinCache, false);
});

test("reads everything that OPA's section has", () => {
  const { logs } = parse(`
  service: acme
  partition: eu/blue
  maskDecision: /acme/mask
  reporting: { trigger: immediate, minDelay: 1s, maxDelay: 2s, uploadSizeLimit: 1Mi, bufferType: event, bufferSizeLimitEvents: 7, maxDecisionsPerSecond: 0.5 }`);
  assert.equal(logs?.maskDecision, "acme/mask");
  assert.deepEqual(logs?.upload, {
    service: "acme",
    resource: "/logs/eu/blue",
    trigger: "immediate",
    minDelayMs: 1_000,
    maxDelayMs: 2_000,
    uploadBytesMax: 1024 ** 2,
    buffer: { type: "event", events: 7 },
    decisionsPerSecondMax: 0.5,
  });
});

test("refuses a service that is not there, a log that goes nowhere and delays in the wrong order", () => {
  assert.deepEqual(parse("{ service: acne }").faults, ["3: there is no such service; there is acme"]);
  assert.deepEqual(parse("{}").faults, ["3: decisions go nowhere: name a service or a dir, or set console"]);
  assert.deepEqual(parse("{ console: true, reporting: { minDelay: 601s } }").faults, [
    "3: is longer than maxDelay",
  ]);
});

const BOUNDS: readonly [member: string, good: string, bad: string][] = [
  ["reporting: { uploadSizeLimit: 'X' }", "90", "89"],
  ["reporting: { uploadSizeLimit: 'X' }", "64Mi", "65Mi"],
  ["reporting: { bufferSizeLimit: 'X' }", "1024", "1023"],
  ["reporting: { bufferSizeLimit: 'X' }", "1Gi", "1025Mi"],
  ["reporting: { bufferSizeLimitEvents: X }", "1000000", "1000001"],
  ["reporting: { minDelay: 0ms, maxDelay: X }", "1ms", "0ms"],
  ["reporting: { maxDelay: X }", "1d", "2d"],
  ["reporting: { maxDecisionsPerSecond: X }", "0.1", "0"],
  ["files: X", "10000", "10001"],
  ["fileSize: 'X'", "64Ki", "63Ki"],
];

for (const [member, good, bad] of BOUNDS) {
  test(`takes ${member.replace("X", good)} and refuses ${bad}`, () => {
    assert.deepEqual(parse(`{ console: true, ${member.replace("X", good)} }`).faults, []);
    assert.equal(parse(`{ console: true, ${member.replace("X", bad)} }`).faults.length, 1);
  });
}
