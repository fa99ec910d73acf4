import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { packageFile } from "../../src/document/package-root.ts";
import { ENVOY_DEFAULTS } from "../../src/local/envoy/options.ts";

type Service = {
  readonly image: string;
  readonly network_mode: string;
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly volumes: readonly string[];
  readonly build: { readonly context: string; readonly dockerfile: string };
};

const text = (...path: string[]) => readFileSync(packageFile(...path), "utf8");
const pin = (name: string) =>
  new RegExp(`^${name}=(.*)$`, "m").exec(text("tools", "versions.env"))?.[1] as string;
const { services } = parse(text("envoy", "compose.yaml"), { merge: true }) as {
  services: { readonly [name: string]: Service };
};
const dockerfile = text("deploy", "Dockerfile");
const after = (words: readonly string[], flag: string) => words[words.indexOf(flag) + 1];

describe("the compose file", () => {
  test("runs the Envoy that is pinned, on the committed configuration", () => {
    assert.equal(services.envoy?.image, `envoyproxy/envoy:v${pin("ENVOY_VERSION")}`);
    const [source, target] = services.envoy?.volumes[0]?.split(":") ?? [];
    assert.ok(existsSync(packageFile("envoy", source as string)));
    assert.equal(after(services.envoy?.command ?? [], "--config-path"), target);
  });

  test("starts the sample models where that configuration expects them", () => {
    for (const { name, origin } of ENVOY_DEFAULTS.targets) {
      const { command } = services[name] as Service;
      assert.equal(after(command, "--name"), name);
      assert.equal(`http://127.0.0.1:${after(command, "--port")}`, origin);
    }
    assert.ok(Object.values(services).every(({ network_mode }) => network_mode === "host"));
  });

  test("runs the sidecar on the committed configuration, from an image that is built here", () => {
    const { command, build } = services.regent as Service;
    assert.ok(existsSync(packageFile(after(command, "-c") as string)));
    assert.ok(existsSync(packageFile("envoy", build.context, build.dockerfile)));
  });
});

describe("the image", () => {
  test("is built with what is pinned", () => {
    assert.equal(/^ARG OPA_VERSION=(.*)$/m.exec(dockerfile)?.[1], pin("OPA_VERSION"));
    const major = pin("NODE_VERSION").split(".")[0];
    assert.match(dockerfile, new RegExp(`^FROM node:${major}-`, "m"));
    assert.match(dockerfile, new RegExp(`^FROM gcr.io/distroless/nodejs${major}-`, "m"));
  });

  test("does not run as root, and takes no secrets and no history of this folder in", () => {
    assert.match(dockerfile, /^USER 65532$/m);
    const ignored = text("deploy", "Dockerfile.dockerignore").split("\n");
    for (const folder of [".git", "var", "node_modules", "dist"]) assert.ok(ignored.includes(folder));
  });
});
