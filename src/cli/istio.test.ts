import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { runCommand } from "../../test/support/run-command.ts";
import { packageFile } from "../document/package-root.ts";
import { istioCommand } from "./istio.ts";

type Manifest = { readonly kind: string; readonly spec: { readonly [key: string]: unknown } };

type Patch = {
  readonly applyTo: string;
  readonly patch: { readonly operation: string; readonly value: { readonly name?: string } };
};

const targets = (...all: readonly string[]) => all.flatMap((target) => ["--target", target]);
const generate = (...all: readonly string[]) => runCommand(istioCommand(), ["generate", ...targets(...all)]);

async function manifests(...all: readonly string[]): Promise<readonly Manifest[]> {
  const { stdout, status } = await generate(...all);
  assert.equal(status, 0);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

/** The HTTP options that the patch of one target puts into its cluster, and the cluster that it is for. */
async function patchOf(origin: string) {
  const found = (await manifests(`there=${origin}`)).find(({ kind }) => kind === "EnvoyFilter");
  assert.ok(found !== undefined);
  const [patch, ...others] = found.spec.configPatches as {
    match: { context: string; cluster: object };
    patch: { operation: string; value: { typed_extension_protocol_options: object } };
  }[];
  assert.ok(patch !== undefined && others.length === 0);
  const [options] = Object.values(patch.patch.value.typed_extension_protocol_options) as {
    [key: string]: unknown;
  }[];
  return { ...patch.match, operation: patch.patch.operation, options: options ?? {} };
}

describe("regent istio generate", () => {
  test("prints the targets that istio/gateway ships, when asked for them", async () => {
    const shipped = ["sim-us", "sim-eu", "sim-messages"].map(
      (name) => `${name}=http://${name}.models.svc.cluster.local:8080`,
    );
    const { stdout } = await generate(...shipped);
    assert.equal(stdout, readFileSync(packageFile("istio", "gateway", "targets.yaml"), "utf8"));
  });

  test("names the cluster of a target by host and port, and says its whole protocol", async () => {
    const cases = [
      [
        "http://a.models.svc.cluster.local:8000",
        "a.models.svc.cluster.local",
        8000,
        "http_protocol_options",
        false,
      ],
      [
        "grpc://a.models.svc.cluster.local:8001",
        "a.models.svc.cluster.local",
        8001,
        "http2_protocol_options",
        false,
      ],
      ["https://api.example.com/v1", "api.example.com", 443, "http_protocol_options", true],
      ["grpcs://api.example.com:8443", "api.example.com", 8443, "http2_protocol_options", true],
    ] as const;
    for (const [origin, service, portNumber, protocol, tls] of cases) {
      const { context, cluster, operation, options } = await patchOf(origin);
      assert.deepEqual([context, cluster, operation], ["GATEWAY", { service, portNumber }, "MERGE"], origin);
      assert.deepEqual(options.explicit_http_config, { [protocol]: {} }, origin);
      assert.deepEqual(
        options.upstream_http_protocol_options,
        tls ? { auto_sni: true, auto_san_validation: true } : undefined,
        origin,
      );
      assert.match(JSON.stringify(options.http_filters), /"x-regent-upstream","value":"there"/);
    }
  });

  test("makes a host outside known, whose certificate is checked and whose name requests carry", async () => {
    const all = await manifests("a=http://a.models.svc.cluster.local:80", "out=https://api.example.com");
    assert.deepEqual(
      all.map(({ kind }) => kind),
      ["VirtualService", "EnvoyFilter", "ServiceEntry", "DestinationRule"],
    );
    const [service, , entry, rule] = all;
    const http = service?.spec.http as { rewrite?: object; directResponse?: object }[];
    assert.deepEqual(
      http.map(({ rewrite }) => rewrite),
      [undefined, { authority: "api.example.com" }, undefined],
    );
    assert.deepEqual(http.at(-1)?.directResponse, { status: 503 }, "what has no target goes nowhere");
    assert.deepEqual([entry?.spec.hosts, entry?.spec.location], [["api.example.com"], "MESH_EXTERNAL"]);
    assert.deepEqual(rule?.spec.trafficPolicy, {
      tls: {
        mode: "SIMPLE",
        caCertificates: "/etc/ssl/certs/ca-certificates.crt",
        sni: "api.example.com",
        subjectAltNames: ["api.example.com"],
      },
    });
  });

  test("sends on what a host outside fails to serve, by clusters that name their targets", async () => {
    const outside = targets("us=https://a.example.com", "claude=https://b.example.com");
    const { stdout, status } = await runCommand(istioCommand(), [
      "generate",
      ...outside,
      "--fallback",
      "us=claude",
    ]);
    assert.equal(status, 0);
    const patches = parseAllDocuments(stdout).flatMap((document) => {
      const { kind, spec } = document.toJS() as Manifest;
      return kind === "EnvoyFilter" ? (spec.configPatches as Patch[]) : [];
    });
    assert.deepEqual(
      patches.map(({ applyTo, patch: { operation, value } }) => [applyTo, operation, value.name]),
      [
        ["CLUSTER", "MERGE", undefined],
        ["CLUSTER", "MERGE", undefined],
        ["CLUSTER", "ADD", "target:us"],
        ["CLUSTER", "ADD", "target:claude"],
        ["CLUSTER", "ADD", "retry:us"],
        ["HTTP_ROUTE", "MERGE", undefined],
      ],
    );
    // A way around the cluster of several is governed as well.
    for (const { patch } of patches.slice(0, 5)) assert.match(JSON.stringify(patch), /"x-regent-upstream"/);
    for (const [all, said] of [
      [["--fallback", "us=nobody"], /no target nobody/],
      [["--fallback", "nobody=us"], /no target nobody/],
      [["--fallback", "us=us"], /once/],
      [
        ["--target", "in=http://in.models.svc.cluster.local", "--fallback", "us=in"],
        /in is a service of the mesh/,
      ],
      [
        ["--target", "in=http://in.models.svc.cluster.local", "--fallback", "in=us"],
        /in is a service of the mesh/,
      ],
    ] as const) {
      const refused = await runCommand(istioCommand(), ["generate", ...outside, ...all]);
      assert.notEqual(refused.status, 0, String(all));
      assert.equal(refused.stdout, "");
      assert.match(refused.failure ?? "", said);
    }
  });

  test("refuses what Istio could not tell apart, or match by name", async () => {
    const a = "http://a.models.svc.cluster.local:80";
    for (const [all, said] of [
      [[`a=${a}`, `b=${a}`], /a and b are both a\.models\.svc\.cluster\.local:80/],
      [[`a=${a}`, `a=http://b.models.svc.cluster.local`], /two targets a/],
      [["a=http://10.0.0.1:80"], /not the whole name of a service/],
      [["a=http://[::1]:80"], /not the whole name of a service/],
      [["a=http://my-model:80"], /not the whole name of a service/],
      [["a=http://a_b.example.com"], /not the whole name of a service/],
    ] as const) {
      const { status, stdout, failure } = await generate(...all);
      assert.notEqual(status, 0, String(all));
      assert.equal(stdout, "");
      assert.match(failure ?? "", said);
    }
    for (const [all, said] of [
      [["a=ftp://a.example.com"], /not http or https/],
      [["nothing"], /Expected NAME=URL/],
      [[], /--target/],
    ] as const) {
      await assert.rejects(generate(...all), said);
    }
  });
});
