import { hasControlCharacter, isHeaderName, isHopHeader } from "../../exchange/header-rules.ts";
import { type Headers, headerValues } from "../../exchange/headers.ts";
import type { HeaderChanges, OwnAnswer, Plan } from "../../exchange/plan.ts";

/**
 * Fields of a message after the changes, pseudo-headers included, and names removed in one reply. Envoy answers 500
 * beyond its `max_headers_count` of 100, in one reply as in the result.
 */
export const MESSAGE_HEADERS_MAX = 100;

/** Bytes of names and values of a message after the changes: Envoy's default `max_request_headers_kb`. */
export const MESSAGE_HEADER_BYTES_MAX = 60 * 1024;

/** `:method`, `:scheme`, `:authority`, `:path`: they count in Envoy's limits and are not in {@link Headers}. */
const PSEUDO_HEADERS = 4;

/**
 * Why Envoy would not take a plan as it stands, as a sentence; undefined when it would.
 * `present`: the fields of the message that the plan is for, without pseudo-headers.
 */
export function planFault(plan: Plan, present: Headers): string | undefined {
  const { headers } = plan;
  for (const name of headers.remove) {
    const fault = nameFault(name);
    if (fault !== undefined) return fault;
  }
  for (const [name, value] of headers.set) {
    const fault = nameFault(name) ?? valueFault(name, value) ?? lengthFault(name, value, plan.body);
    if (fault !== undefined) return fault;
  }
  return sizeFault(headers, present);
}

/**
 * Why Envoy would not send an own answer as it stands. A status below 200 becomes an empty 200 there; `content-length`
 * is Envoy's to set.
 */
export function ownAnswerFault(answer: OwnAnswer): string | undefined {
  const { status } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    return `${status} is no status of an answer.`;
  for (const [name, value] of answer.headers) {
    const fault = nameFault(name) ?? valueFault(name, value) ?? lengthFault(name, value, undefined);
    if (fault !== undefined) return fault;
  }
  return sizeFault({ remove: [], set: answer.headers }, NO_HEADERS);
}

function nameFault(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (!isHeaderName(name)) return `${JSON.stringify(name)} is no name of a header that can be changed.`;
  if (isHopHeader(lower)) return `The header ${lower} cannot be changed.`;
  return undefined;
}

function valueFault(name: string, value: string): string | undefined {
  return hasControlCharacter(value) ? `The value for the header ${name} has a control character.` : undefined;
}

/** A length that is not the body's lets two readers split the stream of messages differently. */
function lengthFault(name: string, value: string, body: Buffer | undefined): string | undefined {
  if (name.toLowerCase() !== "content-length") return undefined;
  return value === String(body?.length) ? undefined : "The header content-length follows the body.";
}

function sizeFault({ remove, set }: HeaderChanges, present: Headers): string | undefined {
  if (remove.length > MESSAGE_HEADERS_MAX)
    return `${remove.length} headers to remove are more than Envoy takes.`;
  const gone = new Set([...remove, ...set.map(([name]) => name)].map((name) => name.toLowerCase()));
  let count = PSEUDO_HEADERS;
  let bytes = 0;
  for (const [name, values] of present) {
    if (gone.has(name)) continue;
    count += values.length;
    for (const value of values) bytes += name.length + Buffer.byteLength(value);
  }
  for (const [name, value] of set) bytes += name.length + Buffer.byteLength(value);
  count += new Set(set.map(([name]) => name.toLowerCase())).size;
  if (count > MESSAGE_HEADERS_MAX)
    return `${count} headers are more than the ${MESSAGE_HEADERS_MAX} Envoy takes.`;
  if (bytes > MESSAGE_HEADER_BYTES_MAX)
    return `${bytes} bytes of headers are more than the ${MESSAGE_HEADER_BYTES_MAX} Envoy takes.`;
  return undefined;
}

/** The declared length of a body, where there is exactly one and it is a number. */
export function declaredLength(headers: Headers): string | undefined {
  const values = headerValues(headers, "content-length");
  return values.length === 1 && /^[0-9]+$/.test(values[0] ?? "") ? values[0] : undefined;
}

const NO_HEADERS: Headers = new Map();
