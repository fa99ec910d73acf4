import type { Endpoint } from "../format.ts";

const METHODS = ["predict", "classify", "regress"] as const;

/** Where a model is: its latest version, a version, or what a label points to. */
const PLACES = [
  "/v1/models/{model}",
  "/v1/models/{model}/versions/{version}",
  "/v1/models/{model}/labels/{label}",
] as const;

/** KServe v1 has the first of these paths too, with a body of the same form. */
export const ENDPOINTS: readonly Endpoint[] = PLACES.flatMap((place) =>
  METHODS.map((operation) => ({ method: "POST", path: `${place}:${operation}`, operation })),
);
