import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startSampleModel } from "../../tools/sample-model/server.ts";
import { parseRegistry } from "../registry/index.ts";
import { upstreamModels, upstreamRegistry } from "./upstream.ts";

let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), "regent-upstream-"));
});
after(() => rmSync(dir, { recursive: true }));

describe("the models of a user's own server", () => {
  test("are those it lists, asked for with its key", async () => {
    const key = randomBytes(16).toString("hex");
    const keyFile = join(dir, "key");
    writeFileSync(keyFile, `${key}\n`);
    const server = await startSampleModel({ name: "own", region: "us", models: ["a/b", "c"], key });
    try {
      assert.deepEqual(await upstreamModels({ origin: server.origin, region: "us", keyFile }), ["a/b", "c"]);
      await assert.rejects(
        upstreamModels({ origin: server.origin, region: "us" }),
        /answered 401, so it wants a key; give it one: UPSTREAM_KEY_FILE=FILE$/,
      );
      const wrongKeyFile = join(dir, "wrong-key");
      writeFileSync(wrongKeyFile, randomBytes(16).toString("hex"));
      await assert.rejects(
        upstreamModels({ origin: server.origin, region: "us", keyFile: wrongKeyFile }),
        /answered 401, so it wants a key; check the one in .*wrong-key$/,
      );
      await assert.rejects(
        upstreamModels({ origin: server.origin, region: "us", keyFile: join(dir, "nowhere") }),
        /^Error: the key of the model server cannot be read: ENOENT/,
      );
    } finally {
      await server.close();
    }
  });

  test("are those that were named, each once, without asking", async () => {
    const upstream = { origin: "http://127.0.0.1:9", region: "us", models: ["x", "y", "x"] };
    assert.deepEqual(await upstreamModels(upstream), ["x", "y"]);
  });

  test("are at most five hundred, each once", async () => {
    const names = Array.from({ length: 501 }, (_, index) => `model-${index}`);
    const server = await startSampleModel({ name: "own", region: "us", models: ["model-0", ...names] });
    try {
      assert.deepEqual(await upstreamModels({ origin: server.origin, region: "us" }), names.slice(0, 500));
    } finally {
      await server.close();
    }
  });

  test("must be named when the server does not list them", async () => {
    const server = createServer((_, response) => response.end('{"data":[]}')).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const upstream = { origin: `http://127.0.0.1:${port}`, region: "us" };
    await assert.rejects(upstreamModels(upstream), /lists no models; name them: MODELS=a,b/);
    server.close();
    await assert.rejects(upstreamModels(upstream), /could not be read \(.*\); .* name them: MODELS=a,b/);
  });

  test("are registered as active ones behind one target, and default stands for the first", () => {
    const keyFile = join(dir, "key");
    const text = upstreamRegistry({ origin: "http://127.0.0.1:8000", region: "eu" }, ["a/b", "c"], keyFile);
    const parsed = parseRegistry(text, "registry.yaml");
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const registry = parsed.value;
    assert.deepEqual(
      registry.models().map(({ name, stage }) => [name, stage]),
      [
        ["a/b", "active"],
        ["c", "active"],
      ],
    );
    assert.equal(registry.resolve("default")?.name, "a/b");
    assert.ok(
      !upstreamRegistry({ origin: "http://h", region: "eu" }, ["default"]).includes("default: default"),
    );
  });
});
