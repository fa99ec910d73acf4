import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FilterChoice } from "../../../src/local/envoy/options.ts";
import { ALLOWED_BODY, ANALYST, assertRefused, CHAT_PATH, DENIED_BODY } from "../governed/ask.ts";
import { exchangeBytes, exchangeOne, type RawAnswer, rawRequest } from "../governed/raw.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";
import { SPELLINGS } from "./spellings.ts";

const KEY = `authorization: ${ANALYST.authorization}`;

for (const filters of ["both", "ext_proc"] as const satisfies FilterChoice[])
  describe(`with ${filters}, the path of chat completions`, () => {
    let stack: Governed;
    let watch: Watch;
    before(async () => {
      stack = await startGoverned({ filters });
      watch = new Watch(stack);
    });
    after(() => stack?.stop());

    const ask = (target: string, body: string): Promise<RawAnswer> =>
      exchangeOne(stack.port, rawRequest(body, [KEY], { target }));

    for (const target of SPELLINGS.plain)
      test(`spelt ${JSON.stringify(target)} is governed as the plain one and reaches the model as that`, async () => {
        await watch.refused("model_not_permitted", () => ask(target, DENIED_BODY));
        const before = stack.witnessed().length;
        assert.equal((await ask(target, ALLOWED_BODY)).status, 200);
        const paths = stack
          .witnessed()
          .slice(before)
          .map(({ path }) => path.split("?")[0]);
        assert.deepEqual(paths, [CHAT_PATH]);
      });

    for (const target of SPELLINGS.ambiguous)
      test(`spelt ${JSON.stringify(target)} is refused as ambiguous`, async () => {
        await watch.refused("path_ambiguous", () => ask(target, DENIED_BODY));
        await watch.refused("path_ambiguous", () => ask(target, ALLOWED_BODY));
      });

    for (const target of SPELLINGS.unreadable)
      test(`spelt ${JSON.stringify(target)} is refused as unreadable`, async () => {
        for (const body of [DENIED_BODY, ALLOWED_BODY])
          assert.ok([400, 404].includes((await watch.unreached(() => ask(target, body))).status));
      });

    test("spelt in a way that is no HTTP is not answered but for 400, and the connection is closed", async () => {
      // All at once, because Envoy takes a second to close each.
      await watch.unreached(() => Promise.all(SPELLINGS.malformed.map((target) => closed(target))));
    });

    /** Envoy's own 400 does not always leave before the connection is closed: ext_proc holds it up. */
    async function closed(target: string): Promise<void> {
      const answers = await exchangeBytes(stack.port, rawRequest(ALLOWED_BODY, [KEY], { target }));
      for (const answer of answers) assertRefused(answer, "request_malformed");
      assert.ok(answers.length <= 1, target);
    }

    for (const target of SPELLINGS.unknown)
      test(`is not ${JSON.stringify(target)}, which is refused as unknown`, async () => {
        await watch.refused("unknown_endpoint", () => ask(target, DENIED_BODY));
        await watch.refused("unknown_endpoint", () => ask(target, ALLOWED_BODY));
      });

    test("everything that reached a model had its allow, and every refusal its record", () => watch.settle());
  });
