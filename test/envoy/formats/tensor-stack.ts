import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { ConfigSource } from "../../../src/config/schema.ts";
import { packageFile } from "../../../src/document/package-root.ts";
import type { FormatName } from "../../../src/exchange/inference.ts";
import { compileBundle } from "../../support/rego.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

/** The model of tensors: what clients call it, and what its one version is called at its server. */
export const MODEL = "tensors";
export const VERSION = "tensors-v7";

/**
 * The demo's registry and policies, with one more model on a server that the test brings.
 *
 * @param decision Rego of `data.regent.request.decision`, in the place of the demo's policies
 */
export async function startTensorStack(
  format: FormatName,
  origin: string,
  decision?: string,
): Promise<Governed> {
  const dir = mkdtempSync(join(tmpdir(), "regent-tensors-"));
  const file = join(dir, "registry.yaml");
  const demo = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8")) as {
    targets: object[];
    models: object[];
  };
  const targets = [...demo.targets, { name: MODEL, region: "us", provider: "self", format }];
  const model = {
    name: MODEL,
    stage: "active",
    owner: "research",
    dataClasses: ["public", "internal", "personal"],
    versions: [{ name: VERSION, weight: 100, targets: [MODEL] }],
  };
  writeFileSync(file, stringify({ ...demo, targets, models: [...demo.models, model] }));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const own = decision === undefined ? {} : await policiesOf(decision, dir);
    const stack = await startGoverned({
      config: (usual) => ({ ...usual, registry: { file }, ...own }),
      targets: [{ name: MODEL, origin }],
    });
    return { ...stack, stop: () => stack.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Policies that let every caller of ext_authz and every answer pass, and decide on requests as they are told. */
async function policiesOf(
  decision: string,
  dir: string,
): Promise<Pick<ConfigSource, "bundles" | "extAuthz">> {
  const path = join(dir, "bundle.tar.gz");
  const sources = {
    "authz.rego": "package envoy.authz\n\nallow := true\n",
    "request.rego": `package regent.request\n\n${decision}\n`,
    "response.rego": 'package regent.response\n\ndecision := {"allow": true}\n',
  };
  const entrypoints = ["envoy/authz/allow", "regent/request/decision", "regent/response/decision"];
  writeFileSync(path, await compileBundle(sources, entrypoints, "test"));
  return { bundles: [{ name: "test", path }], extAuthz: { entrypoint: "envoy/authz/allow" } };
}
