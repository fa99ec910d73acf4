import type { Record as RegentRecord } from "../../exchange/record.ts";
import { chat, KEYS, refusal, type Scene, type Stage } from "./stage.ts";

const ask = (stage: Stage, key: string, model: string) =>
  stage.client(key).chat.completions.create(chat(model, "Hello."));

async function listed(stage: Stage, key: string): Promise<string[]> {
  return (await stage.client(key).models.list()).data.map(({ id }) => id).sort();
}

/** Which models a caller may use, and what becomes of a model over its life. */
export const MODEL_SCENES: readonly Scene[] = [
  {
    title: "a deprecated model",
    expected: "200, deprecation header, sunset header, warning model_deprecated",
    play: async (stage) => {
      const { response } = await ask(stage, KEYS.acmeAnalyst, "sim-legacy").withResponse();
      const said = ["deprecation", "sunset"].filter((name) => response.headers.has(name));
      const warning = `warning ${response.headers.get("x-regent-warning")}`;
      return [response.status, ...said.map((name) => `${name} header`), warning].join(", ");
    },
  },
  {
    title: "a retired model",
    expected: "410 model_retired",
    play: (stage) => refusal(stage, ask(stage, KEYS.acmeAnalyst, "sim-ancient")),
  },
  {
    title: "an unknown model",
    expected: "404 unknown_model",
    play: (stage) => refusal(stage, ask(stage, KEYS.acmeAnalyst, "sim-none")),
  },
  {
    title: "an analyst asks for a model of admins",
    expected: "403 model_not_permitted",
    play: (stage) => refusal(stage, ask(stage, KEYS.acmeAnalyst, "sim-frontier")),
  },
  {
    title: "the record of that refusal, by its decision id",
    expected: "deny, 403, model_not_permitted, acme-analyst of acme",
    play: async (stage) => {
      const response = await stage.post(JSON.stringify(chat("sim-frontier", "Hello.")));
      await response.text();
      const record = (await stage.record(
        response.headers.get("x-regent-decision-id"),
      )) as unknown as RegentRecord;
      const { verdict, status, reasons, identity } = record;
      return `${verdict}, ${status}, ${reasons[0]?.code}, ${identity.subject} of ${identity.tenant}`;
    },
  },
  {
    title: "an admin asks for it",
    expected: "200",
    play: (stage) => refusal(stage, ask(stage, KEYS.acmeAdmin, "sim-frontier")),
  },
  {
    title: "an analyst asks for an experimental model",
    expected: "403 model_not_permitted",
    play: (stage) => refusal(stage, ask(stage, KEYS.acmeAnalyst, "sim-preview")),
  },
  {
    title: "the list of models of an analyst and of an admin",
    expected: "both list sim-small, only the admin's sim-frontier and sim-preview, none sim-ancient",
    play: async (stage) => {
      const [analyst, admin] = [await listed(stage, KEYS.acmeAnalyst), await listed(stage, KEYS.acmeAdmin)];
      const more = admin.filter((name) => !analyst.includes(name));
      const both = analyst.includes("sim-small") && admin.includes("sim-small") ? "both" : "not both";
      const ancient = admin.includes("sim-ancient") || analyst.includes("sim-ancient") ? "some" : "none";
      return `${both} list sim-small, only the admin's ${more.join(" and ")}, ${ancient} sim-ancient`;
    },
  },
];
