import { stringify } from "yaml";
import type { ConfigSource } from "../config/schema.ts";

/** What differs between one local stack and another. */
export type RegentConfigOptions = {
  readonly listen: string;
  readonly admin: string;
  readonly probes: string;
  /** Folder of the audit log. */
  readonly auditDir: string;
  /** Folder of the decision log. */
  readonly decisionsDir: string;
  readonly registryFile: string;
  /** The policies; the sample ones when undefined. */
  readonly bundle?: string | undefined;
  /** Where a rollout keeps its state, and the file with the token that steers it; undefined: none. */
  readonly rollout?: { readonly dir: string; readonly tokenFile: string } | undefined;
  /** Where a file of the package lies, as the configuration shall name it. */
  readonly packageFile: (path: string) => string;
};

const HEAD = `# yaml-language-server: $schema=./schema/regent.schema.json
# Regent behind the Envoy of this folder, with the sample policies, keys and models: what \`regent demo\` and \`regent run\` start.
`;

/**
 * For trying it out by hand: a few requests are enough, and whoever tries it approves. The 95th percentile of so few is the
 * slowest of them, which on a desktop says what else was running.
 */
const TRIAL_ROLLOUT = {
  steps: [{ shadow: "0s" }, { approval: "you" }],
  gate: { decisions: 10, deniedPercent: 100, allowedPercent: 100, latencyRatio: 1_000 },
};

/** The configuration of the sidecar in a local stack. */
export function regentConfig(options: RegentConfigOptions): ConfigSource {
  return {
    version: 1,
    listen: options.listen,
    admin: {
      listen: options.admin,
      ...(options.rollout === undefined ? {} : { token: { file: options.rollout.tokenFile } }),
    },
    probes: { listen: options.probes },
    bundles: [{ name: "main", path: options.bundle ?? options.packageFile("dist/demo-policies.tar.gz") }],
    ...(options.rollout === undefined ? {} : { rollout: { ...TRIAL_ROLLOUT, dir: options.rollout.dir } }),
    // Envoy shows ext_authz no body here: an empty one would be refused under a multipart content-type. Policies of one's
    // own have no rule for it as a rule; then ext_authz only says who calls.
    extAuthz: {
      ...(options.bundle === undefined ? { entrypoint: "envoy/authz/allow" } : {}),
      skipRequestBodyParse: true,
    },
    identity: { apiKeys: { file: options.packageFile("policies/demo/keys.yaml") } },
    registry: { file: options.registryFile },
    audit: { dir: options.auditDir },
    decisionLogs: { dir: options.decisionsDir },
  };
}

/** The same as a file. */
export function renderRegentConfig(options: RegentConfigOptions): string {
  return HEAD.replace("./schema", options.packageFile("schema")) + stringify(regentConfig(options));
}

/** The options of the committed `envoy/regent.yaml`: the default ports, paths beside it. */
export const COMMITTED: RegentConfigOptions = {
  listen: "127.0.0.1:9191",
  admin: "127.0.0.1:8181",
  probes: "127.0.0.1:8282",
  auditDir: "../var/audit",
  decisionsDir: "../var/decisions",
  registryFile: "../policies/demo/registry.yaml",
  packageFile: (path) => `../${path}`,
};
