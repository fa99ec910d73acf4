import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { originOf } from "./envoy/origin.ts";

/** A user's own OpenAI-compatible server. */
export type Upstream = {
  /** `http(s)://host:port`. */
  readonly origin: string;
  /** What to register; left out, the server is asked. */
  readonly models?: readonly string[];
  /** File with the bearer key of the server. */
  readonly keyFile?: string;
  /** The region it counts as; policies keep some tenants' data in one. */
  readonly region: string;
};

/** Name of the target and of its Envoy cluster. */
export const UPSTREAM_TARGET = "upstream";

/** A server that does not list its models within this time is not there. */
const LIST_TIMEOUT_MS = 10_000;
/** Models that are registered at most: a hub that lists everything it could load is not meant. */
const MODELS_MAX = 500;

/**
 * The names of the models of an upstream, each once: as given, else as its `/v1/models` lists them.
 *
 * @throws Error with a sentence that says what to do.
 */
export async function upstreamModels(upstream: Upstream): Promise<readonly string[]> {
  if (upstream.models !== undefined) return [...new Set(upstream.models)];
  const url = `${baseOf(upstream.origin)}/v1/models`;
  const names = [...new Set(namesIn(await ask(url, upstream)))];
  if (names.length === 0) throw new Error(`${url} lists no models; name them: MODELS=a,b`);
  return names.slice(0, MODELS_MAX);
}

async function ask(url: string, { keyFile }: Upstream): Promise<unknown> {
  const headers = keyFile === undefined ? {} : { authorization: `Bearer ${readKey(keyFile)}` };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(LIST_TIMEOUT_MS) });
    if (response.status === 401 || response.status === 403) {
      const which =
        keyFile === undefined ? "give it one: UPSTREAM_KEY_FILE=FILE" : `check the one in ${keyFile}`;
      throw new RefusedKeyError(`${url} answered ${response.status}, so it wants a key; ${which}`);
    }
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return await response.json();
  } catch (error) {
    if (error instanceof RefusedKeyError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${url} could not be read (${reason}); if the server is there and does not list its models, name them: MODELS=a,b`,
      { cause: error },
    );
  }
}

class RefusedKeyError extends Error {
  override readonly name = "RefusedKeyError";
}

function readKey(file: string): string {
  let key: string;
  try {
    key = readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the key of the model server cannot be read: ${reason}`, { cause: error });
  }
  if (key === "") throw new Error(`${file} is empty; it should hold the key of the model server`);
  return key;
}

function namesIn(document: unknown): string[] {
  const data = (document as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return [];
  return data.flatMap((entry: unknown) => {
    const id = (entry as { id?: unknown } | null)?.id;
    return typeof id === "string" && id !== "" ? [id] : [];
  });
}

function baseOf(origin: string): string {
  const { tls, authority } = originOf(origin);
  return `${tls ? "https" : "http"}://${authority}`;
}

/** A registry document with these models as active ones on the upstream. `default` stands for the first. */
export function upstreamRegistry(upstream: Upstream, models: readonly string[], keyFile?: string): string {
  const key = keyFile === undefined ? {} : { key: { file: keyFile } };
  return stringify({
    version: 1,
    aliases: models.includes("default") ? {} : { default: models[0] },
    targets: [
      { name: UPSTREAM_TARGET, region: upstream.region, provider: "own", format: "openai-chat", ...key },
    ],
    models: models.map((name) => ({
      name,
      stage: "active",
      versions: [{ name, weight: 100, targets: [UPSTREAM_TARGET] }],
    })),
  });
}
