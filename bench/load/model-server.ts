import { stringify } from "yaml";

const ANSWER = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "sim-small",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "It is what you pay yourself. ".repeat(8) },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 180, completion_tokens: 60, total_tokens: 240 },
});

/** An Envoy that answers every request with one chat completion: a model server that costs next to nothing. */
export function modelServerConfig(port: number): string {
  return stringify({
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    static_resources: {
      listeners: [
        {
          name: "model",
          address: { socket_address: { address: "127.0.0.1", port_value: port } },
          filter_chains: [
            {
              filters: [
                {
                  name: "envoy.filters.network.http_connection_manager",
                  typed_config: {
                    "@type":
                      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    stat_prefix: "model",
                    route_config: {
                      virtual_hosts: [
                        {
                          name: "model",
                          domains: ["*"],
                          routes: [
                            {
                              match: { prefix: "/" },
                              direct_response: { status: 200, body: { inline_string: ANSWER } },
                              response_headers_to_add: [
                                {
                                  header: { key: "content-type", value: "application/json" },
                                  append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
                                },
                              ],
                            },
                          ],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: "envoy.filters.http.router",
                        typed_config: {
                          "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                        },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  });
}
