import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { listenApi } from "../listen.ts";
import { createApi, createDiagnosticApi, UNSERVED } from "./api.ts";
import { PATH_STEPS_MAX, valueAt } from "./documents.ts";
import type { ApiDecision, ApiPolicies, ApiRooms, PluginState } from "./rooms.ts";

const LIMITS = { bytes: 64 * 1024, gzipBytes: 128 * 1024 };

/** Rules by their path, as functions of the input's text, beside base data. */
type World = {
  readonly rules?: { readonly [entrypoint: string]: (input: string) => JsonValue | undefined };
  readonly data?: JsonValue;
  readonly complete?: boolean;
  readonly plugins?: { [name: string]: PluginState };
  readonly log?: ApiRooms["log"];
  readonly notActivated?: string[];
};

function roomsOf({ rules = {}, data = {}, complete = true, ...world }: World): ApiRooms {
  const policies: ApiPolicies = {
    revision: "r1",
    bundles: { main: { revision: "r1" } },
    entrypoints: Object.keys(rules),
    complete,
    has: (entrypoint) => Object.hasOwn(rules, entrypoint),
    data: (path) => valueAt(data, path),
    evaluate: async (entrypoint, input) => {
      const rule = rules[entrypoint];
      if (rule === undefined) throw new RegentError("policy_unavailable");
      return { result: rule(String(input)), revision: "r1", durationMs: 1 };
    },
  };
  return {
    policies: () => policies,
    log: world.log,
    defaultDecision: "system/main",
    plugins: () => world.plugins ?? {},
    notActivated: () => world.notActivated ?? [],
    status: () => undefined,
    config: () => ({ labels: { id: "x" } }),
    metrics: async () => ({ contentType: "text/plain", text: "metric 1\n" }),
    observe: () => undefined,
    version: "0.0.0",
    bodyLimits: LIMITS,
  };
}

async function served(t: TestContext, world: World) {
  const errors: unknown[] = [];
  const log = { error: (facts: object) => errors.push(facts) };
  const rooms = roomsOf(world);
  const address = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  const api = await listenApi(createApi(rooms, log), address, 0o755, log);
  t.after(() => api.close());
  assert.ok(api.address.kind === "tcp");
  const url = `http://127.0.0.1:${api.address.port}`;
  const ask = async (
    method: string,
    path: string,
    body?: string | Buffer,
    headers: { readonly [name: string]: string } = {},
  ) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text), headers: response.headers };
  };
  return { ask, errors, rooms, log };
}

const ECHO: World = {
  rules: {
    "authz/allow": (input) => JSON.parse(input)?.user === "alice",
    authz: (input) => ({ allow: JSON.parse(input)?.user === "alice", roles: ["a", "b"], "x/y": 1 }),
    "system/main": (input) => ({ got: JSON.parse(input) }),
    broken: () => {
      throw new RegentError("policy_trap", undefined, { cause: new Error("divide by zero") });
    },
  },
  data: { users: [{ name: "bob" }], authz: { base: true }, deep: { a: { b: 1 } } },
};

describe("the data API", () => {
  test("answers rules, what is inside of their values, base data, and both together", async (t) => {
    const { ask } = await served(t, ECHO);
    const input = JSON.stringify({ input: { user: "alice" } });
    for (const [path, result] of [
      ["/v1/data/authz/allow", true],
      ["/v1/data/authz/roles/1", "b"],
      ["/v1/data/authz/x%2Fy", 1],
      ["/v1/data/users/0/name", "bob"],
      ["/v1/data//deep/a/", { b: 1 }],
      ["/v1/data/authz/none", undefined],
      ["/v1/data/nothing/at/all", undefined],
      ["/v1/data/users/0/__proto__", undefined],
    ] as const) {
      const { status, json } = await ask("POST", path, input);
      assert.deepEqual([status, json()], [200, result === undefined ? {} : { result }], path);
    }
  });

  test("answers a document that spans packages and data, where no package fails", async (t) => {
    const { broken, ...rules } = ECHO.rules ?? {};
    assert.ok(broken !== undefined);
    const { ask } = await served(t, { ...ECHO, rules });
    const { json } = await ask("GET", `/v1/data?input=${encodeURIComponent('{"user":"bob"}')}`);
    assert.deepEqual(json(), {
      result: {
        users: [{ name: "bob" }],
        deep: { a: { b: 1 } },
        authz: { allow: false, roles: ["a", "b"], "x/y": 1 },
        system: { main: { got: { user: "bob" } } },
      },
    });
  });

  test("warns of a body without an input, and asks without one", async (t) => {
    const { ask } = await served(t, ECHO);
    const warning = { code: "api_usage_warning", message: "'input' key missing from the request" };
    for (const body of ["", "{}", '{"input":null}', '{"inptu":1}'])
      assert.deepEqual((await ask("POST", "/v1/data/authz/allow", body)).json(), { result: false, warning });
    assert.deepEqual((await ask("GET", "/v1/data/authz/allow")).json(), { result: false });
  });

  test("hands the input over with all digits of its numbers", async (t) => {
    const text = '{"a":9007199254740993,"b":1.1234567890123456789,"c":1e400}';
    const { ask } = await served(t, { rules: { echo: (input) => input } });
    assert.deepEqual((await ask("POST", "/v1/data/echo", `{"input":${text}}`)).json(), { result: text });
  });

  test("takes YAML and gzip", async (t) => {
    const { ask } = await served(t, ECHO);
    const yaml = await ask("POST", "/v1/data/authz/allow", "input:\n  user: alice\n", {
      "content-type": "application/x-yaml",
    });
    assert.deepEqual(yaml.json(), { result: true });
    const zipped = gzipSync(JSON.stringify({ input: { user: "alice" } }));
    const gzip = await ask("POST", "/v1/data/authz/allow", zipped, { "content-encoding": "gzip" });
    assert.deepEqual(gzip.json(), { result: true });
  });

  test("shows what is asked for: pretty, provenance, metrics", async (t) => {
    const { ask } = await served(t, ECHO);
    const { text, json } = await ask("GET", "/v1/data/authz/allow?pretty&provenance=true&metrics");
    assert.match(text, /^\{\n {2}"provenance"/);
    assert.deepEqual(json().provenance.bundles, { main: { revision: "r1" } });
    assert.ok(json().metrics.timer_rego_query_eval_ns > 0);
  });

  for (const [what, method, path, body, headers, status, code, message] of [
    [
      "broken JSON",
      "POST",
      "/v1/data/authz",
      '{"input":',
      {},
      400,
      "invalid_parameter",
      /malformed input document/,
    ],
    ["a list", "POST", "/v1/data/authz", "[]", {}, 400, "invalid_parameter", /not a JSON object/],
    [
      "a broken parameter",
      "GET",
      "/v1/data/authz?input=%7B",
      undefined,
      {},
      400,
      "invalid_parameter",
      /parameter contains/,
    ],
    [
      "a quote in the path",
      "GET",
      "/v1/data/a%22b",
      undefined,
      {},
      400,
      "invalid_parameter",
      /invalid ref term/,
    ],
    [
      "a deep path",
      "GET",
      `/v1/data${"/a".repeat(PATH_STEPS_MAX + 1)}`,
      undefined,
      {},
      400,
      "invalid_parameter",
      /more than 64 parts/,
    ],
    [
      "a large body",
      "POST",
      "/v1/data/authz",
      `{"input":"${"x".repeat(LIMITS.bytes)}"}`,
      {},
      400,
      "invalid_parameter",
      /server\.decoding\.max_length/,
    ],
    [
      "a gzip bomb",
      "POST",
      "/v1/data/authz",
      gzipSync(Buffer.alloc(LIMITS.gzipBytes + 1)),
      { "content-encoding": "gzip" },
      400,
      "invalid_parameter",
      /server\.decoding\.gzip\.max_length/,
    ],
    [
      "what is no gzip",
      "POST",
      "/v1/data/authz",
      "hello",
      { "content-encoding": "gzip" },
      400,
      "invalid_parameter",
      /could not decompress/,
    ],
    [
      "explain",
      "GET",
      "/v1/data/authz?explain=full",
      undefined,
      {},
      501,
      "not_implemented",
      /explain is not served/,
    ],
    [
      "strict errors",
      "GET",
      "/v1/data/authz?strict-builtin-errors",
      undefined,
      {},
      501,
      "not_implemented",
      /compiled policies/,
    ],
    [
      "a rule that fails",
      "GET",
      "/v1/data/broken",
      undefined,
      {},
      500,
      "internal_error",
      /error\(s\) occurred while evaluating query/,
    ],
    ["writing data", "PUT", "/v1/data/authz", "{}", {}, 501, "not_implemented", /data comes in bundles/],
    ["patching data", "PATCH", "/v1/data/authz", "[]", {}, 501, "not_implemented", /data comes in bundles/],
    [
      "deleting data",
      "DELETE",
      "/v1/data/authz",
      undefined,
      {},
      501,
      "not_implemented",
      /data comes in bundles/,
    ],
    [
      "the list of policies",
      "GET",
      "/v1/policies",
      undefined,
      {},
      501,
      "not_implemented",
      /change the bundle/,
    ],
    ["a new policy", "PUT", "/v1/policies/x", "package x", {}, 501, "not_implemented", /change the bundle/],
    ["a query", "POST", "/v1/query", "{}", {}, 501, "not_implemented", /put the query into a rule/],
    ["partial evaluation", "POST", "/v1/compile", "{}", {}, 501, "not_implemented", /use OPA/],
    ["an unknown route", "GET", "/v2/data", undefined, {}, 404, "resource_not_found", /no such route/],
    [
      "status that is not configured",
      "GET",
      "/v1/status",
      undefined,
      {},
      500,
      "internal_error",
      /status plugin not enabled/,
    ],
  ] as const) {
    test(`answers ${what} with OPA's form of an error`, async (t) => {
      const { ask } = await served(t, ECHO);
      const reply = await ask(method, path, body as string | undefined, headers);
      assert.equal(reply.status, status, reply.text);
      assert.equal(reply.json().code, code);
      assert.match(reply.json().message, message);
    });
  }

  test("says which entrypoints there are when a path is none, and never that it is undefined", async (t) => {
    const { ask } = await served(t, { rules: { "a/b": () => true }, data: { c: 1 }, complete: false });
    for (const path of ["/v1/data/a", "/v1/data/x", "/v1/data"]) {
      const { status, json } = await ask("GET", path);
      assert.equal(status, 501, path);
      assert.match(json().message, /is no entrypoint of the compiled policies; there are: \/v1\/data\/a\/b/);
    }
    assert.deepEqual((await ask("GET", "/v1/data/c")).json(), { result: 1 });
    assert.deepEqual((await ask("GET", "/v1/data/a/b/c")).json(), {});
  });

  test("answers the older forms: the body is the input and the answer the value", async (t) => {
    const { ask } = await served(t, ECHO);
    assert.deepEqual((await ask("POST", "/v0/data/authz/allow", '{"user":"alice"}')).json(), true);
    assert.deepEqual((await ask("POST", "/", '{"user":"eve"}')).json(), { got: { user: "eve" } });
    const missing = await ask("POST", "/v0/data/authz/none", "{}");
    assert.equal(missing.status, 404);
    assert.deepEqual(missing.json(), {
      code: "undefined_document",
      message: "document missing or undefined: data.authz.none",
    });
    assert.equal((await ask("GET", "/v0/data/authz")).status, 405);
  });
});

describe("decisions of the API", () => {
  test("are logged before they are let out, with who asked", async (t) => {
    const logged: ApiDecision[] = [];
    const { ask } = await served(t, { ...ECHO, log: (decision) => logged.push(decision) });
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    const reply = await ask("POST", "/v1/data/authz/allow", '{"input":{"user":"alice"}}', { traceparent });
    await ask("POST", "/v0/data/authz/none", "{}");
    await ask("GET", "/v1/data/broken");
    assert.equal(logged.length, 3);
    const [first, second, third] = logged;
    assert.equal(reply.json().decision_id, first?.decisionId);
    assert.match(first?.requestedBy ?? "", /^127\.0\.0\.1:\d+$/);
    assert.deepEqual([first?.path, first?.result, first?.requestId], ["authz/allow", true, 1]);
    assert.deepEqual([first?.traceId, first?.spanId], ["ab".repeat(16), "cd".repeat(8)]);
    assert.equal(String(first?.input), '{"user":"alice"}');
    assert.equal(second?.error?.code, "undefined_document");
    assert.equal(third?.error?.code, "internal_error");
  });

  test("are not let out when they cannot be logged", async (t) => {
    const log = () => {
      throw new Error("the log is closed");
    };
    const { ask } = await served(t, { ...ECHO, log });
    const { status, json } = await ask("GET", "/v1/data/authz/allow");
    assert.deepEqual(
      [status, json()],
      [500, { code: "internal_error", message: "decision_logs: the log is closed" }],
    );
  });
});

describe("the health API", () => {
  const get = async (t: TestContext, path: string, world: World) => {
    const { ask } = await served(t, world);
    const { status, json } = await ask("GET", path);
    return [status, json()];
  };
  const waiting: World = {
    plugins: { bundle: "NOT_READY", status: "OK" },
    notActivated: ["authz"],
  };

  test("is well without questions, whatever the bundles are", async (t) => {
    assert.deepEqual(await get(t, "/health", waiting), [200, {}]);
  });

  test("names the bundles that are awaited", async (t) => {
    const error = "one or more bundles are not activated: authz";
    assert.deepEqual(await get(t, "/health?bundles", waiting), [500, { error }]);
    assert.deepEqual(await get(t, "/health?bundle=true", waiting), [500, { error }]);
    assert.deepEqual(await get(t, "/health?bundles=false", waiting), [200, {}]);
    assert.deepEqual(await get(t, "/health?bundles", { plugins: { bundle: "OK" } }), [200, {}]);
  });

  test("looks at all plugins but those that are left out", async (t) => {
    assert.deepEqual(await get(t, "/health?plugins", waiting), [
      500,
      { error: "one or more plugins are not up" },
    ]);
    assert.deepEqual(await get(t, "/health?plugins&exclude-plugin=bundle", waiting), [200, {}]);
  });

  test("asks the policy system.health where there is one", async (t) => {
    const rules = {
      "system/health": (input: string) => ({ live: true, ready: JSON.parse(input).plugins_ready, text: "x" }),
    };
    assert.deepEqual(await get(t, "/health/live", { rules }), [200, {}]);
    assert.deepEqual(await get(t, "/health/ready", { rules, plugins: { bundle: "NOT_READY" } }), [
      500,
      { error: "health check (data.system.health.ready) returned unexpected value" },
    ]);
    assert.deepEqual(await get(t, "/health/text", { rules }), [
      500,
      { error: "health check (data.system.health.text) returned unexpected value" },
    ]);
    assert.deepEqual(await get(t, "/health/live", {}), [
      500,
      { error: "health check (data.system.health.live) was undefined" },
    ]);
  });
});

test("the diagnostic address serves health and metrics, and no decision and no configuration", async (t) => {
  const { rooms, log } = await served(t, ECHO);
  const api = createDiagnosticApi(rooms, log);
  const status = async (path: string, init?: RequestInit) =>
    (await api.request(`http://localhost${path}`, init)).status;
  assert.deepEqual([await status("/health"), await status("/metrics")], [200, 200]);
  for (const path of ["/", "/v1/data", "/v1/data/authz", "/v1/config", "/v1/status"])
    assert.equal(await status(path), 404, path);
  assert.equal(await status("/v1/data/authz", { method: "POST", body: "{}" }), 404);
});

test("each route that is not served says what to do instead", async (t) => {
  const { ask } = await served(t, ECHO);
  for (const [path, why] of UNSERVED) {
    const { status, json } = await ask("GET", path.replace("*", "x"));
    assert.equal(status, 501, path);
    assert.ok(json().message.endsWith(why), path);
  }
});

test("the API is served on a unix socket with the permissions that are asked for", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "regent-opa-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "opa.sock");
  const { rooms, log } = await served(t, ECHO);
  const listening = await listenApi(createApi(rooms, log), { kind: "unix", path }, 0o700, log);
  t.after(() => listening.close());
  const text = await new Promise<string>((resolve, reject) => {
    request({ socketPath: path, path: "/v1/data/users/0/name" }, (response) => {
      response.setEncoding("utf8").on("data", resolve).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
  assert.deepEqual(JSON.parse(text), { result: "bob" });
});
