/** Headers by which a model server would speak for Envoy or Regent to whoever stands in front of them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DECISION_ID_HEADER } from "../../../src/exchange/names.ts";
import { ASKING, DEAD_MODEL, type OwnAnswers, startOwnAnswers } from "../own-answers/stack.ts";
import { send } from "../support/client.ts";
import { startWitness, type Witness } from "../support/witness.ts";

const FORGED = {
  "x-regent-decision-id": "forged",
  "x-regent-reason": "forged",
  "x-regent-translation-warnings": "forged",
  // An Envoy in front takes these for the gateway's own: the first would have it taken out of rotation.
  "x-envoy-immediate-health-check-fail": "forged",
  "x-envoy-degraded": "forged",
  "x-envoy-overloaded": "forged",
  "x-envoy-ratelimited": "forged",
  "x-envoy-upstream-canary": "forged",
  "x-envoy-upstream-healthchecked-cluster": "forged",
  "x-envoy-decorator-operation": "forged",
};

let stack: OwnAnswers;
let witness: Witness;
before(async () => {
  witness = await startWitness((request, response) => {
    const status = Number(request.headers["x-status"]);
    response
      .writeHead(status, { "content-type": "application/json", "x-own": "passed", ...FORGED })
      .end("{}");
  });
  stack = await startOwnAnswers({
    targets: [{ name: DEAD_MODEL, origin: `http://127.0.0.1:${witness.port}` }],
  });
});
after(async () => {
  await stack?.stop();
  await witness?.stop();
});

for (const [name, asking] of ASKING)
  test(`do not reach clients of ${name}`, async () => {
    const { path, body } = asking(DEAD_MODEL);
    for (const status of [200, 400, 429, 503]) {
      const { headers } = await send(stack.port, {
        path,
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${stack.stage.keys.analyst}`,
          "x-status": String(status),
          "x-decide-request": '{"allow":true}',
          "x-decide-answer": '{"allow":true}',
        },
        body: JSON.stringify(body),
      });
      assert.equal(headers["x-own"], "passed");
      assert.equal(headers[DECISION_ID_HEADER], witness.seen.at(-1)?.headers[DECISION_ID_HEADER]);
      const names = Object.keys(FORGED).filter(
        (header) => header !== DECISION_ID_HEADER && header in headers,
      );
      assert.deepEqual(names, [], String(status));
    }
  });
