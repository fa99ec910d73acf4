import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { renderFault } from "../document/fault.ts";
import { parseRegistry, type Registry } from "./registry.ts";
import { SENT_CHARS_MAX } from "./target-secrets.ts";

const SOUND = `
version: 1
aliases: { default: small }
targets:
  - { name: us, region: us, provider: sim, format: openai-chat }
  - { name: eu, region: eu, provider: sim, format: openai-chat, cluster: europe }
models:
  - name: small
    stage: active
    versions:
      - { name: small-1, weight: 90, targets: [us, eu] }
      - { name: small-2, weight: 10, targets: [eu] }
  - name: old
    stage: deprecated
    deprecatedSince: 2026-01-31
    sunset: 2027-01-31T00:00:00Z
    successor: small
    owner: platform
    roles: [analyst]
    dataClasses: [public]
    contextWindow: 4096
    maxOutputTokens: 256
    price: { input: 0.5, output: 1.5 }
    versions: [{ name: old, weight: 1, targets: [us] }]
  - { name: gone, stage: retired }
`;

function parsed(text: string, environment = {}): Registry {
  const result = parseRegistry(text, "registry.yaml", environment);
  assert.ok(result.ok, result.ok ? "" : result.faults.map(renderFault).join("\n"));
  return result.value;
}

function faults(text: string, environment = {}): string[] {
  const result = parseRegistry(text, "registry.yaml", environment);
  assert.ok(!result.ok, "the document must not pass");
  return result.faults.map((fault) =>
    renderFault(fault).replace("registry.yaml:", "").replace(" error config/", " "),
  );
}

function fromEnvironment(name: string): string {
  return `'\${${name}}'`;
}

/** The sound document with one place changed. */
function changed(from: string, to: string): string {
  assert.ok(SOUND.includes(from));
  return SOUND.replace(from, to);
}

test("binds versions to their targets, and names a target's cluster after it", () => {
  const registry = parsed(SOUND);
  const us = { name: "us", cluster: "us", region: "us", provider: "sim", format: "openai-chat" };
  const eu = { name: "eu", cluster: "europe", region: "eu", provider: "sim", format: "openai-chat" };
  assert.deepEqual(registry.resolve("small"), {
    name: "small",
    stage: "active",
    versions: [
      { name: "small-1", weight: 90, targets: [us, eu] },
      { name: "small-2", weight: 10, targets: [eu] },
    ],
  });
  assert.deepEqual(registry.resolve("old"), {
    name: "old",
    stage: "deprecated",
    deprecatedSince: "2026-01-31",
    sunset: "2027-01-31T00:00:00Z",
    successor: "small",
    owner: "platform",
    roles: ["analyst"],
    dataClasses: ["public"],
    contextWindow: 4096,
    maxOutputTokens: 256,
    price: { input: 0.5, output: 1.5 },
    versions: [{ name: "old", weight: 1, targets: [us] }],
  });
  assert.deepEqual(registry.resolve("gone"), { name: "gone", stage: "retired", versions: [] });
  assert.deepEqual(
    registry.models().map(({ name }) => name),
    ["small", "old", "gone"],
  );
});

test("resolves an alias to its model", () => {
  const registry = parsed(SOUND);
  assert.equal(registry.resolve("default"), registry.resolve("small"));
  assert.deepEqual([...registry.aliases()], [["default", "small"]]);
});

test("compares names exactly", () => {
  const registry = parsed(SOUND);
  for (const name of [
    "",
    "Small",
    " small",
    "small ",
    "smal",
    "small-1",
    "sm\u0430ll",
    "s\u200bmall",
    "__proto__",
    "constructor",
    "toString",
  ]) {
    assert.equal(registry.resolve(name), undefined, JSON.stringify(name));
  }
});

test("cannot be changed", () => {
  const model = parsed(SOUND).resolve("small") as unknown as { versions: unknown[] };
  assert.throws(() => Object.assign(model, { stage: "retired" }), TypeError);
  assert.throws(() => model.versions.pop(), TypeError);
});

test("reports names that occur twice or name nothing, each at its place", () => {
  assert.deepEqual(faults(changed("name: eu, region", "name: us, region")), [
    '6:13 duplicate targets[1].name: another target is called "us"',
    '11:52 unknown-target models[0].versions[0].targets[1]: no target is called "eu"',
    '12:48 unknown-target models[0].versions[1].targets[0]: no target is called "eu"',
  ]);
  assert.deepEqual(faults(changed("name: gone", "name: small")), [
    '25:13 duplicate models[2].name: another model is called "small"',
  ]);
  assert.deepEqual(faults(changed("name: small-2", "name: small-1")), [
    '12:17 duplicate models[0].versions[1].name: another version is called "small-1"',
  ]);
  assert.deepEqual(faults(changed("[us, eu]", "[us, us]")), [
    '11:52 duplicate models[0].versions[0].targets[1]: the target "us" is named twice',
  ]);
  assert.deepEqual(faults(changed("successor: small", "successor: smal")), [
    '17:16 unknown-model models[1].successor: no model is called "smal"; did you mean "small"?',
  ]);
});

test("reports an alias that names nothing, an alias of an alias and an alias with a model's name", () => {
  assert.deepEqual(
    faults(changed("{ default: small }", "{ default: small-1, other: default, old: small }")),
    [
      '3:21 unknown-model aliases.default: no model is called "small-1"; did you mean "small"?',
      '3:37 unknown-model aliases.other: no model is called "default"',
      '3:51 shadow aliases.old: "old" is a model; an alias cannot have its name',
    ],
  );
});

test("refuses names of models and versions that would be steps of a path", () => {
  for (const name of [".", ".."])
    assert.deepEqual(faults(changed("name: small-2", `name: "${name}"`)), [
      "12:17 value models[0].versions[1].name: must not be a step of a path, `.` or `..`",
    ]);
  assert.equal(parsed(changed("name: small-2", 'name: "..."')).resolve("small")?.versions[1]?.name, "...");
});

test("reports versions that can never be chosen, unless the model is retired", () => {
  assert.deepEqual(faults(changed("stage: retired", "stage: experimental")), [
    "25:5 no-version models[2].versions: only a retired model may be without versions",
  ]);
  assert.deepEqual(faults(changed("weight: 1, targets: [us]", "weight: 0, targets: [us]")), [
    "24:15 no-weight models[1].versions: at least one version must have a weight above 0",
  ]);
});

test("reports faults of form and of reference together", () => {
  const text = changed("stage: active", "stage: activ")
    .replace("default: small", "default: smal")
    .replace("weight: 10,", "weight: -1,");
  assert.deepEqual(faults(text), [
    '3:21 unknown-model aliases.default: no model is called "smal"; did you mean "small"?',
    '9:12 value models[0].stage: must be one of experimental, active, deprecated, retired; did you mean "active"?',
    "12:34 value models[0].versions[1].weight: must be at least 0",
  ]);
});

test("refuses values that mean nothing", () => {
  for (const [from, to] of [
    ["version: 1", "version: 2"],
    ["format: openai-chat }", "format: smoke-signals }"],
    ["deprecatedSince: 2026-01-31", "deprecatedSince: 2026-02-31"],
    ["sunset: 2027-01-31T00:00:00Z", "sunset: soon"],
    ["input: 0.5", "input: -0.5"],
    ["input: 0.5", "input: .nan"],
    ["maxOutputTokens: 256", "maxOutputTokens: 0"],
    ["weight: 90", "weight: 10001"],
    ["weight: 90", "weight: 0.5"],
    ["name: old\n", 'name: "old one"\n'],
    ["targets: [eu] }", "targets: [] }"],
    ["owner: platform", "ownr: platform"],
  ] as const) {
    assert.equal(faults(changed(from, to)).length, 1, to);
  }
});

test("reads a target's key from a file or the environment and never shows it", () => {
  const dir = mkdtempSync(join(tmpdir(), "registry-"));
  try {
    const [fileKey, environmentKey] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
    writeFileSync(join(dir, "eu.key"), `${fileKey}\n`);
    const text = changed("cluster: europe", "key: { file: eu.key }").replace(
      "format: openai-chat }",
      `format: openai-chat, key: ${fromEnvironment("US_KEY")} }`,
    );
    const result = parseRegistry(text, join(dir, "registry.yaml"), { US_KEY: environmentKey });
    assert.ok(result.ok);
    const keys = result.value.resolve("small")?.versions[0]?.targets.map(({ key }) => key?.reveal());
    assert.deepEqual(keys, [environmentKey, fileKey]);
    const shown = JSON.stringify(result.value.models()) + inspect(result.value.models(), { depth: 9 });
    assert.ok(!shown.includes(fileKey) && !shown.includes(environmentKey));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("refuses a key that stands in the document, and one that cannot be read", () => {
  const withKey = (key: string) => changed("cluster: europe", `key: ${key}`);
  const plain = randomBytes(8).toString("hex");
  const [fault] = faults(withKey(`k${plain}`));
  assert.match(fault ?? "", /^6:\d+ value targets\[1\]\.key: a secret is written as/);
  assert.ok(!fault?.includes(plain));
  assert.match(faults(withKey("{ file: missing.key }"))[0] ?? "", /^6:\d+ secret targets\[1\]\.key: ENOENT/);
  assert.match(
    faults(withKey(fromEnvironment("NOT_SET")))[0] ?? "",
    /secret targets\[1\]\.key: the environment variable NOT_SET is not set/,
  );
});

test("refuses a key that no header could carry as it is", () => {
  const withKey = changed("cluster: europe", `key: ${fromEnvironment("KEY")}`);
  const word = randomBytes(8).toString("hex");
  for (const key of [`${word}\n`, ` ${word}`, `${word} ${word}`, `${word}\r\nx: y`, `${word}\u00e9`]) {
    const [fault] = faults(withKey, { KEY: key });
    assert.match(
      fault ?? "",
      /^6:\d+ secret targets\[1\]\.key: the environment variable KEY must be one word/,
    );
    assert.ok(!fault?.includes(word));
  }
  assert.match(
    faults(withKey, { KEY: "x".repeat(SENT_CHARS_MAX + 1) })[0] ?? "",
    /more than 16384 characters/,
  );
  parsed(withKey, { KEY: "x".repeat(SENT_CHARS_MAX) });
});

test("knows which dialects a target takes besides its own, and refuses one that nobody speaks", () => {
  const speaking = (speaks: string) => `version: 1
targets: [{ name: t, region: r, provider: p, format: bedrock-converse, speaks: ${speaks} }]
models: [{ name: m, stage: active, versions: [{ name: m, weight: 1, targets: [t] }] }]
`;
  const parsed = parseRegistry(speaking("[openai-chat]"), "registry.yaml");
  assert.ok(parsed.ok);
  const [target] = parsed.value.resolve("m")?.versions[0]?.targets ?? [];
  assert.deepEqual([target?.format, target?.speaks], ["bedrock-converse", ["openai-chat"]]);
  assert.ok(!parseRegistry(speaking("[telex]"), "registry.yaml").ok);
});

test("reads what signs requests to AWS as secrets, and takes no key beside it", () => {
  const written = (more: string) => `version: 1
targets:
  - name: t
    region: r
    provider: p
    format: bedrock-converse
    aws: { region: eu-central-1, accessKeyId: "\${ID}", secretAccessKey: "\${SECRET}" }
    ${more}
models: [{ name: m, stage: active, versions: [{ name: m, weight: 1, targets: [t] }] }]
`;
  const values = { ID: randomBytes(8).toString("hex"), SECRET: randomBytes(16).toString("hex") };
  const parsed = parseRegistry(written(""), "registry.yaml", values);
  assert.ok(parsed.ok);
  const aws = parsed.value.resolve("m")?.versions[0]?.targets[0]?.aws;
  assert.deepEqual([aws?.region, aws?.service], ["eu-central-1", "bedrock"]);
  assert.deepEqual([aws?.accessKeyId.reveal(), aws?.secretAccessKey.reveal()], [values.ID, values.SECRET]);
  const printed = JSON.stringify(parsed.value.models()) + inspect(parsed.value.models(), { depth: null });
  for (const value of Object.values(values)) assert.ok(!printed.includes(value));

  const missing = parseRegistry(written(""), "registry.yaml", { ID: values.ID });
  assert.ok(!missing.ok);
  assert.match(missing.faults[0]?.message ?? "", /SECRET is not set/);
  const both = parseRegistry(written(`key: "\${ID}"`), "registry.yaml", values);
  assert.ok(!both.ok);
  assert.match(both.faults.map(({ message }) => message).join(), /not both/);
});

test("knows how a key is sent, and in whose project, location or version a target is asked", () => {
  const written = (more: string) =>
    parseRegistry(
      `version: 1
targets: [{ name: t, region: r, provider: p, ${more} }]
models: [{ name: m, stage: active, versions: [{ name: m, weight: 1, targets: [t] }] }]
`,
      "registry.yaml",
      { KEY: "k" },
    );
  const target = (more: string) => {
    const parsed = written(more);
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.faults.map(renderFault).join("\n"));
    return parsed.value.resolve("m")?.versions[0]?.targets[0];
  };
  const key = `key: "\${KEY}"`;
  const vertex = "vertex: { project: my-project, location: europe-west1 }";
  assert.equal(target(`format: openai-chat, ${key}, keyAs: api-key`)?.keyAs, "api-key");
  assert.deepEqual(target(`format: gemini-generate, ${vertex}`)?.vertex, {
    project: "my-project",
    location: "europe-west1",
  });
  assert.deepEqual(target("format: openai-responses, azure: {}")?.azure, {});
  assert.equal(
    target('format: openai-chat, speaks: [openai-responses], azure: { apiVersion: "2024-10-21" }')?.azure
      ?.apiVersion,
    "2024-10-21",
  );
  for (const [more, fault] of [
    ["format: openai-chat, keyAs: bearer", /targets\[0\]\.keyAs: there is no key/],
    [
      `format: openai-chat, ${key}, keyAs: cookie`,
      /keyAs: must be one of bearer, api-key, x-api-key, x-goog-api-key/,
    ],
    [`format: openai-chat, ${vertex}`, /format: Vertex AI is asked in gemini-generate/],
    [
      `format: gemini-generate, speaks: [openai-chat], ${vertex}`,
      /speaks\[0\]: Vertex AI is asked in gemini-generate/,
    ],
    ["format: anthropic-messages, azure: {}", /format: Azure OpenAI is asked in openai-chat or/],
    [`format: gemini-generate, ${vertex}, azure: {}`, /azure: a target is of vertex or azure/],
    ["format: openai-chat, azure: { apiVersion: latest }", /apiVersion: must be a dated version/],
    [
      "format: gemini-generate, vertex: { project: a/b, location: eu }",
      /project: must be the id or the number/,
    ],
    ["format: gemini-generate, vertex: { project: a, location: .. }", /location: must be a location/],
    ["format: gemini-generate, vertex: { project: a }", /location/],
  ] as const) {
    const parsed = written(more);
    assert.ok(!parsed.ok, more);
    assert.match(parsed.faults.map(renderFault).join("\n"), fault);
  }
});
