import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import { modelInput } from "../../src/pipeline/policy-input.ts";
import { parseRegistry, type Registry } from "../../src/registry/index.ts";
import { POLICIES } from "./policies.ts";

/** A mutable JSON object: documents are built by changing a whole one. */
export type Draft = { [key: string]: JsonValue | undefined };

/** The registry of the demo. */
export async function demoRegistry(): Promise<Registry> {
  const file = join(POLICIES, "demo", "registry.yaml");
  const parsed = parseRegistry(await readFile(file, "utf8"), file);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

/** The policy input of a short chat with a model of the demo, in either phase. */
export function chatDocument(
  registry: Registry,
  name: string,
  tenant: string,
  roles: readonly string[],
): Draft {
  const model = registry.resolve(name);
  return {
    version: { regent: 1 },
    phase: "request",
    request: {
      id: "0193a7f0-0000-7000-8000-000000000001",
      time: "2026-11-21T09:00:00.000Z",
      method: "POST",
      scheme: "http",
      host: "localhost",
      path: "/v1/chat/completions",
      parsed_path: ["v1", "chat", "completions"],
      parsed_query: {},
      headers: { "content-type": ["application/json"] },
      size: 70,
      body: { model: name, messages: [{ role: "user", content: "Hello" }] },
    },
    identity: { subject: `${tenant}-user`, tenant, roles, claims: {}, method: "api_key" },
    inference: {
      format: "openai-chat",
      operation: "chat",
      model: name,
      stream: false,
      text_bytes: 5,
      input_tokens_estimate: 9,
      tools: [],
      modalities: ["text"],
      parameters: {},
    },
    ...(model === undefined ? {} : { model: asJson(modelInput(model)), targets: targetsOf(model.versions) }),
  };
}

function targetsOf(versions: NonNullable<ReturnType<Registry["resolve"]>>["versions"]): JsonValue {
  return versions.flatMap(({ name, weight, targets }) =>
    targets.map((target) => ({
      name: target.name,
      model_version: name,
      region: target.region,
      provider: target.provider,
      format: target.format,
      weight,
    })),
  );
}

/** The document with the members of `changes` put over its own, objects member by member; undefined removes. */
export function changed(document: Draft, changes: Draft): Draft {
  const result: Draft = { ...document };
  for (const [key, change] of Object.entries(changes)) {
    const old = result[key];
    if (change === undefined) delete result[key];
    else result[key] = isObject(old) && isObject(change) ? asJson(changed(old, change)) : change;
  }
  return result;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What of a value reaches policy: JSON, without what is undefined. */
export function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

/** The document with each of its parts in turn gone, or replaced by something of another type. */
export function damaged(document: JsonValue): readonly JsonValue[] {
  return [...damages(document)];
}

const WRONG: readonly JsonValue[] = [null, "wrong", 7, [], {}];

function* damages(value: JsonValue): Generator<JsonValue> {
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const { [key]: _, ...rest } = value;
    yield rest;
    for (const wrong of WRONG) yield { ...rest, [key]: wrong };
    for (const inner of damages(member)) yield { ...rest, [key]: inner };
  }
}
