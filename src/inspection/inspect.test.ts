import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { FINDINGS_MAX, INSPECTION_TRUNCATED, inspect, PHONE_CHECKS_MAX } from "./inspect.ts";

function part(text: string, pointer = "/messages/0/content") {
  return { pointer, text, role: "user" };
}

/** What was found in a text, as `TYPE text`. */
function found(text: string): string[] {
  return inspect([part(text)]).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);
}

function assertFound(type: string, texts: readonly string[]): void {
  for (const text of texts) {
    for (const [before, after] of [
      ["", ""],
      ["see ", "."],
      ["(", ")"],
      ['{"a":"', '"}'],
      ["记", "了"],
      ["a, ", ", b"],
    ]) {
      assert.deepEqual(found(`${before}${text}${after}`), [`${type} ${text}`], `${before}${text}${after}`);
    }
  }
}

function assertNothing(texts: readonly string[]): void {
  for (const text of texts) assert.deepEqual(found(text), [], text);
}

test("finds e-mail addresses", () => {
  assertFound("EMAIL_ADDRESS", [
    "ann@example.com",
    "ann.b-c_d+tag@mail.example.co.uk",
    "jürgen@example.de",
    "user@xn--80ak6aa92e.com",
    "a@b.io",
    "ANN@EXAMPLE.COM",
  ]);
  assert.deepEqual(found("to=ann@example.com,bob@example.com"), [
    "EMAIL_ADDRESS ann@example.com",
    "EMAIL_ADDRESS bob@example.com",
  ]);
});

test("takes no file name, handle or decorator for an e-mail address", () => {
  assertNothing([
    "logo@2x.png",
    "@ann",
    "ann@",
    "ann@localhost",
    "@Override public",
    "a@b.c",
    "x @ y.com",
    "ann@.com",
    "ann@-",
    "1@2.3",
  ]);
});

test("finds card numbers with the check digit, length and issuer of one", () => {
  assertFound("CREDIT_CARD", [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4222222222222",
    "378282246310005",
    "3782 822463 10005",
    "5555555555554444",
    "2223003122003222",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
  ]);
});

test("takes no other number for a card number", () => {
  assertNothing([
    "4111111111111112",
    "4111 1111 1111 1112",
    "1234567812345670",
    "0000000000000000",
    "4111111111111111x",
    "id4111111111111111",
    "+4111111111111111",
    "3.4111111111111111",
    "411111111111111",
    "4111 1111-1111 1111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "41111111111111111111111111111111",
  ]);
});

test("finds social security numbers in ranges that are issued", () => {
  assertFound("US_SSN", ["536-22-1234", "536 22 1234", "536.22.1234", "001-01-0001", "899-99-9999"]);
  assert.deepEqual(found("my SSN is 536221234"), ["US_SSN 536221234"]);
});

test("takes no number outside those ranges, and no longer number, for a social security number", () => {
  assertNothing([
    "000-22-1234",
    "666-22-1234",
    "900-22-1234",
    "999-22-1234",
    "536-00-1234",
    "536-22-0000",
    "078-05-1120",
    "219-09-9999",
    "536-22 1234",
    "536-22-12345",
    "1-536-22-1234",
    "536-22-1234-5",
    "X536-22-1234",
    "536221234",
    "the ssn field is 9 digits",
  ]);
});

test("finds account numbers whose length and check digits fit", () => {
  assertFound("IBAN_CODE", [
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "GB82 WEST 1234 5698 7654 32",
    "gb82west12345698765432",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "FR14-2004-1010-0505-0001-3M02-606",
  ]);
});

test("takes no other code for an account number", () => {
  assertNothing([
    "DE88370400440532013000",
    "DE8937040044053201300",
    "DE893704004405320130000",
    "XDE89370400440532013000",
    "ZZ89370400440532013000",
    "DE89  3704 0044 0532 0130 00",
  ]);
});

test("finds telephone numbers of all countries with their code, and American ones without", () => {
  assertFound("PHONE_NUMBER", [
    "+1 212-736-5000",
    "+49 30 123456",
    "+44 (20) 7946 0958",
    "+4915112345678",
    "0049 30 123456",
    "212-736-5000",
    "(212) 736-5000",
    "212.736.5000",
    "1 (212) 736-5000",
  ]);
  assert.deepEqual(found("call 2127365000 now"), ["PHONE_NUMBER 2127365000"]);
});

test("takes no date, address, version or number that no plan has for a telephone number", () => {
  assertNothing([
    "2127365000",
    "112-736-5000",
    "212-136-5000",
    "555-123-45678",
    "2024-01-31 12:30:45",
    "192.168.100.200",
    "10.212.736.5000",
    "order 212-736-5000-1",
    "+999 123 4567",
    "+12",
    "1700000000123",
    "3.1415926535",
  ]);
});

const random = (length: number) => randomBytes(length).toString("hex").slice(0, length);
/** Letters and digits of which many differ. */
const body = (length: number) => `aB3dE5gH${random(length)}`.slice(0, length);

test("finds credentials of published forms", () => {
  const base32 = "ABCDEFGHIJ234567";
  assertFound("SECRET", [
    `sk-proj-${body(40)}-_x`,
    `sk-ant-api03-${body(60)}`,
    `sk-${body(48)}`,
    `ghp_${body(36)}`,
    `github_pat_${body(22)}_${body(59)}`,
    `AKIA${base32}`,
    `xoxb-${"1234567890"}-${body(24)}`,
    `AIza${body(35)}`,
    `glpat-${body(20)}`,
    `hf_${body(34)}`,
    `npm_${body(36)}`,
    `sk_live_${body(24)}`,
    `SG.${body(22)}.${body(43)}`,
    `eyJhbGciOiJIUzI1NiJ9.${body(30)}.${body(43)}`,
    `https://hooks.slack.com/services/T${body(8)}/B${body(8)}/${body(24)}`.slice("https://".length),
  ]);
});

test("finds a private key from its first line to its last, or to the end of the text", () => {
  const lines = Array.from({ length: 6 }, () => random(64)).join("\n");
  for (const kind of ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "]) {
    const pem = `-----BEGIN ${kind}PRIVATE KEY-----\n${lines}\n-----END ${kind}PRIVATE KEY-----`;
    assert.deepEqual(found(`key:\n${pem}\nthanks`), [`SECRET ${pem}`]);
    assert.deepEqual(found(`key:\n${pem.slice(0, -30)}`), [`SECRET ${pem.slice(0, -30)}`]);
  }
  assertNothing([
    `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----`,
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
  ]);
});

test("finds a password in a URL", () => {
  const password = body(12);
  assert.deepEqual(found(`postgres://app:${password}@localhost:5432/db`), [`SECRET app:${password}`]);
});

test("takes no placeholder, word or short token for a credential", () => {
  assertNothing([
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-learn and scikit-learn",
    "a risk-based-approach-to-compliance-questions",
    `AKIA${"ABCDEFGHIJ2345678"}`,
    "eyJhbGciOiJIUzI1NiJ9",
    "see eyJ.eyJ.eyJ",
    "https://user:password@localhost/x",
    "https://example.org:8080/a@b",
    "redis://localhost:6379",
  ]);
});

test("sees through full-width and Arabic digits, unusual spaces and dashes, and characters that are not seen", () => {
  for (const [type, text] of [
    ["CREDIT_CARD", "４１１１ １１１１ １１１１ １１１１"],
    ["CREDIT_CARD", "4111\u00a01111\u00a01111\u00a01111"],
    ["CREDIT_CARD", "4111\u20131111\u20131111\u20131111"],
    ["CREDIT_CARD", "41\u200b11 1111 11\u200d11 111\ufeff1"],
    ["US_SSN", "٥٣٦-٢٢-١٢٣٤"],
    ["EMAIL_ADDRESS", "ann＠example．com"],
    ["EMAIL_ADDRESS", "an\u00adn@exam\u200bple.com"],
    ["EMAIL_ADDRESS", "an\u034fn@exam\u061cple\u180e.com"],
    ["CREDIT_CARD", "4\ufe0f1\ufe0f11 1111 1111 111\u206f1"],
    ["CREDIT_CARD", [..."4111111111111111"].join("\ufe0f\u20e3")],
    ["US_SSN", "536\u3164-22\u115f-12\uffa034"],
  ] as const) {
    assert.deepEqual(found(`see ${text}, please`), [`${type} ${text}`]);
  }
});

test("counts places in UTF-16 code units of the text as it was written", () => {
  const text = "😀\u200b\u200b ann@example.com 😀";
  const [finding] = inspect([part(text)]);
  assert.deepEqual([finding?.start, finding?.end], [5, 20]);
});

test("gives what overlaps to the type that proves more, and leaves nothing of either over", () => {
  const iban = "NO9386011117947";
  assert.deepEqual(found(`${iban}@example.com`), [`IBAN_CODE ${iban}@example.com`]);
  assert.deepEqual(found("postgres://app:s3cr3t-w0rd@db.example.com/x"), [
    "SECRET app:s3cr3t-w0rd@db.example.com",
  ]);
});

test("reports findings in the order of the parts and of their places, and never the text", () => {
  const findings = inspect([
    part("b 536-22-1234 a ann@example.com", "/a"),
    part("clean", "/b"),
    part("bob@example.com", "/c"),
  ]);
  assert.deepEqual(
    findings.map(({ type, pointer, start }) => [type, pointer, start]),
    [
      ["US_SSN", "/a", 2],
      ["EMAIL_ADDRESS", "/a", 16],
      ["EMAIL_ADDRESS", "/c", 0],
    ],
  );
  assert.ok(!JSON.stringify(findings).includes("example"));
});

test("says when there are more findings than it reports", () => {
  const all = inspect([part("a@b.co ".repeat(FINDINGS_MAX))]);
  assert.equal(all.length, FINDINGS_MAX);
  assert.ok(all.every(({ type }) => type === "EMAIL_ADDRESS"));
  const parts = [part("a@b.co ".repeat(FINDINGS_MAX), "/a"), part("a@b.co", "/b"), part("a@b.co", "/c")];
  const cut = inspect(parts);
  assert.equal(cut.length, FINDINGS_MAX + 1);
  assert.deepEqual(cut.at(-1), { type: INSPECTION_TRUNCATED, score: 1, pointer: "/b", start: 0, end: 0 });
});

test("says when there are more telephone numbers than it checks", () => {
  const types = (count: number) =>
    new Set(inspect([part("212-736-5000, ".repeat(count))]).map(({ type }) => type));
  assert.deepEqual(types(PHONE_CHECKS_MAX), new Set(["PHONE_NUMBER"]));
  assert.deepEqual(types(PHONE_CHECKS_MAX + 1), new Set(["PHONE_NUMBER", INSPECTION_TRUNCATED]));
});

test("reports places inside the text, in order and apart, for any text", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "ann@example.com",
      "4111 1111 1111 1111",
      "536-22-1234",
      "DE89370400440532013000",
      "+49 30 123456",
      "\u200b",
      "-",
      " ",
      "://a:b@",
      "-----BEGIN ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      let last = 0;
      for (const { start, end } of inspect([part(text)])) {
        assert.ok(last <= start && start < end && end <= text.length);
        last = end;
      }
    }),
    { numRuns: 500 },
  );
});
