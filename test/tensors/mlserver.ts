import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Programs of the virtual environment that `make servers` makes, with a slash at its end. */
export const MLSERVER_BIN = fileURLToPath(new URL("../../.tools/mlserver/bin/", import.meta.url));
const TRAIN = fileURLToPath(new URL("train.py", import.meta.url));

/** Why there is no MLServer to test against; undefined when there is. */
export const mlserverMissing = existsSync(join(MLSERVER_BIN, "mlserver"))
  ? undefined
  : `no MLServer at ${MLSERVER_BIN} (make setup): NOT TESTED`;

/** Rows of a data set, and what the trained model says of them in its own process. */
export type OwnPredictions = {
  readonly rows: readonly (readonly number[])[];
  readonly predictions: readonly number[];
};

/**
 * A running MLServer with the models `iris` (a classifier), `diabetes` (a regression) and `progress_by_bmi`, another that
 * finds its only input by name.
 */
export type MlServer = {
  readonly url: string;
  readonly own: {
    readonly iris: OwnPredictions;
    readonly diabetes: OwnPredictions;
    readonly progress_by_bmi: {
      readonly rows: readonly number[];
      readonly predictions: readonly number[];
    };
  };
  stop(): Promise<void>;
};

/** Trains the models and serves them. */
export async function startMlServer(): Promise<MlServer> {
  const folder = mkdtempSync(join(tmpdir(), "regent-mlserver-"));
  const { status, stdout, stderr } = spawnSync(join(MLSERVER_BIN, "python"), [TRAIN, folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`training failed: ${stderr}`);
  writeFileSync(join(folder, "settings.json"), JSON.stringify(SETTINGS));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    const { url, stop } = await serveMlServer(folder);
    return { url, own: JSON.parse(stdout) as MlServer["own"], stop: () => stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Serves a folder with its settings and models. */
export async function serveMlServer(folder: string): Promise<Pick<MlServer, "url" | "stop">> {
  const server = spawn(join(MLSERVER_BIN, "mlserver"), ["start", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stopped = once(server, "exit");
  const stop = async () => {
    server.kill("SIGTERM");
    await stopped;
  };
  try {
    return { url: await urlOf(server.stderr), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ports from the system. One process, because two cores have better things to do. */
const SETTINGS = { host: "127.0.0.1", http_port: 0, grpc_port: 0, metrics_port: 0, parallel_workers: 0 };

/** It has two HTTP servers, for inference and for metrics, and says of both in the same words where they listen. */
async function urlOf(log: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: log })) {
    lines.push(line);
    const url = /Uvicorn running on (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    const { ok } = await fetch(`${url}/v2/health/ready`);
    if (ok) {
      log.resume();
      return url;
    }
  }
  throw new Error(`MLServer did not start: ${lines.join("\n")}`);
}
