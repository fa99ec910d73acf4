import { BundleError } from "../bundle/error.ts";
import { readFiles } from "./read.ts";
import type { BundleSink, BundleSource } from "./source.ts";
import { type FileWatch, watchFile } from "./watch.ts";

export type FileSourceOptions = {
  /** A `tar.gz` file, a folder with the same files, or a `.rego` file. */
  readonly path: string;
  /** Follow changes; true unless said otherwise. */
  readonly watch?: boolean;
  /** Milliseconds between two looks where no event comes. */
  readonly pollMs?: number;
};

/** A bundle on disk. A change of the file or of anything in the folder is offered as a new version. */
export function createFileSource({ path, watch = true, pollMs }: FileSourceOptions): BundleSource {
  let sink: BundleSink | undefined;
  let watcher: FileWatch | undefined;
  let closed = false;
  let accepted: string | undefined;
  /** Looks come one after another. */
  let looking: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    if (sink === undefined || closed) return;
    try {
      const version = await readFiles(path);
      if (version.digest === accepted) sink.unchanged();
      else accepted = (await sink.offer(version)).accepted ? version.digest : undefined;
    } catch (error) {
      accepted = undefined;
      sink.failed(error instanceof BundleError ? error : new BundleError(String(error), { cause: error }));
    }
  };
  const reload = (): Promise<void> => {
    looking = looking.then(look);
    return looking;
  };

  return {
    location: path,
    async start(to) {
      sink = to;
      // Watched before it is read, so that no change falls between the two.
      if (watch) watcher = watchFile(path, reload, pollMs);
      await reload();
    },
    reload,
    async close() {
      closed = true;
      watcher?.close();
      await looking;
    },
  };
}
