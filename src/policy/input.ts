import { z } from "zod";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import type { Stage } from "../exchange/model.ts";

const json = z.unknown() as z.ZodType<JsonValue>;
const jsonObject = z.record(z.string(), json) as unknown as z.ZodType<JsonObject>;
const names = z.array(z.string());
const headers = z.record(z.string(), z.array(z.string()));
const count = z.number().int().min(0);
const score = z.number().min(0).max(1);

const requestSchema = z.strictObject({
  id: z.string().describe("Decision id"),
  time: z.string().describe("RFC 3339, UTC"),
  method: z.string(),
  scheme: z.string(),
  host: z.string(),
  path: z.string().describe("As sent, with the query"),
  parsed_path: names,
  parsed_query: z.record(z.string(), z.array(z.string())),
  headers: headers.describe(
    "Lower-case names. Credentials, `x-regent-*` and `x-forwarded-client-cert` are not in it",
  ),
  size: count.optional().describe("Bytes of the body"),
  body: json.describe("Parsed JSON, null when there is none"),
});

const identitySchema = z.strictObject({
  principal: z.string().optional(),
  subject: z.string().optional(),
  tenant: z.string().optional(),
  team: z.string().optional(),
  project: z.string().optional(),
  roles: names,
  claims: jsonObject,
  method: z.enum(["mtls", "jwt", "api_key", "none"]).describe("What established it"),
});

const inferenceSchema = z.strictObject({
  format: z.string().describe("Wire dialect, `openai-chat` for example"),
  operation: z.string(),
  model: z.string().describe("As the client wrote it, before aliases"),
  stream: z.boolean(),
  text_bytes: count,
  input_tokens_estimate: count,
  max_output_tokens: count.optional(),
  tools: names.describe("Names of the tools offered to the model"),
  modalities: names,
  parameters: jsonObject.describe("Sampling parameters as sent"),
  tensors: z
    .array(z.strictObject({ name: z.string(), datatype: z.string().optional(), shape: z.array(z.number()) }))
    .optional(),
});

const stages = ["experimental", "active", "deprecated", "retired"] as const satisfies readonly Stage[];

const modelSchema = z.strictObject({
  name: z.string(),
  stage: z.enum(stages),
  sunset: z.string().optional().describe("RFC 3339 date"),
  deprecated_since: z.string().optional().describe("RFC 3339 date"),
  successor: z.string().optional(),
  owner: z.string().optional(),
  roles: names.optional(),
  data_classes: names.optional(),
  context_window: count.optional().describe("Tokens"),
  max_output_tokens: count.optional(),
  price: z
    .strictObject({ input: z.number(), output: z.number() })
    .optional()
    .describe("US dollars per million tokens"),
  versions: z.array(z.strictObject({ name: z.string(), weight: z.number(), targets: names })),
});

const findingSchema = z.strictObject({
  type: z.string(),
  count,
  score_max: score,
  where: names.describe("RFC 6901 pointers into the body"),
});

const riskSchema = z.strictObject({
  injection: score.optional(),
  exfiltration: score.optional(),
  cost: score.optional(),
  features: names.optional(),
});

const budgetSchema = z.strictObject({
  key: z.string(),
  unit: z.string(),
  window: z.string().describe("A duration such as `1h`"),
  limit: z.number(),
  used: z.number(),
  reserved: z.number(),
  remaining: z.number(),
});

const estimateSchema = z.strictObject({
  input_tokens: count,
  output_tokens_max: count.optional(),
  cost_usd: z.number().optional(),
});

const targetSchema = z.strictObject({
  name: z.string(),
  model_version: z.string(),
  region: z.string(),
  provider: z.string(),
  format: z.string(),
  weight: z.number(),
  healthy: z.boolean().optional(),
  load: z
    .strictObject({
      queue: z.number().optional(),
      running: z.number().optional(),
      kv_cache: z.number().optional(),
      gpu: z.number().optional(),
    })
    .optional(),
  cost_usd: z.number().optional(),
});

const peerSchema = z.strictObject({
  address: z.string().optional(),
  port: z.number().optional(),
  principal: z.string().optional(),
});

const responseSchema = z.strictObject({
  status: z.number().int(),
  headers,
  usage: z
    .strictObject({
      input: z.number().optional(),
      output: z.number().optional(),
      cached_input: z.number().optional(),
      cache_creation_input: z.number().optional(),
      reasoning: z.number().optional(),
      total: z.number().optional(),
    })
    .optional(),
  finish_reasons: z.array(z.string().nullable()).optional(),
  text_bytes: count.optional(),
  latency_ms: z.number().optional(),
  confidence: z.number().optional(),
});

/**
 * The input document of the policy contract, version 1, as Rego sees it: snake_case, and a key that is absent means
 * "not known". Nobody writes a made-up zero, an empty string or null in place of a value that is missing
 * (`request.body` is the one exception: null when there is no JSON body). The one source of the types below and of
 * `schema/policy-input.schema.json`, which `regent policy check` holds policies to.
 */
export const policyInputSchema = z
  .strictObject({
    version: z.strictObject({ regent: z.literal(1) }),
    phase: z.enum(["request", "response"]),
    request: requestSchema,
    identity: identitySchema,
    inference: inferenceSchema.optional(),
    model: modelSchema.optional().describe("The registry entry that the model name resolved to"),
    findings: z.array(findingSchema).optional(),
    risk: riskSchema.optional(),
    budgets: z.array(budgetSchema).optional(),
    estimate: estimateSchema.optional(),
    targets: z.array(targetSchema).optional().describe("One entry for each version on each target"),
    source: peerSchema.optional(),
    destination: peerSchema.optional(),
    response: responseSchema.optional().describe("Only in the response phase"),
  })
  .meta({ title: "input", description: "The input document of the policy contract, version 1" });

/** What a value is when nobody may change it, and what is optional is absent and never undefined. */
type Document<T> = T extends readonly (infer E)[]
  ? readonly Document<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Document<Exclude<T[K], undefined>> }
    : T;

export type PolicyInput = Document<z.infer<typeof policyInputSchema>>;
export type RequestInput = PolicyInput["request"];
export type IdentityInput = PolicyInput["identity"];
export type InferenceInput = NonNullable<PolicyInput["inference"]>;
export type ModelInput = NonNullable<PolicyInput["model"]>;
export type FindingInput = NonNullable<PolicyInput["findings"]>[number];
export type BudgetInput = NonNullable<PolicyInput["budgets"]>[number];
export type EstimateInput = NonNullable<PolicyInput["estimate"]>;
export type TargetInput = NonNullable<PolicyInput["targets"]>[number];
export type PeerInput = NonNullable<PolicyInput["source"]>;
export type ResponseInput = NonNullable<PolicyInput["response"]>;

/** The JSON schema (draft 7, which OPA reads) of the input document. */
export function policyInputJsonSchema(): JsonObject {
  return z.toJSONSchema(policyInputSchema, { target: "draft-7" }) as JsonObject;
}
