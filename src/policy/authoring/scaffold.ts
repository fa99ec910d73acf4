import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OUTLETS } from "./rule-form.ts";

export type ScaffoldOptions = {
  readonly folder: string;
  /** `governance`: a rule of the policy contract. `envoy`: a policy in the form of opa-envoy-plugin. */
  readonly style: "governance" | "envoy";
  /** `category/rule`, for governance. */
  readonly rule: string;
};

/** A file that a scaffold would have replaced. */
export class ScaffoldError extends Error {
  override readonly name = "ScaffoldError";
}

/** What the rules of one folder have in common: a further rule leaves it as it is. */
const SHARED: ReadonlySet<string> = new Set(["input.json", "regent/tenants/data.yaml"]);

/**
 * Writes a policy that works, with its test, METADATA and a sample input, and replaces nothing.
 * @returns the files that were written, in the order in which to look at them; a further rule of a folder has no sample of its own
 * @throws ScaffoldError when the policy or its test is there already
 */
export async function scaffoldPolicy(options: ScaffoldOptions): Promise<readonly string[]> {
  const files = options.style === "envoy" ? envoyFiles() : governanceFiles(options.rule);
  const shared = options.style === "governance" ? SHARED : new Set();
  const written: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const file = join(options.folder, name);
    await mkdir(dirname(file), { recursive: true });
    if (await writeNew(file, content)) written.push(file);
    else if (!shared.has(name))
      throw new ScaffoldError(`${file} is there already; name another folder or rule`);
  }
  return written;
}

/** @returns whether it was written; false where there is such a file */
async function writeNew(file: string, content: string): Promise<boolean> {
  try {
    await writeFile(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

type Files = { readonly [name: string]: string };

function governanceFiles(path: string): Files {
  const [category = "", rule = ""] = path.split("/");
  return {
    [`rules/${category}/${rule}/${rule}.rego`]: `# METADATA
# title: Night work needs a role
# description: Refuses requests for a model at night, unless the caller has the role night_shift.
# custom:
#   category: ${category}
#   codes:
#     - { code: outside_of_hours, kind: permission, status: 403 }
package regent.rules.${category}.${rule}

# Names of its own begin with _. What a rule may say is
# ${OUTLETS.join(", ")}.
deny contains {
	"code": "outside_of_hours",
	"kind": "permission",
	"message": "Only the night shift may ask a model at this time.",
} if {
	input.phase == "request"
	_ = input.inference
	not _permitted
}

_permitted if _day

_permitted if "night_shift" in input.identity.roles

# Hours in UTC: the time of the request is RFC 3339.
_day if regex.match(\`T(0[6-9]|1[0-9]):\`, input.request.time)
`,
    [`rules/${category}/${rule}/${rule}_test.rego`]: `package regent.rules_test.${category}.${rule}

import data.regent.rules.${category}.${rule}

request(time, roles) := {
	"phase": "request",
	"request": {"time": time},
	"identity": {"roles": roles},
	"inference": {"model": "default"},
}

test_allow_by_day if {
	${rule}.deny == set() with input as request("2026-11-21T09:00:00Z", [])
}

test_allow_the_night_shift if {
	${rule}.deny == set() with input as request("2026-11-21T23:00:00Z", ["night_shift"])
}

test_allow_answers if {
	${rule}.deny == set() with input as object.union(request("2026-11-21T23:00:00Z", []), {"phase": "response"})
}

test_deny_at_night if {
	{denial.code | some denial in ${rule}.deny} == {"outside_of_hours"} with input as request("2026-11-21T23:00:00Z", [])
}
`,
    "input.json": `${JSON.stringify(SAMPLE_REQUEST, null, 2)}\n`,
    "regent/tenants/data.yaml":
      "# Who may ask: data.regent.tenants. docs/policies/README.md lists the fields.\nexample:\n  home_region: eu\n",
  };
}

/** A chat by night, as policy sees it. */
const SAMPLE_REQUEST = {
  version: { regent: 1 },
  phase: "request",
  request: {
    id: "0193a7f0-0000-7000-8000-000000000001",
    time: "2026-11-21T23:00:00.000Z",
    method: "POST",
    scheme: "https",
    host: "models.example",
    path: "/v1/chat/completions",
    parsed_path: ["v1", "chat", "completions"],
    parsed_query: {},
    headers: { "content-type": ["application/json"] },
    size: 70,
    body: { model: "small", messages: [{ role: "user", content: "Hello" }] },
  },
  identity: { subject: "ann", tenant: "example", roles: ["analyst"], claims: {}, method: "api_key" },
  inference: {
    format: "openai-chat",
    operation: "chat",
    model: "small",
    stream: false,
    text_bytes: 5,
    input_tokens_estimate: 9,
    tools: [],
    modalities: ["text"],
    parameters: {},
  },
  model: {
    name: "small",
    stage: "active",
    context_window: 4096,
    max_output_tokens: 256,
    versions: [{ name: "small-1", weight: 1, targets: ["eu"] }],
  },
  targets: [
    { name: "eu", model_version: "small-1", region: "eu", provider: "own", format: "openai-chat", weight: 1 },
  ],
};

function envoyFiles(): Files {
  return {
    "envoy/authz/authz.rego": `# METADATA
# title: Who may call
# description: Answers ext_authz in the form of opa-envoy-plugin.
package envoy.authz

# METADATA
# entrypoint: true
default allow := {"allowed": false, "http_status": 403, "body": "Not permitted."}

allow := {"allowed": true, "headers": {"x-checked-by": "envoy-authz"}} if _permitted

_permitted if input.parsed_path == ["health"]

_permitted if {
	input.attributes.request.http.method == "GET"
	input.parsed_path[0] == "people"
}
`,
    "envoy/authz/authz_test.rego": `package envoy.authz_test

import data.envoy.authz

call(method, path) := {
	"attributes": {"request": {"http": {"method": method, "path": concat("", ["/", path])}}},
	"parsed_path": split(path, "/"),
}

test_allow_health if authz.allow.allowed with input as call("GET", "health")

test_allow_reading if authz.allow.allowed with input as call("GET", "people/1")

test_deny_writing if not authz.allow.allowed with input as call("POST", "people/1")

test_deny_elsewhere if authz.allow.http_status == 403 with input as call("GET", "secrets")
`,
    "input.json": `${JSON.stringify(SAMPLE_CHECK, null, 2)}\n`,
  };
}

const SAMPLE_CHECK = {
  attributes: {
    request: { http: { method: "GET", path: "/people/1", host: "models.example", headers: {} } },
  },
  parsed_path: ["people", "1"],
};
