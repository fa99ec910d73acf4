import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";

const GENERATE = fileURLToPath(new URL("generate", import.meta.url));
const PROTO_DIR = fileURLToPath(new URL("../../proto", import.meta.url));
/** A first run downloads and compiles the descriptors of Envoy. */
const GENERATE_MS_MAX = 300_000;

test("proto/ and the codecs are what the pinned descriptors give", { timeout: GENERATE_MS_MAX }, (t) => {
  // The Node that runs this test runs the generator too.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync(GENERATE, ["--check"], { encoding: "utf8", env });
  assert.equal(status, 0, `${stdout}${stderr}`);
  if (stderr.includes("SKIPPED")) t.diagnostic(stderr.trim());
});

test("proto-loader reads the services and what Envoy 1.40 knows", () => {
  const files = [
    "envoy/service/auth/v2/external_auth.proto",
    "envoy/service/auth/v3/external_auth.proto",
    "envoy/service/ext_proc/v3/external_processor.proto",
    "grpc/health/v1/health.proto",
  ];
  const definitions = loadSync(files, { includeDirs: [PROTO_DIR] });
  const methods = (service: string) => Object.keys(definitions[service] ?? {}).sort();
  assert.deepEqual(methods("envoy.service.auth.v2.Authorization"), ["Check"]);
  assert.deepEqual(methods("envoy.service.auth.v3.Authorization"), ["Check"]);
  assert.deepEqual(methods("envoy.service.ext_proc.v3.ExternalProcessor"), ["Process"]);
  assert.deepEqual(methods("grpc.health.v1.Health"), ["Check", "List", "Watch"]);
  const mode = definitions["envoy.extensions.filters.http.ext_proc.v3.ProcessingMode"];
  assert.match(JSON.stringify(mode?.type), /FULL_DUPLEX_STREAMED/);
  assert.ok("envoy.service.ext_proc.v3.StreamedImmediateResponse" in definitions);
});
