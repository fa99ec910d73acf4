import type { RequestHead } from "../exchange/exchange.ts";
import type { Headers } from "../exchange/headers.ts";
import type { FormatName } from "../exchange/inference.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import type { Format } from "./format.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiCompletions } from "./openai-completions/index.ts";
import { openaiEmbeddings } from "./openai-embeddings/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";
import { mayBeReadAs, plainPath } from "./paths.ts";

export type {
  Endpoint,
  Format,
  ReadAnswer,
  Refusal,
  RenderedRefusal,
  StreamEnd,
  StreamOptions,
  StreamReducer,
  StreamStep,
} from "./format.ts";
export { type ListedModel, renderModel, renderModels } from "./openai/models.ts";
export { type BodyKind, type Reading, readingOf } from "./reading.ts";

/** Every dialect, one line each. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-embeddings": openaiEmbeddings,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
};

/** What an endpoint is. */
export type Detection =
  | { readonly kind: "inference"; readonly format: Format; readonly operation: string }
  /** The list of models, or one of it. Regent answers it. */
  | { readonly kind: "models"; readonly model: string | undefined }
  /** Nothing Regent knows: policy decides with `inference` absent. */
  | { readonly kind: "unknown" }
  /** A path that some server may read as a governed one. Refused whatever policy says. */
  | { readonly kind: "ambiguous" };

const MODELS_PATH = "/v1/models";
const MODEL_PREFIX = `${MODELS_PATH}/`;

const ENDPOINTS = new Map(
  Object.values(FORMATS).flatMap((format) =>
    format.endpoints.map(({ method, path, operation }) => [
      `${method} ${path}`,
      { kind: "inference", format, operation } as const,
    ]),
  ),
);
const PATHS = new Set([
  MODELS_PATH,
  ...Object.values(FORMATS).flatMap(({ endpoints }) => endpoints.map(({ path }) => path)),
]);
const PLAIN_PATHS = new Set([...PATHS].map(plainPath));
const PLAIN_MODEL_PREFIX = `${plainPath(MODEL_PREFIX)}/`;

/** Tells what an endpoint is by method and path alone: nothing that a body or a header claims counts. */
export function detect({ method, pathname }: RequestHead): Detection {
  const endpoint = ENDPOINTS.get(`${method} ${pathname}`);
  if (endpoint !== undefined) return endpoint;
  if (PATHS.has(pathname)) {
    return pathname === MODELS_PATH && method === "GET"
      ? { kind: "models", model: undefined }
      : { kind: "unknown" };
  }
  const model = modelOf(pathname);
  if (model !== undefined) return method === "GET" ? { kind: "models", model } : { kind: "unknown" };
  return mayBeReadAs(pathname, PLAIN_PATHS, PLAIN_MODEL_PREFIX) ? { kind: "ambiguous" } : { kind: "unknown" };
}

/** The model that `/v1/models/org/name` names, percent-decoded once; undefined when it names none plainly. */
function modelOf(pathname: string): string | undefined {
  if (!pathname.startsWith(MODEL_PREFIX)) return undefined;
  const name = decoded(pathname.slice(MODEL_PREFIX.length));
  if (name === undefined || name.split("/").some((part) => part === "" || part === "." || part === ".."))
    return undefined;
  for (const char of name) if (char < "!" || "%;\\?#\x7f".includes(char)) return undefined;
  return name;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Who words refusals and lists: the format of the endpoint. Where none is spoken, Anthropic's for its own clients, which
 * all send their version, else the one that most clients understand. How a body is read never depends on a header.
 */
export function dialectOf(detection: Detection, headers: Headers): Format {
  if (detection.kind === "inference") return detection.format;
  return headers.has("anthropic-version") ? anthropicMessages : openaiChat;
}
