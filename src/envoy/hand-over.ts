import { RegentError } from "../exchange/errors.ts";
import type { HandOver } from "../exchange/exchange.ts";
import type { Identity } from "../exchange/identity.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import type { Metadata } from "./codec.ts";
import { jsonFromStruct } from "./struct.ts";

/** Where Envoy files the dynamic metadata of ext_authz, whatever the filter is called in the configuration. */
export const EXT_AUTHZ_NAMESPACE = "envoy.filters.http.ext_authz";

const METHODS: readonly string[] = ["mtls", "jwt", "api_key", "none"] satisfies Identity["method"][];
const NAMES = ["principal", "subject", "tenant", "team", "project"] as const;

/** The dynamic metadata of a CheckResponse: `decision_id` on top as opa-envoy-plugin has it, the rest under `regent`. */
export function handOverMetadata(handOver: HandOver): JsonObject {
  const { identity, allowed, revision, dryRun } = handOver;
  const dry = dryRun === undefined ? {} : { dry_run: dryRun };
  return {
    decision_id: handOver.decisionId,
    regent: { identity: identityJson(identity), allowed, revision, ...dry },
  };
}

function identityJson(identity: Identity): JsonObject {
  const names = NAMES.flatMap((name) => {
    const value = identity[name];
    return value === undefined ? [] : [[name, value]];
  });
  const { roles, claims, method } = identity;
  return { ...Object.fromEntries(names), roles, claims, method };
}

/**
 * Reads what ext_authz handed over, from dynamic metadata only: no client can write there. Undefined when Regent was not
 * asked there. What is there but has another shape comes from a Regent that this one does not understand.
 * @throws RegentError `config_mismatch`
 */
export function parseHandOver(metadata: Metadata | null): HandOver | undefined {
  const struct = metadata?.filterMetadata[EXT_AUTHZ_NAMESPACE];
  if (struct === undefined || !Object.hasOwn(struct.fields, "regent")) return undefined;
  const { decision_id: decisionId, regent } = jsonFromStruct(struct);
  const identity = isJsonObject(regent) ? parseIdentity(regent.identity) : undefined;
  if (
    typeof decisionId !== "string" ||
    decisionId === "" ||
    !isJsonObject(regent) ||
    typeof regent.allowed !== "boolean" ||
    typeof regent.revision !== "string" ||
    !isDryRun(regent.dry_run) ||
    identity === undefined
  ) {
    throw new RegentError("config_mismatch", "What ext_authz handed over cannot be read.");
  }
  const { allowed, revision, dry_run: dryRun } = regent;
  return { decisionId, allowed, identity, revision, ...(dryRun === undefined ? {} : { dryRun }) };
}

function isDryRun(value: JsonValue | undefined): value is HandOver["dryRun"] {
  return value === undefined || value === "allow" || value === "deny";
}

function parseIdentity(value: JsonValue | undefined): Identity | undefined {
  if (!isJsonObject(value)) return undefined;
  const { roles, claims, method } = value;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string")) return undefined;
  if (!isJsonObject(claims) || typeof method !== "string" || !METHODS.includes(method)) return undefined;
  const names: { [name: string]: string } = {};
  for (const name of NAMES) {
    const text = value[name];
    if (text === undefined) continue;
    if (typeof text !== "string") return undefined;
    names[name] = text;
  }
  return { ...names, roles, claims, method: method as Identity["method"] };
}
