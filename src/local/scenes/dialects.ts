import type { Record as RegentRecord } from "../../exchange/record.ts";
import { chat, KEYS, type Scene } from "./stage.ts";

const MODEL = "sim-messages";

/** An application keeps its client, whatever dialect the model's server speaks. */
export const DIALECT_SCENES: readonly Scene[] = [
  {
    title: "OpenAI's client, a model behind Anthropic's messages",
    expected: "200, stop, echo, usage, to sim-messages with anthropic-version",
    play: async (stage) => {
      const { data, response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create(chat(MODEL, "Hello, translator."))
        .withResponse();
      const [choice] = data.choices;
      const { server, headers } = await stage.seenOnce(response.headers.get("x-regent-decision-id"));
      const version = headers.some(([name]) => name === "anthropic-version");
      return [
        response.status,
        choice?.finish_reason,
        choice?.message.content?.endsWith("You said: Hello, translator.") ? "echo" : choice?.message.content,
        (data.usage?.total_tokens ?? 0) > 0 ? "usage" : "no usage",
        `to ${server} ${version ? "with" : "without"} anthropic-version`,
      ].join(", ");
    },
  },
  {
    title: "the same as a stream",
    expected: "many events, text complete, stop, usage",
    play: async (stage) => {
      const stream = await stage.client(KEYS.acmeAnalyst).chat.completions.create({
        ...chat(MODEL, "Hello, stream."),
        stream: true,
        stream_options: { include_usage: true },
      });
      let events = 0;
      let text = "";
      let finish: string | null | undefined;
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        events += 1;
        text += choices[0]?.delta.content ?? "";
        finish = choices[0]?.finish_reason ?? finish;
        tokens = usage?.total_tokens ?? tokens;
      }
      return [
        events > 5 ? "many events" : `${events} events`,
        text.endsWith("You said: Hello, stream.") ? "text complete" : text,
        finish,
        tokens > 0 ? "usage" : "no usage",
      ].join(", ");
    },
  },
  {
    title: "a setting that messages do not have",
    expected: "200, dropped:/logit_bias to the client and in the record",
    play: async (stage) => {
      const { response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create({ ...chat(MODEL, "Hello."), max_tokens: 64, logit_bias: { "50256": -1 } })
        .withResponse();
      const record = (await stage.record(
        response.headers.get("x-regent-decision-id"),
      )) as unknown as RegentRecord;
      const told = response.headers.get("x-regent-translation-warnings");
      const written = record.translation?.warnings.join(", ");
      const both = told === written ? "and in the record" : `and ${written} in the record`;
      return `${response.status}, ${told} to the client ${both}`;
    },
  },
];
