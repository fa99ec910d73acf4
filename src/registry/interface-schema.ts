import { z } from "zod";
import {
  BYTES_FORMS,
  INPUTS_OF_FORM,
  SETTINGS_FORMS,
  type SettingInput,
  TENSOR_LAYOUTS,
  TEXT_SHAPES,
} from "../exchange/model-interface.ts";
import type { Datatype } from "../formats/tensors/index.ts";

/** Inputs or outputs of one model: one a column of a table, and none has thousands of them. */
export const DECLARED_TENSORS_MAX = 1000;
/** Dimensions of a tensor. NumPy takes no more than 64. */
export const DIMENSIONS_MAX = 64;

/** Names of tensors and signatures are the model's: `dense_1_input:0` is one. */
const name = z.string().min(1).max(256);

/** Numbers, as {@link Datatype} has them. */
const NUMBERS = {
  UINT8: "UINT8",
  UINT16: "UINT16",
  UINT32: "UINT32",
  UINT64: "UINT64",
  INT8: "INT8",
  INT16: "INT16",
  INT32: "INT32",
  INT64: "INT64",
  FP16: "FP16",
  BF16: "BF16",
  FP32: "FP32",
  FP64: "FP64",
} as const satisfies { [D in Exclude<Datatype, "BOOL" | "BYTES">]: D };
const DATATYPES = { BOOL: "BOOL", ...NUMBERS, BYTES: "BYTES" } as const satisfies { [D in Datatype]: D };

const tensor = {
  name,
  datatype: z.enum(DATATYPES),
  shape: z.array(z.int().min(-1)).max(DIMENSIONS_MAX).optional(),
  bytes: z.enum(BYTES_FORMS).optional(),
};
type Tensor = { readonly datatype: Datatype; readonly bytes?: unknown };
const ofBytes = ({ datatype, bytes }: Tensor) => bytes === undefined || datatype === "BYTES";
const OF_BYTES = { path: ["bytes"], error: "only a tensor of BYTES has bytes" };

export const tensorsSchema = z.strictObject({
  layout: z.enum(TENSOR_LAYOUTS).optional(),
  signatureName: name.optional(),
  inputs: z
    .array(z.strictObject({ ...tensor, optional: z.boolean().optional() }).refine(ofBytes, OF_BYTES))
    .min(1)
    .max(DECLARED_TENSORS_MAX)
    .optional(),
  outputs: z
    .array(z.strictObject(tensor).refine(ofBytes, OF_BYTES))
    .min(1)
    .max(DECLARED_TENSORS_MAX)
    .optional(),
});

const inputName = z.union([name, z.literal(false)], {
  error: "must be the name of an input, or false where the model has none",
});
/** Nobody has settings in half precision. */
const settingDatatype = z.enum(NUMBERS).exclude(["FP16", "BF16"]);
const numberInput = z.union(
  [name, z.strictObject({ name, datatype: settingDatatype.optional() }), z.literal(false)],
  { error: "must be the name of an input, its name and datatype, or false where the model has none" },
);

const settingInputs = z.strictObject({
  max_tokens: numberInput.optional(),
  temperature: numberInput.optional(),
  top_p: numberInput.optional(),
  seed: numberInput.optional(),
  presence_penalty: numberInput.optional(),
  frequency_penalty: numberInput.optional(),
  stop: inputName.optional(),
  stream: inputName.optional(),
  sampling_parameters: name.optional(),
  exclude_input_in_output: inputName.optional(),
} satisfies { [S in SettingInput]: z.ZodType });

export const completionsSchema = z
  .strictObject({
    settings: z.enum(SETTINGS_FORMS).optional(),
    textInput: name.optional(),
    textOutput: name.optional(),
    shape: z.enum(TEXT_SHAPES).optional(),
    maxTokens: z.int().min(1).max(100_000_000).optional(),
    inputs: settingInputs.optional(),
  })
  .superRefine(({ settings = "inputs", maxTokens, inputs = {} }, { addIssue }) => {
    const fault = (path: string[], message: string) => addIssue({ code: "custom", path, message });
    for (const setting of Object.keys(inputs) as SettingInput[])
      if (!INPUTS_OF_FORM[settings].includes(setting))
        fault(["inputs", setting], `where settings are ${settings} the model has no such input`);
    if (maxTokens === undefined) return;
    if (settings === "none") fault(["maxTokens"], "a model without settings takes no bound");
    if (inputs.max_tokens === false) fault(["maxTokens"], "a model without an input for it takes no bound");
  });

export const embeddingsSchema = z.strictObject({
  input: name.optional(),
  output: name.optional(),
  shape: z.enum(TEXT_SHAPES).optional(),
});
