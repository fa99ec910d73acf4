import type { JsonObject } from "./json.ts";

/** Who is calling, and how that was established. A key names the subject, a certificate the principal. */
export type Identity = {
  /** SPIFFE id or other URI SAN of the client certificate. */
  readonly principal?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly team?: string;
  readonly project?: string;
  readonly roles: readonly string[];
  readonly claims: JsonObject;
  readonly method: "mtls" | "jwt" | "api_key" | "none";
};

/** Nobody known. Policy denies it unless the endpoint is declared public. */
export const ANONYMOUS: Identity = Object.freeze({
  roles: Object.freeze([]),
  claims: Object.freeze({}),
  method: "none",
});
