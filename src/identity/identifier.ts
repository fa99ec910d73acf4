import { RegentError } from "../exchange/errors.ts";
import type { RequestHead } from "../exchange/exchange.ts";
import { ANONYMOUS, type Identity } from "../exchange/identity.ts";
import { type ApiKey, type ApiKeyFile, type ApiKeyLookup, createApiKeyLookup } from "./api-keys.ts";
import { presentedKey } from "./credentials.ts";
import { createSpiffeMatcher, PRINCIPAL_LENGTH_MAX, type SpiffeMatch, type SpiffeRule } from "./spiffe.ts";

export type IdentityOptions = {
  /** Undefined: Regent reads no API keys, and the headers that could carry one say nothing about the caller. */
  readonly apiKeys?: ApiKeyFile | undefined;
  /** The first rule that matches a principal counts. */
  readonly spiffe: readonly SpiffeRule[];
};

export type Identifier = {
  /**
   * Who is calling. `principal` is what Envoy asserts of the client certificate, and never comes from a header.
   *
   * @throws RegentError credentials_ambiguous or credentials_invalid
   */
  identify(request: RequestHead, principal: string | undefined): Identity;
};

/**
 * Builds the identifier.
 *
 * @throws Error when a SPIFFE pattern cannot be used
 */
export function createIdentifier(options: IdentityOptions): Identifier {
  const lookup = options.apiKeys === undefined ? undefined : createApiKeyLookup(options.apiKeys);
  const match = createSpiffeMatcher(options.spiffe);
  return {
    identify(request, principal) {
      if (principal !== undefined && principal.length > PRINCIPAL_LENGTH_MAX) {
        throw new RegentError("credentials_invalid", "The URI in the client certificate is too long.");
      }
      const key = lookup === undefined ? undefined : knownKey(request, lookup);
      // Envoy says "no certificate" with an empty string too.
      if (principal === undefined || principal === "")
        return key === undefined ? ANONYMOUS : keyIdentity(key);
      const matched = match(principal);
      return key === undefined
        ? { principal, roles: [], claims: {}, method: "mtls", ...matched }
        : joined(key, principal, matched);
    },
  };
}

/** A key that is sent and not known is refused: it never counts as no key at all. */
function knownKey(request: RequestHead, lookup: ApiKeyLookup): ApiKey | undefined {
  const presented = presentedKey(request.headers);
  if (presented === undefined) return undefined;
  const key = lookup(presented);
  if (key === undefined) throw new RegentError("credentials_invalid");
  return key;
}

function keyIdentity(key: ApiKey): Identity {
  const { subject, tenant, team, project, roles } = key;
  return {
    subject,
    tenant,
    ...(team === undefined ? {} : { team }),
    ...(project === undefined ? {} : { project }),
    roles,
    claims: {},
    method: "api_key",
  };
}

/**
 * The key names the subject and its roles, the certificate the principal. The roles of the certificate's rule are not
 * added: who acts with a narrow key must not gain what the workload may do by itself.
 */
function joined(key: ApiKey, principal: string, matched: SpiffeMatch | undefined): Identity {
  if (matched?.tenant !== undefined && matched.tenant !== key.tenant) {
    throw new RegentError(
      "credentials_ambiguous",
      "The API key and the client certificate belong to different tenants.",
    );
  }
  return { principal, ...keyIdentity(key) };
}
