import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { type HeaderField, mediaTypeOf, singleHeader } from "../exchange/headers.ts";
import type { Identity } from "../exchange/identity.ts";
import type { Candidate } from "../exchange/model.ts";
import {
  assertNotReserved,
  BODY_HEADERS,
  CREDENTIAL_HEADERS,
  DECISION_ID_HEADER,
  isReservedHeader,
  REREADING_HEADERS,
  TARGET_HEADER,
  TENANT_HEADER,
} from "../exchange/names.ts";
import type { Permit } from "../exchange/permit.ts";
import type { Plan } from "../exchange/plan.ts";

export type RequestPlanFacts = {
  readonly permit: Permit;
  readonly exchange: Exchange;
  readonly identity: Identity;
  /** Where it goes; undefined for a request that is no inference. */
  readonly candidate: Candidate | undefined;
  /** What differs from what the client sent. */
  readonly rewritten: {
    readonly body: Buffer | undefined;
    /** What describes the new body. */
    readonly headers: readonly HeaderField[];
    /** The path that names the model as the chosen version is called. */
    readonly pathname: string | undefined;
  };
  /** What the body of an inference must be taken for; undefined for a request that is none. */
  readonly contentType: string | undefined;
};

/**
 * The changes to a request that policy lets pass. No name is both removed and set, because ext_authz removes last and
 * ext_proc first.
 *
 * @throws RegentError policy_output_invalid when policy sets a header that is Regent's own, or one to two values.
 */
export function planRequest(facts: RequestPlanFacts): Plan {
  const { body, pathname } = facts.rewritten;
  const set = new Map<string, string>([
    ...policyHeaders(facts.permit.decision),
    ...ownHeaders(facts),
    ...bodyType(facts),
    ...facts.rewritten.headers,
    ...bodyLength(facts.rewritten.body),
  ]);
  const remove = new Set<string>([
    ...facts.permit.decision.transform.removeHeaders,
    ...forgedHeaders(facts.exchange),
    ...CREDENTIAL_HEADERS,
    ...(body === undefined ? [] : BODY_HEADERS),
    // A compressed answer could not be read, so none is asked for.
    ...(facts.contentType === undefined ? [] : ["accept-encoding"]),
  ]);
  for (const name of set.keys()) remove.delete(name);
  return {
    headers: { remove: [...remove], set: [...set] },
    ...(body === undefined ? {} : { body }),
    ...(pathname === undefined ? {} : { path: withQuery(pathname, facts.exchange) }),
    clearRouteCache: true,
    metadata: planMetadata(facts),
  };
}

function policyHeaders({ route, transform }: Decision): HeaderField[] {
  for (const [name, value] of transform.setHeaders) {
    if ((route.headers.get(name) ?? value) !== value)
      throw new RegentError("policy_output_invalid", `Policy gives the header ${name} two values.`);
  }
  const fields = [...route.headers, ...transform.setHeaders];
  for (const [name] of fields) assertNotReserved(name);
  return fields;
}

function ownHeaders({ exchange, identity, candidate }: RequestPlanFacts): HeaderField[] {
  const fields: HeaderField[] = [[DECISION_ID_HEADER, exchange.id]];
  if (identity.tenant !== undefined) fields.push([TENANT_HEADER, identity.tenant]);
  if (candidate !== undefined) fields.push([TARGET_HEADER, candidate.target.name]);
  return fields;
}

/** An inference was read as its dialect's, whatever its label says, so that is what the model server must read it as. */
function bodyType({ exchange, contentType }: RequestPlanFacts): HeaderField[] {
  if (contentType === undefined) return [];
  const { headers } = exchange.request;
  const { repeated } = singleHeader(headers, "content-type");
  return !repeated && mediaTypeOf(headers) === contentType ? [] : [["content-type", contentType]];
}

function withQuery(pathname: string, { request }: Exchange): string {
  return request.query === undefined ? pathname : `${pathname}?${request.query}`;
}

function bodyLength(body: Buffer | undefined): HeaderField[] {
  return body === undefined ? [] : [["content-length", String(body.length)]];
}

function forgedHeaders(exchange: Exchange): string[] {
  const { headers } = exchange.request;
  return [
    ...[...headers.keys()].filter(isReservedHeader),
    ...REREADING_HEADERS.filter((name) => headers.has(name)),
  ];
}

function planMetadata({ exchange, identity, candidate }: RequestPlanFacts): Plan["metadata"] {
  return {
    decision_id: exchange.id,
    ...(identity.tenant === undefined ? {} : { tenant: identity.tenant }),
    ...(candidate === undefined
      ? {}
      : {
          model: candidate.model.name,
          model_version: candidate.version.name,
          target: candidate.target.name,
        }),
  };
}
