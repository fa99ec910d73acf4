import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { istioCommand } from "../../src/cli/istio.ts";
import { parseConfig } from "../../src/config/load.ts";
import { parseRegistry } from "../../src/registry/index.ts";
import { runCommand } from "../support/run-command.ts";
import { allManifests, ISTIO, manifest, manifestsIn, yamlFiles } from "./manifests.ts";

type Container = {
  readonly name: string;
  readonly args: readonly string[];
  readonly ports: readonly { name: string; containerPort: number }[];
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[];
  readonly securityContext: object;
  readonly [probe: `${string}Probe`]: { httpGet: { path: string; port: string } };
};
type Pod = {
  readonly containers: readonly Container[];
  readonly volumes: readonly { name: string }[];
  readonly securityContext: object;
};

function podOf(file: string): Pod {
  const { spec } = manifest(file, "Deployment");
  return (spec as { template: { spec: Pod } }).template.spec;
}

function regentOf(pod: Pod): Container {
  const regent = pod.containers.find(({ name }) => name === "regent");
  assert.ok(regent !== undefined);
  return regent;
}

const DEPLOYMENTS = ["base/workload.yaml", "gateway/deployment-patch.yaml"];
const CONFIG_FILE = join(ISTIO, "base", "regent.yaml");
const parsedConfig = parseConfig(readFileSync(CONFIG_FILE, "utf8"), CONFIG_FILE);
assert.ok(parsedConfig.ok, JSON.stringify(parsedConfig));
const config = parsedConfig.value;

test("the sidecar runs without privileges, on a root that it cannot write", () => {
  for (const file of DEPLOYMENTS) {
    assert.deepEqual(regentOf(podOf(file)).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
  assert.deepEqual(podOf("base/workload.yaml").securityContext, {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  });
});

test("the probes ask the port on which the sidecar answers them", () => {
  const port = Number(config.probes.listen.split(":").at(-1));
  for (const file of DEPLOYMENTS) {
    const regent = regentOf(podOf(file));
    const named = new Map(regent.ports.map(({ name, containerPort }) => [name, containerPort]));
    const probes = [regent.readinessProbe, regent.livenessProbe, regent.startupProbe];
    assert.deepEqual(
      probes.map((probe) => named.get(probe?.httpGet.port ?? "")),
      [port, port, port],
    );
    assert.deepEqual(
      probes.map((probe) => probe?.httpGet.path),
      ["/readyz", "/livez", "/readyz"],
    );
  }
});

test("Envoy reaches the sidecar where it listens, on the pod's loopback", () => {
  for (const file of ["base/service-entry.yaml", "gateway/service-entry.yaml"]) {
    const { spec } = manifest(file, "ServiceEntry");
    const { endpoints, ports } = spec as { endpoints: { address: string }[]; ports: { number: number }[] };
    assert.deepEqual(
      endpoints.map(({ address }) => `${address}:${ports[0]?.number}`),
      [config.listen],
    );
  }
});

test("every file that the sidecar's configuration names lies in a volume, and records where it can write", () => {
  for (const file of DEPLOYMENTS) {
    const pod = podOf(file);
    const regent = regentOf(pod);
    const configFile = regent.args.at(-1) as string;
    const at = (path: string) => posix.resolve(posix.dirname(configFile), path);
    const reads = [
      configFile,
      config.bundles[0]?.path,
      config.identity.apiKeys?.file,
      config.registry.file,
    ].map((path) => posix.dirname(at(path as string)));
    const mounts = regent.volumeMounts;
    const readOnly = mounts.filter((mount) => mount.readOnly === true).map(({ mountPath }) => mountPath);
    assert.deepEqual(new Set(reads), new Set(readOnly));
    const writable = mounts.filter((mount) => mount.readOnly !== true).map(({ mountPath }) => mountPath);
    assert.deepEqual(writable, [posix.dirname(at(config.audit.dir))]);
    assert.deepEqual(mounts.map(({ name }) => name).sort(), pod.volumes.map(({ name }) => name).sort());
  }
});

test("the registry of the sidecar has no fault", () => {
  const file = join(ISTIO, "base", "registry.yaml");
  const parsed = parseRegistry(readFileSync(file, "utf8"), file);
  assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
});

test("the filter in front of the workload is that of the registry's one target, at the port where it listens", () => {
  const [registry] = manifestsIn("base/registry.yaml");
  const targets = registry?.targets as { name: string }[];
  const { spec } = manifest("base/envoy-filter.yaml", "EnvoyFilter");
  const patches = (spec as { configPatches: { match: { cluster?: object } }[] }).configPatches;
  const atTarget = patches.filter((patch) => JSON.stringify(patch).includes('"x-regent-upstream"'));
  assert.deepEqual(
    atTarget.map((patch) => /"key":"x-regent-upstream","value":"([^"]+)"/.exec(JSON.stringify(patch))?.[1]),
    targets.map(({ name }) => name),
  );
  const model = podOf("base/workload.yaml").containers.find(({ name }) => name === "model");
  assert.deepEqual(
    atTarget.map(({ match }) => match.cluster),
    model?.ports.map(({ containerPort: portNumber }) => ({ portNumber })),
  );
});

test("the command of the README prints a route and a filter for each target that it names", async () => {
  const readme = readFileSync(join(ISTIO, "README.md"), "utf8");
  const [, command = ""] =
    /regent (istio generate[^>]*?) > istio\/gateway\/targets\.yaml/s.exec(readme) ?? [];
  const [, ...args] = command.split(/[\s\\]+/);
  const names = [...command.matchAll(/--target (\S+?)=/g)].map(([, name]) => name);
  assert.ok(names.length > 1, command);
  const { stdout, status } = await runCommand(istioCommand(), args);
  assert.equal(status, 0);
  const [service, filter] = parseAllDocuments(stdout).map((document) => JSON.stringify(document.toJS()));
  for (const name of names) {
    assert.ok(service?.includes(`"x-regent-target":{"exact":"${name}"}`), name);
    assert.ok(filter?.includes(`"key":"x-regent-upstream","value":"${name}"`), name);
  }
});

test("the policies and the pods that they are about have the same label", () => {
  const { spec } = manifest("base/workload.yaml", "Deployment");
  const { labels } = (spec as { template: { metadata: { labels: object } } }).template.metadata;
  const selectors = allManifests()
    .filter(({ file }) => file.startsWith("base/"))
    .map(
      ({ spec: of }) => of as { selector?: { matchLabels?: object }; workloadSelector?: { labels: object } },
    )
    .map((of) => of?.selector?.matchLabels ?? of?.workloadSelector?.labels)
    .filter((selector) => selector !== undefined);
  assert.ok(selectors.length >= 4);
  for (const selector of selectors) assert.deepEqual(selector, labels);
});

test("the kustomizations take every file of their folder, and each object is of their namespace", () => {
  for (const folder of ["base", "gateway"]) {
    const [kustomization] = manifestsIn(`${folder}/kustomization.yaml`);
    const {
      namespace,
      resources,
      configMapGenerator = [],
    } = kustomization as unknown as {
      namespace: string;
      resources: string[];
      configMapGenerator?: { name: string; files: string[] }[];
    };
    const taken = [...resources, ...configMapGenerator.flatMap(({ files }) => files), "kustomization.yaml"];
    const present = yamlFiles()
      .filter((file) => dirname(file) === folder)
      .map((file) => file.slice(folder.length + 1));
    const applied = present.filter((file) => file !== "deployment-patch.yaml");
    assert.deepEqual(taken.sort(), applied.sort());
    for (const file of resources) {
      for (const { kind, metadata } of manifestsIn(`${folder}/${file}`)) {
        assert.equal(kind === "Namespace" ? metadata?.name : metadata?.namespace, namespace, file);
      }
    }
  }
});
