import type { Endpoint } from "../format.ts";

/** What is asked of the endpoint that only counts: it answers nothing, but the provider reads the prompt all the same. */
export const COUNT_TOKENS = "count_tokens";

const GENERATE: readonly (Omit<Endpoint, "path" | "method"> & { readonly verb: string })[] = [
  { verb: "generateContent", operation: "chat", stream: false },
  { verb: "streamGenerateContent", operation: "chat", stream: true },
];
const COUNT = { verb: "countTokens", operation: COUNT_TOKENS, stream: false };

/**
 * Where a model is asked: the Gemini API (https://ai.google.dev/api/all-methods), and Vertex AI with a project, with an API
 * key alone, and for models that were deployed to an endpoint
 * (https://cloud.google.com/vertex-ai/docs/reference/rest).
 */
const PLACES: readonly (readonly [versions: readonly string[], place: string, verbs: typeof GENERATE])[] = [
  [["v1beta", "v1", "v1alpha"], "models", [...GENERATE, COUNT]],
  [["v1beta", "v1", "v1alpha"], "tunedModels", GENERATE],
  [["v1", "v1beta1"], "publishers/{publisher}/models", [...GENERATE, COUNT]],
  [
    ["v1", "v1beta1"],
    "projects/{project}/locations/{location}/publishers/{publisher}/models",
    [...GENERATE, COUNT],
  ],
  [["v1", "v1beta1"], "projects/{project}/locations/{location}/endpoints", [...GENERATE, COUNT]],
];

export const ENDPOINTS: readonly Endpoint[] = PLACES.flatMap(([versions, place, verbs]) =>
  versions.flatMap((version) =>
    verbs.map(({ verb, operation, stream = false }) => ({
      method: "POST",
      path: `/${version}/${place}/{model}:${verb}`,
      operation,
      stream,
    })),
  ),
);
