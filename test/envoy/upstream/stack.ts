import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { ConfigSource } from "../../../src/config/schema.ts";
import { packageFile } from "../../../src/document/package-root.ts";
import { type SampleModel, startSampleModel } from "../../../tools/sample-model/server.ts";
import { type Governed, type GovernedOptions, startGoverned } from "../governed/stack.ts";
import { type Answer, startWitness, type Witness } from "../support/witness.ts";

/** A model whose one target speaks Anthropic's dialect, and nothing else. */
export const CLAUDE_MODEL = "claude-only";
/** A model whose one target speaks OpenAI's chat, and nothing else. */
export const GPT_MODEL = "gpt-only";
/** A model on a scripted target of OpenAI's chat, and after it on the one of Anthropic's dialect. */
export const EITHER_MODEL = "either";
/** A model on a scripted target of Anthropic's dialect. */
export const SCRIPTED_CLAUDE_MODEL = "scripted-claude";

/** Targets of two dialects, each with a key of its own, behind Envoy and Regent. */
export type Translating = Governed & {
  readonly claude: SampleModel;
  readonly gpt: SampleModel;
  /** The scripted targets, of OpenAI's chat and of Anthropic's dialect. */
  readonly scripted: { readonly openai: ScriptedTarget; readonly anthropic: ScriptedTarget };
  /** By target, made for this run. */
  readonly keys: { readonly [target: string]: string };
};

export type ScriptedTarget = { readonly witness: Witness; answer: Answer };

const TARGETS = [
  { name: "primary", format: "openai-chat", speaks: [] },
  { name: "gpt", format: "openai-chat", speaks: [] },
  { name: "claude", format: "anthropic-messages" },
  { name: "scripted-claude", format: "anthropic-messages" },
] as const;

export type TranslatingOptions = Pick<GovernedOptions, "recordings"> & {
  readonly config?: (usual: ConfigSource) => ConfigSource;
  /** Where Envoy sends what a target fails to serve, by target; nowhere unless said otherwise. */
  readonly fallbacks?: { readonly [target: string]: readonly string[] };
};

export async function startTranslating(options: TranslatingOptions = {}): Promise<Translating> {
  const dir = mkdtempSync(join(tmpdir(), "regent-translating-"));
  const stops: (() => Promise<void>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(dir, stops, options)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  dir: string,
  stops: (() => Promise<void>)[],
  { config, fallbacks = {}, ...options }: TranslatingOptions,
): Promise<Omit<Translating, "stop">> {
  const { recordings } = options;
  const sample = async (name: string) => {
    const model = await startSampleModel({
      name,
      region: "us",
      ...(recordings === undefined ? {} : { recordings }),
    });
    stops.push(() => model.close());
    return model;
  };
  const script = async (): Promise<ScriptedTarget> => {
    const target: { witness?: Witness; answer: Answer } = { answer: (_, response) => response.destroy() };
    const witness = await startWitness((...asked) => target.answer(...asked));
    stops.push(() => witness.stop());
    return Object.assign(target, { witness });
  };
  const claude = await sample("claude");
  const gpt = await sample("gpt");
  const scripted = { openai: await script(), anthropic: await script() };
  const keys: { [target: string]: string } = {};
  for (const { name } of TARGETS) {
    keys[name] = randomBytes(24).toString("hex");
    writeFileSync(join(dir, `${name}.key`), `${keys[name]}\n`, { mode: 0o600 });
  }
  const registryFile = join(dir, "registry.yaml");
  writeFileSync(registryFile, registry());
  const governed = await startGoverned({
    ...options,
    config: (usual) => {
      const own = { ...usual, registry: { file: registryFile } };
      return config?.(own) ?? own;
    },
    targets: [
      { name: "primary", origin: `http://127.0.0.1:${scripted.openai.witness.port}` },
      { name: "claude", origin: claude.origin },
      { name: "gpt", origin: gpt.origin },
      { name: "scripted-claude", origin: `http://127.0.0.1:${scripted.anthropic.witness.port}` },
    ].map((target) => ({ ...target, fallbacks: fallbacks[target.name] ?? [] })),
  });
  stops.push(() => governed.stop());
  return withoutStop(governed, { claude, gpt, scripted, keys });
}

/** Parts are read late: a restarted one has another pid. */
function withoutStop<T extends object>(governed: Governed, more: T): Omit<Governed, "stop"> & T {
  const { stop: _, ...rest } = governed;
  return { ...rest, ...more };
}

function registry(): string {
  const document = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8"));
  for (const target of TARGETS)
    document.targets.push({
      ...target,
      region: "us",
      provider: "test",
      key: { file: `${target.name}.key` },
    });
  for (const [name, targets] of [
    [CLAUDE_MODEL, ["claude"]],
    [GPT_MODEL, ["gpt"]],
    [EITHER_MODEL, ["primary", "claude"]],
    [SCRIPTED_CLAUDE_MODEL, ["scripted-claude"]],
  ] as const)
    document.models.push({
      name,
      stage: "active",
      dataClasses: ["public", "internal", "personal"],
      contextWindow: 10_000_000,
      maxOutputTokens: 256,
      price: { input: 1, output: 2 },
      versions: [{ name: "sim-small", weight: 1, targets }],
    });
  return stringify(document);
}
