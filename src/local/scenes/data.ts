import { chat, KEYS, refusal, type Scene } from "./stage.ts";

/** Requests of the tenant whose data stays in the EU: more than chance would send to one of two places. */
const RESIDENCY_REQUESTS = 10;

/** Test values that no one holds: the card number is the well-known one of card makers, the domain is reserved. */
const PERSONAL = {
  EMAIL_ADDRESS: "jane.roe@example.com",
  CREDIT_CARD: "4111 1111 1111 1111",
  US_SSN: "536-90-4399",
};

/** Where data goes and what a model gets to see of it. */
export const DATA_SCENES: readonly Scene[] = [
  {
    title: `${RESIDENCY_REQUESTS} requests of a tenant whose data stays in the EU`,
    expected: "served by sim-eu",
    play: async (stage) => {
      const servers = new Set<string>();
      for (let sent = 0; sent < RESIDENCY_REQUESTS; sent += 1) {
        const { response } = await stage
          .client(KEYS.globexAnalyst)
          .chat.completions.create(chat("sim-large", "Where am I?", { user: `user-${sent}` }))
          .withResponse();
        servers.add((await stage.seenOnce(response.headers.get("x-regent-decision-id"))).server);
      }
      return `served by ${[...servers].sort().join(" and ")}`;
    },
  },
  {
    title: "the same tenant asks for a model that is only in the US",
    expected: "503 no_permitted_target",
    play: (stage) =>
      refusal(stage, stage.client(KEYS.globexAnalyst).chat.completions.create(chat("sim-legacy", "Hello."))),
  },
  {
    title: "personal data in a prompt",
    expected: "200, the model saw <EMAIL_ADDRESS> <CREDIT_CARD> <US_SSN> and nothing of the rest",
    play: async (stage) => {
      const prompt = `Write to ${PERSONAL.EMAIL_ADDRESS}, card ${PERSONAL.CREDIT_CARD}, social security number ${PERSONAL.US_SSN}.`;
      const { response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create(chat("sim-small", prompt))
        .withResponse();
      const { body } = await stage.seenOnce(response.headers.get("x-regent-decision-id"));
      const masked = Object.keys(PERSONAL).filter((type) => body.includes(`<${type}>`));
      const leaked = Object.entries(PERSONAL).filter(([, value]) => body.includes(value));
      const rest = leaked.length === 0 ? "nothing of the rest" : leaked.map(([type]) => type).join(" ");
      return `${response.status}, the model saw ${masked.map((type) => `<${type}>`).join(" ")} and ${rest}`;
    },
  },
];
