import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { BundleError } from "../bundle/error.ts";
import { RolloutKeeper, type VersionFiles } from "./keeper.ts";
import type { RolloutState } from "./state.ts";

const state = (live: string): RolloutState => ({ version: 1, live, rejected: [], history: [] });
const version = (text: string): VersionFiles =>
  new Map([
    [
      "main",
      { files: new Map([["a/data.json", Buffer.from(text)]]), digest: `d-${text}`, bytes: text.length },
    ],
  ]);
const errors: string[] = [];
const log = { info() {}, warn() {}, error: (_: object, message: string) => void errors.push(message) };

function withKeeper(work: (keeper: RolloutKeeper, folder: string) => Promise<void>): Promise<void> {
  return withFolder((parent) => {
    const folder = join(parent, "rollout");
    return work(new RolloutKeeper(folder, log), folder);
  });
}

test("what was saved is there after a restart, for this user only, and an older version is gone", async () => {
  await withKeeper(async (keeper, folder) => {
    assert.equal(await keeper.load(), undefined);
    keeper.save(state("one"), version("1"));
    keeper.save(state("two"), version("2"));
    await keeper.close();
    assert.deepEqual(readdirSync(folder).sort(), ["state.json", "two.version"]);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
    const kept = await new RolloutKeeper(folder, log).load();
    assert.equal(kept?.state.live, "two");
    assert.deepEqual(await kept?.live(), version("2"));
  });
});

test("what is not whole is told by its file, whatever is wrong with it", async () => {
  await withKeeper(async (keeper, folder) => {
    keeper.save(state("one"), version("1"));
    await keeper.close();
    const refused = (message: RegExp) =>
      assert.rejects(
        new RolloutKeeper(folder, log).load().then((kept) => kept?.live()),
        (error) => error instanceof BundleError && message.test(error.message),
      );
    const file = join(folder, "one.version");
    const whole = readFileSync(file);
    for (const bad of [whole.subarray(0, 40), Buffer.alloc(0), Buffer.concat([whole, Buffer.from("x")])]) {
      writeFileSync(file, bad);
      await refused(/one\.version is not whole/);
    }
    writeFileSync(join(folder, "state.json"), JSON.stringify({ ...state("none") }));
    await refused(/none\.version, the version that was live, is gone/);
    writeFileSync(join(folder, "state.json"), "{");
    await refused(/state\.json is not JSON/);
    writeFileSync(join(folder, "state.json"), JSON.stringify({ ...state("one"), live: 7 }));
    await refused(/state\.json is no state of a rollout: live/);
  });
});

test("a folder that cannot be written is logged, and nothing throws", async () => {
  await withKeeper(async (_, folder) => {
    writeFileSync(folder, "a file where the folder should be");
    const keeper = new RolloutKeeper(folder, log);
    errors.length = 0;
    keeper.save(state("one"), version("1"));
    await keeper.close();
    assert.match(errors[0] ?? "", /the state of the rollout cannot be kept over a restart/);
  });
});
