/**
 * The recorded answers of opa-envoy-plugin: which input document it made of a CheckRequest and which CheckResponse of a
 * policy's result. The vectors are read in place beside the checkout.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakePolicies } from "../../../test/envoy/support/fake-policies.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../../policy/engine.ts";
import { findOpa } from "../../policy/opa/opa.ts";
import { planQuery } from "../../policy/opa/query.ts";
import {
  type CheckResponse,
  type CheckResponse2,
  decodeCheckRequest,
  decodeCheckRequest2,
  decodeCheckResponse,
  decodeCheckResponse2,
  encodeCheckResponse,
  encodeCheckResponse2,
} from "../codec.ts";
import { GrpcError } from "../server/grpc-error.ts";
import { entrypointOf, parseDecisionPath } from "./decision-path.ts";
import { loadDescriptors } from "./grpc/descriptors.ts";
import { type CheckOptions, type CheckRooms, createCheckHandlers } from "./handler.ts";
import { messageText } from "./message-text.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const VECTORS = join(ROOT, "../shared/vectors/opa-envoy");
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UNMARSHAL_FAILED = 13;

type Vector = {
  readonly id: string;
  readonly note: string;
  readonly profile: string;
  readonly service?: "v2";
  readonly wire: string;
  readonly expect: {
    readonly input?: unknown;
    readonly response?: unknown;
    readonly response_wire?: string;
    readonly grpc_error?: { readonly code: unknown };
  };
  /** What the compiled policy gives where that is something else, because it walks sets and objects in another order. */
  readonly compiled_wasm?: { readonly result: JsonValue };
};
type Profile = {
  readonly config: {
    readonly path?: string;
    readonly query?: string;
    readonly "dry-run"?: boolean;
    readonly "skip-request-body-parse"?: boolean;
    readonly "proto-descriptor"?: string;
  };
};

/** The path where the plugin's option is left out. */
const DEFAULT_PATH = "envoy/authz/allow";

/** JSON whose numbers are their exact decimal values, as text. */
function parseExact(text: string): unknown {
  type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(text, (_key, value, { source }) =>
    typeof value === "number" ? { decimal: decimal(source ?? "") } : value,
  );
}

/** `1.10`, `110e-2` and `1.1` are `11e-1`; every zero is `0`. */
function decimal(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? assert.fail(text);
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

function load(folder: string): { vectors: Vector[]; profiles: { [name: string]: Profile } } {
  const dir = join(VECTORS, folder);
  const files = readdirSync(dir).filter((name) => name.endsWith(".json") && name !== "profiles.json");
  const vectors = files.flatMap((name) => JSON.parse(readFileSync(join(dir, name), "utf8")) as Vector[]);
  const exact = files.flatMap((name) => parseExact(readFileSync(join(dir, name), "utf8")) as Vector[]);
  const merged = vectors.map((vector, index) => ({
    ...vector,
    expect: exact[index]?.expect ?? assert.fail(),
  }));
  return { vectors: merged, profiles: JSON.parse(readFileSync(join(dir, "profiles.json"), "utf8")) };
}

function optionsOf({ config }: Profile, path = config.path ?? DEFAULT_PATH): CheckOptions {
  const descriptor = config["proto-descriptor"];
  return {
    entrypoint: path,
    governanceEntrypoint: "regent/request/decision",
    dryRun: config["dry-run"] ?? false,
    skipRequestBodyParse: config["skip-request-body-parse"] ?? false,
    grpc: descriptor === undefined ? undefined : loadDescriptors(join(VECTORS, "input", descriptor)),
  };
}

type Outcome = { readonly response: CheckResponse | CheckResponse2 } | { readonly code: number };

/** What Envoy would get, over the wire and back. */
async function answerTo(vector: Vector, options: CheckOptions, rooms: CheckRooms): Promise<Outcome> {
  const { check, check2 } = createCheckHandlers(options, rooms);
  const wire = Buffer.from(vector.wire, "base64");
  const call = { deadlineMs: Infinity, cancelled: false, header: () => undefined };
  if (vector.service === "v2") {
    return outcomeOf(
      () => decodeCheckRequest2(wire),
      async (request) => decodeCheckResponse2(encodeCheckResponse2(await check2(request, call))),
    );
  }
  return outcomeOf(
    () => decodeCheckRequest(wire),
    async (request) => decodeCheckResponse(encodeCheckResponse(await check(request, call))),
  );
}

async function outcomeOf<T>(
  decode: () => T,
  answer: (request: T) => Promise<CheckResponse | CheckResponse2>,
): Promise<Outcome> {
  let request: T;
  try {
    request = decode();
  } catch {
    return { code: UNMARSHAL_FAILED };
  }
  try {
    return { response: await answer(request) };
  } catch (error) {
    if (error instanceof GrpcError) return { code: error.code };
    throw error;
  }
}

/** Lists of headers and query parameters by name, the decision id as the vectors have it, words of parse errors gone. */
function normal(response: CheckResponse | CheckResponse2): unknown {
  const json = parseExact(messageText(response)) as { [key: string]: unknown };
  return sorted(json);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.every(hasName)
      ? items.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0))
      : items;
  }
  if (typeof value === "string" && value.startsWith("request_parse_error: ")) return "request_parse_error: ";
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== "decision_id" || member === "UUID") return [key, sorted(member)];
      assert.match(String(member), UUID);
      return [key, "UUID"];
    }),
  );
}

function hasName(item: unknown): boolean {
  return typeof item === "object" && item !== null && ("header" in item || "key" in item || "value" in item);
}

function nameOf(item: unknown): string {
  const field = item as { header?: { key?: string }; key?: string };
  return ("header" in field ? field.header?.key : field.key) ?? "";
}

async function compare(vector: Vector, options: CheckOptions, rooms: CheckRooms): Promise<void> {
  const outcome = await answerTo(vector, options, rooms);
  const { expect } = vector;
  if (expect.grpc_error !== undefined) {
    assert.deepEqual(
      { decimal: decimal(String("code" in outcome ? outcome.code : -1)) },
      expect.grpc_error.code,
    );
    return;
  }
  assert.ok("response" in outcome, `failed with code ${"code" in outcome ? outcome.code : ""}`);
  assert.deepEqual(normal(outcome.response), await expected(vector, options));
}

async function expected(vector: Vector, options: CheckOptions): Promise<unknown> {
  const { compiled_wasm: compiled } = vector;
  if (compiled === undefined) return sorted(vector.expect.response);
  const policies = () => fakePolicies(async () => ({ result: compiled.result, revision: "" }));
  const outcome = await answerTo(vector, options, { policies });
  assert.ok("response" in outcome);
  return normal(outcome.response);
}

/** What is compiled: rules, and one of an array, which only an entrypoint of its own can tell from a member of a set. */
const COMPILED = [
  "result",
  "allow",
  "nested",
  "table",
  "slashed",
  entrypointOf(parseDecisionPath("table/01")),
];

const there = existsSync(VECTORS);
if (!there) console.error(`SKIPPED: the recorded answers of opa-envoy-plugin are not at ${VECTORS}`);

describe("opa-envoy-plugin's recorded answers", { skip: !there }, () => {
  const different: string[] = [];
  const add = (vector: Vector, run: () => Promise<void>) => {
    if (vector.compiled_wasm !== undefined) different.push(vector.id);
    test(`${vector.id}: ${vector.note}`, run);
  };

  describe("input documents", () => {
    const { vectors, profiles } = there ? load("input") : { vectors: [], profiles: {} };
    for (const vector of vectors) {
      add(vector, async () => {
        const options = optionsOf(profiles[vector.profile] ?? assert.fail());
        const inputs: Buffer[] = [];
        const policies = () =>
          fakePolicies(async (_entrypoint, input) => {
            inputs.push(input);
            return { result: true, revision: "" };
          });
        if (vector.expect.input === undefined) return compare(vector, options, { policies });
        await answerTo(vector, options, { policies });
        assert.equal(inputs.length, 1);
        assert.deepEqual(parseExact(String(inputs[0])), vector.expect.input);
      });
    }
  });

  describe("decisions", () => {
    const { vectors, profiles } = there ? load("decision") : { vectors: [], profiles: {} };
    const dir = mkdtempSync(join(tmpdir(), "regent-vectors-"));
    const paths = new Map<string, string>();
    let engine: ManagedPolicyEngine;
    before(async () => {
      if (!there) return;
      const path = join(dir, "bundle.tar.gz");
      const opa = await findOpa();
      const options = { cwd: join(VECTORS, "decision") };
      const sources = readdirSync(join(VECTORS, "decision")).filter((name) => name.endsWith(".rego"));
      const entrypoints = new Set(COMPILED.map((name) => `envoy/authz/${name}`));
      for (const [name, { config }] of Object.entries(profiles)) {
        if (config.query === undefined) continue;
        const plan = await planQuery(config.query);
        // Each in a package of its own: here several queries are compiled into one bundle.
        const own = `regent/query/${name.replaceAll("-", "_")}`;
        paths.set(name, plan.module === undefined ? plan.path : `${own}/result`);
        if (plan.module !== undefined) {
          const file = join(dir, `${name}.rego`);
          writeFileSync(
            file,
            plan.module.replace("package regent.query", `package ${own.replaceAll("/", ".")}`),
          );
          // The plugin fails each request where OPA refuses the query; compiled policies have no answer to it then.
          if (spawnSync(opa, ["check", ...sources, file], options).status !== 0) continue;
          sources.push(file);
        }
        entrypoints.add(paths.get(name) ?? assert.fail());
      }
      const args = ["build", "-t", "wasm", "-o", path, ...[...entrypoints].flatMap((each) => ["-e", each])];
      execFileSync(opa, [...args, ...sources], options);
      const log = { info() {}, warn() {}, error() {} };
      engine = await createPolicyEngine({ bundles: [{ name: "vectors", path }], log, watch: false });
    });
    after(() => {
      engine?.close();
      rmSync(dir, { recursive: true });
    });
    for (const vector of vectors) {
      const profile = profiles[vector.profile] ?? assert.fail();
      add(vector, () =>
        compare(vector, optionsOf(profile, paths.get(vector.profile)), {
          policies: (subject) => engine.for(subject),
        }),
      );
    }
  });

  after(() => {
    console.error(`Held to what compiled Wasm gives instead of the recorded answer: ${different.join(", ")}`);
  });
});
