import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { postRequest, quantile, runLoad } from "../../bench/load/client.ts";
import { ALLOWED_BODY, ANALYST, CHAT_PATH, chat, DENIED_BODY, FORBIDDEN_MODEL } from "./governed/ask.ts";
import { assertGoverned } from "./governed/oracle.ts";
import { type Governed, startGoverned } from "./governed/stack.ts";

const REQUESTS = 20_000;
const CONNECTIONS = 32;
/** Four times what two idle cores need: the test says that nothing fails, not how fast it is. */
const DURATION_MS_MAX = 90_000;

/** Of ten requests one is denied by policy, one is changed on its way, and one is streamed. */
const BODIES = [
  DENIED_BODY,
  JSON.stringify(chat("default", "Write to jane.roe@example.com.")),
  JSON.stringify(chat("sim-large", "Hello.", { stream: true, max_tokens: 4 })),
  ...Array.from({ length: 7 }, () => ALLOWED_BODY),
];

describe(`${REQUESTS} chat completions at ${CONNECTIONS} connections, through both filters`, () => {
  let stack: Governed;
  before(async () => {
    stack = await startGoverned();
  });
  after(() => stack?.stop());

  test("are all decided by policy: none fails for another reason", async (t) => {
    const requests = BODIES.map((body) => postRequest(CHAT_PATH, ANALYST, body));
    const load = await runLoad({
      port: stack.port,
      connections: CONNECTIONS,
      requestsMax: REQUESTS,
      durationMs: DURATION_MS_MAX,
      request: (index) => requests[index % requests.length] as Buffer,
    });
    const perSecond = Math.round((load.latenciesMs.length / load.durationMs) * 1_000);
    const p99 = quantile(load.latenciesMs, 0.99).toFixed(1);
    t.diagnostic(`${Math.round(load.durationMs)} ms, ${perSecond} requests/s, p99 ${p99} ms`);
    const denied = REQUESTS / BODIES.length;
    assert.deepEqual(Object.fromEntries(load.statuses), { 200: REQUESTS - denied, 403: denied });
  });

  test("reach a model once each where they are allowed, with the bytes that were allowed, and never where not", async () => {
    const witnessed = stack.witnessed();
    assert.equal(witnessed.length, REQUESTS - REQUESTS / BODIES.length);
    assert.ok(!witnessed.some(({ body }) => body.includes(FORBIDDEN_MODEL) || body.includes("jane.roe")));
    await assertGoverned(stack);
    assert.equal((await stack.records()).length, REQUESTS);
  });
});
