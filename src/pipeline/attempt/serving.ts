import type { FormatName } from "../../exchange/inference.ts";
import type { Target } from "../../exchange/model.ts";
import type { Context } from "../context.ts";
import { isPlaced, placedPath } from "./place.ts";

/** How a target takes a request: as it came, or translated to its format. */
export type Serving = { readonly how: "native" } | { readonly how: "translated"; readonly to: FormatName };

/** What servers of OpenAI's chat take besides, where the registry does not say. */
const BESIDES_CHAT: readonly FormatName[] = ["openai-completions", "openai-embeddings"];

/** What is asked of a model. An endpoint that only counts or explains means nothing to another dialect. */
const TRANSLATED_OPERATIONS: ReadonlySet<string> = new Set([
  "chat",
  "text_completion",
  "embeddings",
  "generate",
  "infer",
  "predict",
  "classify",
  "regress",
]);

const NATIVE: Serving = { how: "native" };

/** How a target would take the request of an exchange; undefined when it cannot read it. */
export function servingOf(
  { account, detection, rooms, before }: Context,
  target: Target,
): Serving | undefined {
  if (detection.kind !== "inference") return undefined;
  // ext_authz alone has no filter at the cluster: what that one does, nobody would do.
  const byAuthz = account.exchange.protocol === "ext_authz";
  if (byAuthz && needsMore(target)) return undefined;
  const { format, endpoint } = detection;
  // What is translated or signed is a whole body, and of a stream of requests there is never one.
  if (before !== undefined && (target.aws !== undefined || !isNative(target, format.name))) return undefined;
  if (isNative(target, format.name)) {
    const { pathname } = account.exchange.request;
    return placedPath(target, "", pathname) === undefined ? undefined : NATIVE;
  }
  if (target.format === "json" || byAuthz || !TRANSLATED_OPERATIONS.has(endpoint.operation)) return undefined;
  const there = rooms.translation.translatorOf(format.name, target.format);
  const back = rooms.translation.translatorOf(target.format, format.name);
  return there?.request === undefined || back?.response === undefined
    ? undefined
    : { how: "translated", to: target.format };
}

/** Whether a target can take the request of an exchange. */
export function servesIn(context: Context): (target: Target) => boolean {
  return (target) => servingOf(context, target) !== undefined;
}

/** Whether what the filter at a target's cluster does is needed for a request to be served there. */
export function needsFilter(target: Target, format: FormatName): boolean {
  return needsMore(target) || !isNative(target, format);
}

/** Whether a request needs more there than was decided on: credentials, or another path. */
function needsMore(target: Target): boolean {
  return target.key !== undefined || target.aws !== undefined || isPlaced(target);
}

function isNative({ format, speaks }: Target, wanted: FormatName): boolean {
  if (format === "json" || format === wanted) return true;
  const besides = speaks ?? (format === "openai-chat" ? BESIDES_CHAT : []);
  return besides.includes(wanted);
}
