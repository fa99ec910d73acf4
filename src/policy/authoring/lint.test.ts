import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Sources, withFolder, writeSources } from "../../../test/support/rego.ts";
import { packageFile } from "../../document/package-root.ts";
import { findOpa } from "../opa/opa.ts";
import { collectSources } from "../opa/sources.ts";
import { checkPolicies } from "./check.ts";
import type { PolicyFinding } from "./finding.ts";
import { lintPolicies } from "./lint.ts";
import { OUTLETS } from "./rule-form.ts";

type Say = (
  opa: string,
  sources: Awaited<ReturnType<typeof collectSources>>,
) => Promise<readonly PolicyFinding[]>;

/** What is found in sources, as `file:row code message`. */
function found(say: Say, sources: Sources): Promise<readonly string[]> {
  return withFolder(async (folder) => {
    await writeSources(folder, sources);
    const findings = await say(await findOpa(), await collectSources([folder], []));
    return findings.map(
      ({ file, row, code, message }) => `${file.replace(join(folder, "/"), "")}:${row} ${code} ${message}`,
    );
  });
}

test("a name that the contract's input does not have is an error in packages of Regent, with what was meant", async () => {
  const sources = {
    "a.rego": "package regent.rules.a.b\n\ndeny contains 1 if input.modle.name\n",
    "b.rego": "package regent.rules.a.c\n\ndeny contains 1 if input.request.haeders.x\n",
    "c.rego": "package envoy.authz\n\nallow if input.attributes.request.http.method == input.modle\n",
  };
  assert.deepEqual(await found(checkPolicies, sources), [
    "a.rego:3 type undefined ref: input.modle.name; did you mean model?",
    "b.rego:3 type undefined ref: input.request.haeders.x; did you mean headers?",
  ]);
});

test("a function that is not there is an error that says where it would come from", async () => {
  const sources = {
    "a.rego": "package regent.rules.a.b\n\nimport data.regent.lib.result\n\ndeny contains result.denial(1)\n",
    "b.rego": "package regent.rules.a.c\n\ndeny contains data.acme.told(1)\n",
    "c.rego": "package c\n\nx := json.sing(1)\n",
  };
  const advice = (name: string) => `undefined function ${name}; `;
  const page = "docs/builtins.md lists the builtins that Regent has.";
  assert.deepEqual(await found(checkPolicies, sources), [
    `a.rego:5 type ${advice("data.regent.lib.result.denial")}Name the folder of the package regent.lib.result too: regent.lib is in policies/lib.`,
    `b.rego:3 type ${advice("data.acme.told")}Name the folder of the package acme too.`,
    `c.rego:3 type ${advice("json.sing")}${page}`,
  ]);
});

test("everything that the contract's input may hold can be asked for", async () => {
  const rego = `package regent.rules.a.b

_asked := [
	input.version.regent,
	input.request.headers["x-any"][0],
	input.request.body.messages[_].content,
	input.request.parsed_query.q[0],
	input.identity.claims.any.thing,
	input.inference.parameters.temperature,
	input.inference.tensors[0].shape,
	input.model.versions[_].targets[_],
	input.findings[_].where[_],
	input.risk.injection,
	input.budgets[_].remaining,
	input.targets[_].load.queue,
	input.source.address,
	input.response.usage.input,
]
`;
  assert.deepEqual(await found(checkPolicies, { "a.rego": rego }), []);
});

test("what does not compile, and builtins that Regent lacks, are errors", async () => {
  const http = 'package a\n\nr := http.send({"method": "get", "url": "http://x"})\n';
  const [absent = ""] = await found(checkPolicies, { "a.rego": http });
  assert.match(
    absent,
    /^a\.rego:3 type undefined function http\.send; http\.send is not there\. .* docs\/builtins\.md lists/,
  );
  const [unsafe = ""] = await found(checkPolicies, { "a.rego": "package b\n\nr if x == 1\n" });
  assert.match(unsafe, /^a\.rego:3 unsafe_var /);
});

const NEGATIONS = `package example

_known if input.a

fine if {
	not _known
	not input.b
	some x in input.list
	not x in {"a", "b"}
	not startswith(x, "a")
	not _helper(x)
}

_helper(x) if x.region == "eu"

faulty if not is_object(input.model)

faulty if not input.size <= 3

faulty if not "x" in input.list

faulty if not startswith(_text, "a")

faulty if {
	some x in input.list
	not x.region in {"eu"}
}

faulty if count([1 | not is_string(data.b)]) > 0

_text := input.text
`;

test("negations of calls on what may be undefined are found, and no others", async () => {
  const lines = NEGATIONS.split("\n");
  const rows = lines.flatMap((line, index) =>
    (line.startsWith("faulty") && line.includes("not")) || line.includes("not x.region") ? [index + 1] : [],
  );
  const findings = await found(lintPolicies, { "a.rego": NEGATIONS });
  assert.deepEqual(
    findings.map((finding) => finding.split(" ").slice(0, 2).join(" ")),
    rows.map((row) => `a.rego:${row} negation`),
  );
  assert.equal(rows.length, 6);
});

test("heads of different depth are found, which compiled Wasm does not find by a variable", async () => {
  const sources = {
    "a.rego": `package a

v.a[x] contains 1 if some x in input.a

v.b.c[x] contains 1 if some x in input.b

v.d[x] contains 1 if some x in input.d

w.b.c[x] contains 1 if some x in input.b

w.b.d := 1
`,
  };
  const findings = await found(lintPolicies, sources);
  assert.deepEqual(
    findings.map((finding) => finding.split(" ").slice(0, 2).join(" ")),
    ["a.rego:5 uneven-heads"],
  );
});

test("rules that nobody would ask are errors whatever their conditions: names, functions, packages", async () => {
  const rule = (name: string, text: string) => ({
    [name]: `package regent.rules.a.b\n\n${text} if input.phase == "x"\n`,
  });
  const sources = {
    ...rule("a.rego", "denies contains 1"),
    ...rule("b.rego", 'labels["team"] := "x"'),
    ...rule("c.rego", "_own := 1"),
    ...rule("d.rego", "deny(_) := 1"),
    ...rule("e.rego", "response.inspect := true"),
    ...rule("f.rego", "wrn.a[1] contains 1"),
    "g.rego": 'package regent.rule.a.b\n\ndeny contains 1 if input.phase == "x"\n',
    "h.rego": 'package regnet.rules.a.b\n\nresponse.inspect := true if input.phase == "x"\n',
    "i.rego": 'package regent.rules\n\ndeny contains 1 if input.phase == "x"\n',
    "j.rego": "package regent.rules.a.b.c\n\n_own := 1\n",
    "k.rego": "package regent.roles.a.b\n\nnames contains 1\n",
    "l.rego": "package acme.rules.a.b\n\ndeny contains 1\n",
  };
  const findings = await found(checkPolicies, sources);
  assert.deepEqual(
    findings.map((finding) => finding.replace(/; names of its own .* response(?=;|$)/, "")),
    [
      "a.rego:3 rule-name `denies` is no part of a rule",
      "d.rego:3 rule-name `deny` takes arguments: it is a function, which nobody asks",
      "f.rego:3 rule-name `wrn` is no part of a rule; did you mean warn?",
      "g.rego:1 rule-package the package of a rule is regent.rules.<category>.<rule>, and not regent.rule.a.b",
      "h.rego:1 rule-package the package of a rule is regent.rules.<category>.<rule>, and not regnet.rules.a.b",
      "i.rego:1 rule-package the package of a rule is regent.rules.<category>.<rule>, and not regent.rules",
      "j.rego:1 rule-package the package of a rule is regent.rules.<category>.<rule>, and not regent.rules.a.b.c",
    ],
  );
});

test("what a rule may say is what the contract of the shipped policies knows", async () => {
  const contract = await readFile(packageFile("policies", "lib", "contract.rego"), "utf8");
  const table = /^_outlets := \{\n(.*?)^\}/ms.exec(contract)?.[1] ?? "";
  assert.deepEqual(
    [...table.matchAll(/"(\w+)": "(?:set|object)"/g)].map(([, name]) => name),
    OUTLETS,
  );
});

const RULE = `# METADATA
# title: A rule
# description: A rule.
# custom:
#   category: a
#   codes: []
package regent.rules.a.b

deny contains {"code": "x", "kind": "content", "message": "No."} if input.phase == "response"

_own := 1
`;
const RULE_TEST = `package regent.rules_test.a.b

import data.regent.rules.a.b

test_allow if b.deny == set() with input as {}
`;

test("a rule in its form with a test has no findings", async () => {
  assert.deepEqual(await found(lintPolicies, { "b.rego": RULE, "b_test.rego": RULE_TEST }), []);
});

test("the form of a rule is looked at: package, names, METADATA, test, format", async () => {
  const findings = async (rego: string, more: Sources = { "b_test.rego": RULE_TEST }) =>
    (await found(lintPolicies, { "b.rego": rego, ...more })).map((finding) => finding.slice(0, 100));
  const [misspelt = ""] = await findings(`${RULE}\ndenny contains 1\n`);
  assert.match(misspelt, /^b\.rego:13 rule-name `denny` is no part of a rule/);
  const [short = ""] = await findings("package regent.rules.a\n\ndeny contains 1\n", {});
  assert.match(short, /^b\.rego:1 rule-package the package of a rule is regent\.rules\.<category>\.<rule>/);
  const [bare = ""] = await findings("package regent.rules.a.b\n\ndeny contains 1 if input.model\n", {});
  assert.match(bare, /^b\.rego:1 rule-metadata METADATA of the package lacks a title, a description/);
  const [other = ""] = await findings(RULE.replace("category: a", "category: z"));
  assert.match(other, /^b\.rego:7 rule-metadata METADATA of the package lacks custom\.category: a/);
  assert.deepEqual(await findings(RULE, {}), ["b.rego:7 untested no test (*_test.rego) imports this rule"]);
  const [format = ""] = await findings(RULE.replace("_own := 1", "_own   :=   1"));
  assert.match(format, /^b\.rego:1 format not formatted: opa fmt --write /);
});
