import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { renderFault } from "../../document/fault.ts";
import { createService } from "../../services/index.ts";
import type { Config } from "../config.ts";
import { ConfigError, loadConfig, missingReferences, parseConfig } from "../load.ts";

const faultsOf = (...lines: string[]): string[] => {
  const parsed = parseConfig(["version: 1", ...lines].join("\n"), "regent.yaml");
  return parsed.ok ? [] : parsed.faults.map(renderFault);
};
const service = (rest: string) => `services: [{ name: s, url: "https://h", ${rest} }]`;

async function load(lines: readonly string[], environment: { [name: string]: string }): Promise<Config> {
  return withFolder(async (folder) => {
    const file = join(folder, "regent.yaml");
    await writeFile(join(folder, "secret"), "from a file\n");
    await writeFile(file, ["version: 1", ...lines].join("\n"));
    return loadConfig(file, { packagedBundle: "/packaged", environment });
  });
}

describe("services in the configuration", () => {
  test("become what the services room takes, with their secrets closed", async () => {
    const { services } = await load(
      [
        "services:",
        "  - name: plain",
        "    url: http://127.0.0.1:1/base",
        `    headers: { x-a: clear, x-b: '\${B}', x-c: { file: secret } }`,
        "    tls: { caFile: ca.pem }",
        "    credentials: { bearer: { token: { file: token } } }",
        `  - { name: env, url: 'https://h', credentials: { bearer: { token: '\${B}', scheme: Token } } }`,
        `  - { name: tls, url: 'https://h', credentials: { clientTls: { certFile: c, keyFile: k, passphrase: '\${B}' } } }`,
        "  - { name: s3, url: 'https://h', credentials: { s3Signing: { region: r } } }",
        `  - { name: keys, url: 'https://h', credentials: { s3Signing: { accessKeyId: '\${B}', secretAccessKey: { file: secret } } } }`,
        "  - { name: file, url: 'https://h', credentials: { s3Signing: { profile: { file: aws, name: ci } } } }",
        `  - { name: oauth, url: 'https://h', credentials: { oauth2: { tokenUrl: 'https://i/t', clientId: me, clientSecret: '\${B}' } } }`,
      ],
      { B: "b-secret" },
    );
    assert.doesNotMatch(JSON.stringify(services), /b-secret|from a file/);
    const [plain, env, tls, s3, keys, file, oauth] = services.map(({ credentials }) => credentials);
    const revealed = Object.values(services[0]?.headers ?? {}).map((value) =>
      typeof value === "string" ? value : value.reveal(),
    );
    assert.deepEqual(revealed, ["clear", "b-secret", "from a file"]);
    assert.ok(plain?.kind === "bearer" && "file" in plain.token && plain.token.file.endsWith("/token"));
    assert.ok(env?.kind === "bearer" && "reveal" in env.token && env.token.reveal() === "b-secret");
    assert.equal(env.scheme, "Token");
    assert.ok(
      tls?.kind === "clientTls" && tls.passphrase?.reveal() === "b-secret" && tls.keyFile.startsWith("/"),
    );
    assert.deepEqual(s3, { kind: "s3Signing", keys: { from: "environment" }, service: "s3", region: "r" });
    assert.ok(keys?.kind === "s3Signing" && keys.keys.from === "explicit");
    assert.equal(keys.keys.secretAccessKey.reveal(), "from a file");
    assert.ok(file?.kind === "s3Signing" && file.keys.from === "profile" && file.keys.profile === "ci");
    assert.ok(oauth?.kind === "oauth2" && oauth.clientSecret.reveal() === "b-secret");
    for (const options of services) await createService(options).close();
  });

  test("every secret that cannot be read is a fault at its place, all at once", async () => {
    await assert.rejects(
      load(
        [
          service(
            `headers: { x: '\${NONE}' }, credentials: { oauth2: { tokenUrl: 'https://i', clientId: c, clientSecret: { file: gone } } }`,
          ),
        ],
        {},
      ),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.faults.length, 2);
        assert.match(error.message, /services\[0\]\.headers\.x: the environment variable NONE is not set/);
        assert.match(error.message, /services\[0\]\.credentials\.oauth2\.clientSecret: .*gone/);
        return true;
      },
    );
  });

  test("files that are not here are warned of", () => {
    const text = `version: 1\n${service("tls: { caFile: ca.pem }, credentials: { bearer: { token: { file: t } } }")}`;
    const parsed = parseConfig(text, "regent.yaml");
    assert.ok(parsed.ok);
    const places = missingReferences(parsed, "/nowhere", {}).map(({ path }) => path);
    assert.deepEqual(places, ["services[0].tls.caFile", "services[0].credentials.bearer.token"]);
  });

  const cases: readonly [string, string[], RegExp][] = [
    [
      "a token in the file itself",
      [service("credentials: { bearer: { token: abc } }")],
      /a secret is written as/,
    ],
    [
      "a password in the URL",
      ['services: [{ name: s, url: "https://u:p@h" }]'],
      /url: must be .* without credentials/,
    ],
    ["a query in the URL", ['services: [{ name: s, url: "https://h/?sig=1" }]'], /url: must be .* query/],
    ["no HTTP", ['services: [{ name: s, url: "ftp://h" }]'], /url: must be an http/],
    ["half a variable", [service(`headers: { x: 'a \${B}' }`)], /a variable is written alone/],
    [
      "two kinds of credentials",
      [service(`credentials: { bearer: { token: '\${T}' }, s3Signing: {} }`)],
      /only one kind of credentials counts, not bearer and s3Signing/,
    ],
    [
      "a client certificate without TLS",
      ["services: [{ name: s, url: 'http://h', credentials: { clientTls: { certFile: c, keyFile: k } } }]"],
      /a client certificate needs an https:\/\/ URL/,
    ],
    [
      "half a key of AWS",
      [service(`credentials: { s3Signing: { accessKeyId: '\${A}' } }`)],
      /accessKeyId and secretAccessKey belong together/,
    ],
    [
      "keys of AWS from two places",
      [
        service(
          `credentials: { s3Signing: { accessKeyId: '\${A}', secretAccessKey: '\${B}', profile: {} } }`,
        ),
      ],
      /not both/,
    ],
    [
      "a token URL in clear text",
      [service(`credentials: { oauth2: { tokenUrl: 'http://i', clientId: c, clientSecret: '\${S}' } }`)],
      /tokenUrl: must be an https:\/\/ URL/,
    ],
    [
      "two of one name",
      ["services: [{ name: s, url: 'http://h' }, { name: s, url: 'http://i' }]"],
      /another service has/,
    ],
    ["a bundle of nowhere", ["bundles: [{ name: b }]"], /comes from exactly one place/],
    [
      "a bundle of two places",
      ["services: [{ name: s, url: 'http://h' }]", "bundles: [{ name: b, path: p, service: s }]"],
      /comes from exactly one place/,
    ],
    [
      "a bundle of an unknown service",
      ["bundles: [{ name: b, service: s }]"],
      /no such service; there is none/,
    ],
    [
      "keys of a service on a file",
      ["bundles: [{ name: b, path: p, persist: true }]"],
      /persist: means nothing for a bundle with path/,
    ],
    [
      "delays the wrong way round",
      [
        "services: [{ name: s, url: 'http://h' }]",
        "bundles: [{ name: b, service: s, polling: { minDelay: 5m, maxDelay: 1m } }]",
      ],
      /maxDelay: must not be shorter than minDelay/,
    ],
    [
      "a status of an unknown service",
      ["status: { service: s }"],
      /status\.service: there is no such service/,
    ],
    ["a status for nobody", ["status: {}"], /nobody is told/],
    ["a label that is Regent's", ["labels: { id: x }"], /labels/],
  ];
  for (const [what, lines, message] of cases)
    test(`${what} is refused`, () => assert.match(faultsOf(...lines).join("\n"), message));
});
