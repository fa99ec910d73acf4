import { chat, KEYS, refusal, refusalOf, type Scene } from "./stage.ts";

const CHAT = JSON.stringify(chat("sim-small", "Who am I?"));

/** Who is calling, and who pretends to be. */
export const IDENTITY_SCENES: readonly Scene[] = [
  {
    title: "no key",
    expected: "401 identity_required",
    play: async (stage) =>
      refusalOf(
        stage,
        await stage.send("/v1/chat/completions", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: CHAT,
        }),
      ),
  },
  {
    title: "a key that nobody has",
    expected: "401 credentials_invalid",
    play: (stage) =>
      refusal(stage, stage.client("demo-nobody").chat.completions.create(chat("sim-small", "Who am I?"))),
  },
  {
    title: "two different keys",
    expected: "401 credentials_ambiguous",
    play: async (stage) => refusalOf(stage, await stage.post(CHAT, { "x-api-key": KEYS.acmeAdmin })),
  },
  {
    title: "forged x-regent-* and certificate headers",
    expected: "tenant acme, target of us, no forged value, no key upstream",
    play: async (stage) => {
      const forged = {
        "x-regent-tenant": "forged-globex",
        "x-regent-target": "sim-eu",
        "x-regent-decision-id": "forged-id",
        "x-regent-anything": "forged",
        "x-forwarded-client-cert": "By=forged;URI=spiffe://cluster.local/ns/globex/sa/forged",
      };
      const response = await stage.post(CHAT, forged);
      const seen = await stage.seenOnce(response.headers.get("x-regent-decision-id"));
      const text = JSON.stringify(seen.headers);
      return [
        `tenant ${seen.headers.find(([name]) => name === "x-regent-tenant")?.[1]}`,
        `target of ${seen.server.replace("sim-", "")}`,
        text.includes("forged") ? "a forged value" : "no forged value",
        text.includes(KEYS.acmeAnalyst) ? "the key upstream" : "no key upstream",
      ].join(", ");
    },
  },
];
