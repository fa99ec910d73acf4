import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unpackArchive } from "../../src/policy/bundle/archive.ts";
import { BundleError } from "../../src/policy/bundle/error.ts";
import {
  createPolicyEngine,
  type ManagedPolicyEngine,
  type PolicyEngineOptions,
} from "../../src/policy/engine.ts";
import type { BundleSink, BundleSource, Verdict } from "../../src/policy/source/source.ts";
import { withFolder } from "./rego.ts";

export type LogLine = {
  readonly level: string;
  readonly fields: { readonly [key: string]: unknown };
  readonly message: string;
};

/** A log that keeps its lines and lets a test wait for one. */
export class KeptLog {
  readonly lines: LogLine[] = [];
  readonly #waiting: { readonly pattern: RegExp; readonly resolve: (line: LogLine) => void }[] = [];

  info(fields: object, message: string): void {
    this.#keep({ level: "info", fields: { ...fields }, message });
  }
  warn(fields: object, message: string): void {
    this.#keep({ level: "warn", fields: { ...fields }, message });
  }
  error(fields: object, message: string): void {
    this.#keep({ level: "error", fields: { ...fields }, message });
  }

  /** The next line that matches, from now on. */
  next(pattern: RegExp): Promise<LogLine> {
    return new Promise((resolve) => this.#waiting.push({ pattern, resolve }));
  }

  #keep(line: LogLine): void {
    this.lines.push(line);
    for (const { pattern, resolve } of this.#waiting) if (pattern.test(line.message)) resolve(line);
  }
}

/** Replaces a file in one step, as regent policy build does. */
export async function replaceFile(path: string, content: Buffer): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

export type FileEngine = {
  readonly engine: ManagedPolicyEngine;
  readonly log: KeptLog;
  /** Puts an archive in the place of a bundle and has the store look at it. */
  put(name: string, archive: Buffer): Promise<void>;
  pathOf(name: string): string;
};

/** An engine of bundles in files, by name, that looks at them when it is told to. */
export async function withFileEngine<T>(
  bundles: { readonly [name: string]: Buffer },
  options: Omit<Partial<PolicyEngineOptions>, "bundles" | "log">,
  work: (engine: FileEngine) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const pathOf = (name: string) => join(folder, `${name}.tar.gz`);
    for (const [name, archive] of Object.entries(bundles)) await writeFile(pathOf(name), archive);
    const log = new KeptLog();
    const engine = await createPolicyEngine({
      watch: false,
      ...options,
      bundles: Object.keys(bundles).map((name) => ({ name, path: pathOf(name) })),
      log,
    });
    const put = async (name: string, archive: Buffer) => {
      await replaceFile(pathOf(name), archive);
      await engine.reload();
    };
    try {
      return await work({ engine, log, put, pathOf });
    } finally {
      await engine.close();
    }
  });
}

/** A source that is told what comes, as a service would. */
export class ToldSource implements BundleSource {
  readonly location = "https://bundles.test/main.tar.gz";
  readonly remote = true;
  readonly #first: Buffer | undefined;
  #sink: BundleSink | undefined;

  /** @param first what it finds at its first look; undefined: the service is away. */
  constructor(first: Buffer | undefined) {
    this.#first = first;
  }

  async start(sink: BundleSink): Promise<void> {
    this.#sink = sink;
    if (this.#first === undefined) sink.failed(new BundleError("the service is away", { httpStatus: 503 }));
    else await this.offer(this.#first);
  }

  async offer(archive: Buffer): Promise<Verdict> {
    if (this.#sink === undefined) throw new TypeError("not started");
    return this.#sink.offer(await unpackArchive(archive));
  }

  unchanged(): void {
    this.#sink?.unchanged();
  }

  async reload(): Promise<void> {}
  async close(): Promise<void> {}
}
