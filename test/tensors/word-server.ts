import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { claimPort } from "../../src/local/ports.ts";
import { serveMlServer } from "./mlserver.ts";

const WORDS = fileURLToPath(new URL("words.py", import.meta.url));

/** MLServer with a model of `words.py`. */
export type WordServer = {
  /** Of gRPC, on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
};

export async function startWordServer(model: string): Promise<WordServer> {
  const folder = mkdtempSync(join(tmpdir(), "regent-words-"));
  const port = await claimPort(0);
  const settings = {
    host: "127.0.0.1",
    http_port: 0,
    grpc_port: port,
    // MLServer streams without its metrics, its compression and its workers alone.
    metrics_endpoint: null,
    gzip_enabled: false,
    parallel_workers: 0,
  };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
  mkdirSync(join(folder, model));
  copyFileSync(WORDS, join(folder, model, "words.py"));
  const served = { name: model, implementation: "words.Words" };
  writeFileSync(join(folder, model, "model-settings.json"), JSON.stringify(served));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    const { stop } = await serveMlServer(folder);
    return { port, stop: () => stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
