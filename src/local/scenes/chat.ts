import { chat, KEYS, modelIn, type Scene, type Stage } from "./stage.ts";

/** What an allowed request looks like. */
export const CHAT_SCENES: readonly Scene[] = [
  {
    title: "a chat",
    expected: "200, stop, echo, usage, decision id",
    play: async (stage) => {
      const { data, response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create(chat("sim-small", "Hello, model."))
        .withResponse();
      const choice = data.choices[0];
      return [
        response.status,
        choice?.finish_reason,
        choice?.message.content?.endsWith("You said: Hello, model.") ? "echo" : choice?.message.content,
        (data.usage?.total_tokens ?? 0) > 0 ? "usage" : "no usage",
        (await stage.seen(response.headers.get("x-regent-decision-id"))).length === 1
          ? "decision id"
          : "no decision id",
      ].join(", ");
    },
  },
  {
    title: "a streamed chat",
    expected: "many events, text complete, stop, usage, recorded as allow and complete",
    play: async (stage) => {
      const { data: stream, response } = await stage
        .client(KEYS.acmeAnalyst)
        .chat.completions.create({
          ...chat("sim-small", "Hello, stream."),
          stream: true,
          stream_options: { include_usage: true },
        })
        .withResponse();
      let events = 0;
      let text = "";
      let finish: string | null | undefined;
      let tokens: number | undefined;
      for await (const event of stream) {
        events += 1;
        text += event.choices[0]?.delta.content ?? "";
        finish = event.choices[0]?.finish_reason ?? finish;
        tokens = event.usage?.total_tokens ?? tokens;
      }
      return [
        events > 5 ? "many events" : `${events} events`,
        text.endsWith("You said: Hello, stream.") ? "text complete" : text,
        finish,
        tokens === undefined ? "no usage" : "usage",
        await recorded(stage, response),
      ].join(", ");
    },
  },
  {
    title: "the alias default",
    expected: "model sim-small upstream, model sim-small in the answer",
    play: (stage) => models(stage, KEYS.acmeAnalyst, "default", /^sim-small$/),
  },
  {
    title: "a model with two versions",
    expected: "model sim-large-N upstream, model sim-large-N in the answer",
    play: async (stage) =>
      (await models(stage, KEYS.acmeAnalyst, "sim-large", /^sim-large-[12]$/)).replaceAll(
        /sim-large-[12]/g,
        "sim-large-N",
      ),
  },
];

async function recorded(stage: Stage, response: Response): Promise<string> {
  const { verdict, end } = await stage.record(response.headers.get("x-regent-decision-id"));
  return `recorded as ${verdict} and ${end}`;
}

/** Which model a request went upstream as, and what the answer names: the upstream's own word, never rewritten. */
async function models(stage: Stage, key: string, model: string, wanted: RegExp): Promise<string> {
  const { data, response } = await stage
    .client(key)
    .chat.completions.create(chat(model, "Who are you?"))
    .withResponse();
  const upstream = modelIn(await stage.seenOnce(response.headers.get("x-regent-decision-id")));
  const note = wanted.test(upstream) ? "" : " (not expected)";
  return `model ${upstream}${note} upstream, model ${data.model} in the answer`;
}
