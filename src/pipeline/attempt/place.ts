import type { Target, TargetAzure, TargetVertex } from "../../exchange/model.ts";

/** Whether the paths of a target are not those of its dialect. */
export function isPlaced({ vertex, azure }: Target): boolean {
  return vertex !== undefined || azure !== undefined;
}

/**
 * The path at which a target is asked what a path of its dialect asks for, with its query. Whatever account, project or
 * deployment that path names, the target's own are asked.
 *
 * @param model what the target calls it
 * @returns undefined where the target is not asked that
 */
export function placedPath({ vertex, azure }: Target, model: string, path: string): string | undefined {
  if (vertex === undefined && azure === undefined) return path;
  const [pathname = "", ...query] = path.split("?");
  return vertex === undefined
    ? onAzure(azure ?? {}, model, pathname, query.join("?"))
    : onVertex(vertex, model, pathname, query.join("?"));
}

/** The methods of a model: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models */
const VERTEX_METHODS: ReadonlySet<string> = new Set([
  "generateContent",
  "streamGenerateContent",
  "countTokens",
]);

function onVertex(
  { project, location }: TargetVertex,
  model: string,
  pathname: string,
  query: string,
): string | undefined {
  const method = pathname.slice(pathname.lastIndexOf(":") + 1);
  if (!VERTEX_METHODS.has(method)) return undefined;
  const place = `/v1/projects/${encodeURIComponent(project)}/locations/${location}/publishers/google/models`;
  // What a client's query may say of an answer was looked at by its dialect.
  return withQuery(`${place}/${encodeURIComponent(model)}:${method}`, query);
}

/**
 * What is asked of a deployment, by the path of OpenAI's API. All else names its model in the body, as the API v1 does:
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
const OF_DEPLOYMENT: ReadonlySet<string> = new Set(["chat/completions", "completions", "embeddings"]);
const OF_RESOURCE: ReadonlySet<string> = new Set(["responses"]);
const OPENAI_PREFIX = "/v1/";
/** Parameters that say which API is asked, and with which key. */
const OF_AZURE: ReadonlySet<string> = new Set(["api-version", "api-key", "subscription-key"]);

function onAzure(
  { apiVersion }: TargetAzure,
  model: string,
  pathname: string,
  query: string,
): string | undefined {
  const asked = pathname.startsWith(OPENAI_PREFIX) ? pathname.slice(OPENAI_PREFIX.length) : "";
  const isOfDeployment = OF_DEPLOYMENT.has(asked);
  if (!isOfDeployment && !OF_RESOURCE.has(asked)) return undefined;
  const parameters = new URLSearchParams(query);
  for (const name of [...parameters.keys()]) if (OF_AZURE.has(name.toLowerCase())) parameters.delete(name);
  if (apiVersion === undefined) return withQuery(`/openai/v1/${asked}`, parameters.toString());
  parameters.append("api-version", apiVersion);
  const place = isOfDeployment ? `/openai/deployments/${encodeURIComponent(model)}` : "/openai";
  return withQuery(`${place}/${asked}`, parameters.toString());
}

function withQuery(path: string, query: string): string {
  return query === "" ? path : `${path}?${query}`;
}
