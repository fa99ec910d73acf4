import { chat, KEYS, refusalOf, type Scene } from "./stage.ts";

/** Above the 4 MiB that the gateway accepts. */
const TOO_LARGE_BYTES = 5_000_000;

/** Bodies that cannot be governed, and paths that try to get around it. */
export const BODY_SCENES: readonly Scene[] = [
  {
    title: "malformed JSON",
    expected: "400 body_invalid",
    play: async (stage) => refusalOf(stage, await stage.post('{"model": "sim-small", "messages": [')),
  },
  {
    title: "the model named twice, once with an escape",
    expected: "400 body_invalid",
    play: async (stage) =>
      refusalOf(
        stage,
        await stage.post(
          '{"model":"sim-small","mod\\u0065l":"sim-frontier","messages":[{"role":"user","content":"x"}]}',
        ),
      ),
  },
  {
    title: "a body of 5 MB",
    expected: "413 body_too_large",
    play: async (stage) =>
      refusalOf(stage, await stage.post(JSON.stringify(chat("sim-small", "x".repeat(TOO_LARGE_BYTES))))),
  },
  {
    title: "an unknown path",
    expected: "404 unknown_endpoint",
    play: async (stage) =>
      refusalOf(
        stage,
        await stage.send("/v1/unheard-of", { headers: { authorization: `Bearer ${KEYS.acmeAnalyst}` } }),
      ),
  },
  {
    title: "a path that the plain Rego rule of opa-envoy style keeps to itself",
    expected: "403 path_internal, x-denied-by envoy.authz",
    play: async (stage) => {
      const response = await stage.send("/v1/internal/status", {
        headers: { authorization: `Bearer ${KEYS.acmeAnalyst}` },
      });
      const { error } = (await response.json()) as { error: { code: string } };
      return `${response.status} ${error.code}, x-denied-by ${response.headers.get("x-denied-by")}`;
    },
  },
];
