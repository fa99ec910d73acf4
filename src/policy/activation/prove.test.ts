import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { KeptLog, withFileEngine } from "../../../test/support/policy-engine.ts";
import { compileBundle, type Sources, withFolder, writeSources } from "../../../test/support/rego.ts";
import { packageFile } from "../../document/package-root.ts";
import { createPolicyEngine } from "../engine.ts";
import { buildBundle } from "../opa/build.ts";
import { CAPABILITIES_FILE, findOpa, runOpa } from "../opa/opa.ts";

const DECISIONS = ["regent/request/decision", "regent/response/decision"];

/** The shipped library with a rule of somebody's own, built as `regent policy build` does, and started. */
async function startWithRule(file: string, rego: string): Promise<string> {
  return withFolder(async (folder) => {
    const policies = await libraryWith(folder, { [file]: rego });
    const path = join(folder, "policies.tar.gz");
    await buildBundle({ paths: [policies], output: path, entrypoints: [] });
    return start(path);
  });
}

/** @returns the folder of the shipped library with these files in it */
async function libraryWith(folder: string, sources: Sources): Promise<string> {
  const policies = join(folder, "policies");
  for (const part of ["lib", "main", "rules"])
    await cp(packageFile("policies", part), join(policies, part), { recursive: true });
  await writeSources(policies, sources);
  return policies;
}

async function start(path: string): Promise<string> {
  const engine = await createPolicyEngine({
    bundles: [{ name: "main", path }],
    decisions: DECISIONS,
    log: new KeptLog(),
    watch: false,
  });
  await engine.close();
  return engine.revision;
}

describe("a set of policies is proved before it decides:", () => {
  test("the shipped policies with a rule of the contract are taken", async () => {
    const rule =
      'package regent.rules.acme.hours\n\nwarn contains {"code": "late", "message": "m"} if input.phase == "never"\n';
    assert.notEqual(await startWithRule("rules/acme/hours/hours.rego", rule), "");
  });

  test("a rule whose package is of the wrong depth is named, although an empty input hides it", async () => {
    const denial =
      'deny contains {"code": "x", "kind": "permission", "message": "m"} if input.phase == "never"\n';
    await assert.rejects(
      startWithRule("rules/shallow/shallow.rego", `package regent.rules.shallow\n\n${denial}`),
      /the policy bundle main .* cannot be used: it has rules that cannot be carried out: shallow\/deny: its package must be regent\.rules\.<category>\.<rule>$/,
    );
    await assert.rejects(
      startWithRule("rules/acme/deep/deep.rego", `package regent.rules.acme.deep.deeper\n\n${denial}`),
      /cannot be carried out: acme\/deep: `deeper` is no part of a rule/,
    );
  });

  test("a rule whose name is none of the contract's is named, although it has no value unless a request asks for it", async () => {
    const rule = (text: string) =>
      `package regent.rules.acme.hours\n\n${text} if input.request.path == "/never"\n`;
    const none = (name: string) =>
      new RegExp(
        `cannot be carried out: acme/hours: \`${name}\` is no part of a rule; names of its own begin with`,
      );
    const refusing = '{"code": "x", "kind": "permission", "message": "m"}';
    for (const [name, text] of [
      ["denies", `denies contains ${refusing}`],
      ["labels_of", 'labels_of["team"] := "x"'],
      ["routes", 'routes := {"model": "x"}'],
      ["responses", "responses.inspect := true"],
    ] as const)
      await assert.rejects(startWithRule("rules/acme/hours/hours.rego", rule(text)), none(name));
    await assert.rejects(
      startWithRule("rules/acme/acme.rego", rule('labels := {"a": "b"}').replace(".hours", "")),
      /cannot be carried out: acme\/labels: its package must be regent\.rules\.<category>\.<rule>$/,
    );
  });

  test("such a name is found in what opa build wrote, and in Rego that is compiled at activation", async () => {
    await withFolder(async (folder) => {
      const policies = await libraryWith(folder, {
        "rules/acme/hours/hours.rego":
          'package regent.rules.acme.hours\n\ndenies contains 1 if input.request.path == "/never"\n',
      });
      const path = join(folder, "opa.tar.gz");
      const args = [
        "build",
        "--target",
        "wasm",
        "--capabilities",
        CAPABILITIES_FILE,
        "--ignore",
        "*_test.rego",
      ];
      const entrypoints = DECISIONS.flatMap((entrypoint) => ["--entrypoint", entrypoint]);
      const run = await runOpa(await findOpa(), [...args, ...entrypoints, "--output", path, policies]);
      assert.equal(run.status, 0, run.stderr);
      for (const bundle of [path, policies])
        await assert.rejects(start(bundle), /acme\/hours: `denies` is no part of a rule/, bundle);
    });
  });

  test("a rule whose every answer is of another form is named", async () => {
    const rule = 'package regent.rules.acme.loose\n\nlabels := ["none"] if input.phase == "request"\n';
    await assert.rejects(
      startWithRule("rules/acme/loose/loose.rego", rule),
      /regent\/request\/decision refuses everything: Rule acme\/loose: .*\(policy_rule_invalid\)/,
    );
    const sound = `default decision := {"allow": false}\n`;
    await refused(
      `${sound}\ndecision := {"allow": false, "reasons": [{"code": "policy_rule_invalid", "kind": "internal", "message": "Rule a/b: so.", "policy": "a/b", "severity": "error"}]} if input.phase == "response"`,
      /refuses everything: Rule a\/b: so\. \(policy_rule_invalid\)/,
    );
  });

  const bundle = (rego: string) =>
    compileBundle({ "p.rego": `package regent.request\n\n${rego}\n` }, [DECISIONS[0] ?? ""]);
  const refused = async (rego: string, pattern: RegExp) => {
    const archive = await bundle(rego);
    await assert.rejects(
      withFileEngine({ main: archive }, { decisions: DECISIONS.slice(0, 1) }, async () => {}),
      pattern,
    );
  };

  test("what governs answers an empty input, a request and an answer with a decision of the contract", async () => {
    await refused(
      "decision := 1 if input == {}",
      /answers an empty input with no decision: .*must be an object/,
    );
    await refused(
      'default decision := {"allow": false}\n\ndecision := {"allow": true, "x": 1} if input.phase == "request"',
      /answers a request with no decision: .*x/,
    );
    await refused(
      'default decision := {"allow": false}\n\ndecision := {"allow": 1} if input.phase == "response"',
      /answers an answer with no decision: .*allow/,
    );
    await refused(
      'default decision := {"allow": false}\n\ndecision := {"allow": x} if { some x in [true, false]; input.phase == "request" }',
      /regent\/request\/decision fails on a request: .*conflict/,
    );
  });
});
