import { type Parsed, parseDocument } from "../document/document.ts";
import type { ModelInterface } from "../exchange/model-interface.ts";
import { checkRegistry } from "./cross-check.ts";
import { registrySchema } from "./schema.ts";

/** What a registry declares of one version of a model. */
export type DeclaredVersion = ModelInterface & {
  readonly name: string;
  /** Of the model: the most tokens of one answer. */
  readonly maxOutputTokens?: number;
};

/**
 * What `registry.yaml` declares of the versions that a name may mean: those of the model or alias of this name, or the one
 * among them that has it; else all versions of this name. For people who look at a translation: no key of a target is read.
 */
export function parseVersions(
  text: string,
  fileName: string,
): Parsed<(name: string) => readonly DeclaredVersion[]> {
  const parsed = parseDocument(text, fileName, registrySchema, checkRegistry);
  if (!parsed.ok) return parsed;
  const { models, aliases } = parsed.value;
  const all = models.map(({ name, maxOutputTokens, versions }) => ({
    name,
    versions: versions.map((version): DeclaredVersion => {
      const { weight: _share, targets: _places, ...declared } = version;
      // An optional field that is absent is not there at all in a parsed document.
      return {
        ...(declared as DeclaredVersion),
        ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      };
    }),
  }));
  const versionsOf = (name: string) => {
    const named = Object.hasOwn(aliases, name) ? aliases[name] : name;
    const own = all.find((model) => model.name === named)?.versions;
    const exact = (own ?? all.flatMap(({ versions }) => versions)).filter((version) => version.name === name);
    return own === undefined || exact.length > 0 ? exact : own;
  };
  return { ok: true, value: versionsOf, faultAt: parsed.faultAt };
}
