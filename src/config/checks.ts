import { z } from "zod";
import type { CrossCheck } from "../document/document.ts";
import type { Fault, FaultAt } from "../document/fault.ts";
import { isLocal, parseAddress, parseTcpAddress, renderAddress } from "./address.ts";
import { type ConfigDocument, configSchema } from "./schema.ts";
import { bundlesCheck } from "./sections/bundles.ts";
import { decisionLogsCheck } from "./sections/decision-logs.ts";
import { servicesCheck } from "./sections/services.ts";
import { statusCheck } from "./sections/status.ts";

type Section = keyof typeof configSchema.shape;

/** A rule over some sections. It runs when those sections are well-formed, whatever the rest looks like. */
function check<const S extends Section>(
  sections: readonly S[],
  rule: (document: Pick<ConfigDocument, S>, faultAt: FaultAt) => readonly Fault[],
): CrossCheck {
  const shape = Object.fromEntries(sections.map((name) => [name, configSchema.shape[name]]));
  const schema: z.ZodType<unknown> = z.object(shape);
  return (raw, faultAt) => {
    const parsed = schema.safeParse(raw);
    return parsed.success ? rule(parsed.data as Pick<ConfigDocument, S>, faultAt) : [];
  };
}

const peersKnown = check(["listen", "tls"], ({ listen, tls }, faultAt) => {
  const address = parseAddress(listen);
  if (address === undefined || isLocal(address)) return [];
  if (tls === undefined) {
    return [
      faultAt(["listen"], "exposed", "listening beyond loopback needs tls with clientCaFile and peers"),
    ];
  }
  const faults: Fault[] = [];
  if (tls.clientCaFile === undefined) {
    faults.push(faultAt(["tls"], "exposed", "listening beyond loopback needs tls.clientCaFile"));
  }
  if (tls.peers.length === 0) {
    faults.push(faultAt(["tls"], "exposed", "listening beyond loopback needs tls.peers: who may connect"));
  }
  return faults;
});

const peersChecked = check(["tls"], ({ tls }, faultAt) =>
  tls !== undefined && tls.peers.length > 0 && tls.clientCaFile === undefined
    ? [faultAt(["tls", "peers"], "value", "peers are only known with clientCaFile")]
    : [],
);

const adminLocal = check(["admin"], ({ admin }, faultAt) => {
  const address = parseTcpAddress(admin.listen);
  return address === undefined || isLocal(address)
    ? []
    : [faultAt(["admin", "listen"], "exposed", "the admin port listens on loopback only")];
});

/** The admin port changes nothing without a token: an approval could not be given, and no candidate would ever be live. */
const approvalsPossible = check(["admin", "rollout"], ({ admin, rollout }, faultAt) => {
  const index = rollout?.steps.findIndex(({ approval }) => approval !== undefined) ?? -1;
  return index < 0 || admin.token !== undefined
    ? []
    : [faultAt(["rollout", "steps", index], "value", "nobody could approve: that takes admin.token")];
});

const listenersApart = check(["listen", "admin", "probes"], ({ listen, admin, probes }, faultAt) => {
  const seen = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [path, text] of [
    ["listen", listen],
    ["admin.listen", admin.listen],
    ["probes.listen", probes.listen],
  ] as const) {
    const address = parseAddress(text);
    if (address === undefined || (address.kind === "tcp" && address.port === 0)) continue;
    // A server on every interface takes the port of each of them.
    const key = address.kind === "tcp" ? `port ${address.port}` : renderAddress(address);
    const other = seen.get(key);
    if (other !== undefined) faults.push(faultAt(path.split("."), "value", `${key} is taken by ${other}`));
    seen.set(key, path);
  }
  return faults;
});

const routesApart = check(["routes"], ({ routes }, faultAt) => {
  const seen = new Map<string, number>();
  return routes.flatMap(({ match }, index) => {
    const key = JSON.stringify([match.path, match.host, match.method]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    return first === undefined
      ? []
      : [faultAt(["routes", index, "match"], "duplicate", `never reached: the same as routes[${first}]`)];
  });
});

const CAPTURES = new Set(["tenant", "subject", "team", "project"]);

const capturesKnown = check(["identity"], ({ identity }, faultAt) =>
  identity.spiffe.flatMap(({ match }, index) => {
    const names = [...match.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name ?? "");
    const path = ["identity", "spiffe", index, "match"];
    const unknown = names.filter((name) => !CAPTURES.has(name));
    const repeated = names.filter((name, at) => names.indexOf(name) !== at);
    return [
      ...unknown.map((name) =>
        faultAt(
          path,
          "value",
          `{${name}} is not one of ${[...CAPTURES].map((known) => `{${known}}`).join(", ")}`,
        ),
      ),
      ...repeated.map((name) => faultAt(path, "value", `{${name}} stands there twice`)),
    ];
  }),
);

/** What Regent itself decides has fail modes of its own; a dry run is opa-envoy-plugin's. */
const dryRunOfRule = check(["extAuthz", "governance"], ({ extAuthz, governance }, faultAt) => {
  const { dryRun, entrypoint } = extAuthz;
  if (!dryRun || (entrypoint !== undefined && entrypoint !== governance.request)) return [];
  return [
    faultAt(
      ["extAuthz", "dryRun"],
      "value",
      "needs a rule of the opa-envoy style in extAuthz.entrypoint: governance has no dry run",
    ),
  ];
});

const RULES = [
  peersKnown,
  peersChecked,
  adminLocal,
  approvalsPossible,
  listenersApart,
  servicesCheck,
  bundlesCheck,
  statusCheck,
  decisionLogsCheck,
  routesApart,
  capturesKnown,
  dryRunOfRule,
];

/** Everything that goes over one field. */
export const crossCheck: CrossCheck = (raw, faultAt) => RULES.flatMap((rule) => rule(raw, faultAt));
