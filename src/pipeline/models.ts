import { RegentError } from "../exchange/errors.ts";
import type { Inference } from "../exchange/inference.ts";
import type { Model } from "../exchange/model.ts";
import { permit } from "../exchange/permit.ts";
import { type JsonDocument, readJson } from "../wire/json/index.ts";
import type { Context } from "./context.ts";
import { evaluateUnlogged } from "./decide.ts";
import { type ExchangeFacts, policyInput } from "./policy-input.ts";

/**
 * The most models one list is made of. Each costs an evaluation of some 150 microseconds, and a list must not hold up
 * other requests for longer than a large body does.
 */
export const LISTED_MODELS_MAX = 200;

/**
 * The models the caller may use, by asking policy about a small chat with each of them: so the list and the decision
 * can never disagree. Aliases are listed under their own names.
 */
export async function permittedModels(
  context: Context,
  wanted: string | undefined,
): Promise<{ name: string; model: Model }[]> {
  const { registry } = context.rooms;
  const names =
    wanted === undefined
      ? [...registry.models().map((model) => model.name), ...registry.aliases().keys()]
      : [wanted];
  const permitted: { name: string; model: Model }[] = [];
  for (const name of names.slice(0, LISTED_MODELS_MAX)) {
    const model = registry.resolve(name);
    if (model !== undefined && (await mayUse(context, name, model))) permitted.push({ name, model });
  }
  return permitted;
}

/** Whether a small chat that names the model would be let through to some target. */
async function mayUse(context: Context, name: string, model: Model): Promise<boolean> {
  const { rooms, options, account } = context;
  const inference = { ...SMALL_CHAT, model: name };
  const body = smallBody(name);
  const facts: ExchangeFacts = {
    phase: "request",
    exchange: { ...account.exchange, request: { ...account.exchange.request, ...CHAT_HEAD } },
    identity: account.identity,
    bodyBytes: body.bytes.length,
    inference,
    model,
    candidates: rooms.routing.candidates(model, ANY_TARGET),
    findings: () => [],
    budgets: () => rooms.metering.budgets(account.identity.tenant),
    estimate: rooms.metering.estimate(inference, model),
  };
  const decision = await evaluateUnlogged(context, options.requestEntrypoint, (reads) =>
    policyInput(facts, body, reads),
  );
  if (permit(decision) === undefined) return false;
  const { route } = decision;
  const served = route.model === undefined ? model : rooms.registry.resolve(route.model);
  return served !== undefined && rooms.routing.choose(served, route.targets, ANYBODY, ANY_TARGET).length > 0;
}

/** The body of a small chat. The names of models are well-formed text, so that it always reads. */
function smallBody(model: string): JsonDocument {
  const read = readJson(Buffer.from(JSON.stringify({ model, messages: [] })));
  if (!read.ok) throw new RegentError("internal_error", undefined, { cause: read.fault });
  return read.document;
}

/** Subjects come to different versions, but none comes to no target where another one finds one. */
const ANYBODY = "";

/** A model is listed for what it is, whatever dialects its targets speak. */
const ANY_TARGET = () => true;

const CHAT_HEAD = {
  method: "POST",
  path: "/v1/chat/completions",
  pathname: "/v1/chat/completions",
  query: undefined,
};

const SMALL_CHAT: Omit<Inference, "model"> = {
  format: "openai-chat",
  operation: "chat",
  stream: false,
  textParts: [],
  opaqueParts: [],
  textBytes: 0,
  maxOutputTokens: undefined,
  choices: 1,
  tools: [],
  modalities: ["text"],
  parameters: {},
  user: undefined,
  usageInStream: false,
};
