import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { packageFile } from "../../document/package-root.ts";

/** OPA could not be found, or it found faults in what it was given: the message is OPA's. */
export class OpaError extends Error {
  override readonly name = "OpaError";
}

/** There is no OPA to run. */
export class OpaNotFoundError extends OpaError {}

/** The builtins and features that policies may use: what OPA compiles to Wasm and what Regent supplies. */
export const CAPABILITIES_FILE = packageFile("schema", "capabilities.json");

/** Finds OPA's command: `$OPA`, then PATH, then `.tools/bin` of the checkout. @throws OpaNotFoundError */
export async function findOpa(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = environment.OPA;
  if (named !== undefined && named !== "") {
    if (await isExecutable(named)) return named;
    throw new OpaNotFoundError(`OPA=${named} is not a program`);
  }
  const folders = (environment.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...folders, packageFile(".tools", "bin")]) {
    const candidate = join(folder, "opa");
    if (await isExecutable(candidate)) return candidate;
  }
  throw new OpaNotFoundError(
    "opa is not found. It compiles and tests policies: install OPA 1.22 (https://www.openpolicyagent.org/docs#running-opa), run make setup in a checkout, or name the program in OPA=",
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export type OpaRun = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Output of one run of OPA that is kept: tests of 1,000 rules print about 1 MiB. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Runs OPA to its end and keeps what it prints.
 * @param until kills it when it is aborted
 * @throws OpaError when it cannot be started, is killed or prints without end.
 */
export async function runOpa(opa: string, args: readonly string[], until?: AbortSignal): Promise<OpaRun> {
  const child = spawn(opa, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(until === undefined ? {} : { signal: until, killSignal: "SIGKILL" as const }),
  });
  const stdout = collect(child.stdout, () => child.kill());
  const stderr = collect(child.stderr, () => child.kill());
  const status = await new Promise<number>((resolve, reject) => {
    child.on("error", (error) =>
      reject(new OpaError(`${opa} cannot be run: ${error.message}`, { cause: error })),
    );
    child.on("close", (code, signal) =>
      code === null ? reject(new OpaError(`${opa} was ended by ${signal}`)) : resolve(code),
    );
  });
  return { status, stdout: stdout(), stderr: stderr() };
}

function collect(stream: NodeJS.ReadableStream, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
