/**
 * What Envoy 1.40 does with an ext_proc filter on a cluster: the facts that `src/pipeline/attempt` and the generated
 * configuration are built on. They are here so that another version of Envoy that behaves otherwise is noticed. Nothing of
 * Regent runs in this file.
 *
 * | what                                        | what Envoy does                                                        |
 * |---------------------------------------------|------------------------------------------------------------------------|
 * | a second attempt, headers                   | it has all that the filter changed for the first, :path and length too |
 * | a second attempt, body                      | it has the body as the filter at the listener left it                  |
 * | a composite or aggregate cluster            | its own filters run; those of the clusters in it never do              |
 * | which endpoint an attempt goes to           | known in attributes; :authority may still be that of the attempt before |
 * | an own answer (immediate_response)          | goes to the client at once; it is not retried, whatever its status     |
 * | a clean end of the gRPC stream              | the attempt goes on as it is: an allow, as at the listener             |
 * | an error of the gRPC stream, in an answer   | 500 before its head has left, a broken transfer after                  |
 * | mode_override in the reply to request heads | NONE is honoured: the body is never sent to the processor              |
 * | FULL_DUPLEX_STREAMED in both filters        | every byte once, one end of stream each                                |
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Init, ProcessingRequest, ProcessingResponse } from "../../../src/envoy/codec.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { send } from "../support/client.ts";
import { cluster, gateway, OVERRIDE_MODES, PROCESSING_MODE, typed } from "../support/config.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { type ProcessHandler, type RunningProcessor, startProcessor } from "../support/processor.ts";
import { type Answer, answerOk, startWitness, type Witness } from "../support/witness.ts";

type Call = Parameters<ProcessHandler>[0];
type Kind = NonNullable<ProcessingRequest["request"]>;
type Script = Partial<Record<Kind, (call: Call, message: ProcessingRequest) => void>>;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const METADATA = "x-regent-upstream";
const HOST_TARGET = "xds.upstream_host_metadata.filter_metadata.regent.target";

/** The filters of a cluster, which tell their processor the name. */
function filtersOf(name: string): JsonObject {
  const extProc = typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
    grpc_service: {
      envoy_grpc: { cluster_name: "processor" },
      initial_metadata: [{ key: METADATA, value: name }],
    },
    failure_mode_allow: false,
    message_timeout: "1s",
    allow_mode_override: true,
    allowed_override_modes: [...OVERRIDE_MODES, { ...PROCESSING_MODE, request_body_mode: "NONE" }],
    processing_mode: PROCESSING_MODE,
    request_attributes: [HOST_TARGET],
  });
  const options = typed(HTTP_OPTIONS, {
    explicit_http_config: { http_protocol_options: {} },
    http_filters: [
      { name: "envoy.filters.http.ext_proc", typed_config: extProc },
      {
        name: "envoy.filters.http.upstream_codec",
        typed_config: typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
      },
    ],
  });
  return { typed_extension_protocol_options: { [HTTP_OPTIONS]: options } };
}

function targetCluster(name: string, port: number): JsonObject {
  const endpoint = {
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
    metadata: { filter_metadata: { regent: { target: name } } },
  };
  return {
    ...cluster(name, port),
    ...filtersOf(`inner-${name}`),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

function clusterOf(kind: "composite" | "aggregate", more: JsonObject): JsonObject {
  const names = ["a", "b"];
  const clusters = kind === "composite" ? names.map((name) => ({ name })) : names;
  return {
    name: kind,
    connect_timeout: "1s",
    lb_policy: "CLUSTER_PROVIDED",
    cluster_type: {
      name: `envoy.clusters.${kind}`,
      typed_config: typed(`envoy.extensions.clusters.${kind}.v3.ClusterConfig`, { clusters }),
    },
    ...more,
  };
}

const RETRIES: JsonObject = { retry_on: "5xx", num_retries: 1 };
/** An aggregate cluster turns to its next one where the priority of the first is left out. */
const OTHER_PRIORITY: JsonObject = {
  ...RETRIES,
  retry_priority: {
    name: "envoy.retry_priorities.previous_priorities",
    typed_config: typed("envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", {
      update_frequency: 1,
    }),
  },
};

const reply = (message: Init<ProcessingResponse>) => (call: Call) => void call.write(message);
const text = (body: string) => Buffer.from(body);
const header = (key: string, value: string) => ({
  header: { key, rawValue: text(value) },
  append: { value: false },
});
const FAULT = { code: 13, details: "x" } as unknown as Error;

/** Gives the request another body, path and a header of its own. */
const REPLACED = "a longer body than before";
const replace: Script = {
  requestBody: (call, message) => {
    const name = nameOf(call, message);
    call.write({
      requestBody: {
        response: {
          headerMutation: {
            setHeaders: [
              header(":path", `/to-${name}`),
              header("content-length", String(REPLACED.length)),
              header(`x-key-${name}`, "1"),
            ],
            removeHeaders: ["x-gone"],
          },
          bodyMutation: { body: text(REPLACED) },
        },
      },
    });
  },
};

/** Of the filter at the listener, `listener`; at a cluster what its configuration says. */
function nameOf(call: Call, _message?: ProcessingRequest): string {
  const [name] = call.metadata.get(METADATA);
  return name === undefined ? "listener" : String(name);
}

describe("an ext_proc filter on a cluster of Envoy 1.40", () => {
  let atListener: Script;
  let atCluster: Script;
  let upstream: { a: Answer; b: Answer };
  let told: { filter: string; kind: Kind; message: ProcessingRequest }[];
  let processor: RunningProcessor;
  let a: Witness;
  let b: Witness;
  let envoy: RunningEnvoy;

  before(async () => {
    processor = await startProcessor((call) => {
      call.on("data", (message: ProcessingRequest) => {
        const kind = message.request;
        if (kind === undefined) return;
        const filter = nameOf(call);
        told.push({ filter, kind, message });
        const play = (filter === "listener" ? atListener : atCluster)[kind];
        if (play === undefined) call.write({ [kind]: {} });
        else play(call, message);
      });
      call.on("end", () => call.end());
    });
    a = await startWitness((...asked) => upstream.a(...asked));
    b = await startWitness((...asked) => upstream.b(...asked));
    const config = gateway({
      processorPort: processor.port,
      upstreamPort: a.port,
      upstream: filtersOf("one"),
      clusters: [
        targetCluster("a", a.port),
        targetCluster("b", b.port),
        clusterOf("composite", filtersOf("composite")),
        clusterOf("aggregate", {}),
      ],
      manager: {
        route_config: {
          virtual_hosts: [
            {
              name: "all",
              domains: ["*"],
              routes: [
                route("/composite", { cluster: "composite", retry_policy: RETRIES }),
                route("/aggregate", { cluster: "aggregate", retry_policy: OTHER_PRIORITY }),
                route("/again", { cluster: "upstream", retry_policy: RETRIES }),
                route("/", { cluster: "upstream" }),
              ],
            },
          ],
        },
      },
    });
    envoy = await startEnvoy(config);
  });
  after(async () => {
    await envoy?.stop();
    processor?.stop();
    await a?.stop();
    await b?.stop();
  });
  beforeEach(() => {
    [atListener, atCluster, told] = [{}, {}, []];
    upstream = { a: answerOk, b: answerOk };
  });

  async function play(path: string, sent: Parameters<typeof send>[1] = { body: "hello" }) {
    const counts = [a.seen.length, b.seen.length] as const;
    const received = await send(envoy.port("gateway"), { path, ...sent });
    return { ...received, reached: { a: a.seen.slice(counts[0]), b: b.seen.slice(counts[1]) } };
  }
  const kindsAt = (filter: string) => told.filter((one) => one.filter === filter).map(({ kind }) => kind);

  test("is told from the one at the listener by metadata that a client cannot set", async () => {
    await play("/", { body: "hello", headers: { [METADATA]: "forged" } });
    assert.deepEqual([...new Set(told.map(({ filter }) => filter))], ["listener", "one"]);
  });

  test("may replace path, body, length and headers", async () => {
    atCluster = replace;
    const { reached } = await play("/", { body: "hello", headers: { "x-gone": "1" } });
    const [seen] = reached.a;
    assert.deepEqual([seen?.path, String(seen?.body)], ["/to-one", REPLACED]);
    assert.deepEqual(
      [seen?.headers["content-length"], seen?.headers["x-key-one"], seen?.headers["x-gone"]],
      [String(REPLACED.length), "1", undefined],
    );
  });

  test("is shown at a second attempt what it made of the head at the first, and the body as it was before", async () => {
    atCluster = replace;
    upstream.a = (_request, response) => void response.writeHead(503).end();
    await play("/again");
    const [first, second] = told.filter(({ filter, kind }) => filter === "one" && kind === "requestHeaders");
    const value = (from: typeof first, name: string) => {
      const message = from?.message;
      if (message?.request !== "requestHeaders") return undefined;
      const field = message.requestHeaders.headers?.headers.find(({ key }) => key === name);
      return field?.rawValue.toString();
    };
    const names = [":path", "content-length", "x-key-one"];
    assert.deepEqual(
      names.map((name) => value(first, name)),
      ["/again", "5", undefined],
    );
    assert.deepEqual(
      names.map((name) => value(second, name)),
      ["/to-one", String(REPLACED.length), "1"],
    );
    const bodies = told.flatMap(({ filter, message }) =>
      filter === "one" && message.request === "requestBody" ? [String(message.requestBody.body)] : [],
    );
    assert.deepEqual(bodies, ["hello", "hello"]);
  });

  test("at a composite cluster is told at each attempt which target it goes to; those of the clusters in it never run", async () => {
    upstream.a = (_request, response) => void response.writeHead(503).end();
    const { status, reached } = await play("/composite");
    assert.deepEqual([status, reached.a.length, reached.b.length], [200, 1, 1]);
    const targets = told.flatMap(({ filter, kind, message }) =>
      filter === "composite" && kind === "requestHeaders"
        ? [message.attributes["envoy.filters.http.ext_proc"]?.fields[HOST_TARGET]]
        : [],
    );
    assert.deepEqual(
      targets.map((value) => (value?.kind === "stringValue" ? value.stringValue : undefined)),
      ["a", "b"],
    );
    assert.ok(!told.some(({ filter }) => filter.startsWith("inner-")));
  });

  test("is passed by where an aggregate cluster has none of its own: the clusters in it have theirs in vain", async () => {
    upstream.a = (_request, response) => void response.writeHead(503).end();
    const { status, reached } = await play("/aggregate");
    assert.deepEqual([status, reached.a.length, reached.b.length], [200, 1, 1]);
    assert.deepEqual([...new Set(told.map(({ filter }) => filter))], ["listener"]);
  });

  test("may answer by itself, which reaches the client at once and is not tried again", async () => {
    const own = { immediateResponse: { status: { code: 503 }, body: text("own") } };
    for (const phase of ["requestHeaders", "requestBody"] as const) {
      told = [];
      atCluster = { [phase]: reply(own) };
      const { status, body, reached } = await play("/composite");
      assert.deepEqual([status, body, reached.a.length, reached.b.length], [503, "own", 0, 0]);
      assert.equal(kindsAt("composite").filter((kind) => kind === "requestHeaders").length, 1);
    }
  });

  test("lets the attempt go on by a clean end, and by nothing else", async () => {
    const cases: readonly (readonly [Script, number, number])[] = [
      [{ requestHeaders: (call) => void call.end() }, 200, 1],
      [{ requestBody: (call) => void call.end() }, 200, 1],
      [{ requestHeaders: (call) => void call.emit("error", FAULT) }, 500, 0],
      [{ requestBody: (call) => void call.emit("error", FAULT) }, 500, 0],
      [{ requestHeaders: () => {} }, 504, 0],
      [{ responseHeaders: (call) => void call.emit("error", FAULT) }, 500, 1],
    ];
    for (const [script, status, count] of cases) {
      atCluster = script;
      const got = await play("/");
      assert.deepEqual([got.status, got.reached.a.length], [status, count]);
    }
  });

  test("is not shown a body that it says it need not see", async () => {
    const mode = {
      requestHeaderMode: 1,
      responseHeaderMode: 1,
      requestTrailerMode: 1,
      responseTrailerMode: 2,
    };
    atCluster = {
      requestHeaders: reply({
        requestHeaders: {},
        modeOverride: { ...mode, requestBodyMode: 0, responseBodyMode: 1 },
      }),
    };
    const { reached } = await play("/");
    assert.deepEqual(kindsAt("one"), ["requestHeaders", "responseHeaders", "responseBody"]);
    assert.equal(String(reached.a[0]?.body), "hello");
  });

  /** Both filters in FULL_DUPLEX_STREAMED, each wrapping what it is given. */
  const wrapping = (open: string, close: string): Script => ({
    responseHeaders: reply({
      responseHeaders: {},
      modeOverride: {
        requestHeaderMode: 1,
        responseHeaderMode: 1,
        requestBodyMode: 2,
        requestTrailerMode: 1,
        responseBodyMode: 4,
        responseTrailerMode: 1,
      },
    }),
    responseBody: (call, message) => {
      if (message.request !== "responseBody") return;
      const { body, endOfStream } = message.responseBody;
      const out = body.length === 0 ? "" : `${open}${body}${close}`;
      call.write({
        responseBody: {
          response: { bodyMutation: { streamedResponse: { body: text(out), endOfStream } } },
        },
      });
    },
  });
  /** Each piece is on its way alone: the next follows once the client has it. */
  const streaming = () => {
    const { promise, resolve: go } = Promise.withResolvers<void>();
    const answer: Answer = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("1");
      void promise.then(() => response.end("2"));
    };
    return { answer, go };
  };

  test("and the one at the listener may both be FULL_DUPLEX_STREAMED: every byte once, one end each", async () => {
    const { answer, go } = streaming();
    upstream.a = answer;
    [atListener, atCluster] = [wrapping("(", ")"), wrapping("[", "]")];
    const { body, end } = await play("/", {
      body: "hello",
      onPiece: () => {
        go();
        return false;
      },
    });
    assert.deepEqual([body, end], ["([1])([2])", "clean"]);
    for (const filter of ["listener", "one"]) {
      const ends = told.filter(
        (one) =>
          one.filter === filter &&
          one.message.request === "responseBody" &&
          one.message.responseBody.endOfStream,
      );
      assert.equal(ends.length, 1, filter);
    }
  });

  test("breaks the client's transfer when its stream fails in the middle of an answer", async () => {
    const { answer, go } = streaming();
    upstream.a = answer;
    atListener = wrapping("(", ")");
    const wrap = wrapping("[", "]");
    let pieces = 0;
    atCluster = {
      ...wrap,
      responseBody: (call, message) => {
        pieces += 1;
        if (pieces === 1) wrap.responseBody?.(call, message);
        else call.emit("error", FAULT);
      },
    };
    const { status, body, end } = await play("/", {
      body: "hello",
      onPiece: () => {
        go();
        return false;
      },
    });
    assert.deepEqual([status, body, end], [200, "([1])", "broken"]);
  });
});

function route(prefix: string, to: JsonObject): JsonObject {
  return { match: { prefix }, route: { timeout: "0s", ...to } };
}
