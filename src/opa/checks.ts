import type { CrossCheck } from "../document/document.ts";
import type { Fault, FaultAt, FaultPath } from "../document/fault.ts";
import { nearest } from "../document/nearest.ts";
import { isJsonObject, type JsonObject } from "../exchange/json.ts";
import { lookUpKey, PLUGIN_NAMES } from "./keys.ts";

/** Maps inside of each other that are looked into; OPA's own are eight deep. */
const DEPTH_MAX = 32;

/** What is wrong with a configuration beyond the form of each key. Errors only; see {@link keyWarnings} for the rest. */
export const crossCheck: CrossCheck = (raw, faultAt) =>
  isJsonObject(raw)
    ? [...keyFaults(raw, faultAt), ...RULES.flatMap((rule) => rule(raw, faultAt))].filter(
        ({ severity }) => severity === "error",
      )
    : [];

/** Keys that have no effect here, and keys that OPA does not know either: both are taken, and told. */
export function keyWarnings(raw: unknown, faultAt: FaultAt): readonly Fault[] {
  return keyFaults(raw, faultAt).filter(({ severity }) => severity === "warning");
}

function keyFaults(raw: unknown, faultAt: FaultAt, path: FaultPath = []): readonly Fault[] {
  if (path.length > DEPTH_MAX) return [];
  const members: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(raw)
    ? [...raw.entries()]
    : isJsonObject(raw)
      ? Object.entries(raw)
      : [];
  return members.flatMap(([step, value]) => keyFault([...path, step], value, faultAt));
}

function keyFault(path: FaultPath, value: unknown, faultAt: FaultAt): readonly Fault[] {
  const known = lookUpKey(path as readonly (string | number)[]);
  if (known.kind === "inner") return keyFaults(value, faultAt, path);
  if (known.kind === "unknown") return [unknownKey(path, known.allowed, faultAt)];
  // A key that says nothing asks for nothing.
  if (value === null || value === undefined) return [];
  const { state, note = "" } = known.row;
  if (state === "refused") return [faultAt(path, "unsupported", `is not supported: ${note}`)];
  return state === "ignored"
    ? [faultAt(path, "no-effect", `has no effect here: ${note}`, "warning")]
    : keyFaults(value, faultAt, path);
}

function unknownKey(path: FaultPath, allowed: readonly string[], faultAt: FaultAt): Fault {
  const name = String(path.at(-1));
  const meant = nearest(name, allowed);
  const hint =
    meant === undefined
      ? allowed.length === 0
        ? ""
        : `; known here: ${allowed.join(", ")}`
      : `; did you mean "${meant}"?`;
  // OPA ignores what it does not know; the plugin's section decides how requests are answered, so nothing of it is.
  const ofPlugin = path[0] === "plugins" && PLUGIN_NAMES.includes(path[1] as (typeof PLUGIN_NAMES)[number]);
  if (ofPlugin) return faultAt(path, "unknown-field", `unknown field${hint}`);
  return faultAt(path, "unknown-field", `unknown field, ignored as OPA does${hint}`, "warning");
}

type Rule = (raw: JsonObject, faultAt: FaultAt) => readonly Fault[];

/** Members of a map, or elements of a list, that are maps themselves. */
function maps(value: unknown): readonly (readonly [PropertyKey, JsonObject])[] {
  const entries: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return entries.filter((entry): entry is readonly [PropertyKey, JsonObject] => isJsonObject(entry[1]));
}

/** The names of the services, in order. */
export function serviceNames(services: unknown): readonly string[] {
  return maps(services).map(([key, { name }]) => (typeof key === "string" ? key : String(name)));
}

const servicesApart: Rule = ({ services }, faultAt) => {
  if (!Array.isArray(services)) return [];
  const seen = new Set<unknown>();
  return maps(services).flatMap(([index, { name }]) => {
    const repeated = seen.has(name);
    seen.add(name);
    return repeated
      ? [faultAt(["services", index, "name"], "duplicate", "another service has this name")]
      : [];
  });
};

const METHODS = ["bearer", "client_tls", "oauth2", "s3_signing"] as const;

const credentialsClear: Rule = ({ services }, faultAt) =>
  maps(services).flatMap(([key, { credentials }]) => {
    if (!isJsonObject(credentials)) return [];
    const path = ["services", key, "credentials"];
    const methods = METHODS.filter((method) => isJsonObject(credentials[method]));
    if (methods.length > 1)
      return [faultAt(path, "value", `one way to authenticate at most, not ${methods.join(" and ")}`)];
    const { bearer, client_tls, oauth2, s3_signing } = credentials;
    const missing = (method: string, holder: JsonObject, keys: readonly string[]) =>
      keys
        .filter((key) => !isGiven(holder[key]))
        .map((key) => faultAt([...path, method, key], "missing-field", "required"));
    const faults: Fault[] = [];
    if (isJsonObject(bearer) && isGiven(bearer.token) === isGiven(bearer.token_path))
      faults.push(faultAt([...path, "bearer"], "value", "needs one of token and token_path"));
    if (isJsonObject(client_tls)) faults.push(...missing("client_tls", client_tls, ["cert", "private_key"]));
    if (isJsonObject(oauth2))
      faults.push(...missing("oauth2", oauth2, ["token_url", "client_id", "client_secret"]));
    if (isJsonObject(s3_signing) && !AWS_KEYS.some((from) => Object.hasOwn(s3_signing, from)))
      faults.push(faultAt([...path, "s3_signing"], "missing-field", `needs one of ${AWS_KEYS.join(", ")}`));
    return faults;
  });

const AWS_KEYS = ["environment_credentials", "profile_credentials"] as const;

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Every section that talks to a service, with whether it may go without. */
function usersOfServices(raw: JsonObject): readonly (readonly [FaultPath, JsonObject, boolean])[] {
  const { bundles, bundle, discovery, decision_logs, status } = raw;
  const one = (path: FaultPath, value: unknown, optional = false) =>
    isJsonObject(value) ? [[path, value, optional] as const] : [];
  const local = (value: JsonObject) => String(value.resource ?? "").startsWith("file://");
  return [
    ...maps(bundles).map(([name, value]) => [["bundles", name], value, local(value)] as const),
    ...one(["bundle"], bundle),
    ...one(["discovery"], discovery),
    ...one(["decision_logs"], decision_logs, true),
    ...one(["status"], status, true),
  ];
}

const servicesKnown: Rule = (raw, faultAt) => {
  const names = serviceNames(raw.services);
  return usersOfServices(raw).flatMap(([path, { service }, optional]) => {
    if (typeof service === "string" && service !== "") {
      if (names.includes(service)) return [];
      const meant = nearest(service, names);
      const hint =
        meant === undefined ? `there are: ${names.join(", ") || "none"}` : `did you mean "${meant}"?`;
      return [faultAt([...path, "service"], "value", `no service of this name; ${hint}`)];
    }
    if (optional || names.length === 1) return [];
    const which = names.length === 0 ? "there is none" : `one of ${names.join(", ")}`;
    return [faultAt([...path, "service"], "missing-field", `required: the name of a service; ${which}`)];
  });
};

const delaysInOrder: Rule = (raw, faultAt) =>
  usersOfServices(raw).flatMap(([path, { polling, reporting }]) => {
    const [key, delays] = isJsonObject(reporting) ? ["reporting", reporting] : ["polling", polling];
    if (!isJsonObject(delays)) return [];
    const { min_delay_seconds: min, max_delay_seconds: max } = delays;
    if (typeof min === "number" && typeof max === "number")
      return min > max
        ? [faultAt([...path, key, "max_delay_seconds"], "value", "must be at least min_delay_seconds")]
        : [];
    if (min === undefined && max === undefined) return [];
    const missing = min === undefined ? "min_delay_seconds" : "max_delay_seconds";
    return [faultAt([...path, key, missing], "missing-field", "required: both delays or none")];
  });

const keysComplete: Rule = ({ keys }, faultAt) =>
  maps(keys).flatMap(([id, { key, private_key }]) =>
    isGiven(key) || isGiven(private_key)
      ? []
      : [faultAt(["keys", id, "key"], "missing-field", "required: a public key in PEM, or a shared secret")],
  );

const signaturesCheckable: Rule = (raw, faultAt) => {
  const ids = maps(raw.keys).map(([id]) => String(id));
  return usersOfServices(raw).flatMap(([path, { signing }]) => {
    if (!isJsonObject(signing)) return [];
    if (ids.length === 0)
      return [faultAt([...path, "signing"], "value", "there is no key in keys to check signatures with")];
    const { keyid } = signing;
    if (!isGiven(keyid) || ids.includes(String(keyid))) return [];
    const hint = nearest(String(keyid), ids);
    return [
      faultAt(
        [...path, "signing", "keyid"],
        "value",
        `no key of this id in keys; ${hint === undefined ? `there are: ${ids.join(", ")}` : `did you mean "${hint}"?`}`,
      ),
    ];
  });
};

const oneBundleForm: Rule = ({ bundle, bundles }, faultAt) =>
  isJsonObject(bundle) && isJsonObject(bundles) && Object.keys(bundles).length > 0
    ? [faultAt(["bundle"], "value", "is the old form of bundles: write one of the two")]
    : [];

const discoverySays: Rule = ({ discovery }, faultAt) =>
  isJsonObject(discovery) && !isGiven(discovery.resource) && !isGiven(discovery.name)
    ? [faultAt(["discovery", "resource"], "missing-field", "required: the path of the discovery bundle")]
    : [];

const buffersClear: Rule = ({ decision_logs }, faultAt) => {
  const reporting = isJsonObject(decision_logs) ? decision_logs.reporting : undefined;
  if (!isJsonObject(reporting)) return [];
  const at = (key: string, message: string) => faultAt(["decision_logs", "reporting", key], "value", message);
  const faults: Fault[] = [];
  const {
    buffer_type: type = "size",
    buffer_size_limit_bytes: bytes,
    buffer_size_limit_events: events,
  } = reporting;
  if (type === "event" && bytes !== undefined)
    faults.push(at("buffer_size_limit_bytes", "belongs to buffer_type size; here it is event"));
  if (type === "size" && events !== undefined)
    faults.push(at("buffer_size_limit_events", "belongs to buffer_type event"));
  if (bytes !== undefined && reporting.max_decisions_per_second !== undefined)
    faults.push(at("max_decisions_per_second", "either this or buffer_size_limit_bytes"));
  for (const [key, value] of [
    ["buffer_size_limit_bytes", bytes],
    ["buffer_size_limit_events", events],
  ] as const)
    if (typeof value === "number" && value <= 0) faults.push(at(key, "must be more than 0"));
  return faults;
};

const onePlugin: Rule = ({ plugins }, faultAt) => {
  if (!isJsonObject(plugins)) return [];
  const named = PLUGIN_NAMES.filter((name) => Object.hasOwn(plugins, name));
  if (named.length < 2) return [];
  return [
    faultAt(
      ["plugins", PLUGIN_NAMES[1]],
      "value",
      `is the old name of ${PLUGIN_NAMES[0]}: write one of the two`,
    ),
  ];
};

const pluginSays: Rule = ({ plugins }, faultAt) =>
  maps(plugins).flatMap(([name, { path, query }]) => {
    const ofPlugin = PLUGIN_NAMES.includes(name as (typeof PLUGIN_NAMES)[number]);
    return ofPlugin && isGiven(path) && isGiven(query)
      ? [faultAt(["plugins", name, "query"], "value", "either path or query, not both")]
      : [];
  });

const RULES: readonly Rule[] = [
  servicesApart,
  credentialsClear,
  servicesKnown,
  delaysInOrder,
  keysComplete,
  signaturesCheckable,
  oneBundleForm,
  discoverySays,
  buffersClear,
  onePlugin,
  pluginSays,
];
