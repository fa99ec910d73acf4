import type { RequestHead } from "../exchange/exchange.ts";
import { type Headers, singleHeader } from "../exchange/headers.ts";
import type { FormatName } from "../exchange/inference.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import { bedrockConverse } from "./bedrock-converse/index.ts";
import { endpointTable } from "./endpoints.ts";
import type { ClientHeader, EndpointMatch, Format } from "./format.ts";
import { geminiGenerate } from "./gemini-generate/index.ts";
import { kserveV1 } from "./kserve-v1/index.ts";
import { kserveV2 } from "./kserve-v2/index.ts";
import { kserveV2Grpc } from "./kserve-v2-grpc/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiCompletions } from "./openai-completions/index.ts";
import { openaiEmbeddings } from "./openai-embeddings/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";
import { hidesSlash, mayBeReadAs, plainName, plainPath } from "./paths.ts";
import { tfserving } from "./tfserving/index.ts";
import { tritonGenerate } from "./triton-generate/index.ts";

export { type AnswerEdit, type AnswerPart, takeApart, uninspectable } from "./answer-parts.ts";
export type { AnswerSplitter } from "./answer-splitter.ts";
export type { AnswerText, AnswerTextReader, AnswerTexts, RunningName } from "./answer-texts.ts";
export { RESPONSE_BYTES_MAX } from "./bounds.ts";
export type {
  ClientHeader,
  Endpoint,
  EndpointMatch,
  Format,
  ReadAnswer,
  ReadRequest,
  Refusal,
  RenderedRefusal,
  RequestSplitter,
  RewrittenRequest,
  StreamEnd,
  StreamFraming,
  StreamOptions,
  StreamProgress,
  StreamReducer,
  StreamStep,
} from "./format.ts";
export { framingOf } from "./framing.ts";
export { parseBody } from "./json-format.ts";
export { type ListedModel, renderModel, renderModels } from "./openai/models.ts";
export { type BodyKind, METRICS_TEXT, metricsReading, type Reading, readingOf } from "./reading.ts";

/** Every dialect, one line each. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-embeddings": openaiEmbeddings,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  "gemini-generate": geminiGenerate,
  "bedrock-converse": bedrockConverse,
  "triton-generate": tritonGenerate,
  "kserve-v1": kserveV1,
  tfserving,
  "kserve-v2": kserveV2,
  "kserve-v2-grpc": kserveV2Grpc,
};

/** What an endpoint is. */
export type Detection =
  | { readonly kind: "inference"; readonly format: Format; readonly endpoint: EndpointMatch }
  /** The list of models, or one of it. Regent answers it. */
  | { readonly kind: "models"; readonly model: string | undefined }
  /** Nothing Regent knows: policy decides with `inference` absent. */
  | { readonly kind: "unknown" }
  /** A path that some server may read as a governed one, or with other segments. Refused whatever policy says. */
  | { readonly kind: "ambiguous" };

const MODELS_PATH = "/v1/models";
const MODEL_PREFIX = `${MODELS_PATH}/`;

const ENDPOINTS = endpointTable(Object.values(FORMATS));
const PLAIN_MODELS_PATH = plainPath(MODELS_PATH);
const PLAIN_MODEL_PREFIX = `${plainPath(MODEL_PREFIX)}/`;

/** Tells what an endpoint is by method and path alone: nothing that a body or a header claims counts. */
export function detect({ method, pathname }: RequestHead): Detection {
  const found = ENDPOINTS.find(method, pathname);
  if (found !== undefined) return found === "other_method" ? { kind: "unknown" } : found;
  if (pathname === MODELS_PATH)
    return method === "GET" ? { kind: "models", model: undefined } : { kind: "unknown" };
  const model = modelOf(pathname);
  if (model !== undefined && method === "GET") return { kind: "models", model };
  // Below the list of models lie endpoints: `/v1/models/x%3Apredict` names a model to some and asks it to others.
  const governs = model === undefined ? isGoverned : ENDPOINTS.hasPlain;
  return hidesSlash(pathname) || mayBeReadAs(pathname, governs) ? { kind: "ambiguous" } : { kind: "unknown" };
}

/** Whether a path in the form of {@link plainPath} is one that Regent knows. */
function isGoverned(plain: string): boolean {
  return plain === PLAIN_MODELS_PATH || plain.startsWith(PLAIN_MODEL_PREFIX) || ENDPOINTS.hasPlain(plain);
}

/** The model that `/v1/models/org/name` names, percent-decoded once; undefined when it names none plainly. */
function modelOf(pathname: string): string | undefined {
  if (!pathname.startsWith(MODEL_PREFIX)) return undefined;
  return plainName(pathname.slice(MODEL_PREFIX.length));
}

/** Whose words most clients understand. */
export const USUAL_DIALECT = openaiChat;

/** The formats whose clients give themselves away by a header. One that binds the framing comes before all others. */
export const BY_CLIENT_HEADER: readonly WithClientHeader[] = Object.values(FORMATS)
  .filter((format): format is WithClientHeader => format.clientHeader !== undefined)
  .sort((a, b) => rankOf(a.clientHeader) - rankOf(b.clientHeader));

function rankOf({ mediaType }: ClientHeader): number {
  return mediaType === undefined ? 1 : 0;
}

type WithClientHeader = Format & { readonly clientHeader: ClientHeader };

/**
 * Who words refusals and lists: the format of the endpoint. Where none is spoken, the one whose clients send a header of
 * their own, else the one that most clients understand. How a body is read never depends on a header.
 */
export function dialectOf(detection: Detection, headers: Headers): Format {
  if (detection.kind === "inference") return detection.format;
  return BY_CLIENT_HEADER.find(({ clientHeader }) => isSent(clientHeader, headers)) ?? USUAL_DIALECT;
}

/** As Envoy has it, which makes trailers of an answer to such a client, and to no other. */
function isSent({ name, mediaType }: ClientHeader, headers: Headers): boolean {
  if (mediaType === undefined) return headers.has(name);
  const { value, repeated } = singleHeader(headers, name);
  return !repeated && (value === mediaType || value?.startsWith(`${mediaType}+`) === true);
}
