import type { z } from "zod";
import type { Fault, FaultAt, FaultPath } from "../document/fault.ts";
import {
  type CompletionInterface,
  DEFAULT_TEXT_INPUT,
  INPUTS_OF_FORM,
  settingInput,
} from "../exchange/model-interface.ts";
import { completionsSchema, tensorsSchema } from "./interface-schema.ts";

/** What a version declares of its inputs and outputs, as it is written. */
export type InterfaceSketch = {
  readonly tensors?: unknown;
  readonly completions?: unknown;
  readonly embeddings?: unknown;
};

/** Formats of targets that something declared counts for. */
const TENSORS = ["kserve-v2", "kserve-v1", "tfserving"];
const COMPLETIONS = ["triton-generate", "kserve-v2"];
const EMBEDDINGS = ["kserve-v2"];

/**
 * What the schema of a declaration cannot say: names that occur twice, and what no target of the version has a use for, so that
 * somebody would rely on what never counts.
 *
 * @param formats of the version's targets; undefined where not all of them are known
 */
export function checkInterface(
  { tensors, completions, embeddings }: InterfaceSketch,
  formats: readonly string[] | undefined,
  path: FaultPath,
  faultAt: FaultAt,
): Fault[] {
  const { inputs, outputs, layout } = parsedOr(tensorsSchema, tensors);
  const at = (...member: FaultPath) => [...path, ...member];
  const useless = (value: unknown, place: FaultPath, wanted: readonly string[]): Fault[] => {
    if (value === undefined || formats === undefined || formats.some((format) => wanted.includes(format)))
      return [];
    return [faultAt(place, "useless", `no target of this version has the format ${wanted.join(" or ")}`)];
  };
  return [
    ...useless(tensors, at("tensors"), TENSORS),
    ...useless(layout, at("tensors", "layout"), ["tfserving"]),
    ...repeatedTensors(inputs ?? [], at("tensors", "inputs"), faultAt),
    ...repeatedTensors(outputs ?? [], at("tensors", "outputs"), faultAt),
    ...useless(completions, at("completions"), COMPLETIONS),
    // An optional field that is absent is not there at all in what was parsed.
    ...sharedInputs(
      parsedOr(completionsSchema, completions) as CompletionInterface,
      at("completions"),
      faultAt,
    ),
    ...useless(embeddings, at("embeddings"), EMBEDDINGS),
  ];
}

/** What the schema finds wrong it tells itself. */
function parsedOr<S extends z.ZodType>(schema: S, value: unknown): Partial<z.output<S>> {
  const { success, data } = schema.safeParse(value);
  return success ? data : {};
}

function repeatedTensors(
  tensors: readonly { readonly name: string }[],
  path: FaultPath,
  faultAt: FaultAt,
): Fault[] {
  const names = tensors.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [faultAt([...path, index, "name"], "duplicate", `another tensor is called "${name}"`)]
      : [],
  );
}

/** Two values in one input: one of them would never arrive. */
function sharedInputs(completions: CompletionInterface, path: FaultPath, faultAt: FaultAt): Fault[] {
  const { settings = "inputs", textInput = DEFAULT_TEXT_INPUT, inputs = {} } = completions;
  const holders = new Map([[textInput, { what: "the prompt", place: ["textInput"] }]]);
  return INPUTS_OF_FORM[settings].flatMap((setting) => {
    const name = settingInput(completions, setting)?.name;
    if (name === undefined) return [];
    const holder = holders.get(name);
    const own = { what: setting, place: ["inputs", setting] };
    if (holder === undefined) {
      holders.set(name, own);
      return [];
    }
    // Of the two, one that is written.
    const [wrong, other] = inputs[setting] === undefined ? [holder, own] : [own, holder];
    return [faultAt([...path, ...wrong.place], "duplicate", `the input "${name}" is that of ${other.what}`)];
  });
}
