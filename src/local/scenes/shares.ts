import { chat, KEYS, modelIn, refusal, type Scene, type Stage } from "./stage.ts";

/** Distinct values of `user`, each sent twice. */
const USERS = 500;
/** Requests at once: enough to be quick, few enough for two cores. */
const AT_ONCE = 16;
/** Bounds of the share of the version that has a weight of 10 of 100. */
const SHARE = { min: 0.05, max: 0.15 };
/** The budget of 2,000 tokens an hour ends well before. */
const CALLS_MAX = 30;

/** How traffic is divided and how much there may be of it. */
export const SHARE_SCENES: readonly Scene[] = [
  {
    title: `a 90/10 split over ${USERS} users, each asking twice`,
    expected: "5 to 15 % on sim-large-2, 0 users flip",
    play: async (stage) => {
      const first = await versions(stage);
      const second = await versions(stage);
      const share = first.filter((version) => version === "sim-large-2").length / USERS;
      const flips = first.filter((version, user) => version !== second[user]).length;
      const within = share >= SHARE.min && share <= SHARE.max;
      return `${within ? "5 to 15" : 100 * share} % on sim-large-2, ${flips} users flip`;
    },
  },
  {
    title: "a tenant with 2,000 tokens an hour asks until they are spent",
    expected: "some calls pass, then 429 budget_exceeded with retry-after",
    play: async (stage) => {
      for (let passed = 0; passed < CALLS_MAX; passed += 1) {
        const retryAfter: (string | null)[] = [];
        const call = stage
          .client(KEYS.initechAnalyst)
          .chat.completions.create(chat("sim-small", "[[say:256]]", { max_tokens: 256 }))
          .catch((error: { headers?: Headers }) => {
            retryAfter.push(error.headers?.get("retry-after") ?? null);
            throw error;
          });
        const got = await refusal(stage, call);
        if (got === "200") continue;
        const waits = /^[1-9]\d{0,3}$/.test(retryAfter[0] ?? "") ? "with retry-after" : "without retry-after";
        return `${passed === 0 ? "no call passes" : "some calls pass"}, then ${got} ${waits}`;
      }
      return `${CALLS_MAX} calls pass`;
    },
  },
];

/** The version that each user was sent to. */
async function versions(stage: Stage): Promise<string[]> {
  const found: string[] = new Array(USERS);
  let next = 0;
  const work = async () => {
    while (next < USERS) {
      const user = next;
      next += 1;
      const { response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create(chat("sim-large", "Which one?", { user: `user-${user}`, max_tokens: 1 }))
        .withResponse();
      found[user] = modelIn(await stage.seenOnce(response.headers.get("x-regent-decision-id")));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}
