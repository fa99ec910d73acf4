import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonValue } from "../../exchange/json.ts";
import type { Evaluation, Policies } from "../policies.ts";
import { PENDING_MAX } from "./comparison.ts";
import type { RolloutPlan } from "./plan.ts";
import { Rollout, RolloutError, type Version } from "./rollout.ts";
import { HISTORY_MAX, type RolloutState, rolloutState } from "./state.ts";
import { WINDOW_MS } from "./watch.ts";

const ALLOW = { allow: true };
const DENY = { allow: false, reasons: [{ code: "no", kind: "permission" }] };
const MINUTE = 60_000;

const PLAN: RolloutPlan = {
  steps: [
    { kind: "shadow", forMs: MINUTE },
    { kind: "canary", percent: 20, forMs: MINUTE },
  ],
  gate: { decisions: 10, denials: 0.1, allowances: 0.1, errors: 0, latencyRatio: 2 },
  rollback: { forMs: 10 * MINUTE, decisions: 10, denials: 0.2, errors: 0.05 },
};

type Say = (input: JsonValue | Buffer) => JsonValue | undefined | Promise<JsonValue | undefined>;

/** A version that says what a test wants, and notes when it is released. */
class TestVersion implements Version {
  readonly digest: string;
  readonly revision: string;
  readonly policies: Policies;
  asked = 0;
  released = false;
  say: Say;
  ms = 0.1;

  constructor(revision: string, say: Say = () => ALLOW) {
    this.revision = revision;
    this.digest = `digest-of-${revision}`;
    this.say = say;
    this.policies = {
      revision,
      bundles: { main: { revision } },
      has: (entrypoint) => entrypoint === "decision",
      reads: () => ({ [revision]: true }),
      evaluate: async (_, input): Promise<Evaluation> => {
        this.asked += 1;
        return { result: await this.say(input), revision, durationMs: this.ms };
      },
    };
  }

  release(): void {
    this.released = true;
  }
}

class Stage {
  nowMs = 1_000_000;
  readonly saved: { state: RolloutState; live: string }[] = [];
  readonly rollout: Rollout;

  constructor(plan: Partial<RolloutPlan> = {}, restored?: RolloutState) {
    const silent = { info() {}, warn() {}, error() {} };
    this.rollout = new Rollout({
      plan: { ...PLAN, ...plan },
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      log: silent,
      save: (state, live) => this.saved.push({ state, live: live.revision }),
      ...(restored === undefined ? {} : { restored }),
    });
  }

  /** Asks for that many subjects and waits until all is compared. Gives the revisions that decided. */
  async ask(times: number, input: (index: number) => JsonValue = () => ({})): Promise<readonly string[]> {
    const revisions: string[] = [];
    for (let index = 0; index < times; index++) {
      const policies = this.rollout.for(`subject-${index}`);
      assert.ok(policies !== undefined);
      revisions.push(policies.revision);
      await policies.evaluate("decision", input(index)).catch(() => undefined);
      await settled();
    }
    this.rollout.tick();
    return revisions;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.rollout.tick();
  }

  get events(): readonly string[] {
    return this.rollout.status().history.map(({ event, revision }) => `${event} ${revision}`);
  }

  get liveRevision(): string | undefined {
    return this.rollout.live?.revision;
  }
}

/** Two turns of the event loop: one until the comparison runs, one until its answer is there. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function begun(candidate: TestVersion, plan: Partial<RolloutPlan> = {}) {
  const stage = new Stage(plan);
  const live = new TestVersion("one");
  stage.rollout.propose(live);
  stage.rollout.propose(candidate);
  return { stage, live };
}

describe("a rollout", () => {
  test("has nothing to ask before the first version, which decides at once", async () => {
    const stage = new Stage();
    assert.equal(stage.rollout.for("ann"), undefined);
    stage.rollout.propose(new TestVersion("one"));
    assert.equal(stage.rollout.for("ann")?.revision, "one");
    assert.deepEqual(stage.events, ["first one"]);
  });

  test("keeps a candidate in the shadow: it is asked the same, and decides nothing", async () => {
    const candidate = new TestVersion("two", () => DENY);
    const { stage } = await begun(candidate, { gate: { ...PLAN.gate, decisions: 1000 } });
    assert.deepEqual(new Set(await stage.ask(20)), new Set(["one"]));
    assert.equal(candidate.asked, 20);
    const status = stage.rollout.status().candidate;
    assert.equal(status?.counts.newly_denied, 20);
    assert.deepEqual(status?.differences[0], {
      at: new Date(stage.nowMs).toISOString(),
      verdict: "newly_denied",
      entrypoint: "decision",
      live: { outcome: "allow", codes: [] },
      candidate: { outcome: "deny", codes: ["no"] },
    });
  });

  test("names the request and the tenant of a difference where the input holds them, bytes or value", async () => {
    const { stage } = await begun(new TestVersion("two", () => DENY), {
      gate: { ...PLAN.gate, decisions: 1000 },
    });
    const input = { request: { id: "r1" }, identity: { tenant: "acme" } };
    await stage.ask(1, () => input);
    await stage.rollout.for("x")?.evaluate("decision", Buffer.from(JSON.stringify(input)));
    await settled();
    for (const difference of stage.rollout.status().candidate?.differences ?? [])
      assert.deepEqual([difference.decisionId, difference.tenant], ["r1", "acme"]);
  });

  test("hands over what either of the two reads, while they are compared", async () => {
    const { stage } = await begun(new TestVersion("two"));
    assert.deepEqual({ ...(stage.rollout.for("x")?.reads("decision") as object) }, { one: true, two: true });
    stage.rollout.rollback("ann", "no");
    assert.deepEqual(stage.rollout.for("x")?.reads("decision"), { one: true });
  });

  test("goes through its steps to the end, a canary decides for its share, always for the same subjects", async () => {
    const candidate = new TestVersion("two");
    const { stage, live } = await begun(candidate);
    await stage.ask(10);
    stage.pass(MINUTE);
    const first = await stage.ask(400);
    const share = first.filter((revision) => revision === "two").length / 400;
    assert.ok(share > 0.1 && share < 0.3, `${share}`);
    assert.deepEqual(await stage.ask(400), first);
    assert.equal(stage.liveRevision, "one");
    stage.pass(MINUTE);
    assert.equal(stage.liveRevision, "two");
    assert.deepEqual(stage.events, ["first one", "proposed two", "step two", "promoted two"]);
    assert.equal(live.released, false, "kept for a rollback");
    stage.pass(10 * MINUTE);
    assert.equal(live.released, true);
  });

  test("does not end a step before enough was compared, nor before its time", async () => {
    const { stage } = await begun(new TestVersion("two"));
    stage.pass(60 * MINUTE);
    assert.equal(stage.rollout.status().candidate?.step, 0);
    await stage.ask(9);
    assert.equal(stage.rollout.status().candidate?.step, 0);
    await stage.ask(1);
    assert.equal(stage.rollout.status().candidate?.step, 1);
    await stage.ask(10);
    assert.equal(stage.rollout.status().candidate?.step, 1, "the time of the new step has only begun");
  });

  const slow = () => {
    const version = new TestVersion("two");
    version.ms = 50;
    return version;
  };
  const faulty = { allow: false, reasons: [{ code: "policy_conflict", kind: "internal" }] };
  const trapping = () => {
    throw new Error("trap");
  };
  const BEYOND: readonly (readonly [string, () => TestVersion, RegExp])[] = [
    [
      "denies what is allowed",
      () => new TestVersion("two", () => DENY),
      /denies 10 of 10 decisions that the/,
    ],
    ["fails", () => new TestVersion("two", trapping), /fails on 10 of 10 decisions/],
    ["answers with no decision", () => new TestVersion("two", () => ({ alow: true })), /fails on 10 of 10/],
    ["is at fault itself", () => new TestVersion("two", () => faulty), /fails on 10 of 10/],
    ["is slow", slow, /95 % of its decisions take up to 5\d\.\d\d ms, and 4\.00 ms may be/],
  ];
  for (const [what, make, reason] of BEYOND) {
    test(`turns down a candidate that ${what}, and what is live goes on`, async () => {
      const candidate = make();
      const { stage } = await begun(candidate);
      await stage.ask(10);
      assert.equal(stage.rollout.status().candidate, undefined);
      assert.equal(stage.liveRevision, "one");
      assert.match(stage.rollout.status().rejected[0]?.reason ?? "", reason);
      assert.equal(candidate.released, true);
      const again = new TestVersion("two");
      stage.rollout.propose(again);
      assert.equal(again.released, true, "it is not taken up again");
      assert.equal(stage.liveRevision, "one");
    });
  }

  test("turns down a candidate that allows what was denied", async () => {
    const candidate = new TestVersion("two");
    const { stage, live } = await begun(candidate);
    live.say = () => DENY;
    await stage.ask(10);
    assert.match(stage.rollout.status().rejected[0]?.reason ?? "", /allows 10 of 10 decisions that the live/);
  });

  test("turns down a candidate that allows where the live policies fail", async () => {
    const { stage, live } = await begun(new TestVersion("two"));
    live.say = () => undefined;
    await stage.ask(10);
    assert.match(stage.rollout.status().rejected[0]?.reason ?? "", /allows 10 of 10 decisions/);
  });

  test("counts other obligations as changed, which no gate forbids", async () => {
    const { stage } = await begun(new TestVersion("two", () => ({ allow: true, route: { headers: {} } })));
    await stage.ask(10);
    assert.equal(stage.rollout.status().candidate?.counts.changed, 10);
  });

  test("waits for an approval, and goes on with it", async () => {
    const steps = [{ kind: "approval", approval: "security" }] as const;
    const { stage } = await begun(new TestVersion("two"), { steps });
    await stage.ask(50);
    stage.pass(600 * MINUTE);
    assert.equal(stage.liveRevision, "one");
    stage.rollout.approve("ann");
    assert.equal(stage.liveRevision, "two");
    const approved = stage.rollout.status().history.find(({ event }) => event === "approved");
    assert.deepEqual([approved?.by, approved?.reason], ["ann", "security"]);
    assert.throws(() => stage.rollout.approve("ann"), RolloutError);
  });

  test("refuses an approval that nothing waits for", async () => {
    const { stage } = await begun(new TestVersion("two"));
    assert.throws(() => stage.rollout.approve("ann"), /does not wait for an approval/);
  });

  test("promotes on request when the gate allows it, and beyond it only by force", async () => {
    const { stage } = await begun(new TestVersion("two", () => DENY));
    assert.throws(() => stage.rollout.promote("ann"), /nothing has been compared/);
    await stage.ask(5);
    assert.throws(() => stage.rollout.promote("ann"), /beyond the gate: it denies 5 of 5/);
    assert.equal(stage.liveRevision, "one");
    stage.rollout.promote("ann", true);
    assert.equal(stage.liveRevision, "two");
    assert.equal(stage.rollout.status().history.at(-1)?.reason, "forced");
    assert.throws(() => stage.rollout.promote("ann"), /there is no candidate/);
  });

  test("activates at once where the plan has no steps", async () => {
    const { stage } = await begun(new TestVersion("two"), { steps: [] });
    assert.equal(stage.liveRevision, "two");
  });

  test("replaces a candidate by a newer one, and gives it up when the source goes back", async () => {
    const two = new TestVersion("two");
    const { stage } = await begun(two);
    const three = new TestVersion("three");
    stage.rollout.propose(three);
    assert.deepEqual([two.released, stage.rollout.status().candidate?.revision], [true, "three"]);
    stage.rollout.propose(new TestVersion("one"));
    assert.deepEqual([three.released, stage.rollout.status().candidate], [true, undefined]);
    assert.deepEqual(stage.rollout.status().rejected, [], "nothing was wrong with either");
  });
});

describe("a version that was promoted", () => {
  async function promoted(plan: Partial<RolloutPlan> = {}) {
    const candidate = new TestVersion("two");
    const { stage, live } = await begun(candidate, plan);
    await stage.ask(20);
    stage.rollout.promote("ann");
    return { stage, live, candidate };
  }

  test("gives way to the one before when its failures jump", async () => {
    const { stage, live, candidate } = await promoted();
    await stage.ask(10);
    assert.equal(stage.liveRevision, "two");
    candidate.say = () => undefined;
    await stage.ask(10);
    assert.equal(stage.liveRevision, "one");
    assert.equal(stage.rollout.for("x")?.revision, "one");
    assert.match(
      stage.rollout.status().rejected[0]?.reason ?? "",
      /it fails on \d+(\.\d+)? % of the decisions/,
    );
    assert.deepEqual([live.released, candidate.released], [false, true]);
  });

  test("gives way when it denies what the one before allows, and not for what either denies", async () => {
    const { stage, live, candidate } = await promoted();
    [live.say, candidate.say] = [() => DENY, () => DENY];
    await stage.ask(100);
    assert.equal(stage.liveRevision, "two", "a flood of what is denied anyway brings nothing back");
    live.say = () => ALLOW;
    await stage.ask(40);
    assert.equal(stage.liveRevision, "one");
    assert.match(
      stage.rollout.status().rejected[0]?.reason ?? "",
      /it denies \d+(\.\d+)? % of the decisions, which the version before allows, and 20 % may be/,
    );
  });

  test("is watched while the next candidate is compared with it", async () => {
    const { stage, candidate } = await promoted();
    const three = new TestVersion("three");
    stage.rollout.propose(three);
    candidate.say = () => DENY;
    await stage.ask(9);
    assert.equal(stage.rollout.status().candidate?.counts.newly_allowed, 9);
    await stage.ask(1);
    assert.deepEqual([stage.liveRevision, three.released], ["one", true]);
  });

  test("is judged by what it did lately, whatever a night before was like", async () => {
    const { stage, candidate } = await promoted({ rollback: { ...PLAN.rollback, forMs: 1000 * MINUTE } });
    await stage.ask(500);
    stage.pass(2 * WINDOW_MS);
    candidate.say = () => DENY;
    await stage.ask(10);
    assert.equal(stage.liveRevision, "one");
  });

  test("is not judged by questions that nobody asked", async () => {
    const { stage, candidate } = await promoted();
    await stage.ask(10);
    candidate.say = () => DENY;
    const policies = stage.rollout.for("x")?.unobserved ?? assert.fail();
    for (let index = 0; index < 100; index++) await policies.evaluate("decision", {});
    stage.rollout.tick();
    assert.equal(stage.liveRevision, "two");
  });

  test("is rolled back on request while the one before is kept, and not later", async () => {
    const { stage, live } = await promoted();
    stage.rollout.rollback("ann", "users complain");
    assert.equal(stage.liveRevision, "one");
    assert.deepEqual(stage.rollout.status().history.at(-1)?.by, "ann");
    assert.throws(() => stage.rollout.rollback("ann", "again"), /no candidate, and no version before/);
    assert.equal(live.released, false);
  });

  test("is for good where no rollback is configured", async () => {
    const { stage, live } = await promoted({ rollback: { ...PLAN.rollback, forMs: 0 } });
    assert.equal(live.released, true);
    assert.throws(() => stage.rollout.rollback("ann", "no"), RolloutError);
  });
});

describe("over a restart", () => {
  test("what was live is live, the candidate goes on where it was, and what was turned down stays so", async () => {
    const { stage } = await begun(new TestVersion("two"));
    stage.rollout.rollback("ann", "no");
    stage.rollout.propose(new TestVersion("three"));
    await stage.ask(10);
    stage.pass(MINUTE);
    const { state, live } = stage.saved.at(-1) ?? assert.fail();
    assert.equal(live, "one");
    assert.deepEqual(rolloutState.parse(JSON.parse(JSON.stringify(state))), state);

    const after = new Stage({}, state);
    after.rollout.restore(new TestVersion("one"));
    after.rollout.propose(new TestVersion("three"));
    assert.deepEqual(
      [
        after.liveRevision,
        after.rollout.status().candidate?.revision,
        after.rollout.status().candidate?.step,
      ],
      ["one", "three", 1],
    );
    after.rollout.propose(new TestVersion("two"));
    assert.equal(after.rollout.status().candidate?.revision, "three");
  });

  test("a candidate begins anew where the plan is another one, so that no step of it is left out", async () => {
    const { stage } = await begun(new TestVersion("two"));
    await stage.ask(10);
    stage.pass(MINUTE);
    const { state } = stage.saved.at(-1) ?? assert.fail();
    assert.equal(state.candidate?.step, 1);
    const approval = { kind: "approval", approval: "security" } as const;
    const plans = [PLAN.steps.slice(0, 1), [approval, ...PLAN.steps]];
    for (const steps of plans) {
      const after = new Stage({ steps }, state);
      after.rollout.restore(new TestVersion("one"));
      after.rollout.propose(new TestVersion("two"));
      assert.equal(after.liveRevision, "one");
      assert.equal(after.rollout.status().candidate?.step, 0);
    }
  });

  test("a version that was turned down never becomes the first", () => {
    const { state } = { state: { version: 1, live: "x", rejected: [], history: [] } as RolloutState };
    const two = new TestVersion("two");
    const rejected = [{ digest: two.digest, revision: "two", at: "2026-01-01T00:00:00Z", reason: "bad" }];
    const stage = new Stage({}, { ...state, rejected });
    stage.rollout.propose(two);
    assert.equal(stage.rollout.for("x"), undefined);
    assert.equal(two.released, true);
  });
});

describe("what nobody asked", () => {
  test("is answered by whoever decides, and compared with nothing", async () => {
    const candidate = new TestVersion("two", () => DENY);
    const { stage } = await begun(candidate);
    const policies = stage.rollout.for("x")?.unobserved ?? assert.fail();
    const { result } = await policies.evaluate("decision", {});
    await settled();
    assert.deepEqual([result, candidate.asked], [ALLOW, 0]);
    assert.equal(stage.rollout.status().candidate?.decisions, 0);
  });
});

describe("what an entrypoint that is a whole package answers", () => {
  test("is denied or allowed by what its rule says", async () => {
    const says =
      (allowed: boolean): Say =>
      () => ({ allow: { allowed, http_status: 403 } });
    const candidate = new TestVersion("two", says(true));
    const { stage, live } = await begun(candidate);
    live.say = says(false);
    await stage.ask(10);
    assert.match(stage.rollout.status().rejected[0]?.reason ?? "", /it allows 10 of 10 decisions/);
  });

  test("counts as changed where nobody knows what it says and it says something else", async () => {
    const candidate = new TestVersion("two", () => ({ verdict: "yes" }));
    const { stage, live } = await begun(candidate, { gate: { ...PLAN.gate, decisions: 100 } });
    live.say = () => ({ verdict: "no" });
    await stage.ask(3);
    assert.equal(stage.rollout.status().candidate?.counts.changed, 3);
  });
});

describe("what cannot be compared", () => {
  test("counts as changed, and what comes after it is compared all the same", async () => {
    const candidate = new TestVersion("two");
    const { stage, live } = await begun(candidate, { gate: { ...PLAN.gate, decisions: 100 } });
    // Deeper than a comparison with a stack can go, and no object is the same.
    const answers = [`${"[".repeat(9_000)}${"]".repeat(9_000)}`, "1"];
    const told = (version: TestVersion) => JSON.parse(answers.at(version.asked - 1) ?? "null") as JsonValue;
    live.say = () => ({ ...ALLOW, told: told(live) });
    candidate.say = () => ({ ...ALLOW, told: told(candidate) });
    await stage.ask(2);
    const { counts } = stage.rollout.status().candidate ?? assert.fail();
    assert.deepEqual([counts.changed, counts.same], [1, 1]);
  });

  test("is told without names where the input is no JSON", async () => {
    const { stage } = await begun(new TestVersion("two", () => DENY), {
      gate: { ...PLAN.gate, decisions: 100 },
    });
    for (const input of ["{", "{}"])
      await (stage.rollout.for("x") ?? assert.fail()).evaluate("decision", Buffer.from(input));
    await settled();
    await settled();
    assert.equal(stage.rollout.status().candidate?.differences.length, 2);
  });
});

describe("bounds", () => {
  test("no more questions wait to be compared than may, and the others are counted", async () => {
    const candidate = new TestVersion("two");
    const { stage } = await begun(candidate, { gate: { ...PLAN.gate, decisions: 100_000 } });
    const policies = stage.rollout.for("x") ?? assert.fail();
    const released = Promise.withResolvers<void>();
    candidate.say = () => released.promise.then(() => ALLOW);
    await Promise.all(Array.from({ length: PENDING_MAX + 30 }, () => policies.evaluate("decision", {})));
    await settled();
    const { skipped } = stage.rollout.status().candidate ?? assert.fail();
    assert.equal(skipped, 30);
    released.resolve();
  });

  test("the history keeps its newest entries", () => {
    const stage = new Stage();
    stage.rollout.propose(new TestVersion("one"));
    for (let index = 0; index < HISTORY_MAX; index++) {
      stage.rollout.propose(new TestVersion(`v${index}`));
      stage.rollout.rollback("ann", "no");
    }
    const { history, rejected } = stage.rollout.status();
    assert.equal(history.length, HISTORY_MAX);
    assert.equal(history.at(-1)?.revision, `v${HISTORY_MAX - 1}`);
    assert.equal(rejected.length, HISTORY_MAX);
  });
});
