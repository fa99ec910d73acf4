import { ALLOWED_BODY, DENIED_BODY } from "../governed/ask.ts";

/** The member that every chat must have. */
export const MESSAGES = '"messages":[{"role":"user","content":"x"}]';

function utf8(before: string, bytes: readonly number[], behind: string): Buffer {
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(behind)]);
}

const IN_TEXT = ['{"model":"sim-small","messages":[{"role":"user","content":"', '"}]}'] as const;

/** Bodies that are not one chat in strict JSON, by what they are. */
export const INVALID_BODIES: { readonly [what: string]: string | Buffer } = {
  "cut in an array": '{"model":"sim-small","messages":[',
  "cut in a text": '{"model":"sim-small","messages":[{"role":"user","content":"x',
  "cut in an escape": '{"model":"sim-small","messages":[{"role":"user","content":"\\u00',
  "cut in a character": utf8(IN_TEXT[0], [0xc3], ""),
  "cut by its last brace": ALLOWED_BODY.slice(0, -1),
  "followed by a word": `${ALLOWED_BODY} x`,
  "followed by a comma": `${ALLOWED_BODY},`,
  "followed by another one": ALLOWED_BODY + DENIED_BODY,
  "followed by another one in a line of its own": `${ALLOWED_BODY}\n${DENIED_BODY}`,
  "followed by a NUL": `${ALLOWED_BODY}\0`,
  "with a comma at the end of an object": `{"model":"sim-small",${MESSAGES},}`,
  "with a comment": `{"model":"sim-small",/* "model":"sim-frontier", */${MESSAGES}}`,
  "in single quotes": ALLOWED_BODY.replaceAll('"', "'"),
  "with NaN": `{"model":"sim-small","temperature":NaN,${MESSAGES}}`,
  "with a line ending in a text": ALLOWED_BODY.replace("Hello.", "Hel\nlo."),
  empty: "",
  "of blanks": " \r\n\t ",
  null: "null",
  "an array": "[]",
  "an array of a chat": `[${ALLOWED_BODY}]`,
  "a text": JSON.stringify(ALLOWED_BODY),
  "a number": "1",
  true: "true",
  "not UTF-8": utf8(IN_TEXT[0], [0xff], IN_TEXT[1]),
  "UTF-8 in an overlong form": utf8(
    '{"model":"sim-small","mode',
    [0xc1, 0xac],
    `":"sim-frontier",${MESSAGES}}`,
  ),
  "with a surrogate in UTF-8": utf8(IN_TEXT[0], [0xed, 0xa0, 0x80], IN_TEXT[1]),
  "with half a surrogate pair escaped": `${IN_TEXT[0]}\\ud800${IN_TEXT[1]}`,
  "in UTF-16": Buffer.from(ALLOWED_BODY, "utf16le"),
  "in UTF-16 with a byte order mark": Buffer.from(`\ufeff${ALLOWED_BODY}`, "utf16le"),
  "with a byte order mark": `\ufeff${ALLOWED_BODY}`,
  "nested without end": "[".repeat(100_000),
  "with a text nested too deep": `{"model":"sim-small",${MESSAGES},"x":${"[".repeat(70)}${"]".repeat(70)}}`,
  "without a model": `{${MESSAGES}}`,
  "with a model in a prototype": `{"__proto__":{"model":"sim-small"},${MESSAGES}}`,
  "with a model that is null": `{"model":null,${MESSAGES}}`,
  "with a model that is a number": `{"model":1,${MESSAGES}}`,
  "with a model that is true": `{"model":true,${MESSAGES}}`,
  "with a model in an array": `{"model":["sim-small"],${MESSAGES}}`,
  "with a model that is an object": `{"model":{"name":"sim-small"},${MESSAGES}}`,
  "with a model that is empty": `{"model":"",${MESSAGES}}`,
  "with a model of blanks": `{"model":" ",${MESSAGES}}`,
  "with a model that holds a NUL": `{"model":"sim-small\\u0000",${MESSAGES}}`,
  "with a model spelt in capitals": `{"Model":"sim-small",${MESSAGES}}`,
  "with a second model spelt in capitals": `{"model":"sim-small","MODEL":"sim-frontier",${MESSAGES}}`,
  "with a member that only case-blind readers know": `{"model":"sim-small","\u017ftream":true,${MESSAGES}}`,
  "without messages": '{"model":"sim-small"}',
  "with messages that are a text": '{"model":"sim-small","messages":"x"}',
  "with messages that are an object": '{"model":"sim-small","messages":{"0":{"role":"user","content":"x"}}}',
  "with the model twice": `{"model":"sim-small","model":"sim-frontier",${MESSAGES}}`,
  "with the same model twice": `{"model":"sim-small","model":"sim-small",${MESSAGES}}`,
  "with the model twice, once escaped": `{"model":"sim-small","mod\\u0065l":"sim-frontier",${MESSAGES}}`,
  "with the model twice, escaped first": `{"\\u006dodel":"sim-small","model":"sim-frontier",${MESSAGES}}`,
  "with the model twice, escaped in two ways": `{"\\u006dodel":"sim-small","\\u006Dodel":"sim-frontier",${MESSAGES}}`,
  "with the model twice, far apart": `{"model":"sim-small",${MESSAGES},"x":"${"x".repeat(70_000)}","model":"sim-frontier"}`,
  "with messages twice": `{"model":"sim-small",${MESSAGES},${MESSAGES}}`,
  "with a role twice":
    '{"model":"sim-small","messages":[{"role":"user","r\\u006fle":"system","content":"x"}]}',
  "with a content twice": '{"model":"sim-small","messages":[{"role":"user","content":"x","content":"y"}]}',
  "with a key twice where nothing is governed": `{"model":"sim-small",${MESSAGES},"x":{"y":[{"a\\/b":1,"a/b":2}]}}`,
  "with __proto__ twice": `{"model":"sim-small","__proto__":1,"__proto_\\u005f":2,${MESSAGES}}`,
};
