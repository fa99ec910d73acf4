import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";

type Entry = {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly optionalDependencies?: { readonly [name: string]: string };
};

const read = (file: string) => JSON.parse(readFileSync(packageFile(file), "utf8"));
const { packages } = read("package-lock.json") as { packages: { readonly [path: string]: Entry } };

// An install on one platform leaves the packages of others out of the lock file when a registry does not have them, and
// then a clean install fails everywhere.
test("the lock file has the builds of every platform that a dependency names", () => {
  for (const [path, { optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
      assert.ok(
        places.some((place) => packages[place]?.version),
        `${name}, which ${path} names, is not locked`,
      );
    }
  }
});

test("every dependency is pinned to one version, and what every platform installs to its bytes", () => {
  const { dependencies, devDependencies } = read("package.json") as {
    [kind: string]: { [name: string]: string };
  };
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    assert.match(version, /^(npm:.+@)?\d+\.\d+\.\d+$/, `${name} is pinned`);
  }
  for (const [path, { integrity, optional }] of Object.entries(packages)) {
    if (path !== "" && optional !== true) assert.match(integrity ?? "", /^sha512-/, path);
  }
});
