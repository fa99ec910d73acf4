import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Target } from "../exchange/model.ts";
import { type FollowedSecrets, followSecrets, STILL_LOOKS_MAX } from "./follow-secrets.ts";
import { parseRegistry } from "./registry.ts";
import { SENT_CHARS_MAX, type SecretFiles } from "./target-secrets.ts";

const random = () => randomBytes(16).toString("hex");
/** A secret may be printed nowhere. */
type Line = { readonly level: "info" | "warn"; readonly facts: object; readonly message: string };

/** A registry on disk whose keys are followed. A look takes place when a test asks for one. */
async function follow(t: TestContext, targets: string, files: { readonly [name: string]: string }) {
  const dir = mkdtempSync(join(tmpdir(), "regent-keys-"));
  const put = (name: string, text: string) => writeFileSync(join(dir, name), text);
  for (const [name, text] of Object.entries(files)) put(name, text);
  const text = `version: 1
targets: [${targets}]
models: [{ name: m, stage: active, versions: [{ name: m, weight: 1, targets: [t] }] }]
`;
  const parsed = parseRegistry(text, join(dir, "registry.yaml"), { ID: "id-of-the-environment" });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.faults));
  const target = parsed.value.resolve("m")?.versions[0]?.targets[0] as Target;
  const lines: Line[] = [];
  const watched: { readonly path: string; readonly changed: () => Promise<void> }[] = [];
  let nowMs = 1_000;
  let closed = 0;
  const followed: FollowedSecrets = followSecrets(parsed.value.secretFiles(), {
    watch: (path, changed) => {
      watched.push({ path, changed });
      return {
        close() {
          closed += 1;
        },
      };
    },
    log: {
      info: (facts, message) => void lines.push({ level: "info", facts, message }),
      warn: (facts, message) => void lines.push({ level: "warn", facts, message }),
    },
    nowMs: () => nowMs,
    stillMs: 1,
    retryMs: 3_600_000,
  });
  t.after(async () => {
    await followed.close();
    rmSync(dir, { recursive: true });
  });
  const look = async () => {
    nowMs += 1_000;
    await Promise.all(watched.map(({ changed }) => changed()));
  };
  await look();
  return {
    dir,
    put,
    target,
    lines,
    look,
    followed,
    watched,
    closed: () => closed,
    status: () => followed.status()[0],
  };
}

const WITH_KEY = "{ name: t, region: r, provider: p, format: openai-chat, key: { file: key } }";

test("takes the key that a file holds now, and says so once", async (t) => {
  const [first, second] = [random(), random()];
  const { target, put, look, lines, status } = await follow(t, WITH_KEY, { key: `${first}\n` });
  assert.equal(target.key?.reveal(), first);
  assert.deepEqual(lines, []);
  put("key", `${second}\n`);
  assert.equal(target.key?.reveal(), first, "a request reads no file");
  await look();
  assert.equal(target.key?.reveal(), second);
  await look();
  assert.deepEqual(lines, [
    { level: "info", facts: { target: "t" }, message: "the key of a target was read again" },
  ]);
  assert.equal(status()?.fault, undefined);
});

test("keeps the last good key while a file holds none that could be sent, and names target and reason, never the key", async (t) => {
  const good = random();
  const secret = random();
  for (const [bad, reason] of [
    ["", /is empty/],
    ["\n", /is empty/],
    ["x".repeat(64 * 1024 + 1), /larger than 65536 bytes/],
    ["x".repeat(SENT_CHARS_MAX + 1), /more than 16384 characters/],
    [`${secret}\n\n`, /one word/],
    [`${secret} ${secret}`, /one word/],
    [` ${secret}`, /one word/],
    [`${secret}\0`, /one word/],
    [`${secret}\u00e9`, /one word/],
  ] as const) {
    const { target, put, look, lines, status, followed, dir } = await follow(t, WITH_KEY, { key: good });
    put("key", bad);
    await look();
    await look();
    assert.equal(target.key?.reveal(), good, String(reason));
    assert.deepEqual([status()?.failures, status()?.readMs], [2, 2_000]);
    assert.match(status()?.fault ?? "", reason);
    const [line, ...others] = lines;
    assert.deepEqual(others, [], "it is told once");
    assert.equal(line?.level, "warn");
    assert.deepEqual(line?.facts, { target: "t", reason: status()?.fault });
    assert.ok(!JSON.stringify([lines, followed.status()]).includes(secret));
    put("key", "x".repeat(SENT_CHARS_MAX));
    await look();
    assert.equal(target.key?.reveal(), "x".repeat(SENT_CHARS_MAX));
    assert.deepEqual([status()?.fault, lines.length], [undefined, 2]);
    assert.ok(!JSON.stringify(lines).includes(good) && JSON.stringify(lines).includes(dir));
  }
});

test("keeps the last good key while there is no file, or something that is none", async (t) => {
  const [first, second] = [random(), random()];
  const { target, put, look, lines, status, dir } = await follow(t, WITH_KEY, { key: first });
  rmSync(join(dir, "key"));
  await look();
  assert.match(status()?.fault ?? "", /ENOENT/);
  mkdirSync(join(dir, "key"));
  await look();
  assert.match(status()?.fault ?? "", /is not a file|EISDIR/);
  rmSync(join(dir, "key"), { recursive: true });
  symlinkSync("/dev/zero", join(dir, "key"));
  await look();
  assert.match(status()?.fault ?? "", /is not a file/);
  assert.equal(target.key?.reveal(), first);
  rmSync(join(dir, "key"));
  put("key", second);
  await look();
  assert.equal(target.key?.reveal(), second);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["warn", "warn", "info"],
    "a folder and a device are the same thing that is wrong",
  );
});

test("follows the link that Kubernetes swaps when it mounts another version", async (t) => {
  const [first, second] = [random(), random()];
  const dir = mkdtempSync(join(tmpdir(), "regent-mount-"));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [version, value] of [
    ["..1", first],
    ["..2", second],
  ] as const) {
    mkdirSync(join(dir, version));
    writeFileSync(join(dir, version, "key"), value);
  }
  symlinkSync("..1", join(dir, "..data"));
  symlinkSync("..data/key", join(dir, "key"));
  const mounted = WITH_KEY.replace("file: key", `file: "${join(dir, "key")}"`);
  const { target, look } = await follow(t, mounted, {});
  assert.equal(target.key?.reveal(), first);
  symlinkSync("..2", join(dir, "..data_tmp"));
  renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
  await look();
  assert.equal(target.key?.reveal(), second);
});

test("takes the credentials of AWS together or not at all", async (t) => {
  const aws = (id: string) =>
    `{ name: t, region: r, provider: p, format: bedrock-converse, aws: { region: eu, accessKeyId: ${id}, secretAccessKey: { file: secret }, sessionToken: { file: token } } }`;
  const [id, secret, token] = [random(), random(), random()];
  const started = await follow(t, aws("{ file: id }"), { id, secret, token });
  const { target, put, look, status, watched } = started;
  const now = () => [
    target.aws?.accessKeyId.reveal(),
    target.aws?.secretAccessKey.reveal(),
    target.aws?.sessionToken?.reveal(),
  ];
  assert.equal(watched.length, 3);
  const next = [random(), random(), random()] as const;
  put("id", next[0]);
  put("secret", next[1]);
  put("token", "");
  await look();
  assert.deepEqual(now(), [id, secret, token]);
  assert.match(status()?.fault ?? "", /token is empty/);
  put("token", next[2]);
  await look();
  assert.deepEqual(now(), next);

  const mixed = await follow(t, aws(`"\${ID}"`), { secret, token });
  mixed.put("secret", next[1]);
  await mixed.look();
  assert.deepEqual(
    [mixed.target.aws?.accessKeyId.reveal(), mixed.target.aws?.secretAccessKey.reveal()],
    ["id-of-the-environment", next[1]],
  );
  assert.equal(mixed.watched.length, 2, "the environment does not change");
});

test("waits until a file stands still, and takes nothing that changes while it is read", async () => {
  const states = ["a", "b", "b"];
  const taken: string[] = [];
  const files: SecretFiles = {
    target: "t",
    paths: ["/key"],
    state: async () => states.shift() ?? "b",
    take: async (state) => {
      taken.push(state);
      return true;
    },
  };
  const { followed, look } = scripted(files);
  await look();
  assert.deepEqual([...new Set(taken)], ["b"]);
  assert.equal(followed.status()[0]?.fault, undefined);
  let count = 0;
  const restless = scripted({ ...files, state: async () => String(count++) });
  taken.length = 0;
  await restless.look();
  assert.deepEqual(taken, []);
  assert.ok(count > STILL_LOOKS_MAX);
  assert.match(restless.followed.status()[0]?.fault ?? "", /kept changing/);
  await followed.close();
  await restless.followed.close();
});

test("tries again by itself what could not be read, and stops when it is closed", async () => {
  let reads = 0;
  const again = Promise.withResolvers<void>();
  const files: SecretFiles = {
    target: "t",
    paths: ["/key"],
    state: async () => "a",
    take: async () => {
      reads += 1;
      if (reads < 3) throw new Error("EIO");
      again.resolve();
      return false;
    },
  };
  const { followed } = scripted(files, 1);
  await again.promise;
  await followed.close();
  assert.deepEqual([followed.status()[0]?.failures, reads], [2, 3]);
});

function scripted(files: SecretFiles, retryMs = 3_600_000) {
  let changed: () => Promise<void> = async () => {};
  const followed = followSecrets([files], {
    watch: (_, call) => {
      changed = call;
      return { close() {} };
    },
    log: { info() {}, warn() {} },
    nowMs: () => 0,
    stillMs: 0,
    retryMs,
  });
  return { followed, look: () => changed() };
}

test("reads no file for keys of the environment, and closes what it watches", async (t) => {
  const key = `"\${ID}"`;
  const none = await follow(t, WITH_KEY.replace("{ file: key }", key), {});
  assert.deepEqual([none.followed.status(), none.watched], [[], []]);
  const { followed, closed, put, look, target } = await follow(t, WITH_KEY, { key: "first" });
  await followed.close();
  assert.equal(closed(), 1);
  put("key", "second");
  await look();
  assert.equal(target.key?.reveal(), "first");
});
