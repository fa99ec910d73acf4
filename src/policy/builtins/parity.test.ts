import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createRevision, withFolder } from "../../../test/support/rego.ts";
import { findOpa, runOpa } from "../opa/opa.ts";
import { compareValues } from "./compare.ts";
import { renderJson } from "./render-json.ts";
import { parseRego, type RegoValue } from "./value.ts";

/** Expressions by family. OPA's own answer is the expected one, undefined included. */
const FAMILIES: { readonly [family: string]: readonly string[] } = {
  strings: [
    'strings.any_prefix_match("abc", ["x", "ab"])',
    'strings.any_prefix_match({"a", "b"}, "")',
    "strings.any_prefix_match([], [])",
    'strings.any_suffix_match(["abc", "xyz"], {"z", "q"})',
    'strings.any_suffix_match("é", "\\u0301")',
    'strings.count("aaaa", "aa")',
    'strings.count("héé", "")',
    'strings.count("", "")',
    'strings.split_n("a.b.c", ".", 2)',
    'strings.split_n("a.b.c", ".", -2)',
    'strings.split_n("a.b.c", "", 2)',
    'strings.split_n("", ",", 1)',
    'strings.split_n("a,b", ",", 0)',
    'strings.split_n("a,b", ",", 1.5)',
    'indexof_n("banana", "ana")',
    'indexof_n("😀é😀", "😀")',
    'indexof_n("a", "")',
    'glob.quote_meta("a*b?[c]{d,e}\\\\-!")',
  ],
  regex: [
    'regex.find_n("a*", "baaac", -1)',
    'regex.find_n("a*", "baaac", 2)',
    'regex.find_n("", "é😀", -1)',
    'regex.find_n("(?i)B", "abAB", 1)',
    'regex.find_n("a", "aaa", 0)',
    'regex.find_n("(", "a", 1)',
    'regex.split("[,;]\\\\s*", "a, b;c")',
    'regex.split("x*", "axbxc")',
    'regex.split("", "abc")',
    'regex.split("a", "")',
    'regex.split("a", "a")',
    'regex.split("z", "abc")',
    'regex.replace("foo", "^[a-z]", "F")',
    'regex.replace("2026-11-21", "(\\\\d+)-(?P<month>\\\\d+)", "$month/$\\u007b1}x$1x$$")',
    'regex.replace("abc", "", "-")',
    'regex.replace("baaac", "a*", "x")',
    'regex.replace("abc", "(b)(z)?", "[$2$3$1]")',
    'regex.replace("abc", "[", "x")',
    'regex.replace("$1", "\\\\$1", "a$")',
    'regex.template_match("urn:foo:{.*}", "urn:foo:bar:baz", "{", "}")',
    'regex.template_match("a.b<[0-9]+>", "a.b12", "<", ">")',
    'regex.template_match("a.b<[0-9]+>", "axb12", "<", ">")',
    'regex.template_match("a{b", "a", "{", "}")',
    'regex.template_match("a", "a", "{{", "}")',
    'regex.globs_match("a.a.[0-9]+z", "b.b")',
    'regex.globs_match("a.*b", "axxb")',
    'regex.globs_match("[a-m]+", "[n-z]+")',
    'regex.globs_match("[a-n]+", "[n-z]*")',
    'regex.globs_match("\\\\*", ".")',
    'regex.globs_match("a+", "b*")',
  ],
  encoding: [
    'base64url.encode_no_pad("a?>é")',
    'hex.encode("é\\u0000")',
    'hex.decode("c3A9")',
    'hex.decode("c3a")',
    'hex.decode("zz")',
    'urlquery.encode("a b&c=d/é~*\'()!")',
    'urlquery.decode("a+b%26%c3%A9")',
    'urlquery.decode("%zz")',
    'urlquery.decode("%2")',
    'urlquery.encode_object({"b": ["2", "1"], "a": "x y", "c": {"q", "p"}})',
    'urlquery.decode_object("a=1&b=2&a=3&c&=d&&e=%41")',
    'urlquery.decode_object("a=1;b=2")',
    'yaml.unmarshal("a: 1\\nb: [x, 2.5, null, true]\\n")',
    'yaml.unmarshal("a: [")',
    'yaml.is_valid("a: 1")',
    'yaml.is_valid("a: [")',
    'json.marshal_with_options({"b": [1, {}, []], "a": {"c": null}}, {"indent": "  ", "prefix": ">"})',
    'json.marshal_with_options({"b": {2, 1}, "a": "<"}, {"pretty": false})',
    'json.marshal_with_options([], {"pretty": true})',
    'json.marshal_with_options([1], {"pretty": true, "other": 1})',
  ],
  crypto: [
    'crypto.md5("é")',
    'crypto.sha1("")',
    'crypto.sha256("é\\u0000")',
    'crypto.hmac.md5("text", "key")',
    'crypto.hmac.sha1("text", "key")',
    'crypto.hmac.sha256("text", "é")',
    'crypto.hmac.sha512("", "")',
    'crypto.hmac.equal("a", "a")',
    'crypto.hmac.equal("a", "ab")',
  ],
  objects: [
    'object.subset({"a": {"b": 1, "c": 2}, "d": [1, 2, 3]}, {"a": {"b": 1}, "d": [2, 3]})',
    'object.subset({"a": 1}, {"a": 1.0})',
    'object.subset({"a": 1}, {"a": null})',
    "object.subset({1, 2, 3}, {2})",
    "object.subset([1, 2, 1, 2, 3], [1, 2, 3])",
    "object.subset([1, 2, 3], [1, 3])",
    "object.subset([1, 2, 3], {3, 1})",
    "object.subset([], set())",
    "object.subset([1], set())",
    "object.subset({1}, [1])",
    'json.patch({"a": [1, 2]}, [{"op": "add", "path": "/a/1", "value": 9}, {"op": "add", "path": "a/-", "value": 8}])',
    'json.patch({"a/b": {"~": 1}}, [{"op": "move", "from": "/a~1b/~0", "path": "/c"}])',
    'json.patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}, {"op": "replace", "path": "", "value": [1]}])',
    'json.patch({"a": 1}, [{"op": "test", "path": "/a", "value": 2}])',
    'json.patch({"a": 1}, [{"op": "remove", "path": "/b"}])',
    'json.patch([1, 2], [{"op": "remove", "path": "/01"}])',
    'json.patch([1, 2], [{"op": "add", "path": "/3", "value": 1}])',
    'json.patch({1, 2}, [{"op": "add", "path": [3], "value": 3}, {"op": "remove", "path": [1]}])',
    'json.patch({"s": {"x"}}, [{"op": "copy", "from": "/s", "path": ["t"]}])',
    'json.patch({}, [{"op": "add", "path": "/a"}])',
    'json.patch({}, [{"op": "frobnicate", "path": "/a"}])',
    'graph.reachable_paths({"a": ["b", "c"], "b": ["d"], "c": {"a"}, "d": []}, ["a"])',
    'graph.reachable_paths({"a": ["x"], "b": []}, {"a", "b", "z"})',
  ],
  net: [
    'net.cidr_is_valid("10.0.0.0/8")',
    'net.cidr_is_valid("10.0.0.0/33")',
    'net.cidr_is_valid("010.0.0.0/8")',
    'net.cidr_is_valid("::1/128")',
    'net.cidr_is_valid("fe80::1%eth0/64")',
    'net.cidr_is_valid("1.2.3/24")',
    'net.cidr_expand("10.1.2.3/30")',
    'net.cidr_expand("2001:db8::/126")',
    'net.cidr_expand("::ffff:10.0.0.0/126")',
    'net.cidr_expand("10.0.0.1")',
    'net.cidr_merge(["192.0.128.0/24", "192.0.129.0/24"])',
    'net.cidr_merge(["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "8.0.0.0/7"])',
    'net.cidr_merge({"2001:db8::/33", "2001:db8:8000::/33", "10.0.0.1/32"})',
    'net.cidr_merge(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"])',
    'net.cidr_merge(["::1"])',
    "net.cidr_merge([])",
    'net.cidr_contains_matches("10.0.0.0/8", ["10.1.1.1", "11.0.0.1", ["10.2.0.0/16", "x"]])',
    'net.cidr_contains_matches({"a": "10.0.0.0/8", "b": ["::/0", 1]}, {"10.0.0.1", "2001:db8::/32"})',
    'net.cidr_contains_matches("nonsense", "10.0.0.1")',
    'net.cidr_contains_matches(["10.0.0.0/8"], [[]])',
  ],
  numbers: [
    "numbers.range_step(0, 10, 3)",
    "numbers.range_step(10, 0, 4)",
    "numbers.range_step(5, 5, 1)",
    "numbers.range_step(0, 10, 0)",
    "numbers.range_step(0.5, 10, 1)",
    "numbers.range_step(123456789012345678901234567890, 123456789012345678901234567892, 1)",
    'rand.intn("x", 0)',
    'rand.intn("x", 1)',
  ],
  semver: [
    'semver.compare("1.0.0-alpha.1", "1.0.0-alpha.beta")',
    'semver.compare("1.0.0", "1.0.0-rc.1")',
    'semver.compare("v1.2.10+x", "1.2.9")',
    'semver.compare("1.0.0-1.2", "1.0.0-1.2.3")',
    'semver.compare("1.0", "1.0.0")',
    'semver.is_valid("1.2.3-01")',
    'semver.is_valid("1.2.3-0a.b+c.d")',
    'semver.is_valid("01.2.3")',
    'semver.is_valid("9223372036854775808.0.0")',
    "semver.is_valid(1)",
  ],
  units: [
    'units.parse("10K")',
    'units.parse("1.5Mi")',
    'units.parse("100m")',
    'units.parse("-1.5e3k")',
    'units.parse("1e-3")',
    'units.parse("0.3E")',
    'units.parse(".5G")',
    'units.parse("1KB")',
    'units.parse("1 K")',
    'units.parse("K")',
    'units.parse("1e9999999")',
    'units.parse("\\"7\\"")',
    'units.parse_bytes("10KB")',
    'units.parse_bytes("1.5MiB")',
    'units.parse_bytes("0.3k")',
    'units.parse_bytes("1e3")',
    'units.parse_bytes("12345678901234567890123")',
    'units.parse_bytes("1.1e")',
    'units.parse_bytes("3.7ei")',
    'units.parse_bytes("1.2.3")',
    'units.parse_bytes("kb")',
    'units.parse_bytes("1xb")',
  ],
  uuid: [
    'uuid.parse("00000000-0000-4000-8000-000000000000")',
    'uuid.parse("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8")',
    'uuid.parse("{6ba7b810-9dad-21d1-80b4-00c04fd430c8}")',
    'uuid.parse("not-a-uuid")',
    'uuid.parse("00000000-0000-0000-0000-000000000000")',
    'uuid.parse("ffffffff-ffff-ffff-ffff-ffffffffffff")',
  ],
  uri: [
    'uri.parse("https://user:pw@example.com:8080/a%2Fb/c?q=1&r#frag%20x")',
    'uri.parse("//host/path")',
    'uri.parse("/only/path?x")',
    'uri.parse("mailto:a@b.c")',
    'uri.parse("http://[2001:db8::1]:80/")',
    'uri.parse("HTTP://Example.com")',
    'uri.parse("http://a b/")',
    'uri.parse("1http://x")',
    'uri.parse(":x")',
    'uri.parse("http://x:port/")',
    'uri.is_valid("http://exa mple.com")',
    'uri.is_valid("http://example.com/%zz")',
    'uri.is_valid("")',
    'uri.is_valid("*")',
    'uri.is_valid("a:b")',
  ],
  time: [
    'time.parse_rfc3339_ns("2026-11-21T10:11:12.123456789+02:30")',
    'time.parse_rfc3339_ns("1677-09-21T00:12:43Z")',
    'time.parse_rfc3339_ns("2262-04-12T00:00:00Z")',
    'time.parse_rfc3339_ns("2026-02-29T00:00:00Z")',
    'time.parse_rfc3339_ns("2026-11-21 10:11:12Z")',
    'time.parse_rfc3339_ns("2026-11-21T24:00:00Z")',
    'time.parse_ns("2006-01-02", "2026-11-21")',
    'time.parse_ns("RFC1123Z", "Sat, 21 Nov 2026 10:11:12 -0700")',
    'time.parse_ns("ANSIC", "Sat Nov  7 10:11:12 2026")',
    'time.parse_ns("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2026 at 7:54pm (UTC)")',
    'time.parse_ns("3:04PM", "12:30AM")',
    'time.parse_ns("2006-002", "2026-060")',
    'time.parse_ns("2006-01-02 15:04:05.000", "2026-11-21 10:11:12.5")',
    'time.parse_ns("02/01/06", "31/12/70")',
    'time.parse_ns("January _2", "March  3")',
    'time.parse_ns("2006-01-02", "2026-11-21x")',
    'time.parse_duration_ns("1h15m30.5s")',
    'time.parse_duration_ns("-1.5h")',
    'time.parse_duration_ns("1d2w")',
    'time.parse_duration_ns("1y")',
    'time.parse_duration_ns("100ns")',
    'time.parse_duration_ns("1.5us")',
    'time.parse_duration_ns("0")',
    'time.parse_duration_ns("")',
    'time.parse_duration_ns("1")',
    'time.parse_duration_ns("1h ")',
    'time.parse_duration_ns("300y")',
    "time.format(1772600767123456789)",
    'time.format([1772600767123456789, "America/New_York"])',
    'time.format([1772600767123456789, "Europe/Berlin", "Mon Jan _2 15:04:05.000 -0700 2006"])',
    'time.format([1772600767000000000, "UTC", "RFC850"])',
    'time.format([1772600767000000000, "", "3:04PM 002 06 Z07:00 -07 .999 .000"])',
    'time.format([-1, "Asia/Kolkata", "RFC3339Nano"])',
    'time.format([1, "Nowhere/Atlantis"])',
    "time.format(1e30)",
    'time.date([1772600767123456789, "Asia/Tokyo"])',
    "time.date(-62135596800000000000)",
    'time.clock([1772600767123456789, "Asia/Kathmandu"])',
    "time.weekday(1772600767123456789)",
    'time.weekday([0, "America/Los_Angeles"])',
    "time.add_date(1772600767123456789, 1, 2, 30)",
    "time.add_date(0, 1000, 0, 0)",
    "time.add_date(1772600767123456789, 0, -24, -31)",
    'time.diff(1772600767000000000, [0, "Europe/Paris"])',
    "time.diff(1772600767000000000, 1740000000123456789)",
    "time.clock(1.5)",
  ],
};

const SEED = 20_261_121;

/** Formats and operands in many combinations, always the same ones. */
function sprintfCalls(count: number): string[] {
  let state = SEED;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T;
  const operands = [
    ..."0 1 -1 42 -42 255 1234567 9223372036854775807 -9223372036854775808 9223372036854775808 -123456789123456789123".split(
      " ",
    ),
    ..."0.5 1.5 2.5 -2.5 100.0 1.10 1e2 1e21 1e-7 123456.789 0.00001234 1e300 5e-324 99.995 0.1".split(" "),
    '"hi"',
    '""',
    '"héllo wörld"',
    '"a\\nb"',
    '"日本"',
    '"`x`"',
    '"\\u0000"',
    '"😀"',
    "true",
    "null",
    '[1, "a"]',
    '{"b": 1, "a": [2]}',
    "{1, 2}",
    "set()",
    "{}",
  ];
  return Array.from({ length: count }, () => {
    let format = "";
    for (let directives = next(3) + 1; directives > 0; directives--) {
      format += `${pick(["", "a", " ", "x="])}%`;
      while (next(10) < 3) format += pick(["+", "-", "#", " ", "0"]);
      if (next(12) === 0) format += `[${pick(["1", "2", "3", "0", "x"])}]`;
      if (next(10) < 3) format += pick(["1", "5", "8", "12", "*"]);
      if (next(10) < 3) format += `.${pick(["", "0", "1", "3", "10", "*"])}`;
      format += pick([..."vdsqXfFeEgGtTcboOU%", "v", "d", "s"]);
    }
    // The sharp flag of hexadecimal floats is the one thing that is not Go's.
    const plain = format.replace(/%([^%a-zA-Z]*)#([^%a-zA-Z]*)X/g, "%$1$2X");
    return `sprintf(${JSON.stringify(plain)}, [${Array.from({ length: next(4) }, () => pick(operands)).join(", ")}])`;
  });
}

/** What both answer to each expression, as Rego values; undefined where there is no answer. */
async function answers(
  expressions: readonly string[],
): Promise<readonly (readonly (RegoValue | undefined)[])[]> {
  const rules = expressions.map((expression, index) => `r["${index}"] := x if x := ${expression}`);
  const module = `package parity\n\n${rules.join("\n\n")}\n`;
  const reference = await withFolder(async (folder) => {
    const file = join(folder, "parity.rego");
    await writeFile(file, module);
    const run = await runOpa(await findOpa(), ["eval", "--data", file, "--format", "raw", "data.parity.r"]);
    assert.equal(run.status, 0, run.stderr + run.stdout);
    return run.stdout;
  });
  // Thousands of calls are one evaluation here, and a busy machine counts their first compilation along.
  const revision = await createRevision({ "parity.rego": module }, ["parity/r"], { timeLimitMs: 10_000 });
  const own = revision.evaluate("parity/r", {}).result ?? "{}";
  const [wanted, got] = [reference, own].map((text) => parseRego(text) as ReadonlyMap<RegoValue, RegoValue>);
  return expressions.map((_, index) => [wanted?.get(String(index)), got?.get(String(index))]);
}

function shown(value: RegoValue | undefined): string {
  return value === undefined ? "undefined" : renderJson(value);
}

describe("builtins of the host answer as OPA does:", () => {
  for (const [family, expressions] of Object.entries(FAMILIES)) {
    test(family, async () => {
      const faults: string[] = [];
      for (const [index, [wanted, got]] of (await answers(expressions)).entries()) {
        if (!alike(wanted, got))
          faults.push(`${expressions[index]}: wanted ${shown(wanted)}, got ${shown(got)}`);
      }
      assert.deepEqual(faults, []);
    });
  }

  test("sprintf, in 1,500 combinations of formats and operands", async () => {
    const calls = sprintfCalls(1_500);
    const faults: string[] = [];
    for (const [index, [wanted, got]] of (await answers(calls)).entries()) {
      if (wanted !== got) faults.push(`${calls[index]}: wanted ${shown(wanted)}, got ${shown(got)}`);
    }
    assert.deepEqual(faults, []);
  });
});

/** As JSON, which is what `opa eval` prints: a set is an array there. */
function alike(wanted: RegoValue | undefined, got: RegoValue | undefined): boolean {
  if (wanted === undefined || got === undefined) return wanted === got;
  return compareValues(parseRego(renderJson(wanted)), parseRego(renderJson(got))) === 0;
}
