import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { ENVOY_ERRORS, type EnvoyErrorCode } from "../../src/local/envoy/local-replies.ts";
import type { FilterChoice } from "../../src/local/envoy/options.ts";
import { claimPort } from "../../src/local/ports.ts";
import { startSampleModel } from "../../tools/sample-model/server.ts";
import { runEnvoy } from "./support/envoy.ts";

/** The answer is Envoy's own, in the words of an OpenAI client. */
async function assertAnswer(response: Response, code: EnvoyErrorCode): Promise<void> {
  const body = await response.text();
  assert.equal(response.status, ENVOY_ERRORS[code].status, body);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("x-regent-reason"), code);
  const { error } = JSON.parse(body) as { error: { [name: string]: unknown } };
  assert.deepEqual(error, {
    message: ENVOY_ERRORS[code].message,
    type: response.status < 500 ? "invalid_request_error" : "server_error",
    param: null,
    code,
  });
}

const post = (origin: string, body: RequestInit["body"], more: RequestInit & { duplex?: "half" } = {}) =>
  fetch(`${origin}/v1/chat/completions`, { method: "POST", body: body ?? null, ...more });

for (const filters of ["both", "ext_proc", "ext_authz", "ext_authz_body"] as const) {
  test(`with ${filters} and no sidecar refuses everything, also where the client names a target itself`, async () => {
    await withGateway(filters, async (origin) => {
      const named = { headers: { "x-regent-target": "sim-us" } };
      await assertAnswer(await post(origin, "{}"), "policy_unreachable");
      await assertAnswer(await post(origin, "{}", named), "policy_unreachable");
      await assertAnswer(await fetch(`${origin}/v1/models`), "policy_unreachable");
    });
  });
}

/** Envoy with some of the filters, a model behind it that must stay unreached, and no sidecar. */
async function withGateway(
  filters: FilterChoice,
  use: (origin: string, port: number) => Promise<void>,
): Promise<void> {
  const model = await startSampleModel({ name: "sim-us", region: "us" });
  const regent = { kind: "tcp", host: "127.0.0.1", port: await claimPort(0) } as const;
  const envoy = await runEnvoy({ filters, regent, targets: [{ name: "sim-us", origin: model.origin }] });
  try {
    await use(envoy.origin, envoy.port);
    assert.equal(model.witness.count, 0, "something reached the model without a decision");
  } finally {
    await envoy.stop();
    await model.close();
  }
}

// ext_proc sees Envoy's own answers too, so without a sidecar they would all be 503.
describe("Envoy before ext_proc comes to it", () => {
  test("answers 413 to a body over 4 MiB at once, with content-length and chunked", async () => {
    await withGateway("ext_authz", async (origin) => {
      const started = performance.now();
      const body = Buffer.alloc(5_000_000, "x");
      await assertAnswer(await post(origin, body), "body_too_large");
      await assertAnswer(await post(origin, new Blob([body]).stream(), { duplex: "half" }), "body_too_large");
      assert.ok(performance.now() - started < 4_000, "each within two seconds");
    });
  });

  test("refuses paths with escaped slashes, which servers read differently", async () => {
    await withGateway("ext_authz", async (origin) => {
      await assertAnswer(await fetch(`${origin}/v1%2fchat/completions`), "path_ambiguous");
      await assertAnswer(await fetch(`${origin}/v1%5Cchat/completions`), "path_ambiguous");
    });
  });

  test("refuses to upgrade the protocol", async () => {
    await withGateway("ext_authz", async (origin) => {
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "x",
        "sec-websocket-version": "13",
      };
      const [response] = await once(request(`${origin}/v1/realtime`, { headers }).end(), "response");
      assert.equal(response.statusCode, 400);
      assert.equal(response.headers["x-regent-reason"], "upgrade_refused");
      response.resume();
    });
  });

  test("refuses headers over 60 KiB, and what is not HTTP", async () => {
    await withGateway("ext_authz", async (_, port) => {
      const large = await exchangeBytes(
        port,
        `GET / HTTP/1.1\r\nhost: a\r\nx-large: ${"x".repeat(70_000)}\r\n\r\n`,
      );
      assert.match(large, /^HTTP\/1\.1 431 [\s\S]*x-regent-reason: headers_too_large/);
      const malformed = await exchangeBytes(port, "GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n");
      assert.match(malformed, /^HTTP\/1\.1 400 [\s\S]*x-regent-reason: request_malformed/);
      const underscore = await exchangeBytes(
        port,
        "GET / HTTP/1.1\r\nhost: a\r\nx_regent_target: sim-us\r\n\r\n",
      );
      assert.match(underscore, /^HTTP\/1\.1 400 [\s\S]*x-regent-reason: request_malformed/);
    });
  });
});

/** Sends bytes and reads until the other side closes. */
async function exchangeBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("Envoy without filters", () => {
  test("sends nothing anywhere when no decision named a target, nor when the client did", async () => {
    const model = await startSampleModel({ name: "sim-us", region: "us" });
    const envoy = await runEnvoy({ filters: "none", targets: [{ name: "sim-us", origin: model.origin }] });
    try {
      await assertAnswer(await post(envoy.origin, "{}"), "not_routed");
      await assertAnswer(
        await post(envoy.origin, "{}", { headers: { "x-regent-target": "sim-us" } }),
        "not_routed",
      );
      assert.equal(model.witness.count, 0);
    } finally {
      await envoy.stop();
      await model.close();
    }
  });

  describe("and an ungoverned target, as for measuring", () => {
    const through = { filters: "none", ungovernedTarget: "up" } as const;

    test("passes the model server's answers, errors included, as they are", async () => {
      const model = await startSampleModel({ name: "sim-us", region: "us" });
      const envoy = await runEnvoy({ ...through, targets: [{ name: "up", origin: model.origin }] });
      try {
        const response = await fetch(`${envoy.origin}/v1/unheard-of`);
        assert.equal(response.status, 404);
        assert.equal(((await response.json()) as { error: { code: string } }).error.code, "not_found");
        assert.equal(response.headers.get("x-regent-reason"), null);
        assert.equal(response.headers.get("server"), null);

        const ask = JSON.stringify({ model: "m", messages: [{ role: "user", content: "[[fault:reset]]" }] });
        await assertAnswer(await post(envoy.origin, ask), "upstream_unavailable");
      } finally {
        await envoy.stop();
        await model.close();
      }
    });

    test("says so when nobody listens there", async () => {
      const nobody = `http://127.0.0.1:${await claimPort(0)}`;
      const envoy = await runEnvoy({ ...through, targets: [{ name: "up", origin: nobody }] });
      try {
        await assertAnswer(await post(envoy.origin, "{}"), "upstream_unavailable");
      } finally {
        await envoy.stop();
      }
    });

    test("says so when what listens there does not speak HTTP", async () => {
      const babbler = createServer((socket) => {
        socket.on("error", () => {});
        socket.end("hello?\r\n\r\n");
      }).listen(0, "127.0.0.1");
      await once(babbler, "listening");
      const { port } = babbler.address() as { port: number };
      const envoy = await runEnvoy({
        ...through,
        targets: [{ name: "up", origin: `http://127.0.0.1:${port}` }],
      });
      try {
        await assertAnswer(await post(envoy.origin, "{}"), "upstream_unavailable");
      } finally {
        await envoy.stop();
        babbler.close();
      }
    });
  });
});
