import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { renderIstioTargets } from "../../src/local/istio/targets.ts";
import { istioApi, meshFields, specValidators } from "./istio-api.ts";
import { allManifests, type Manifest, meshProvider } from "./manifests.ts";

const api = istioApi();
const options =
  api === undefined ? { skip: "SKIPPED: Go is absent, so Istio's schemas cannot be fetched" } : {};
const ISTIO_GROUP = /^(networking|security)\.istio\.io\//;

test("every object of Istio's fits the schema of its kind, with no unknown field", options, () => {
  const validators = specValidators(api as string);
  const objects = allManifests().filter(({ apiVersion }) => ISTIO_GROUP.test(apiVersion));
  assert.ok(objects.length >= 9);
  for (const { file, apiVersion, kind, spec } of objects) {
    const validate = validators.get(`${apiVersion}/${kind}`);
    assert.ok(validate !== undefined, `${file}: Istio has no ${apiVersion} ${kind}`);
    assert.ok(validate(spec), `${file}: ${JSON.stringify(validate.errors)}`);
  }
});

test("what is printed for targets of every kind fits as well", options, () => {
  const validators = specValidators(api as string);
  const targets = ["http", "grpc", "https", "grpcs"].map((scheme) => ({
    name: scheme,
    origin: `${scheme}://${scheme}.example.com`,
    fallbacks: scheme === "https" ? ["grpcs"] : [],
  }));
  const kinds = parseAllDocuments(renderIstioTargets(targets)).map((document) => {
    const { apiVersion, kind, spec } = document.toJS() as Manifest;
    const validate = validators.get(`${apiVersion}/${kind}`);
    assert.ok(validate?.(spec), `${kind}: ${JSON.stringify(validate?.errors)}`);
    return kind;
  });
  assert.equal(kinds.filter((kind) => kind === "DestinationRule").length, 2);
});

test("a misspelt field, a wrong type and an unknown choice are faults", options, () => {
  const validators = specValidators(api as string);
  const wrong: readonly (readonly [string, unknown])[] = [
    ["networking.istio.io/v1alpha3/EnvoyFilter", { configPatch: [] }],
    ["networking.istio.io/v1alpha3/EnvoyFilter", { configPatches: [{ applyTo: "HTTP_FILTERS" }] }],
    ["security.istio.io/v1/AuthorizationPolicy", { action: "CUSTOM", provider: { nam: "regent" } }],
    ["networking.istio.io/v1/ServiceEntry", { hosts: ["a"], ports: [{ number: "x", name: "grpc" }] }],
  ];
  for (const [kind, spec] of wrong) assert.equal(validators.get(kind)?.(spec), false, JSON.stringify(spec));
});

test("the mesh fragment has no field that Istio does not know", options, () => {
  const { envoyExtAuthzGrpc } = meshProvider();
  const known = meshFields(
    api as string,
    "MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationGrpcProvider",
  );
  assert.deepEqual(
    Object.keys(envoyExtAuthzGrpc).filter((field) => !known.has(field)),
    [],
  );
});
