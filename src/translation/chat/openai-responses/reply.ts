import { RegentError } from "../../../exchange/errors.ts";
import type { JsonObject } from "../../../exchange/json.ts";
import { JSON_TYPE } from "../../../formats/json-format.ts";
import { parseAnswer } from "../../../formats/loose.ts";
import type { AnswerFacts, TranslatedResponse, Warn } from "../../translation.ts";
import type { Choice, Failure, Part, Reply } from "../conversation.ts";
import { secondsOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { readFailure } from "../openai-chat/failure.ts";
import { readFinish, writeFinish } from "./finish.ts";
import { refusalContent, textContent } from "./items.ts";
import { Output } from "./output.ts";
import { readOutput } from "./read-output.ts";
import { responseObject } from "./response-object.ts";
import { readUsage, writeUsage } from "./usage.ts";

/** @throws RegentError upstream_invalid when the body is no response and no error */
export function readReply(
  bytes: Buffer,
  { status }: AnswerFacts,
  warn: Warn,
): Reply | { readonly failure: Failure } {
  const parsed = parseAnswer(bytes);
  if ("invalid" in parsed) throw broken(parsed.invalid);
  const response = parsed.object;
  const failure = readFailure(response, status);
  if (failure !== undefined) return { failure };
  if (!Array.isArray(response.output)) throw broken("it has no list of output");
  if (WAITING.has(response.status)) throw broken("it is not there yet");
  const parts = readOutput(response.output, "/output", warn);
  return {
    ...readHead(response),
    choices: [{ parts, ...readFinish(response, hasCalls(parts)) }],
    ...defined({ usage: readUsage(response) }),
  };
}

/** A response that is made in the background: it would have to be fetched later. */
const WAITING: ReadonlySet<unknown> = new Set(["queued", "in_progress"]);

function broken(why: string): RegentError {
  return new RegentError("upstream_invalid", `The model's answer is no response: ${why}.`);
}

/** What a response says of itself. */
export function readHead({ id, model, created_at: created, service_tier: tier }: JsonObject) {
  return defined({
    id: typeof id === "string" && id !== "" ? id : undefined,
    model: typeof model === "string" && model !== "" ? model : undefined,
    createdS: secondsOf(created),
    serviceTier: typeof tier === "string" ? tier : undefined,
  });
}

function hasCalls(parts: readonly Part[]): boolean {
  return parts.some(({ kind }) => kind === "tool_call");
}

export function writeReply(reply: Reply, facts: AnswerFacts, warn: Warn): TranslatedResponse {
  const [choice, ...more] = reply.choices;
  if (more.length > 0) dropped(warn, "/choices", "a response has one answer");
  const parts = choice?.parts ?? [];
  const isRefused = parts.some(({ kind }) => kind === "refusal");
  const ending = writeFinish(choice?.finish, isRefused, warn);
  if (choice?.stopSequence !== undefined) dropped(warn, "/stop_sequence", "a response does not name it");
  const body = {
    ...responseObject(reply, facts),
    ...ending,
    error: null,
    output: choice === undefined ? [] : writeOutput(choice, facts, ending.status, warn),
    usage: writeUsage(reply.usage),
  };
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: JSON_TYPE, headers: [] };
}

/** Items in the order of the parts; what is said together is one message. */
function writeOutput(
  { parts }: Choice,
  facts: AnswerFacts,
  status: "completed" | "incomplete",
  warn: Warn,
): JsonObject[] {
  const output = new Output(facts);
  for (const part of parts) {
    if (part.kind === "text") output.say(textContent(part.text));
    else if (part.kind === "refusal") output.say(refusalContent(part.text));
    else if (part.kind === "reasoning") output.think(part);
    else if (part.kind === "tool_call") output.call(part, warn);
    else dropped(warn, part.at ?? `/${part.kind}`, `a response does not answer with ${part.kind}`);
  }
  return output.items(status);
}
