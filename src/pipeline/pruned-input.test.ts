import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answer,
  CHAT_PATH,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  type Stage,
  send,
} from "../../test/support/pipeline.ts";
import type { JsonValue } from "../exchange/json.ts";
import { pruneInput, type Reads } from "../exchange/reads.ts";
import { readJson } from "../wire/json/index.ts";
import { prunedBody } from "./pruned-body.ts";

const policy = await compileAnswering();

/** A headers-driven decision reads this much itself. */
const DECIDES: Reads = { request: { headers: { "x-decide-request": true, "x-decide-answer": true } } };

/** The documents of a request and its answer, as policy got them. */
async function documents(
  reads: Reads,
  change: (stage: Stage) => void = () => {},
): Promise<readonly string[]> {
  const stage = createStage({ policy, reads });
  change(stage);
  const body = {
    model: "default",
    stream: false,
    temperature: 0.25,
    "a/b~c": { "": [1, { deep: "\u00e9" }] },
    tools: [{ type: "function", function: { name: "lookup", parameters: {} } }],
    messages: [{ role: "user", content: "ann@example.org" }],
  };
  const decide = {
    allow: true,
    limits: [{ key: "tenant:acme", unit: "tokens", amount: 1_000, window: "1h" }],
  };
  const sent = await send(stage, {
    path: `${CHAT_PATH}?a=1&b=2`,
    body,
    headers: [["x-team", "a"]],
    principal: "spiffe://mesh.test/ns/acme/sa/app",
    decide,
  });
  await answer(sent, { body: completion() });
  return stage.asked.map(({ text }) => withoutId(text, sent.exchange.id));
}

/** Each exchange has an id of its own. */
function withoutId(text: string, id: string): string {
  return text.replaceAll(id, "ID");
}

/** Every path of a document with up to three names, each alone and as a thing whose type alone counts. */
function* parts(value: JsonValue, depth = 3): Generator<Reads> {
  yield {};
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [member, inner] of Object.entries(value)) {
    yield { [member]: true };
    for (const reads of parts(inner, depth - 1)) yield { [member]: reads };
  }
}

test("hands policy exactly what it reads of either document, whatever that is", async () => {
  const whole = await documents(true);
  assert.equal(whole.length, 2);
  const wanted = new Map<string, Reads>();
  for (const text of whole)
    for (const reads of parts(JSON.parse(text) as JsonValue)) wanted.set(JSON.stringify(reads), reads);
  wanted.set("absent", { nothing: true, request: { headers: { absent: true }, body: { absent: {} } } });
  assert.ok(wanted.size > 100);
  for (const reads of wanted.values()) {
    const both = { ...(reads as { [member: string]: Reads }) };
    const request = both.request ?? {};
    const headers = request === true ? true : (request.headers ?? {});
    // What the test's own policy needs in order to allow.
    both.request =
      request === true
        ? true
        : { ...request, headers: headers === true ? true : { ...headers, ...decidingHeaders() } };
    const pruned = await documents(both);
    for (const [index, text] of pruned.entries())
      assert.deepEqual(
        JSON.parse(text),
        plain(pruneInput(JSON.parse(whole[index] ?? "") as JsonValue, both)),
        JSON.stringify(both),
      );
  }
});

function decidingHeaders(): { [name: string]: Reads } {
  return (DECIDES as { request: { headers: { [name: string]: Reads } } }).request.headers;
}

function plain(value: JsonValue): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("asks for budgets only where policy reads them", async () => {
  let asked = 0;
  const counted = (stage: Stage) => {
    const { budgets } = stage.rooms.metering;
    Object.assign(stage.rooms.metering, {
      budgets: (tenant: string | undefined) => {
        asked++;
        return budgets(tenant);
      },
    });
  };
  await documents(DECIDES, counted);
  assert.equal(asked, 0);
  await documents({ ...(DECIDES as object), budgets: true }, counted);
  assert.equal(asked, 1);
});

test("leaves a large body out of what a policy is handed that does not read it", async () => {
  const stage = createStage({ policy, reads: DECIDES, maxBodyBytes: 1_000_000 });
  await send(stage, { body: chatBody({ messages: [{ role: "user", content: "x".repeat(100_000) }] }) });
  const [asked] = stage.asked;
  assert.ok(asked !== undefined && asked.text.length < 500, `${asked?.text.length} characters`);
});

test("copies what is read of a body as it was written", () => {
  const text =
    '{ "model" : "m", "seed":12345678901234567890e-10, "s":"\\u00e9é", "list":[1.0 ,2], "o":{"a":1,"b":{"c":1.50}} }';
  const read = readJson(Buffer.from(text));
  assert.ok(read.ok);
  const pruned = (reads: Reads) => prunedBody(read.document, reads).toString();
  assert.equal(pruned(true), text);
  assert.equal(
    pruned({ seed: true, s: {}, list: true }),
    '{"seed":12345678901234567890e-10,"s":"\\u00e9é","list":[1.0 ,2]}',
  );
  assert.equal(
    pruned({ list: {}, o: { b: { c: true }, x: true }, absent: true }),
    '{"list":[],"o":{"b":{"c":1.50}}}',
  );
  assert.equal(pruned({}), "{}");
});
