import { z } from "zod";
import type { CrossCheck } from "../document/document.ts";
import type { Fault, FaultAt, FaultPath } from "../document/fault.ts";
import { nearest } from "../document/nearest.ts";
import { checkInterface } from "./check-interface.ts";
import { checkProvider } from "./check-provider.ts";

const text = z.string().catch("");
const texts = z.array(text).catch([]);

/** What the cross-checks need of a document that may be wrong elsewhere. What cannot be read is empty. */
const versionSketch = z.object({
  name: text,
  weight: z.number().catch(1),
  targets: texts,
  tensors: z.unknown().optional(),
  completions: z.unknown().optional(),
  embeddings: z.unknown().optional(),
});
const modelSketch = z.object({
  name: text,
  stage: text,
  successor: text,
  versions: z.array(versionSketch.catch({ name: "", weight: 1, targets: [] })).catch([]),
});
const targetSketch = z.object({
  name: text,
  format: text,
  speaks: texts,
  key: z.unknown().optional(),
  keyAs: z.unknown().optional(),
  aws: z.unknown().optional(),
  vertex: z.unknown().optional(),
  azure: z.unknown().optional(),
});
const sketchSchema = z
  .object({
    aliases: z.record(z.string(), text).catch({}),
    targets: z.array(targetSketch.catch({ name: "", format: "", speaks: [] })).catch([]),
    models: z.array(modelSketch.catch({ name: "", stage: "", successor: "", versions: [] })).catch([]),
  })
  .catch({ aliases: {}, targets: [], models: [] });
type ModelSketch = z.output<typeof modelSketch>;
type TargetSketch = z.output<typeof targetSketch>;

/** What the schema of a registry cannot say: names that occur twice or name nothing, and weights that choose nothing. */
export const checkRegistry: CrossCheck = (raw, faultAt) => {
  const { aliases, targets, models } = sketchSchema.parse(raw);
  const modelNames = namesOf(models);
  return [
    ...duplicates(targets, ["targets"], "target", faultAt),
    ...targets.flatMap((target, index) => checkProvider(target, ["targets", index], faultAt)),
    ...duplicates(models, ["models"], "model", faultAt),
    ...Object.entries(aliases).flatMap(([alias, model]) => [
      ...(modelNames.includes(alias)
        ? [faultAt(["aliases", alias], "shadow", `"${alias}" is a model; an alias cannot have its name`)]
        : []),
      ...unknown(model, modelNames, ["aliases", alias], "model", faultAt),
    ]),
    ...models.flatMap((model, index) => checkModel(model, ["models", index], modelNames, targets, faultAt)),
  ];
};

function checkModel(
  model: ModelSketch,
  path: FaultPath,
  modelNames: readonly string[],
  targets: readonly TargetSketch[],
  faultAt: FaultAt,
): Fault[] {
  const targetNames = namesOf(targets);
  const faults = duplicates(model.versions, [...path, "versions"], "version", faultAt);
  if (model.successor !== "") {
    faults.push(...unknown(model.successor, modelNames, [...path, "successor"], "model", faultAt));
  }
  if (model.stage !== "retired" && model.versions.length === 0) {
    faults.push(faultAt([...path, "versions"], "no-version", "only a retired model may be without versions"));
  }
  if (model.versions.length > 0 && model.versions.every(({ weight }) => weight === 0)) {
    faults.push(
      faultAt([...path, "versions"], "no-weight", "at least one version must have a weight above 0"),
    );
  }
  for (const [index, version] of model.versions.entries()) {
    const at = [...path, "versions", index, "targets"];
    faults.push(
      ...version.targets.flatMap((name, place) => [
        ...unknown(name, targetNames, [...at, place], "target", faultAt),
        ...(version.targets.indexOf(name) < place
          ? [faultAt([...at, place], "duplicate", `the target "${name}" is named twice`)]
          : []),
      ]),
      ...checkInterface(version, formatsOf(version.targets, targets), [...path, "versions", index], faultAt),
    );
  }
  return faults;
}

/** Undefined where not all of them can be read. */
function formatsOf(
  names: readonly string[],
  targets: readonly TargetSketch[],
): readonly string[] | undefined {
  const formats = names.map((name) => targets.find((target) => target.name === name)?.format ?? "");
  return formats.includes("") ? undefined : formats;
}

function namesOf(entries: readonly { readonly name: string }[]): readonly string[] {
  return entries.map(({ name }) => name).filter((name) => name !== "");
}

function duplicates(
  entries: readonly { readonly name: string }[],
  path: FaultPath,
  what: string,
  faultAt: FaultAt,
): Fault[] {
  const seen = new Set<string>([""]);
  return entries.flatMap(({ name }, index) => {
    const repeated = name !== "" && seen.has(name);
    seen.add(name);
    return repeated
      ? [faultAt([...path, index, "name"], "duplicate", `another ${what} is called "${name}"`)]
      : [];
  });
}

function unknown(
  name: string,
  known: readonly string[],
  path: FaultPath,
  what: string,
  faultAt: FaultAt,
): Fault[] {
  if (name === "" || known.includes(name)) return [];
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return [faultAt(path, `unknown-${what}`, `no ${what} is called "${name}"${hint}`)];
}
