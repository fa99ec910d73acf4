import { parseDurationMs } from "../document/units.ts";
import type { Limit } from "../exchange/budget.ts";
import { type Decision, KIND_STATUS, type Kind, type Reason, type Redaction } from "../exchange/decision.ts";
import type { JsonValue } from "../exchange/json.ts";
import {
  type At,
  invalid,
  member,
  readArray,
  readBoolean,
  readChoice,
  readInteger,
  readObject,
  readString,
  readStringMap,
  requiredMember,
} from "./fields.ts";
import { headerNameFault, headerValueFault } from "./header-rules.ts";
import { parsePatch } from "./patch.ts";

const KINDS = Object.keys(KIND_STATUS) as Kind[];
const KEYS = [
  "allow",
  "reasons",
  "status",
  "redact",
  "route",
  "limits",
  "transform",
  "audit",
  "hold",
  "response",
];

/** A reason's code goes into a header and a metric label, so it is short and plain. */
const CODE = /^[A-Za-z0-9][A-Za-z0-9_.\-/]{0,99}$/;

/**
 * Parses what a governance entrypoint answered into a {@link Decision}, strictly as the policy contract (version 1)
 * says. Undefined, a wrong type, an unknown key or kind, a contradiction: all are `policy_output_invalid`, which names
 * the part at fault. What is absent gets the contract's default, and `allow` absent is false.
 */
export function parseDecision(result: JsonValue | undefined, revision: string): Decision {
  if (result === undefined) throw invalid("", "is undefined");
  const root: At = { path: "", value: result };
  const output = readObject(root, KEYS);
  const at = (key: string) => member(root, output, key);

  const allow = at("allow");
  const status = at("status");
  const decision: Decision = {
    allow: allow === undefined ? false : readBoolean(allow),
    reasons: listOf(at("reasons"), parseReason),
    // A status under 400 would turn a denial into something else (Envoy answers 100 with an empty 200).
    status: status === undefined ? undefined : readInteger(status, 400, 599),
    redact: listOf(at("redact"), parseRedaction),
    route: parseRoute(at("route")),
    limits: parseLimits(at("limits")),
    transform: parseTransform(at("transform")),
    audit: parseAudit(at("audit")),
    hold: parseHold(at("hold")),
    response: parseResponse(at("response")),
    revision,
  };
  assertConsistent(decision);
  return decision;
}

/** An output that both allows and gives a reason to deny is two answers: neither may win silently. */
function assertConsistent(decision: Decision): void {
  if (!decision.allow) return;
  const index = decision.reasons.findIndex((reason) => reason.severity === "error");
  if (index !== -1) throw invalid(`reasons[${index}]`, "denies although allow is true");
}

function listOf<T>(at: At | undefined, parse: (element: At) => T): readonly T[] {
  return at === undefined ? [] : readArray(at).map(parse);
}

function parseReason(at: At): Reason {
  const reason = readObject(at, ["code", "kind", "message", "policy", "severity"]);
  const code = requiredMember(at, reason, "code");
  if (!CODE.test(readString(code))) throw invalid(code.path, "must be a short code such as model_retired");
  return {
    code: readString(code),
    kind: readChoice(requiredMember(at, reason, "kind"), KINDS),
    message: readString(requiredMember(at, reason, "message")),
    policy: readString(requiredMember(at, reason, "policy")),
    severity: readChoice(requiredMember(at, reason, "severity"), ["error", "warning"]),
  };
}

function parseRedaction(at: At): Redaction {
  const redaction = readObject(at, ["type", "action", "where"]);
  return {
    type: readString(requiredMember(at, redaction, "type")),
    action: readChoice(requiredMember(at, redaction, "action"), ["mask", "hash", "tokenize", "block"]),
    where: readChoice(requiredMember(at, redaction, "where"), ["request", "response", "both"]),
  };
}

function parseRoute(at: At | undefined): Decision["route"] {
  if (at === undefined) return { headers: new Map() };
  const route = readObject(at, ["model", "targets", "headers", "strict"]);
  const model = member(at, route, "model");
  const targets = member(at, route, "targets");
  const strict = member(at, route, "strict");
  return {
    ...(model === undefined ? {} : { model: readString(model) }),
    ...(targets === undefined ? {} : { targets: readNames(targets) }),
    headers: parseHeaders(member(at, route, "headers")),
    ...(strict === undefined ? {} : { strict: readBoolean(strict) }),
  };
}

/** Strings, none of them twice: an order of preference with a repeat says two things. */
function readNames(at: At): readonly string[] {
  const names = new Set<string>();
  for (const element of readArray(at)) {
    const name = readString(element);
    if (names.has(name)) throw invalid(element.path, "repeats an earlier one");
    names.add(name);
  }
  return [...names];
}

/** Header fields to set, names in lower case. Two spellings of one name are refused. */
function parseHeaders(at: At | undefined): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  if (at === undefined) return headers;
  for (const [rawName, value] of readStringMap(at)) {
    const name = rawName.toLowerCase();
    const path = `${at.path}[${JSON.stringify(rawName)}]`;
    const fault = headerNameFault(name) ?? headerValueFault(value);
    if (fault !== undefined) throw invalid(path, fault);
    if (headers.has(name)) throw invalid(path, "is there in two spellings");
    headers.set(name, value);
  }
  return headers;
}

function parseHeaderNames(at: At): readonly string[] {
  return readNames(at).map((rawName, index) => {
    const name = rawName.toLowerCase();
    const fault = headerNameFault(name);
    if (fault !== undefined) throw invalid(`${at.path}[${index}]`, fault);
    return name;
  });
}

function parseLimits(at: At | undefined): readonly Limit[] {
  const seen = new Set<string>();
  return listOf(at, (element) => {
    const limit = parseLimit(element);
    const identity = JSON.stringify([limit.key, limit.unit, limit.windowMs]);
    if (seen.has(identity))
      throw invalid(element.path, "limits the same key, unit and window as another one");
    seen.add(identity);
    return limit;
  });
}

function parseLimit(at: At): Limit {
  const limit = readObject(at, ["key", "unit", "amount", "window"]);
  const window = requiredMember(at, limit, "window");
  const windowMs = parseDurationMs(readString(window));
  if (windowMs === undefined || windowMs === 0) throw invalid(window.path, "must be a duration such as 1h");
  return {
    key: readString(requiredMember(at, limit, "key")),
    unit: readChoice(requiredMember(at, limit, "unit"), ["tokens", "requests"]),
    amount: readInteger(requiredMember(at, limit, "amount"), 0, Number.MAX_SAFE_INTEGER),
    windowMs,
  };
}

function parseTransform(at: At | undefined): Decision["transform"] {
  if (at === undefined)
    return { setHeaders: new Map(), removeHeaders: [], setQuery: new Map(), bodyPatch: [] };
  const transform = readObject(at, ["set_headers", "remove_headers", "set_query", "body_patch"]);
  const removed = member(at, transform, "remove_headers");
  const query = member(at, transform, "set_query");
  return {
    setHeaders: parseHeaders(member(at, transform, "set_headers")),
    removeHeaders: removed === undefined ? [] : parseHeaderNames(removed),
    setQuery: query === undefined ? new Map() : readStringMap(query),
    bodyPatch: listOf(member(at, transform, "body_patch"), parsePatch),
  };
}

function parseAudit(at: At | undefined): Decision["audit"] {
  if (at === undefined) return { level: "redacted", labels: new Map() };
  const audit = readObject(at, ["level", "labels"]);
  const level = member(at, audit, "level");
  const labels = member(at, audit, "labels");
  return {
    level: level === undefined ? "redacted" : readChoice(level, ["full", "redacted", "digest"]),
    labels: labels === undefined ? new Map() : readStringMap(labels),
  };
}

function parseHold(at: At | undefined): Decision["hold"] {
  if (at === undefined) return undefined;
  return { approval: readString(requiredMember(at, readObject(at, ["approval"]), "approval")) };
}

function parseResponse(at: At | undefined): Decision["response"] {
  if (at === undefined) return { inspect: false };
  const response = readObject(at, ["inspect", "max_output_tokens", "stream_window_bytes"]);
  const inspect = member(at, response, "inspect");
  const tokens = member(at, response, "max_output_tokens");
  const bytes = member(at, response, "stream_window_bytes");
  const positive = (part: At) => readInteger(part, 1, Number.MAX_SAFE_INTEGER);
  return {
    inspect: inspect === undefined ? false : readBoolean(inspect),
    ...(tokens === undefined ? {} : { maxOutputTokens: positive(tokens) }),
    ...(bytes === undefined ? {} : { streamWindowBytes: positive(bytes) }),
  };
}
