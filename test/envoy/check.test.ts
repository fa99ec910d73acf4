/**
 * Regent's gRPC server and its ext_authz behind a real Envoy. The oracle is the witness: what Regent did not allow, the
 * upstream has not seen. ext_proc stands behind ext_authz where the hand-over is looked at.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type CheckOptions, type CheckRooms, createCheckHandlers } from "../../src/envoy/check/handler.ts";
import { createProcessHandler } from "../../src/envoy/process/process.ts";
import type { GrpcServerOptions } from "../../src/envoy/server/options.ts";
import { type GrpcServer, startGrpcServer } from "../../src/envoy/server/server.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import type { CheckBody, Governor } from "../../src/pipeline/governor.ts";
import { createAuthority } from "../support/certificates.ts";
import { send } from "./support/client.ts";
import { connectionManager, gateway, http2Cluster, listener, typed } from "./support/config.ts";
import { startEnvoy } from "./support/envoy.ts";
import { answer, type FakeGovernor, fakeGovernor, pass, plan } from "./support/fake-governor.ts";
import { type Evaluate, fakePolicies } from "./support/fake-policies.ts";
import { startWitness } from "./support/witness.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const GOVERNANCE = "regent/request/decision";
const IDENTITY = {
  subject: "alice",
  tenant: "acme",
  roles: ["analyst"],
  claims: {},
  method: "api_key",
} as const;
/** Bytes of body that ext_authz sends along in these tests. */
const BODY_BYTES_MAX = 1024;

type Options = {
  readonly check?: Partial<CheckOptions>;
  readonly evaluate?: Evaluate;
  readonly governCheck?: Governor["check"];
  readonly extAuthz?: JsonObject;
  readonly server?: Partial<GrpcServerOptions>;
  /** Name of the ext_authz filter and suffix of the ext_proc filter, which the metadata must not depend on. */
  readonly filterName?: string;
  /** The cluster by which Envoy finds Regent. */
  readonly regent?: (server: GrpcServer) => JsonObject;
  readonly listeners?: readonly JsonObject[];
};

async function start(t: TestContext, options: Options) {
  const process = fakeGovernor({});
  const governor: CheckRooms["governor"] = {
    check: options.governCheck ?? (() => Promise.reject(new Error("not in this test"))),
    identify: () => ({ identity: IDENTITY }),
    recordDenial: () => {},
  };
  const evaluate = options.evaluate ?? (() => Promise.reject(new Error("not in this test")));
  const server = await startGrpcServer(
    { listen: { kind: "tcp", host: "127.0.0.1", port: 0 }, messageBytesMax: 1024 * 1024, ...options.server },
    {
      ...createCheckHandlers(
        {
          entrypoint: "envoy/authz/allow",
          governanceEntrypoint: GOVERNANCE,
          dryRun: false,
          skipRequestBodyParse: false,
          ...options.check,
        },
        { ...(governor && { governor }), policies: () => fakePolicies(evaluate) },
      ),
      process: createProcessHandler(process, {
        nowMs: Date.now,
        onBroken: () => {},
      }),
    },
    { info() {}, warn() {}, error() {} },
  );
  t.after(() => server.close(0));
  const witness = await startWitness();
  t.after(() => witness.stop());
  const regent = (options.regent ?? ((at) => http2Cluster("regent", portOf(at))))(server);
  const envoy = await startEnvoy(
    gateway({
      processorPort: server.address.kind === "tcp" ? server.address.port : 1,
      upstreamPort: witness.port,
      before: [extAuthz(options)],
      extProc: EXT_PROC,
      clusters: [regent],
      listeners: options.listeners ?? [],
    }),
  );
  t.after(() => envoy.stop());
  return { port: envoy.port("gateway"), envoy, witness, process, server };
}

const EXT_PROC: JsonObject = {
  processing_mode: { response_header_mode: "SKIP" },
  request_attributes: [
    "connection.uri_san_peer_certificate",
    "source.address",
    "source.port",
    "destination.address",
    "destination.port",
  ],
  metadata_options: { forwarding_namespaces: { untyped: ["envoy.filters.http.ext_authz"] } },
};

function extAuthz(options: Options): JsonObject {
  return {
    name: options.filterName ?? "envoy.filters.http.ext_authz",
    typed_config: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: "regent" }, timeout: "5s" },
      failure_mode_allow: false,
      status_on_error: { code: "ServiceUnavailable" },
      include_peer_certificate: true,
      ...options.extAuthz,
    }),
  };
}

function portOf({ address }: GrpcServer): number {
  assert.ok(address.kind === "tcp");
  return address.port;
}

const says =
  (result: JsonValue | undefined): Evaluate =>
  async () => ({ result, revision: "r7" });

/** The one exchange that ext_proc saw. */
function onlyExchange({ accounts }: FakeGovernor): Exchange {
  assert.equal(accounts.length, 1);
  return accounts[0]?.exchange ?? assert.fail();
}

test("lets through what a policy allows, with its headers, and hands over who calls", async (t) => {
  const inputs: { [key: string]: JsonValue }[] = [];
  const { port, witness, process } = await start(t, {
    evaluate: async (_entrypoint, input) => {
      inputs.push(JSON.parse(String(input)));
      return {
        result: {
          allowed: true,
          headers: { "x-user": "alice", "x-list": ["1", "2"] },
          request_headers_to_remove: ["x-secret"],
          response_headers_to_add: { "x-answer": "seen" },
          query_parameters_to_set: { q: "set" },
          query_parameters_to_remove: ["gone"],
          dynamic_metadata: { why: "because", decision_id: "forged", regent: { allowed: "forged" } },
        },
        revision: "r7",
      };
    },
  });
  const received = await send(port, {
    path: "/v1/%61?gone=1&kept=2",
    headers: { "x-secret": "s", "x-user": "mallory" },
  });
  assert.equal(received.status, 200);
  assert.equal(received.headers["x-answer"], "seen");
  const seen = witness.seen[0];
  assert.equal(seen?.headers["x-user"], "alice");
  assert.equal(seen?.headers["x-secret"], undefined);
  assert.equal(new URL(seen?.path ?? "", "http://x").search, "?kept=2&q=set");
  assert.deepEqual(inputs[0]?.parsed_path, ["v1", "a"]);
  assert.deepEqual(inputs[0]?.parsed_query, { gone: ["1"], kept: ["2"] });

  const { id, handOver } = onlyExchange(process);
  assert.match(id, UUID);
  assert.deepEqual(JSON.parse(JSON.stringify(handOver)), {
    decisionId: id,
    allowed: true,
    revision: "r7",
    identity: IDENTITY,
  });
});

test("answers for the upstream when a policy denies", async (t) => {
  const { port, witness, process } = await start(t, {
    evaluate: says({
      allowed: false,
      http_status: 429,
      body: '{"e":"ü"}',
      headers: { "content-type": "a/json" },
    }),
  });
  const received = await send(port);
  assert.deepEqual(
    [received.status, received.body, received.headers["content-type"]],
    [429, '{"e":"ü"}', "a/json"],
  );
  assert.equal(witness.seen.length, 0);
  assert.equal(process.accounts.length, 0);
});

test("denies without an answer of the policy's own, and requests that cannot be read", async (t) => {
  const { port, witness } = await start(t, { evaluate: says(false) });
  assert.equal((await send(port)).status, 403);
  const unreadable = await send(port, { path: "/a?b=%zz" });
  assert.equal(unreadable.status, 400);
  assert.match(unreadable.body, /^request_parse_error: /);
  assert.equal(witness.seen.length, 0);
});

test("lets nothing through when the policy fails, says nothing, or says something that is no decision", async (t) => {
  const answers: Evaluate[] = [
    () => Promise.reject(new Error("trap")),
    says(undefined),
    says({ allow: true }),
    says({ allowed: "true" }),
    says({ allowed: true, headers: 5 }),
    says({ allowed: false, http_status: 100 }),
  ];
  const { length } = answers;
  const { port, witness } = await start(t, {
    evaluate: (entrypoint, input) => (answers.shift() ?? assert.fail())(entrypoint, input),
  });
  for (let i = 0; i < length; i++) assert.equal((await send(port)).status, 503);
  assert.equal(witness.seen.length, 0);
});

test("lets nothing through when Regent is gone", async (t) => {
  const { port, witness, server } = await start(t, { evaluate: says(true) });
  assert.equal((await send(port)).status, 200);
  await server.close(0);
  assert.equal((await send(port)).status, 503);
  assert.equal(witness.seen.length, 1);
});

test("hands over under the same name whatever the filters are called", async (t) => {
  const { port, process } = await start(t, { evaluate: says(true), filterName: "my.own.name" });
  assert.equal((await send(port)).status, 200);
  assert.equal(onlyExchange(process).handOver?.allowed, true);
});

test("says only who calls when no policy is named", async (t) => {
  const { port, process } = await start(t, { check: { entrypoint: undefined } });
  assert.equal((await send(port)).status, 200);
  assert.deepEqual(onlyExchange(process).handOver?.identity.subject, "alice");
});

test("takes no hand-over and no principal from what a client sends", async (t) => {
  const { port, process } = await start(t, { evaluate: says(true), check: {} });
  await send(port, {
    headers: { "x-forwarded-client-cert": "URI=spiffe://evil", decision_id: "x", regent: "{}" },
  });
  const { source, id, request } = onlyExchange(process);
  assert.equal(source.principal, undefined);
  assert.equal(source.address, "127.0.0.1");
  assert.equal(typeof source.port, "number");
  assert.match(id, UUID);
  assert.equal(request.pathname, "/v1/x");
});

const WITH_BODY: JsonObject = {
  with_request_body: { max_request_bytes: BODY_BYTES_MAX, allow_partial_message: false, pack_as_bytes: true },
};

test("governs with the body: what is set replaces what the client sent, and what is removed is gone", async (t) => {
  const asked: { exchange: Exchange; body: CheckBody }[] = [];
  const { envoy, witness } = await start(t, {
    check: { entrypoint: GOVERNANCE },
    extAuthz: WITH_BODY,
    listeners: [listener("alone", connectionManager([extAuthz({ extAuthz: WITH_BODY })], "upstream"))],
    governCheck: async (exchange, body) => {
      asked.push({ exchange, body });
      return pass(
        plan(
          { "x-regent-target": "sim-us", "x-both": "set" },
          { remove: ["authorization", "x-both"], metadata: { tenant: "acme" } },
        ),
      );
    },
  });
  const port = envoy.port("alone");
  const received = await send(port, {
    path: "/v1/chat?x=1",
    body: '{"a":"ü"}',
    headers: { authorization: "Bearer k", "x-regent-target": ["spoof", "twice"], "x-both": "client" },
  });
  assert.equal(received.status, 200);
  assert.equal(received.headers["x-regent-decision-id"], asked[0]?.exchange.id);
  const { headers } = witness.seen[0] ?? assert.fail();
  assert.equal(headers["x-regent-target"], "sim-us");
  assert.equal(headers["x-both"], "set");
  assert.equal(headers.authorization, undefined);
  assert.deepEqual(asked[0]?.body, { bytes: Buffer.from('{"a":"ü"}'), truncated: false });
  const { request, source } = asked[0]?.exchange ?? assert.fail();
  assert.deepEqual(
    [request.method, request.path, request.scheme, request.host],
    ["POST", "/v1/chat?x=1", "http", `127.0.0.1:${port}`],
  );
  assert.equal(source.address, "127.0.0.1");
});

test("does not govern a request twice: with ext_proc behind it, the whole decision is not made in ext_authz", async (t) => {
  const { port, witness, process } = await start(t, {
    check: { entrypoint: GOVERNANCE },
    extAuthz: WITH_BODY,
    governCheck: async () => pass(),
  });
  assert.equal((await send(port, { body: "{}" })).status, 500);
  assert.equal(witness.seen.length, 0);
  assert.deepEqual(
    process.accounts.flatMap(({ refusals }) => refusals.map(({ code }) => code)),
    ["config_mismatch"],
  );
});

test("governs with the body: sends Regent's own answer in the dialect of the client", async (t) => {
  const { port, witness } = await start(t, {
    check: { entrypoint: GOVERNANCE },
    extAuthz: WITH_BODY,
    governCheck: async () => ({ kind: "answer", answer: answer(410, { error: { code: "model_retired" } }) }),
  });
  const received = await send(port, { body: "{}" });
  assert.equal(received.status, 410);
  assert.equal(received.headers["content-type"], "application/json");
  assert.equal(received.headers["content-length"], String(received.body.length));
  assert.deepEqual(JSON.parse(received.body), { error: { code: "model_retired" } });
  assert.equal(witness.seen.length, 0);
});

test("governs with the body: knows when a body was cut or never sent", async (t) => {
  const bodies: CheckBody[] = [];
  const governCheck: Governor["check"] = async (_exchange, body) => {
    bodies.push(body);
    return { kind: "answer", answer: answer(500, {}) };
  };
  const check = { entrypoint: GOVERNANCE };
  const body = "x".repeat(2 * BODY_BYTES_MAX);
  const limits = { max_request_bytes: BODY_BYTES_MAX, pack_as_bytes: true };
  const cut = await start(t, {
    check,
    governCheck,
    extAuthz: { with_request_body: { ...limits, allow_partial_message: true } },
  });
  await send(cut.port, { body });
  await send(cut.port, { body, chunked: true });
  const without = await start(t, { check, governCheck });
  await send(without.port, { body });
  await send(without.port);
  assert.deepEqual(
    bodies.map(({ bytes, truncated }) => [bytes === undefined, truncated]),
    [
      [false, true],
      [false, true],
      [true, true],
      [true, false],
    ],
  );
});

test("fails the check rather than letting a body through that should have been changed", async (t) => {
  const { port, witness } = await start(t, {
    check: { entrypoint: GOVERNANCE },
    extAuthz: WITH_BODY,
    governCheck: async () => pass(plan({}, { body: Buffer.from("{}") })),
  });
  assert.equal((await send(port, { body: "{}" })).status, 503);
  assert.equal(witness.seen.length, 0);
});

test("sees header bytes that are not UTF-8 without failing on them", async (t) => {
  const values: (readonly string[] | undefined)[] = [];
  const { port, process } = await start(t, {
    check: { entrypoint: undefined },
    extAuthz: { encode_raw_headers: true },
  });
  const socket = createConnection(port, "127.0.0.1");
  t.after(() => socket.destroy());
  const head = Buffer.concat([
    Buffer.from("GET /v1/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-bytes: a"),
    Buffer.from([0xff, 0xc3]),
    Buffer.from("\r\nx-text: ü\r\n\r\n"),
  ]);
  socket.write(head);
  let text = "";
  for await (const piece of socket) text += piece;
  assert.match(text, /^HTTP\/1\.1 200/);
  const { headers } = onlyExchange(process).request;
  values.push(headers.get("x-bytes"), headers.get("x-text"));
  assert.deepEqual(values, [["a\\xff\\xc3"], ["ü"]]);
});

test("knows the caller by the certificate that Envoy verified, in both protocols", async (t) => {
  const caller = "spiffe://cluster.local/ns/acme/sa/agent";
  const authority = createAuthority();
  const own = authority.issue({ dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] });
  const principals: (string | undefined)[] = [];
  const { envoy, process } = await start(t, {
    evaluate: async (_entrypoint, input) => {
      principals.push(JSON.parse(String(input)).source_principal);
      return { result: true, revision: "" };
    },
    listeners: [tlsListener(own, authority.cert)],
  });
  const { cert, key } = authority.issue({ uris: [caller], dnsNames: ["agent.example"] });
  const status = await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: envoy.port("tls"), ca: authority.cert, cert, key };
    const outgoing = httpsRequest(options, (incoming) => resolve(incoming.resume().statusCode));
    outgoing.on("error", reject);
    outgoing.end();
  });
  assert.equal(status, 200);
  assert.deepEqual(principals, [caller]);
  assert.equal(onlyExchange(process).source.principal, caller);
});

function tlsListener(own: { cert: string; key: string }, ca: string): JsonObject {
  const extProc = {
    name: "governs",
    typed_config: typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
      grpc_service: { envoy_grpc: { cluster_name: "processor" } },
      ...EXT_PROC,
    }),
  };
  const plain = listener("tls", connectionManager([extAuthz({}), extProc], "upstream"));
  const chain = (plain.filter_chains as JsonObject[])[0];
  const context = typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { inline_string: own.cert }, private_key: { inline_string: own.key } },
      ],
      validation_context: { trusted_ca: { inline_string: ca } },
    },
  });
  return {
    ...plain,
    filter_chains: [
      { ...chain, transport_socket: { name: "envoy.transport_sockets.tls", typed_config: context } },
    ],
  };
}

test("answers Envoy over a unix socket", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-authz-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "regent.sock");
  const { port, witness } = await start(t, {
    evaluate: says({ allowed: false, http_status: 401 }),
    server: { listen: { kind: "unix", path } },
    regent: () => ({
      ...http2Cluster("regent", 1),
      load_assignment: {
        cluster_name: "regent",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
      },
    }),
  });
  assert.equal((await send(port)).status, 401);
  assert.equal(witness.seen.length, 0);
});

test("answers Envoy over mutual TLS, and only the Envoy whose name is allowed", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-authz-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const authority = createAuthority();
  const own = authority.issue({ dnsNames: ["regent.local"] });
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const tls = {
    certFile: file("tls.crt", own.cert),
    keyFile: file("tls.key", own.key),
    clientCaFile: file("ca.crt", authority.cert),
    peers: ["spiffe://cluster.local/ns/edge/*"],
  };
  const statusFor = async (name: string) => {
    const pair = authority.issue({ uris: [name] });
    const { port } = await start(t, {
      evaluate: says({ allowed: false, http_status: 401 }),
      server: { tls },
      regent: (server) => ({ ...http2Cluster("regent", portOf(server)), ...tlsTo(pair, authority.cert) }),
    });
    return (await send(port)).status;
  };
  assert.equal(await statusFor("spiffe://cluster.local/ns/edge/sa/gateway"), 401);
  assert.equal(await statusFor("spiffe://cluster.local/ns/other/sa/gateway"), 503);
});

function tlsTo(pair: { cert: string; key: string }, ca: string): JsonObject {
  return {
    transport_socket: {
      name: "envoy.transport_sockets.tls",
      typed_config: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
        common_tls_context: {
          tls_certificates: [
            { certificate_chain: { inline_string: pair.cert }, private_key: { inline_string: pair.key } },
          ],
          validation_context: { trusted_ca: { inline_string: ca } },
        },
      }),
    },
  };
}

test("serves a busy Envoy through both protocols without one failure", async (t) => {
  const { port, witness } = await start(t, { evaluate: says(true) });
  const requests = 2_000;
  const statuses = new Map<number, number>();
  let left = requests;
  const worker = async () => {
    while (left-- > 0) {
      const { status } = await send(port);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  assert.deepEqual([...statuses], [[200, requests]]);
  assert.equal(witness.seen.length, requests);
});
