/**
 * Keys in files that are rotated while a real Envoy and Regent serve: no request waits for one, none leaves without a key or
 * with a part of one, and what is wrong with a file is told without the key.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { checkSignature } from "../../support/sigv4.ts";
import { ANALYST } from "../governed/ask.ts";
import { eventually } from "../governed/records.ts";
import { send } from "../support/client.ts";
import type { Seen } from "../support/witness.ts";
import { type Keyed, mountSecrets, startKeyed } from "./stack.ts";

/** Watched, still for a second and read: far more than that on a busy machine. */
const ROTATED_MS_MAX = 60_000;

const random = (bytes = 24) => randomBytes(bytes).toString("hex");
const awsSecrets = () => ({ id: random(10), secret: random(20), token: random(30) });

describe("the key of a target", () => {
  let keyed: Keyed;
  const first = random();
  const firstAws = awsSecrets();
  const mount = () => join(keyed.dir, "mounted");
  before(async () => {
    keyed = await startKeyed(
      [
        { name: "mounted", format: "openai-chat", key: { file: "mounted/key" } },
        {
          name: "bedrock",
          format: "bedrock-converse",
          aws: {
            region: "eu-central-1",
            accessKeyId: { file: "aws/id" },
            secretAccessKey: { file: "aws/secret" },
            sessionToken: { file: "aws/token" },
          },
        },
      ],
      (dir) => {
        mountSecrets(join(dir, "mounted"), { key: `${first}\n` });
        mountSecrets(join(dir, "aws"), firstAws);
      },
    );
  });
  after(() => keyed?.stop());

  /** Sends one request, which must be served, and gives what the target saw of it. */
  async function ask(model: string): Promise<Seen> {
    const { status, body } = await send(keyed.stack.port, {
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", ...ANALYST },
      body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: "user", content: "Hello." }] }),
    });
    assert.equal(status, 200, body);
    return keyed.last();
  }
  const sentKey = async () => (await ask("on-mounted")).headers.authorization?.replace("Bearer ", "");
  /** Asks until a request carries this key; until then each must carry one of the others. */
  const untilSent = (key: string, others: readonly string[]) =>
    eventually(
      "a request with the rotated key",
      async () => {
        const sent = (await sentKey()) ?? "";
        assert.ok([key, ...others].includes(sent), "neither the key before nor the one after");
        return sent === key ? true : undefined;
      },
      ROTATED_MS_MAX,
    );
  const text = async (path: string) => (await fetch(`${keyed.stack.probesOrigin}${path}`)).text();
  const metric = async (name: string) =>
    Number(new RegExp(`^${name}\\{target="mounted"\\} (\\S+)$`, "m").exec(await text("/metrics"))?.[1]);
  const untilRead = (successful: 0 | 1) =>
    eventually(
      `a metric of ${successful}`,
      async () =>
        (await metric("regent_target_key_last_read_successful")) === successful ? true : undefined,
      ROTATED_MS_MAX,
    );

  test("is another one when Kubernetes has swapped the version that is mounted", async () => {
    assert.equal(await sentKey(), first);
    const readBefore = await metric("regent_target_key_read_timestamp_seconds");
    const second = random();
    mountSecrets(mount(), { key: `${second}\n` });
    await untilSent(second, [first]);
    assert.equal(await metric("regent_target_key_last_read_successful"), 1);
    assert.ok((await metric("regent_target_key_read_timestamp_seconds")) > readBefore);
  });

  test("is the last good one while the file is empty, too large or no key, and told by name and reason alone", async () => {
    const good = random();
    mountSecrets(mount(), { key: good });
    await untilSent(good, [await sentKey().then(String)]);
    const secret = random();
    for (const [bad, reason] of [
      ["", "is empty"],
      ["x".repeat(64 * 1024 + 1), "is larger than 65536 bytes"],
      [`${secret} ${secret}`, "must be one word"],
    ] as const) {
      mountSecrets(mount(), { key: bad });
      await eventually(
        `a line that says ${reason}`,
        () => (keyed.stack.regent.log().includes(reason) ? true : undefined),
        ROTATED_MS_MAX,
      );
      assert.equal(await sentKey(), good);
    }
    await untilRead(0);
    assert.ok((await metric("regent_target_key_failures_total")) >= 3);
    assert.equal((await fetch(`${keyed.stack.probesOrigin}/readyz`)).status, 200);
    assert.match(await text("/health"), /mounted: .*must be one word/);
    const next = random();
    mountSecrets(mount(), { key: next });
    await untilSent(next, [good]);
    await untilRead(1);
    const told = [keyed.stack.regent.log(), await text("/metrics"), await text("/health")].join();
    for (const key of [first, good, secret, next]) assert.ok(!told.includes(key));
  });

  test("that is written in place, a part at a time, is sent whole or not at all", async () => {
    const before = random();
    // No mount any more: a refresher that writes the file itself.
    mountSecrets(mount(), { key: before });
    await untilSent(before, [await sentKey().then(String)]);
    const after = random();
    const file = join(mount(), "key");
    for (const length of [0, 1, 20, after.length]) writeFileSync(file, after.slice(0, length));
    await untilSent(after, [before]);
  });

  test("of AWS is used with its own secret and token, and with no other's", async () => {
    const sets = [firstAws, awsSecrets(), awsSecrets()];
    const setOf = ({ method, path, headers, body }: Seen) => {
      const named = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      const id = /Credential=([^/]+)/.exec(named.get("authorization") ?? "")?.[1];
      const set = sets.find((one) => one.id === id);
      assert.ok(set !== undefined && body !== undefined, "an id that nobody has");
      const signed = { method, host: named.get("host") ?? "", path, body };
      const { signature, expected } = checkSignature(signed, named, set.secret);
      assert.equal(signature, expected);
      assert.equal(named.get("x-amz-security-token"), set.token);
      return set;
    };
    assert.equal(setOf(await ask("on-bedrock")), firstAws);
    for (const set of sets.slice(1)) {
      mountSecrets(join(keyed.dir, "aws"), set);
      await eventually(
        "a request with the rotated secrets",
        async () => (setOf(await ask("on-bedrock")) === set ? true : undefined),
        ROTATED_MS_MAX,
      );
    }
  });
});
