import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { renderOpaAddress } from "./address.ts";
import { type OpaOptions, OpaUsageError, opaCommandFrom } from "./command-line.ts";
import { longName, OPA_FLAGS } from "./flags.ts";
import { remoteOverrides } from "./remote.ts";

const commandOf = (options: OpaOptions, paths: readonly string[] = []) =>
  opaCommandFrom("opa.yaml", paths, options);

const camel = (flag: string) =>
  flag.slice(2).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

describe("the command line of opa run", () => {
  test("has OPA's defaults: this machine only, ten seconds to end", () => {
    const command = commandOf({});
    assert.deepEqual(command.addresses.map(renderOpaAddress), ["localhost:8181"]);
    assert.deepEqual(command.diagnosticAddresses, []);
    assert.deepEqual([command.graceMs, command.waitMs, command.readyTimeoutMs], [10_000, 0, 0]);
    assert.deepEqual([command.logLevel, command.logFormat, command.socketMode], ["info", "json", 0o755]);
    assert.deepEqual(command.warnings, []);
  });

  test("keeps URLs of bundles apart from paths, as a service and a bundle each", () => {
    const command = commandOf({}, ["policy.rego", "https://h.example/b/x.tar.gz?v=1"]);
    assert.deepEqual(command.paths, ["policy.rego"]);
    assert.deepEqual(
      remoteOverrides(command.remotes).map(({ path, value }) => [path.join("."), value]),
      [
        ["services.cli1.url", "https://h.example"],
        ["bundles.cli1.service", "cli1"],
        ["bundles.cli1.resource", "/b/x.tar.gz?v=1"],
        ["bundles.cli1.persist", true],
      ],
    );
  });

  for (const flag of OPA_FLAGS.filter(({ state }) => state === "refused")) {
    const name = longName(flag);
    test(`refuses ${name} by name, with what to do`, () => {
      const value = /</.test(flag.declaration) ? "x" : true;
      assert.throws(
        () => commandOf({ [camel(name)]: value }),
        (error) =>
          error instanceof OpaUsageError && error.message === `${name} is not supported: ${flag.note}`,
      );
    });
  }

  for (const flag of OPA_FLAGS.filter(({ state }) => state === "no effect")) {
    const name = longName(flag);
    test(`says that ${name} has no effect`, () => {
      const value = flag.list === undefined ? true : ["x"];
      assert.deepEqual(commandOf({ [camel(name)]: value }).warnings, [`${name} has no effect: ${flag.note}`]);
    });
  }

  test("takes authentication and authorization that are off", () => {
    commandOf({ authentication: "off", authorization: "off" });
    assert.throws(
      () => commandOf({ authentication: "tls", tlsCertFile: "x" }),
      /authentication[\s\S]*tls-cert-file/,
    );
  });

  for (const [options, fault] of [
    [{ addr: ["https://localhost:8181"] }, /--addr https:\/\/localhost:8181 asks for TLS/],
    [{ diagnosticAddr: ["8282"] }, /--diagnostic-addr 8282 must be HOST:PORT/],
    [{ unixSocketPerm: "888" }, /--unix-socket-perm 888 is not three octal digits/],
    [{ logLevel: "warn" }, /--log-level must be one of debug, info, error/],
    [{ logFormat: "xml" }, /--log-format must be one of json, json-pretty, text/],
    [{ shutdownGracePeriod: "-1" }, /--shutdown-grace-period must be a whole number/],
    [{ readyTimeout: "86401" }, /--ready-timeout must be a whole number of seconds, 0 to 86400/],
    [{ verificationKey: "secret" }, /--verification-key needs --bundle/],
    [{ verificationKey: "s", bundle: true, signingAlg: "none" }, /--signing-alg must be one of RS256/],
  ] as const)
    test(`refuses ${JSON.stringify(options)}`, () =>
      assert.throws(
        () => commandOf(options),
        (error) => error instanceof OpaUsageError && fault.test(error.message),
      ));

  test("takes a verification key from a file where there is one, and else as it stands", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "regent-opa-"));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "key.pem"), "PEM");
    const keyOf = (verificationKey: string) =>
      commandOf({ bundle: true, verificationKey, signingAlg: "HS256", scope: "read" }).verification;
    assert.deepEqual(keyOf(join(folder, "key.pem")), {
      keys: new Map([["default", { algorithm: "HS256", key: "PEM" }]]),
      scope: "read",
      excludeFiles: [],
    });
    assert.equal(keyOf("hush")?.keys.get("default")?.key, "hush");
  });
});
