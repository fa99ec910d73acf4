import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMediaType } from "./media-type.ts";
import { PARTS_MAX, parseMultipart } from "./multipart.ts";
import { RequestParseError } from "./request-parse-error.ts";

function read(text: string, boundary = "XX") {
  return parseMultipart(Buffer.from(text), boundary).map((part) => [
    part.name,
    part.contentType,
    String(part.bytes),
  ]);
}

const PART = 'Content-Disposition: form-data; name="a"\r\n';

test("reads parts with their names, types and bytes", () => {
  const text = `preamble\r\n--XX \t\r\n${PART}Content-Type: text/plain\r\n\r\n1\r\n\r\n--XX\r\n${PART}\r\n--XX--\r\nepilogue`;
  assert.deepEqual(read(text), [
    ["a", "text/plain", "1\r\n"],
    ["a", "", ""],
  ]);
  assert.deepEqual(read("--XX--"), []);
});

test("takes no longer word for a boundary", () => {
  assert.deepEqual(read(`--XX\r\n${PART}\r\nx\r\n--XXY\r\ny\r\n--XX-z\r\n--XX--`), [
    ["a", "", "x\r\n--XXY\r\ny\r\n--XX-z"],
  ]);
});

test("joins folded header lines and takes the first of repeated ones", () => {
  const text = `--XX\r\nContent-Disposition: form-data;\r\n  name="a b"\r\nContent-Type: t/1\r\ncontent-type: t/2\r\n\r\n1\r\n--XX--`;
  assert.deepEqual(read(text), [["a b", "t/1", "1"]]);
});

test("decodes quoted-printable as Go does unasked, and leaves base64 alone", () => {
  const part = (encoding: string, text: string) =>
    `--XX\r\n${PART}Content-Transfer-Encoding: ${encoding}\r\n\r\n${text}\r\n--XX--`;
  assert.deepEqual(read(part("Quoted-Printable", "a=3Db=\r\nc  \r\nd")), [["a", "", "a=bc\r\nd"]]);
  assert.throws(() => read(part("quoted-printable", "a=zz")), RequestParseError);
  assert.deepEqual(read(part("base64", "YQ==")), [["a", "", "YQ=="]]);
});

test("takes no byte of a character for white space", () => {
  const text = '--XX\r\nContent-Disposition: form-data; name="à"\r\nContent-Type: à\r\n\r\nà\r\n--XX--';
  assert.deepEqual(read(text), [["à", Buffer.from("à").toString("latin1"), "à"]]);
  const quoted = text.replace("Content-Type: à", "Content-Transfer-Encoding: quoted-printable");
  assert.deepEqual(read(quoted), [["à", "", "à"]]);
});

test("refuses bodies that end too early or hold something else between parts", () => {
  const broken = [
    "",
    "no boundary at all\r\n",
    "--XX\r\n",
    `--XX\r\n${PART}`,
    `--XX\r\n${PART}\r\nnever closed`,
    `--XX\r\n${PART}\r\n1\r\n--XX junk\r\n`,
    "--XX\r\nno colon\r\n\r\n1\r\n--XX--",
    "--XX\r\n folded first\r\n\r\n1\r\n--XX--",
    "--XX\r\nbad name: x\r\n\r\n1\r\n--XX--",
  ];
  for (const text of broken) assert.throws(() => read(text), RequestParseError, JSON.stringify(text));
  assert.throws(() => read("--", ""), /boundary is empty/);
});

test("refuses more parts than the limit", () => {
  const body = (parts: number) => `${`--XX\r\n${PART}\r\n\r\n`.repeat(parts)}--XX--`;
  assert.equal(read(body(PARTS_MAX)).length, PARTS_MAX);
  assert.throws(() => read(body(PARTS_MAX + 1)), /more than/);
});

test("takes time in proportion to the body, whatever stands in it", () => {
  const started = performance.now();
  const spaces = " \t".repeat(500_000);
  const part = `${PART}Content-Transfer-Encoding: quoted-printable\r\n\r\n${spaces}x\r\n--XX`;
  assert.equal(read(`--XX\r\n${part}--`).length, 1);
  read(`--XX\r\n${PART}\r\n${"\r\n--XXx".repeat(100_000)}\r\n--XX--`);
  assert.ok(performance.now() - started < 5_000);
});

test("reads media types with their parameters", () => {
  const cases: [text: string, type: string, parameters: { [name: string]: string }][] = [
    ["Multipart/Form-Data; BOUNDARY=Xx", "multipart/form-data", { boundary: "Xx" }],
    [
      'form-data; name="a\\"b;c"; filename="C:\\dir\\f.txt"',
      "form-data",
      { name: 'a"b;c', filename: "C:\\dir\\f.txt" },
    ],
    ["a/b; x=1; x=1;", "a/b", { x: "1" }],
    ["f; name*=utf-8''%c3%a9", "f", { name: "é" }],
    ["f; name*0=a; name*1*=%20b; name*2=c", "f", { name: "a bc" }],
    ["f; name*0*=utf-8'en'%e2; name*1=x", "f", { name: "\ufffdx" }],
    ["f; name*=latin1''x", "f", {}],
    [`f; name="${Buffer.from("à").toString("latin1")}" ; x=1 `, "f", { name: "à", x: "1" }],
    ["f; name*1=late", "f", {}],
  ];
  for (const [text, type, parameters] of cases) {
    const read = parseMediaType(text);
    assert.deepEqual([read.type, Object.fromEntries(read.parameters)], [type, parameters], text);
  }
});

test("refuses media types that are none", () => {
  const broken = [
    "",
    ";a=b",
    "a/",
    "a b",
    "a/b c",
    "a/b/c",
    "a; b",
    "a; =c",
    'a; b="c',
    "a; b=1; b=2",
    "a; b=1; ;c=2",
  ];
  for (const text of broken) assert.throws(() => parseMediaType(text), RequestParseError, text);
});
