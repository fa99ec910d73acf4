import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { testRecord } from "../../test/support/record.ts";
import { SHUTDOWN_MS } from "./opentelemetry.ts";
import { spanFacts, TEXT_LENGTH_MAX } from "./span.ts";
import { tracesWanted } from "./traces.ts";

const TRACER = fileURLToPath(new URL("../../test/support/tracer.ts", import.meta.url));

test("asks for traces only in the variables of the specification", () => {
  const wanted = [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:4318/v1/traces" },
    { OTEL_TRACES_EXPORTER: "otlp" },
    { OTEL_TRACES_EXPORTER: "console", OTEL_SDK_DISABLED: "false" },
  ];
  const unwanted = [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
    { OTEL_SERVICE_NAME: "regent" },
    { OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" },
    { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" },
  ];
  assert.deepEqual(wanted.map(tracesWanted), [true, true, true, true]);
  assert.deepEqual(unwanted.map(tracesWanted), [false, false, false, false, false]);
});

test("names a span by operation and model and gives it the attributes of the conventions", () => {
  const record = testRecord({
    request: { method: "POST", host: "localhost", path: "/v1/chat/completions" },
    usage: { input: 10, output: 20, cachedInput: 4 },
  });
  const { name, startMs, endMs, failed, attributes } = spanFacts(record);
  assert.deepEqual([name, endMs - startMs, failed], ["chat sim-small", 12.5, false]);
  assert.deepEqual(attributes, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "_OTHER",
    "gen_ai.request.model": "default",
    "gen_ai.response.model": "sim-small",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cache_read.input_tokens": 4,
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "server.address": "localhost",
    "url.path": "/v1/chat/completions",
    "regent.decision.id": record.id,
    "regent.verdict": "allow",
    "regent.end": "complete",
    "regent.tenant": "acme",
    "regent.target": "sim-us",
    "regent.policy.revision": "r1",
  });
});

test("cuts what a client wrote to the length of a name", () => {
  const long = "x".repeat(TEXT_LENGTH_MAX + 1);
  const { route: _, ...bare } = testRecord({
    inference: { format: "openai-chat", operation: "chat", model: long, stream: false },
    request: { method: "POST", host: long, path: `/${long}` },
  });
  const { name, attributes } = spanFacts(bare);
  assert.equal(name.length, "chat ".length + TEXT_LENGTH_MAX);
  for (const key of ["gen_ai.request.model", "server.address", "url.path"]) {
    assert.equal(String(attributes[key]).length, TEXT_LENGTH_MAX, key);
  }
});

test("never puts content into a span", () => {
  const facts = spanFacts(testRecord({ content: { request: "the prompt", response: "the answer" } }));
  assert.doesNotMatch(JSON.stringify(facts), /the prompt|the answer/);
});

test("a denial is a failed span that says why, also when nothing is known of a model", () => {
  const { inference: _, route: __, ...bare } = testRecord({ verdict: "deny", end: "refused", status: 403 });
  const reason = {
    code: "model_forbidden",
    kind: "permission",
    message: "",
    policy: "x/y",
    severity: "error",
  } as const;
  const facts = spanFacts({ ...bare, reasons: [reason, { ...reason, code: "hint", severity: "warning" }] });
  assert.deepEqual([facts.name, facts.failed], ["POST", true]);
  assert.deepEqual(facts.attributes["regent.reasons"], ["model_forbidden"]);
  assert.equal(facts.attributes["error.type"], "403");
});

/** Runs a process that observes one exchange with a trace parent; gives what it said. */
async function trace(t: TestContext, environment: { readonly [name: string]: string }): Promise<string[]> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_")));
  const child = spawn(process.execPath, [TRACER], {
    env: { ...clean, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return said.trim().split("\n");
}

test("loads nothing of OpenTelemetry when the environment does not ask for traces", async (t) => {
  assert.equal((await trace(t, {}))[0], "OpenTelemetry modules: 0");
});

test("sends a span for each exchange to an OTLP receiver, under the trace parent of the request", async (t) => {
  const bodies: Promise<string>[] = [];
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    bodies.push(text(request));
    request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;

  const said = await trace(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  });
  assert.doesNotMatch(said[0] ?? "", /: 0$/);
  assert.deepEqual(paths, ["/v1/traces"]);
  const [{ resource, scopeSpans }] = JSON.parse((await bodies[0]) ?? "").resourceSpans;
  const service = resource.attributes.find(({ key }: { key: string }) => key === "service.name");
  assert.equal(service.value.stringValue, "regent");
  const commandLine = resource.attributes.filter(({ key }: { key: string }) => key.startsWith("process."));
  assert.deepEqual(commandLine, []);
  const [span] = scopeSpans[0].spans;
  assert.equal(span.name, "chat sim-small");
  assert.equal(span.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(span.parentSpanId, "b7ad6b7169203331");
  const tokens = span.attributes.find(({ key }: { key: string }) => key === "gen_ai.usage.output_tokens");
  assert.equal(Number(tokens.value.intValue), 20);
});

test("ends in good time when the collector is gone", async (t) => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const said = await trace(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  const closedMs = Number(/^closed in ms: (\d+)$/.exec(said[1] ?? "")?.[1]);
  assert.ok(closedMs < SHUTDOWN_MS + 1_000, `${closedMs} ms`);
});
