import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Sources, withFolder, writeSources } from "../../../test/support/rego.ts";
import { fileOf } from "./archive.ts";
import { buildBundle } from "./build.ts";
import { findOpa, OpaError, runOpa } from "./opa.ts";

const DOCS = new URL("../../../docs/policy-input.md", import.meta.url);

type Manifest = {
  readonly revision: string;
  readonly metadata: { readonly regent: { readonly [member: string]: unknown } };
};

/** Builds sources; returns the archive and what stands in its manifest. */
async function built(sources: Sources, entrypoints: readonly string[], folder: string) {
  await writeSources(join(folder, "sources"), sources);
  const output = join(folder, "bundle.tar.gz");
  await buildBundle({ paths: [join(folder, "sources")], output, entrypoints });
  const archive = await readFile(output);
  return { output, archive, manifest: JSON.parse(fileOf(archive, ".manifest").toString()) as Manifest };
}

const RULES: Sources = {
  "main.rego":
    "package main\n\nout := {k: v | some category, rules in data.regent.rules; some k, v in rules[_]}\n\nby_name := data.regent.rules[input.category].deny\n",
  "a.rego":
    "package regent.rules.models.known\n\ndeny contains 1 if not input.model.name\n\n_own := input.unused\n",
  "b.rego":
    "package regent.rules.data.residency\n\ndeny contains 1 if _fits(input.targets)\n\n_fits(x) if x.region == input.region\n",
};

describe("a bundle that was built", () => {
  test("says what each entrypoint and each rule reads, and of which module", async () => {
    await withFolder(async (folder) => {
      const { manifest } = await built(RULES, ["main/out", "main/by_name"], folder);
      const { wasm, reads, rules, cache } = manifest.metadata.regent;
      assert.match(String(wasm), /^[0-9a-f]{64}$/);
      assert.deepEqual(reads, {
        "main/out": { model: { name: true }, region: true, targets: { region: true }, unused: true },
        "main/by_name": { category: true },
      });
      assert.deepEqual(rules, {
        "data/residency": { region: true, targets: { region: true } },
        "models/known": { model: { name: true }, unused: true },
      });
      assert.deepEqual(cache, {});
    });
  });

  test("is one that OPA reads and signs, and the same again for the same sources", async () => {
    await withFolder(async (folder) => {
      const { output, archive, manifest } = await built(RULES, ["main/out"], folder);
      const opa = await findOpa();
      const inspected = await runOpa(opa, ["inspect", "--format", "json", output]);
      assert.equal(inspected.status, 0, inspected.stderr);
      const seen = (JSON.parse(inspected.stdout) as { manifest: Manifest }).manifest;
      assert.deepEqual(seen.metadata, manifest.metadata);
      assert.equal(seen.revision, manifest.revision);
      const secret = join(folder, "secret");
      await writeFile(secret, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"));
      const signing = ["--signing-alg", "HS256", "--signing-key", secret, "--output-file-path", folder];
      const signed = await runOpa(opa, ["sign", ...signing, "--bundle", output]);
      assert.equal(signed.status, 0, signed.stderr);
      assert.match(await readFile(join(folder, ".signatures.json"), "utf8"), /"signatures"/);
      const again = await built(RULES, ["main/out"], folder);
      assert.ok(again.archive.equals(archive));
      assert.equal(gunzipSync(archive).length % 512, 0);
    });
  });
});

const claim = (cache: string, body: string): Sources => ({
  "p.rego": `package p\n\n# METADATA\n# custom:\n#   regent:\n#     cache: ${cache}\nallow if {\n${body}\n}\n`,
});
const CACHE = '{ depends_on: [input.identity.tenant, "input.request.headers[\\"x-team\\"]"], ttl: 30s }';

describe("a claim of what a decision depends on", () => {
  const build = (sources: Sources) =>
    withFolder(async (folder) => (await built(sources, ["p/allow"], folder)).manifest.metadata.regent.cache);
  const refused = (sources: Sources, ...messages: RegExp[]) =>
    assert.rejects(build(sources), (error) => {
      assert.ok(error instanceof OpaError, String(error));
      for (const message of messages) assert.match(error.message, message);
      return true;
    });

  test("that holds goes into the manifest", async () => {
    const body = '\tinput.identity.tenant == "acme"\n\tinput.request.headers["x-team"][0]';
    assert.deepEqual(await build(claim(CACHE, body)), {
      "p/allow": {
        depends_on: [
          ["identity", "tenant"],
          ["request", "headers", "x-team"],
        ],
        ttlMs: 30_000,
      },
    });
  });

  test("is refused with every path that the policy also reads, file and line", async () => {
    await refused(
      claim(CACHE, '\tinput.identity.tenant == "acme"\n\tinput.model.name'),
      /p\.rego:9: the policy also reads input\.model\.name, which depends_on does not name/,
    );
    const other = { "q.rego": "package q\n\nr if {\n\tinput.far.away\n}\n" };
    await refused(
      { ...claim(CACHE, "\tdata.q.r\n\tinput.identity.subject"), ...other },
      /q\.rego:4: the policy also reads input\.far\.away/,
      /p\.rego:9: the policy also reads input\.identity\.subject/,
    );
    await refused(
      claim(CACHE, "\tinput[input.identity.tenant]"),
      /the policy reads input, and a decision on/,
    );
  });

  test("is refused for bodies, budgets and time, whatever it says", async () => {
    const all = "{ depends_on: [input.request, input.budgets, input.parsed_body], ttl: 1s }";
    for (const read of [
      "request.body.model",
      "budgets",
      "parsed_body",
      "request.time",
      "request.id",
      "request",
    ])
      await refused(claim(all, `\tinput.${read}`), /p\.rego:8: the policy reads .*is never kept/);
    for (const call of [
      "time.now_ns() > 0",
      'rand.intn("x", 3) == 1',
      'uuid.rfc4122("x") != ""',
      "opa.runtime()",
    ])
      await refused(claim(all, `\t${call}`), /p\.rego:8: the policy calls \S+, which answers anew each time/);
  });

  test("as docs/policy-input.md shows it is one that holds", async () => {
    const [, shown = ""] = /```rego\n([^`]*)```/.exec(await readFile(DOCS, "utf8")) ?? [];
    const teams = { "teams/members/data.json": '{"acme":{"red":true}}', "teams.rego": shown };
    const { manifest } = await withFolder((folder) => built(teams, ["teams/allow"], folder));
    assert.match(JSON.stringify(manifest.metadata.regent.cache), /"ttlMs":30000/);
  });

  test("of another form is refused by name", async () => {
    const body = "\tinput.identity.tenant";
    const at = /p\/allow: METADATA custom\.regent\.cache/;
    await refused(claim("30s", body), at, /must be an object/);
    await refused(claim("{ depends_on: input.identity, ttl: 30s }", body), at, /must be a list/);
    await refused(
      claim("{ depends_on: [identity.tenant], ttl: 30s }", body),
      at,
      /"identity\.tenant" is no path/,
    );
    await refused(claim("{ depends_on: [input], ttl: 30s }", body), at, /"input" is no path/);
    await refused(claim("{ depends_on: [input.a..b], ttl: 30s }", body), at, /is no path/);
    await refused(claim("{ depends_on: [input.identity], ttl: 30 }", body), at, /must be a duration/);
    await refused(claim("{ depends_on: [input.identity], ttl: 25h }", body), at, /at most 24h/);
    await refused(claim("{ depends_on: [input.identity], tll: 30s }", body), at, /tll is not known/);
  });
});

test("a source that changes between the two runs of OPA fails the build and leaves no file", async () => {
  await withFolder(async (folder) => {
    const source = join(folder, "sources", "p.rego");
    await writeSources(join(folder, "sources"), { "p.rego": "package p\n\nallow if input.a\n" });
    const wrapper = join(folder, "opa");
    await writeFile(
      wrapper,
      `#!/bin/sh\n"${await findOpa()}" "$@" || exit $?\necho "# more" >> "${source}"\n`,
    );
    await chmod(wrapper, 0o755);
    const output = join(folder, "bundle.tar.gz");
    const before = process.env.OPA;
    process.env.OPA = wrapper;
    try {
      await assert.rejects(
        buildBundle({ paths: [join(folder, "sources")], output, entrypoints: ["p/allow"] }),
        /p\.rego changed while it was built/,
      );
    } finally {
      if (before === undefined) delete process.env.OPA;
      else process.env.OPA = before;
    }
    await assert.rejects(readFile(output), /ENOENT/);
  });
});
