import assert from "node:assert/strict";
import { test } from "node:test";
import { swapBundles } from "../../../test/support/bundle-swaps.ts";
import { RETIRED_INSTANCES_MAX } from "./retired.ts";

test("bundles that are swapped at load fail no evaluation and mix no two revisions, one in ten being bad", async () => {
  const { refused, evaluations, failed, mixed, instancesMax } = await swapBundles(120);
  assert.deepEqual({ refused, failed, mixed }, { refused: 12, failed: 0, mixed: 0 });
  assert.ok(evaluations > 120);
  assert.ok(instancesMax <= RETIRED_INSTANCES_MAX + 1, `${instancesMax} instances`);
});
