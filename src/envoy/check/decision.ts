import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import {
  type DeniedHttpResponse,
  type HeaderValueOption,
  HttpStatusCode,
  type Init,
  type OkHttpResponse,
} from "../codec.ts";
import { CheckFailure } from "./failure.ts";
import type { Verdict } from "./response.ts";

const FORBIDDEN = 403;

/**
 * Reads what a policy of the opa-envoy style answered: a boolean, or an object with the boolean `allowed` and what goes
 * with it. Every key that counts for the verdict must have its type; other keys are ignored.
 * @throws CheckFailure UNKNOWN, as opa-envoy-plugin: for Envoy that is a failed check, not a decision
 */
export function parseDecision(result: JsonValue | undefined): Verdict {
  if (result === undefined) throw new CheckFailure("envoyauth_eval_error", "undefined decision");
  if (typeof result === "boolean") return { allowed: result };
  if (!isJsonObject(result)) throw invalid(`illegal value for policy evaluation result: ${kindOf(result)}`);
  const { allowed } = result;
  if (typeof allowed !== "boolean")
    throw invalid(`expected allowed to be a boolean but got ${kindOf(allowed)}`);
  const metadata = optional(result, "dynamic_metadata", objectOf);
  return {
    allowed,
    ...(allowed ? { ok: okResponse(result) } : { denied: deniedResponse(result) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function okResponse(result: JsonObject): Init<OkHttpResponse> {
  return {
    headers: optional(result, "headers", headersOf),
    headersToRemove: optional(result, "request_headers_to_remove", stringsOf),
    responseHeadersToAdd: optional(result, "response_headers_to_add", headersOf),
    queryParametersToRemove: optional(result, "query_parameters_to_remove", stringsOf),
    queryParametersToSet: optional(result, "query_parameters_to_set", (value, key) =>
      fieldsOf(objectOf(value, key), key),
    ),
  };
}

function deniedResponse(result: JsonObject): Init<DeniedHttpResponse> {
  return {
    headers: optional(result, "headers", headersOf),
    body: optional(result, "body", stringOf),
    status: { code: optional(result, "http_status", statusOf) ?? FORBIDDEN },
  };
}

type Reader<T> = (value: JsonValue, key: string) => T;

/** Reads a key that may be absent. One that is there as null is there. */
function optional<T>(result: JsonObject, key: string, read: Reader<T>): T | undefined {
  const value = Object.hasOwn(result, key) ? result[key] : undefined;
  return value === undefined ? undefined : read(value, key);
}

const objectOf: Reader<JsonObject> = (value, key) => {
  if (!isJsonObject(value)) throw mismatch(key, "an object", value);
  return value;
};

const stringOf: Reader<string> = (value, key) => {
  if (typeof value !== "string") throw mismatch(key, "a string", value);
  return value;
};

const stringsOf: Reader<readonly string[]> = (value, key) => {
  if (!Array.isArray(value)) throw mismatch(key, "an array of strings", value);
  return value.map((each) => stringOf(each, key));
};

/** An object of strings or arrays of strings, or an array of such objects. Only key and value, as the original. */
const headersOf: Reader<Init<HeaderValueOption>[]> = (value, key) => {
  const objects = Array.isArray(value) ? value : [value];
  return objects.flatMap((each) => fieldsOf(objectOf(each, key), key)).map((header) => ({ header }));
};

type Field = { readonly key: string; readonly value: string };

function fieldsOf(object: JsonObject, key: string): Field[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const values = typeof value === "string" ? [value] : stringsOf(value, `${key}.${name}`);
    return values.map((each) => ({ key: name, value: each }));
  });
}

/**
 * A status that Envoy can answer with. 100 is one of its enumeration, but a client would see an empty 200 instead of it.
 */
const statusOf: Reader<number> = (value, key) => {
  if (typeof value !== "number") throw mismatch(key, "a number", value);
  if (!STATUSES.has(value)) throw invalid(`invalid HTTP status code ${value}`);
  return value;
};

const STATUSES: ReadonlySet<number> = new Set(Object.values(HttpStatusCode).filter((code) => code >= 200));

function mismatch(key: string, expected: string, value: JsonValue): CheckFailure {
  return invalid(`expected ${key} to be ${expected} but got ${kindOf(value)}`);
}

function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

function invalid(message: string): CheckFailure {
  return new CheckFailure("envoyauth_result_error", message);
}
