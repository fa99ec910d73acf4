import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { BundleError } from "../bundle/error.ts";
import { faultOf } from "../fault.ts";
import type { PolicyLog } from "../log.ts";
import { removeLeftovers, replaceFile } from "../replace-file.ts";
import type { BundleFiles } from "../source/source.ts";
import { type RolloutState, rolloutState } from "./state.ts";

/** The bundles of one version, by name, as their sources delivered them. */
export type VersionFiles = ReadonlyMap<string, BundleFiles>;

/** What was kept over a restart. */
export type Kept = {
  readonly state: RolloutState;
  /** The version that was live. @throws BundleError when it cannot be read or is not whole: the state counts all the same */
  live(): Promise<VersionFiles>;
};

/** A state or a version on disk. 512 MiB is what a bundle may unpack to. */
const FILE_BYTES_MAX = 600 * 1024 * 1024;

/**
 * Keeps the state of a rollout and the version that is live, in a folder that only this process's user may read. The
 * version is there before a state names it, so that a crash between the two leaves the older pair.
 */
export class RolloutKeeper {
  readonly #folder: string;
  readonly #log: PolicyLog;
  #writing: Promise<void> = Promise.resolve();
  #written: string | undefined;

  constructor(folder: string, log: PolicyLog) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * What was kept; undefined when there is nothing. What is in it is to be verified and proved as if it had just come.
   * @throws BundleError when the state cannot be read or is none
   */
  async load(): Promise<Kept | undefined> {
    const text = await this.#read("state.json");
    if (text === undefined) return undefined;
    const state = parseState(text, join(this.#folder, "state.json"));
    return { state, live: () => this.#loadVersion(state.live) };
  }

  async #loadVersion(digest: string): Promise<VersionFiles> {
    const name = `${digest}.version`;
    const file = join(this.#folder, name);
    const content = await this.#read(name);
    if (content === undefined) throw new BundleError(`${file}, the version that was live, is gone`);
    const version = parseVersion(content, file);
    this.#written = digest;
    return version;
  }

  /** Writes in the background, one after another. What cannot be written is logged: deciding goes on without. */
  save(state: RolloutState, live: VersionFiles): void {
    this.#writing = this.#writing
      .then(() => this.#save(state, live))
      .catch((error: unknown) => {
        this.#log.error(
          { folder: this.#folder, err: error },
          `the state of the rollout cannot be kept over a restart: ${faultOf(error)}`,
        );
      });
  }

  /** Resolves when everything is on the disk. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #save(state: RolloutState, live: VersionFiles): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await removeLeftovers(this.#folder);
    if (this.#written !== state.live)
      await replaceFile(this.#folder, `${state.live}.version`, [renderVersion(live)]);
    await replaceFile(this.#folder, "state.json", [Buffer.from(`${JSON.stringify(state)}\n`)]);
    if (this.#written !== state.live) await this.#removeVersionsBut(state.live);
    this.#written = state.live;
  }

  async #removeVersionsBut(live: string): Promise<void> {
    for (const entry of await readdir(this.#folder))
      if (entry.endsWith(".version") && entry !== `${live}.version`)
        await rm(join(this.#folder, entry), { force: true });
  }

  async #read(name: string): Promise<Buffer | undefined> {
    const file = join(this.#folder, name);
    try {
      const handle = await open(file, "r");
      try {
        const { size } = await handle.stat();
        if (size > FILE_BYTES_MAX) throw new BundleError(`${file} is larger than ${FILE_BYTES_MAX} bytes`);
        return await readFile(handle);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      if (error instanceof BundleError) throw error;
      throw new BundleError(`${file} cannot be read: ${String(error)}`, { cause: error });
    }
  }
}

function parseState(content: Buffer, file: string): RolloutState {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch (error) {
    throw new BundleError(`${file} is not JSON: ${String(error)}`, { cause: error });
  }
  const parsed = rolloutState.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BundleError(`${file} is no state of a rollout: ${issue?.path.join(".")} ${issue?.message}`);
}

const DIGEST_BYTES = 32;

/** A digest, and behind it the files of each bundle. */
function renderVersion(version: VersionFiles): Buffer {
  const plain = [...version].map(([name, { files, digest, bytes }]) => ({ name, files, digest, bytes }));
  const content = serialize(plain);
  return Buffer.concat([createHash("sha256").update(content).digest(), content]);
}

function parseVersion(content: Buffer, file: string): VersionFiles {
  const body = content.subarray(DIGEST_BYTES);
  if (!createHash("sha256").update(body).digest().equals(content.subarray(0, DIGEST_BYTES)))
    throw new BundleError(`${file} is not whole: its digest does not match`);
  const bundles = deserialize(body) as readonly (BundleFiles & { readonly name: string })[];
  return new Map(
    bundles.map(({ name, files, digest, bytes }) => [
      name,
      { files: new Map([...files].map(([path, data]) => [path, Buffer.from(data)])), digest, bytes },
    ]),
  );
}
