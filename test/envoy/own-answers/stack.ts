import { startGrpcServer } from "../../../src/envoy/server/server.ts";
import { createProcessHandlers } from "../../../src/envoy/upstream/upstream.ts";
import { FORMAT_NAMES } from "../../../src/exchange/inference.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import type { Endpoint, Format } from "../../../src/formats/index.ts";
import { envoyConfig } from "../../../src/local/envoy/bootstrap.ts";
import {
  ENVOY_DEFAULTS,
  type EnvoyOptions,
  type EnvoyTarget,
  sizesFor,
} from "../../../src/local/envoy/options.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { compileAnswering, createStage, type Stage } from "../../support/pipeline.ts";
import { loopback, type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { startWitness, type Witness } from "../support/witness.ts";

/** A real Envoy in its generated configuration, which has something to answer by itself. */
export type OwnAnswers = {
  /** Of Envoy. */
  readonly port: number;
  readonly origin: string;
  /** What let requests through; nobody answers in its place where Regent is stopped. */
  readonly stage: Stage;
  /** Whether something was decided under this id. */
  decided(id: string): boolean;
  /** A target that answers nothing. */
  readonly silent: Witness;
  stop(): Promise<void>;
};

export type OwnAnswersOptions = Pick<Partial<EnvoyOptions>, "filters" | "bodyBytesMax"> & {
  readonly isRegentStopped?: boolean;
  /** Whether Envoy's overload manager refuses all requests. */
  readonly isOverloaded?: boolean;
  /** In the place of the models below, and of their targets. */
  readonly registry?: string;
  readonly targets?: readonly EnvoyTarget[];
  /** Changes the settings of the HTTP connection manager. */
  readonly manager?: (manager: Manager) => void;
};

export type Manager = { [name: string]: unknown };

/** The model on a target where nobody listens, which every dialect reaches without a translation. */
export const DEAD_MODEL = "dead";
/** The model on a target that never answers, and which speaks Anthropic's dialect alone. */
export const SILENT_CLAUDE_MODEL = "silent-claude";
/** The model on a target that never answers. */
export const SILENT_MODEL = "silent";

const SPEAKS = FORMAT_NAMES.join(", ");
const model = (name: string) =>
  `  - { name: ${name}, stage: active, versions: [{ name: ${name}, weight: 1, targets: [${name}] }] }`;
const REGISTRY = `
version: 1
targets:
  - { name: ${DEAD_MODEL}, region: us, provider: sim, format: openai-chat, speaks: [${SPEAKS}] }
  - { name: ${SILENT_MODEL}, region: us, provider: sim, format: openai-chat, speaks: [${SPEAKS}] }
  - { name: ${SILENT_CLAUDE_MODEL}, region: us, provider: sim, format: anthropic-messages }
models:
${[DEAD_MODEL, SILENT_MODEL, SILENT_CLAUDE_MODEL].map(model).join("\n")}
`;

export async function startOwnAnswers(options: OwnAnswersOptions = {}): Promise<OwnAnswers> {
  const {
    filters = "ext_proc",
    bodyBytesMax = ENVOY_DEFAULTS.bodyBytesMax,
    isRegentStopped = false,
  } = options;
  const stage = createStage({ policy: await compileAnswering(), registry: options.registry ?? REGISTRY });
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const silent = await startWitness(() => {});
    stops.push(() => silent.stop());
    const regent = isRegentStopped
      ? ({ kind: "tcp", host: "127.0.0.1", port: await claimPort(0) } as const)
      : await serve(stage, stops);
    const dead = `http://127.0.0.1:${await claimPort(0)}`;
    const config = envoyConfig({
      ...ENVOY_DEFAULTS,
      regent,
      filters,
      bodyBytesMax,
      targets: options.targets ?? [
        { name: DEAD_MODEL, origin: dead },
        { name: SILENT_CLAUDE_MODEL, origin: `http://127.0.0.1:${silent.port}` },
        { name: SILENT_MODEL, origin: `http://127.0.0.1:${silent.port}` },
      ],
      accessLog: "/dev/null",
    });
    const envoy: RunningEnvoy = await startEnvoy(withChanges(config as Bootstrap, options));
    stops.push(() => envoy.stop());
    const port = envoy.port("ingress");
    const decided = (id: string) =>
      stage.asked.some(({ text }) => text.includes(`"id":${JSON.stringify(id)}`));
    return { port, origin: `http://127.0.0.1:${port}`, stage, decided, silent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function serve(stage: Stage, stops: (() => Promise<unknown>)[]) {
  const grpc = await startGrpcServer(
    {
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
      messageBytesMax: sizesFor(ENVOY_DEFAULTS.bodyBytesMax).connectionBuffer,
    },
    {
      check: () => Promise.reject(new Error("ext_authz is not asked")),
      process: createProcessHandlers(stage.governor, { nowMs: Date.now, onBroken: () => {} }),
    },
    { info() {}, warn() {}, error() {} },
  );
  stops.push(() => grpc.close(0));
  return grpc.address;
}

type Bootstrap = {
  overload_manager: JsonObject;
  readonly static_resources: {
    readonly listeners: {
      address: JsonObject;
      readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: Manager }[] }[];
    }[];
  };
};

/** A heap of one byte is full from the beginning. */
const OVERLOADED: JsonObject = {
  refresh_interval: "0.01s",
  resource_monitors: [
    {
      name: "envoy.resource_monitors.fixed_heap",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes: 1,
      },
    },
  ],
  actions: [
    {
      name: "envoy.overload_actions.stop_accepting_requests",
      triggers: [{ name: "envoy.resource_monitors.fixed_heap", threshold: { value: 0.5 } }],
    },
  ],
};

function withChanges(config: Bootstrap, { manager: change, isOverloaded }: OwnAnswersOptions): JsonObject {
  if (isOverloaded === true) config.overload_manager = OVERLOADED;
  for (const listener of config.static_resources.listeners) {
    listener.address = loopback(0);
    const manager = listener.filter_chains[0]?.filters[0]?.typed_config;
    if (manager === undefined) throw new Error("no manager");
    change?.(manager);
  }
  return config as unknown as JsonObject;
}

/** A path that an endpoint stands for. */
export function pathOf({ path }: Endpoint, name = "m-1:0"): string {
  return path.replaceAll(/\{[a-z]+\}/g, encodeURIComponent(name));
}

/** A body that the format reads as a request for a model, and headers that go with it; for one format of each wording. */
export const ASKING: ReadonlyMap<string, Asking> = new Map<string, Asking>([
  [
    "openai-chat",
    (name) => ({
      path: "/v1/chat/completions",
      body: { model: name, messages: [{ role: "user", content: "Hi." }] },
    }),
  ],
  ["openai-responses", (name) => ({ path: "/v1/responses", body: { model: name, input: "Hi." } })],
  [
    "anthropic-messages",
    (name) => ({
      path: "/v1/messages",
      body: { model: name, max_tokens: 5, messages: [{ role: "user", content: "Hi." }] },
    }),
  ],
  [
    "gemini-generate",
    (name) => ({
      path: `/v1beta/models/${name}:generateContent`,
      body: { contents: [{ role: "user", parts: [{ text: "Hi." }] }] },
    }),
  ],
  [
    "bedrock-converse",
    (name) => ({
      path: `/model/${name}/converse`,
      body: { messages: [{ role: "user", content: [{ text: "Hi." }] }] },
    }),
  ],
  [
    "kserve-v2",
    (name) => ({
      path: `/v2/models/${name}/infer`,
      body: { inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [1] }] },
    }),
  ],
  ["tfserving", (name) => ({ path: `/v1/models/${name}:predict`, body: { instances: [1] } })],
  ["triton-generate", (name) => ({ path: `/v2/models/${name}/generate`, body: { text_input: "Hi." } })],
]);

type Asking = (name: string) => { readonly path: string; readonly body: object };

/** What a format says for an answer of Envoy's own, with this id. */
export function wordsOf(
  format: Format,
  error: { status: number; code: string; message: string },
  requestId: string | null,
) {
  const refusal = requestId === null ? error : { ...error, requestId };
  const { body, headers = [], contentType } = format.refuse(refusal);
  return { body: JSON.parse(body.toString()) as unknown, headers: new Map(headers), contentType };
}

/** Seconds that a target has which never answers, in the place of minutes; where the request must be seen there, enough for that. */
const PATIENCE: ReadonlyMap<string, string> = new Map([
  [SILENT_MODEL, "0.1s"],
  [SILENT_CLAUDE_MODEL, "3s"],
]);

/** Gives up waiting for targets that never answer. The others keep the time that they have. */
export function impatient(manager: Manager): void {
  const { virtual_hosts } = manager.route_config as { virtual_hosts: { routes: Route[] }[] };
  for (const { match, route } of virtual_hosts.flatMap(({ routes }) => routes)) {
    const timeout = PATIENCE.get(match.headers?.[0]?.string_match.exact ?? "");
    if (route !== undefined && timeout !== undefined) route.timeout = timeout;
  }
}

type Route = {
  readonly match: { readonly headers?: readonly { readonly string_match: { readonly exact: string } }[] };
  readonly route?: { timeout: string };
};
