import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { packageFile } from "../../../src/document/package-root.ts";
import type { EnvoyTarget } from "../../../src/local/envoy/options.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { tell } from "../../support/answer-streams.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { type Answer, type Seen, startWitness, type Witness } from "../support/witness.ts";

/** A target as the registry has it, with a model of the same name on it and on those that it falls back to. */
export type KeyedTarget = {
  readonly name: string;
  readonly format: string;
  readonly fallbacks?: readonly string[];
  readonly [member: string]: unknown;
};

/** A real Envoy and Regent with targets of which one server plays all. */
export type Keyed = {
  readonly stack: Governed;
  readonly witness: Witness;
  /** The folder of the registry, which keys are relative to. */
  readonly dir: string;
  /** What reached the server last. */
  last(): Seen;
  stop(): Promise<void>;
};

/** What the models of all targets are called there. */
export const VERSION = "model-1";

/** @param prepare puts the files of keys into the folder */
export async function startKeyed(
  targets: readonly KeyedTarget[],
  prepare: (dir: string) => void,
): Promise<Keyed> {
  const folder = temporaryFolder();
  const witness = await startWitness(answerInKind);
  const clean = async () => {
    await witness.stop();
    folder.remove();
  };
  try {
    prepare(folder.path);
    const file = join(folder.path, "registry.yaml");
    writeFileSync(file, registryOf(targets));
    const origin = `http://127.0.0.1:${witness.port}`;
    const stack = await startGoverned({
      config: (usual) => ({
        ...usual,
        registry: { file },
        audit: { ...usual.audit, flush: "5ms" },
      }),
      targets: targets.map(({ name, fallbacks = [] }): EnvoyTarget => ({ name, origin, fallbacks })),
    });
    return {
      stack,
      witness,
      dir: folder.path,
      last() {
        const seen = witness.seen.at(-1);
        if (seen === undefined) throw new Error("nothing has reached a target");
        return seen;
      },
      async stop() {
        await stack.stop();
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

function registryOf(targets: readonly KeyedTarget[]): string {
  const document = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8"));
  for (const { fallbacks: _, ...target } of targets)
    document.targets.push({ region: "us", provider: "test", ...target });
  for (const { name, fallbacks = [] } of targets)
    document.models.push({
      name: `on-${name}`,
      stage: "active",
      dataClasses: ["public", "internal", "personal"],
      contextWindow: 100_000,
      maxOutputTokens: 256,
      price: { input: 1, output: 2 },
      versions: [{ name: VERSION, weight: 1, targets: [name, ...fallbacks] }],
    });
  return stringify(document);
}

/** Answers in the dialect of the path, and fails where the request says so by `x-fail-at`, a part of the path. */
const answerInKind: Answer = ({ url = "", headers }, response) => {
  const json = (status: number, body: object) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const failAt = headers["x-fail-at"];
  if (typeof failAt === "string" && url.includes(failAt)) return json(503, { error: { message: "down" } });
  const [path = ""] = url.split("?");
  if (path.endsWith(":streamGenerateContent"))
    return void response
      .writeHead(200, { "content-type": "text/event-stream" })
      .end(tell("gemini-generate", ["Hel", "lo."]).whole);
  if (path.endsWith(":countTokens")) return json(200, { totalTokens: 7 });
  if (path.includes(":generateContent"))
    return json(200, {
      candidates: [
        { content: { role: "model", parts: [{ text: "Hello." }] }, finishReason: "STOP", index: 0 },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 14 },
    });
  if (path.endsWith("/converse"))
    return json(200, {
      output: { message: { role: "assistant", content: [{ text: "Hello." }] } },
      stopReason: "end_turn",
      usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14 },
      metrics: { latencyMs: 1 },
    });
  if (path.endsWith("/embeddings"))
    return json(200, {
      object: "list",
      model: VERSION,
      data: [{ object: "embedding", index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  if (path.endsWith("/responses"))
    return json(200, {
      id: "resp_1",
      object: "response",
      created_at: 1,
      status: "completed",
      model: VERSION,
      output: [
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Hello.", annotations: [] }],
        },
      ],
      usage: { input_tokens: 10, output_tokens: 4, total_tokens: 14 },
    });
  return json(200, {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: VERSION,
    choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 },
  });
};

/** A folder in which secrets are mounted as Kubernetes does it: files are links through `..data`, which is swapped at once. */
export function mountSecrets(folder: string, values: { readonly [name: string]: string }): void {
  const isFirst = !existsSync(join(folder, "..data"));
  const version = `..${process.hrtime.bigint()}`;
  mkdirSync(join(folder, version), { recursive: true });
  for (const [name, value] of Object.entries(values)) {
    writeFileSync(join(folder, version, name), value);
    // The links are there from the first version on, and stay.
    if (isFirst) symlinkSync(join("..data", name), join(folder, name));
  }
  symlinkSync(version, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
}
