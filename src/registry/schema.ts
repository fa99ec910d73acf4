import { z } from "zod";
import { secretSchema } from "../document/secret.ts";
import { FORMAT_NAMES } from "../exchange/inference.ts";
import { KEY_PLACES, STAGES } from "../exchange/model.ts";
import { completionsSchema, embeddingsSchema, tensorsSchema } from "./interface-schema.ts";

/** The dialects that a target may speak; `json`: whatever it is sent. */
export const TARGET_FORMATS = [...FORMAT_NAMES, "json"] as const;

/** Goes into headers, metric labels and Envoy's cluster names. */
const word = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, {
  error: "must be 1 to 128 letters, digits, dots, dashes or underscores",
});
/** Model names also hold `/`, `:` and `@`: `meta-llama/Llama-3.1-8B@v2`. Some dialects name the model in a segment of the path. */
const modelName = z
  .string()
  .regex(/^[!-~]{1,256}$/, { error: "must be 1 to 256 printable ASCII characters, no space" })
  .regex(/^(?!\.{1,2}$)/, { error: "must not be a step of a path, `.` or `..`" });
const date = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be a date of RFC 3339, such as 2027-01-31 or 2027-01-31T00:00:00Z",
});
const tokens = z.int().min(1).max(100_000_000);
/** US dollars per million tokens. */
const price = z.number().min(0).max(1_000_000);

/** Keys of AWS's Signature Version 4. */
const awsSchema = z.strictObject({
  region: word,
  service: word.default("bedrock"),
  accessKeyId: secretSchema,
  secretAccessKey: secretSchema,
  sessionToken: secretSchema.optional(),
});

/** Both become part of a path: https://cloud.google.com/resource-manager/docs/creating-managing-projects */
const vertexSchema = z.strictObject({
  project: z.string().regex(/^[a-z0-9][a-z0-9.:-]{0,127}$/, {
    error: "must be the id or the number of a project",
  }),
  location: z.string().regex(/^[a-z0-9-]{1,64}$/, {
    error: "must be a location of Vertex AI, such as europe-west1 or global",
  }),
});

/** https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle */
const azureSchema = z.strictObject({
  apiVersion: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(?:-preview)?$/, { error: "must be a dated version, such as 2024-10-21" })
    .optional(),
});

export const targetSchema = z
  .strictObject({
    name: word,
    cluster: word.optional(),
    region: word,
    provider: word,
    format: z.enum(TARGET_FORMATS),
    speaks: z.array(z.enum(FORMAT_NAMES)).optional(),
    key: secretSchema.optional(),
    keyAs: z.enum(KEY_PLACES).optional(),
    aws: awsSchema.optional(),
    vertex: vertexSchema.optional(),
    azure: azureSchema.optional(),
  })
  .refine(({ key, aws }) => key === undefined || aws === undefined, {
    path: ["aws"],
    error: "a target has a key or signs with AWS's, not both",
  });

const versionSchema = z.strictObject({
  name: modelName,
  weight: z.int().min(0).max(10_000),
  targets: z.array(word).min(1, { error: "must name at least one target" }),
  tensors: tensorsSchema.optional(),
  completions: completionsSchema.optional(),
  embeddings: embeddingsSchema.optional(),
});

export const modelSchema = z.strictObject({
  name: modelName,
  stage: z.enum(STAGES),
  deprecatedSince: date.optional(),
  sunset: date.optional(),
  successor: modelName.optional(),
  owner: z.string().min(1).max(256).optional(),
  roles: z.array(word).optional(),
  dataClasses: z.array(word).optional(),
  contextWindow: tokens.optional(),
  maxOutputTokens: tokens.optional(),
  price: z.strictObject({ input: price, output: price }).optional(),
  versions: z.array(versionSchema).default([]),
});

/** `registry.yaml` as it is written. */
export const registrySchema = z.strictObject({
  version: z.literal(1),
  aliases: z.record(modelName, modelName).default({}),
  targets: z.array(targetSchema),
  models: z.array(modelSchema),
});

export type RegistryDocument = z.output<typeof registrySchema>;
