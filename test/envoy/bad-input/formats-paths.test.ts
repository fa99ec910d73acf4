/**
 * Names of models in paths, spelt in every way that some server may read otherwise, on the endpoints of every dialect: nothing
 * leaves that was not decided, and what leaves names to a plain reader the model that was decided on.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { FORMAT_NAMES } from "../../../src/exchange/inference.ts";
import { DECISION_ID_HEADER } from "../../../src/exchange/names.ts";
import { FORMATS } from "../../../src/formats/index.ts";
import { parseAnswers, type RawAnswer, rawRequest } from "../governed/raw.ts";
import { eventually } from "../governed/records.ts";
import { ASKING, type OwnAnswers, startOwnAnswers } from "../own-answers/stack.ts";
import { type Seen, startWitness, type Witness } from "../support/witness.ts";

const ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-v1:0";
const escaped = encodeURIComponent(ARN);
/** Models that there are; a spelling that means none of them goes nowhere. */
const MODELS = ["m", "ok", "m-1:0", "__proto__", "a/b", ARN];

/** What stands in the place of the name. Those that begin with a slash or hold a plain one are other paths. */
const SPELLINGS: readonly string[] = [
  ...["m", "%6d", "m-1:0", "m-1%3A0", "__proto__", "%5F_proto__", "constructor", "a%2Fb", "a/b", "a%252Fb"],
  ...["", ".", "..", "%2e", "%2E%2e", "%2F", "%5C", "%252F", "%25", "%", "%2", "%zz", "%u006d"],
  ...[
    "m%00",
    "m%0a",
    "m%0d%0aHost:%20x",
    "m%09",
    "%20m",
    "m%20",
    "m+",
    "m%7f",
    "m%22",
    "m'",
    "m%5cn",
    "m\\ok",
  ],
  ...["m;x", "m%3bx", "m?x", "m%3fx", "m#x", "m%23x", "m?", "m&x", "m,ok", "m@ok", "m|ok", "m{ok}", "m*"],
  ...["m//ok", "m/./ok", "m/../ok", "../ok", "%2e%2e/ok", "m%2f..%2fok", "m/versions/1", "m%2Fversions%2F1"],
  ...[
    "m%80",
    "m%ff",
    "m%c0%af",
    "m%e0%80%af",
    "m%c1%ad",
    "%ED%A0%80",
    "m%ef%bc%8fok",
    "%ef%bd%8d",
    "%e2%84%aa",
  ],
  ...[
    "m%c2%a0",
    "m%e2%80%8b",
    "m%e2%80%ae",
    "m%ef%bb%bf",
    "%f0%9f%98%80",
    "m".repeat(300),
    "%6d".repeat(5_000),
  ],
  ...["m:generateContent", "m%3AgenerateContent", "m:predict", "m%3apredict", "m/converse", "m%2Fconverse"],
  ...[escaped, escaped.toLowerCase(), escaped.toUpperCase(), escaped.replace("%2F", "%2f"), ARN],
  ...["%5C", "%2F..", "%2F%2F", "%2F.", "%252F", "%c0%af", "/"].map((mark) => escaped.replace("%2F", mark)),
  ...[
    "%2F",
    "%2Fx",
    "%2F..",
    "%2F..%2F..%2Fm",
    "%00",
    "%0a",
    ";x",
    "%3Bx",
    "?x",
    "%3Fx",
    "#x",
    "%23",
    "/",
    "%252F",
  ].map((end) => escaped + end),
  ...["arn:aws:bedrock:::x%2Fconverse", "arn:aws:bedrock:::x%2Fmodel%2Fm", "arn:aws:bedrock:::%2Fx"],
];

/** As little as a plain server does: undoes each escape in each segment once, and takes the model from its place. */
function modelIn(path: string, templates: readonly string[]): string[] {
  const segments = (path.split("?")[0] ?? "").split("/").map(decodeURIComponent);
  return templates.flatMap((template) => {
    const parts = template.split("/");
    const at = parts.findIndex((part) => part.startsWith("{model}"));
    const found = segments[at];
    const verb = (parts[at] ?? "").slice("{model}".length);
    return parts.length === segments.length && found?.endsWith(verb)
      ? [found.slice(0, found.length - verb.length)]
      : [];
  });
}

const INJECTED = 'x-decide-request: {"allow":true}\r\nx-decide-answer: {"allow":true}';

describe("the name of a model in a path", () => {
  let stack: OwnAnswers;
  let witness: Witness;
  before(async () => {
    witness = await startWitness(
      (_, response) => void response.setHeader("content-type", "application/json").end("{}"),
    );
    const models = MODELS.map(
      (name) =>
        `  - { name: "${name}", stage: active, versions: [{ name: "${name}", weight: 1, targets: [t] }] }`,
    );
    stack = await startOwnAnswers({
      registry: [
        "version: 1",
        `targets: [{ name: t, region: us, provider: sim, format: openai-chat, speaks: [${FORMAT_NAMES.join(", ")}] }]`,
        "models:",
        ...models,
      ].join("\n"),
      targets: [{ name: "t", origin: `http://127.0.0.1:${witness.port}` }],
    });
  });
  after(async () => {
    await stack?.stop();
    await witness?.stop();
  });

  /** Envoy closes what it cannot read without an answer: then there is none. */
  async function ask(target: string, body: object, mark: string): Promise<RawAnswer | undefined> {
    const lines = [`authorization: Bearer ${stack.stage.keys.analyst}`, INJECTED, `x-mark: ${mark}`];
    const socket = connect(stack.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.write(Buffer.from(rawRequest(JSON.stringify(body), lines, { target }), "latin1"));
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const answers = parseAnswers(Buffer.concat(chunks).toString("latin1"));
    assert.ok(answers.length <= 1, target);
    return answers[0];
  }

  /** What policy was told of what reached the witness. */
  function toldOf({ headers, path }: Seen): { format: string; model: string } {
    const id = String(headers[DECISION_ID_HEADER]);
    const told = stack.stage.asked.find(({ text }) => text.includes(`"id":${JSON.stringify(id)}`));
    assert.ok(told !== undefined, `${path} was not decided`);
    return (JSON.parse(told.text) as { inference: { format: string; model: string } }).inference;
  }

  async function assertHeld(spelling: string, template: string, body: object): Promise<void> {
    const target = template.replace("{model}", spelling).replaceAll(/\{[a-z]+\}/g, "v");
    const mark = `${template} ${SPELLINGS.indexOf(spelling)}`;
    const answer = await ask(target, body, mark);
    const seen = witness.seen.filter(({ headers }) => headers["x-mark"] === mark);
    const what = `${target.slice(0, 200)}: ${answer?.status} ${answer?.body}`;
    if (answer?.status !== 200) {
      assert.deepEqual(seen, [], what);
      if (answer === undefined) return;
      assert.ok(answer.headers.get("x-regent-reason"), what);
      JSON.parse(answer.body);
      const id = answer.headers.get(DECISION_ID_HEADER);
      await eventually("a record", async () => stack.stage.records.find((record) => record.id === id));
      return;
    }
    const [one, ...others] = seen;
    assert.ok(one !== undefined && others.length === 0, what);
    const { format, model } = toldOf(one);
    const templates = FORMATS[format as keyof typeof FORMATS].endpoints.map(({ path }) => path);
    assert.deepEqual([...new Set(modelIn(one.path, templates))], [model], what);
    assert.ok(MODELS.includes(model), what);
  }

  for (const [name, asking] of ASKING) {
    const { body } = asking("m");
    const [template] = FORMATS[name as keyof typeof FORMATS].endpoints.map(({ path }) => path);
    if (template?.includes("{model}") !== true) continue;
    test(`is one to everybody, or goes nowhere, in ${name}`, async () => {
      await Promise.all(SPELLINGS.map((spelling) => assertHeld(spelling, template, body)));
    });
  }

  test("is that of the registry wherever a plain spelling names it, but for a slash that no ARN has", async () => {
    const named = new Set(witness.seen.map((seen) => toldOf(seen).model));
    assert.deepEqual(named, new Set(MODELS.filter((name) => name !== "a/b")));
  });

  test("comes with no signature of an account of AWS in the query", async () => {
    const { body } = ASKING.get("bedrock-converse")?.("m") ?? { body: {} };
    for (const query of [
      "X-Amz-Signature=x",
      "a=b&x-amz-credential=y",
      "X%2DAmz-Security-Token",
      "%58-amz-date=1",
    ]) {
      const before = witness.seen.length;
      const answer = await ask(`/model/m/converse?${query}`, body, query);
      assert.deepEqual(
        [answer?.status, answer?.headers.get("x-regent-reason")],
        [401, "credentials_invalid"],
      );
      assert.equal(witness.seen.length, before, query);
    }
    assert.equal((await ask("/model/m/converse?amz=1", body, "none"))?.status, 200);
  });
});
