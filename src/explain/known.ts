import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import type { Model } from "../exchange/model.ts";
import { modelInput } from "../pipeline/policy-input.ts";

/** Values that are tried in the place of one that led to a denial: of each place, so many. */
export const VALUES_MAX = 200;
/** Longer texts are prose and no names. */
const NAME_CHARS_MAX = 64;
/** Data nested deeper is not looked at. */
const DEPTH_MAX = 12;

/** A model as policy would see it. */
export type KnownModel = { readonly name: string; readonly model: JsonValue; readonly targets: JsonValue };

/** What else could stand in an input. */
export type Known = {
  /** The data of the bundle, and the model of the decision. */
  readonly documents: readonly JsonValue[];
  /** Of the registry; empty when there is none to ask. */
  readonly models: readonly KnownModel[];
};

export function knownModels(models: readonly Model[]): readonly KnownModel[] {
  return models.map((model) => ({
    name: model.name,
    model: JSON.parse(JSON.stringify(modelInput(model))) as JsonValue,
    targets: model.versions.flatMap(({ name, weight, targets }) =>
      targets.map((target) => ({
        ...{ name: target.name, model_version: name, region: target.region },
        ...{ provider: target.provider, format: target.format, weight },
      })),
    ),
  }));
}

/** Names that may stand at a member: `near` are those that the data has under a name like it, such as roles under `roles`. */
export function namesFor(
  member: string,
  { documents, models }: Known,
): { readonly near: readonly string[]; readonly far: readonly string[] } {
  const near = new Set<string>();
  const far = new Set<string>();
  const look = (value: JsonValue, isNear: boolean, depth: number): void => {
    if (depth === 0 || near.size >= VALUES_MAX) return;
    if (typeof value === "string") add(isNear ? near : far, value);
    else if (Array.isArray(value)) for (const each of value as JsonValue[]) look(each, isNear, depth - 1);
    else if (isJsonObject(value))
      for (const [name, inner] of Object.entries(value)) {
        const named = isLike(name, member);
        // The keys of `tenants` are tenants.
        if (named && isJsonObject(inner)) for (const key of Object.keys(inner)) add(near, key);
        look(inner, named && !isJsonObject(inner), depth - 1);
      }
  };
  for (const document of [...documents, ...models.flatMap(({ model, targets }) => [model, targets])])
    look(document, false, DEPTH_MAX);
  return { near: [...near], far: [...far].filter((name) => !near.has(name)) };
}

function add(names: Set<string>, name: string): void {
  if (name.length <= NAME_CHARS_MAX && names.size < VALUES_MAX) names.add(name);
}

/** `x-data-class` and `data_classes`, `region` and `home_region`. */
function isLike(one: string, other: string): boolean {
  const [a, b] = [stem(one), stem(other)];
  return a.length >= 4 && b.length >= 4 && (a.includes(b) || b.includes(a));
}

function stem(name: string): string {
  return name
    .toLowerCase()
    .replace(/^x-/, "")
    .replaceAll(/[^a-z0-9]/g, "")
    .replace(/(?<=[sx])es$|s$/, "");
}

/** A value with another one at a path; undefined takes the member away. Objects on the way are made. */
export function withValue(value: JsonValue, path: readonly string[], put: JsonValue | undefined): JsonValue {
  const [member, ...rest] = path;
  if (member === undefined) return put ?? null;
  const object: JsonObject = isJsonObject(value) ? value : {};
  const others = Object.entries(object).filter(([name]) => name !== member);
  if (rest.length === 0) return Object.fromEntries(put === undefined ? others : [...others, [member, put]]);
  const inner = Object.hasOwn(object, member) ? (object[member] ?? null) : {};
  return Object.fromEntries([...others, [member, withValue(inner, rest, put)]]);
}
