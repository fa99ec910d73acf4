/**
 * What Regent does at the cluster of a target in Istio's proxies: translation, keys, and who gets neither. The proxies have
 * what Istio generated, with the shipped manifests applied.
 */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Record as RegentRecord } from "../../src/exchange/record.ts";
import { chat, KEYS, Stage } from "../../src/local/scenes/stage.ts";
import type { OwnTargets } from "./behind.ts";
import { WITH_FIXTURES } from "./fixtures.ts";
import { type Mesh, startGatewayMesh, startSidecarMesh } from "./mesh.ts";
import { WORKLOAD_TARGET } from "./render-envoy-filter.ts";

const MODEL = "claude-only";
const CLIENT = "outside";
const MEBIBYTE = 1024 ** 2;
/** Of the buffer filter. */
const BODY_BYTES_MAX = 4 * MEBIBYTE;
const CONNECTIONS = 4;

/**
 * One model on one target of Anthropic's dialect with a key, made for this run. `others`: where nothing is sent, but routes
 * lead.
 */
function keyed(
  target: string,
  others: readonly string[],
): { readonly own: OwnTargets; readonly key: string } {
  const key = randomBytes(24).toString("hex");
  const file = "target.key";
  const registry = {
    version: 1,
    targets: [{ name: target, region: "us", provider: "test", format: "anthropic-messages", key: { file } }],
    models: [
      {
        name: MODEL,
        stage: "active",
        dataClasses: ["public", "internal", "personal"],
        maxOutputTokens: 256,
        versions: [{ name: "sim-small", weight: 1, targets: [target] }],
      },
    ],
  };
  return { own: { registry, keys: { [file]: key }, targets: [target, ...others] }, key };
}

const PLACES: readonly (readonly [string, string, readonly string[], (own: OwnTargets) => Promise<Mesh>])[] =
  [
    ["at the ingress gateway", "sim-us", ["sim-eu", "sim-messages"], startGatewayMesh],
    [
      "in front of a workload",
      WORKLOAD_TARGET,
      [],
      (own) => startSidecarMesh(new Map([[CLIENT, "spiffe://cluster.local/portal"]]), own),
    ],
  ];

for (const [place, target, others, start] of PLACES) {
  describe(`the cluster of a target ${place} of a mesh`, WITH_FIXTURES, () => {
    const { own, key } = keyed(target, others);
    let mesh: Mesh;
    let stage: Stage;

    before(async () => {
      mesh = await start(own);
      stage = new Stage(mesh.origin(CLIENT), mesh.behind.targets, mesh.behind.auditDir);
    });
    after(() => mesh?.stop());

    const headersOf = (index: number) =>
      new Map(
        mesh.behind
          .seenBy(target)
          .at(index)
          ?.headers.map(([name, value]) => [name.toLowerCase(), value]),
      );

    test("makes of OpenAI's chat a request of the target's dialect with its key, and back", async () => {
      const { data, response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create({ ...chat(MODEL, "Hello, mesh."), seed: 7 })
        .withResponse();
      assert.ok(data.choices[0]?.message.content?.endsWith("You said: Hello, mesh."));
      assert.match(response.headers.get("x-regent-translation-warnings") ?? "", /dropped:\/seed/);
      assert.equal(mesh.behind.seenBy(target).at(-1)?.path, "/v1/messages");
      const headers = headersOf(-1);
      assert.deepEqual(
        ["x-api-key", "authorization", "anthropic-version"].map((name) => headers.get(name)),
        [key, undefined, "2023-06-01"],
      );
      const id = response.headers.get("x-regent-decision-id");
      const record = (await stage.record(id)) as unknown as RegentRecord;
      assert.deepEqual(
        record.attempts?.map(({ target: to, status, translatedTo }) => [to, status, translatedTo]),
        [[target, 200, "anthropic-messages"]],
      );
      assert.equal(record.charge?.tokens, data.usage?.total_tokens);
      assert.ok(!JSON.stringify(record).includes(key));
    });

    test("translates a stream event by event", async () => {
      const stream = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create({ ...chat(MODEL, "[[say:20]]"), stream: true });
      const finishes: string[] = [];
      let count = 0;
      for await (const { choices } of stream) {
        count += 1;
        finishes.push(...choices.flatMap(({ finish_reason: reason }) => reason ?? []));
      }
      assert.ok(count >= 20, String(count));
      assert.deepEqual(finishes, ["stop"]);
    });

    test("adds the key to what is in the target's dialect already, in the place of the client's", async () => {
      const response = await stage.send("/v1/messages", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "anthropic-version": "2023-06-01",
          "x-api-key": KEYS.acmeAnalyst,
        },
        body: JSON.stringify({ model: MODEL, max_tokens: 10, messages: [{ role: "user", content: "Hi." }] }),
      });
      assert.equal(response.status, 200, await response.text());
      assert.equal(headersOf(-1).get("x-api-key"), key);
    });

    test("gives nothing to a request that was not let through, whatever decision it says it has", async () => {
      const around = new Stage(mesh.origin("around"), mesh.behind.targets, mesh.behind.auditDir);
      const first = await stage.post(JSON.stringify(chat(MODEL, "Hello.")));
      assert.equal(first.status, 200, await first.text());
      const ended = first.headers.get("x-regent-decision-id") ?? "";
      const seen = mesh.behind.reached;
      for (const id of [undefined, "", randomUUID(), ended]) {
        const response = await around.post(JSON.stringify(chat(MODEL, "Hello.")), {
          "x-regent-target": target,
          "x-regent-upstream": target,
          ...(id === undefined ? {} : { "x-regent-decision-id": id }),
        });
        const text = await response.text();
        assert.deepEqual(
          [response.status, response.headers.get("x-regent-reason")],
          [403, "not_governed"],
          id,
        );
        assert.ok(!text.includes(key));
      }
      assert.equal(mesh.behind.reached, seen);
    });

    test("holds bodies of 4 MiB that grow, four at a time, and Envoy lives on", async () => {
      const body = growing(BODY_BYTES_MAX);
      for (let round = 0; round < 2; round += 1) {
        const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => stage.post(body)));
        for (const response of answers) {
          const text = await response.text();
          assert.equal(response.status, 200, text.slice(0, 300));
        }
        const sizes = mesh.behind
          .seenBy(target)
          .slice(-CONNECTIONS)
          .map(({ bodyBytes }) => bodyBytes);
        assert.ok(
          sizes.every((bytes) => bytes > BODY_BYTES_MAX),
          String(sizes),
        );
      }
      process.kill(mesh.pid, 0);
    });

    test("answers nothing without the sidecar", async () => {
      const seen = mesh.behind.reached;
      await mesh.behind.stopRegent();
      const around = new Stage(mesh.origin("around"), mesh.behind.targets, mesh.behind.auditDir);
      for (const way of [stage, around]) {
        const response = await way.post(JSON.stringify(chat(MODEL, "Hello.")), { "x-regent-target": target });
        assert.equal(response.status, 503, await response.text());
      }
      assert.equal(mesh.behind.reached, seen);
    });
  });
}

/** Each becomes 12 bytes larger. Few, and no text: Regent has two seconds for a body, on a busy machine as well. */
const SMALL_IMAGES = 200;

/** A chat of so many bytes, mostly one image, that Anthropic's dialect needs more for: it says an image in more words. */
function growing(bytes: number): string {
  const image = (data: string) => ({
    type: "image_url",
    image_url: { url: `data:image/png;base64,${data}` },
  });
  const withImage = (data: string) => {
    const content = [image(data), ...Array(SMALL_IMAGES).fill(image("AA=="))];
    return JSON.stringify({ model: MODEL, messages: [{ role: "user", content }] });
  };
  const room = bytes - withImage("").length;
  // Base64 comes in fours.
  return withImage("A".repeat(room - (room % 4)));
}
