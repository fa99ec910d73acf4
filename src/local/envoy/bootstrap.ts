import { clusters } from "./clusters.ts";
import { listener } from "./listener.ts";
import { note, plain, renderYaml, type Yaml } from "./note.ts";
import { COUNTS, type EnvoyOptions } from "./options.ts";

const HEAD = `Envoy in front of Regent. Printed by \`regent envoy generate\`; change it there, or add options.
A request passes the filters below in order and leaves only to the target that a decision chose.`;

/** The largest regular expression, in RE2's measure. Envoy's default of 100 is less than one dialect has paths. */
const PATTERN_SIZE_MAX = 32_768;

/** The whole Envoy configuration as YAML, each choice with its reason. */
export function renderEnvoyConfig(options: EnvoyOptions): string {
  return renderYaml(bootstrap(options), HEAD);
}

/** The same as a plain value. */
export function envoyConfig(options: EnvoyOptions): unknown {
  return plain(bootstrap(options));
}

function bootstrap(options: EnvoyOptions): Yaml {
  return {
    node: { id: "regent-local", cluster: "regent-local" },
    admin: note("Loopback only: it has no authentication.", {
      address: { socket_address: { address: options.admin.host, port_value: options.admin.port } },
    }),
    overload_manager: {
      resource_monitors: [
        {
          name: "envoy.resource_monitors.global_downstream_max_connections",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            max_active_downstream_connections: COUNTS.clientConnections,
          },
        },
      ],
    },
    layered_runtime: note("Room for the regular expressions of all paths, as Istio's proxies have it.", {
      layers: [{ name: "regent", static_layer: { "re2.max_program_size.error_level": PATTERN_SIZE_MAX } }],
    }),
    static_resources: { listeners: [listener(options)], clusters: clusters(options) },
  };
}
