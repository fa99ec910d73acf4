import type { BundleError } from "../bundle/error.ts";

/** One version of a bundle as its source found it: unpacked within bounds, nothing in it believed yet. */
export type BundleFiles = {
  /** Content by path inside the bundle, `/` between parts, none at the front. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** SHA-256 of what was read, hex: tells versions apart. */
  readonly digest: string;
  /** Bytes as they were read: of the archive, or of all files of a folder. */
  readonly bytes: number;
};

/** What became of an offer. A source keeps (an ETag, a copy on disk) only what was accepted. */
export type Verdict = { readonly accepted: true } | { readonly accepted: false; readonly error: BundleError };

/** Who takes the versions that a source finds. All of it is called by one look after another, never at once. */
export type BundleSink = {
  /**
   * Checks, compiles and activates a version, or refuses it. Awaited before the next offer. Never rejects. At the start
   * of the process it resolves once every other bundle has had its first look too: they are activated together.
   */
  offer(version: BundleFiles): Promise<Verdict>;
  /** The source looked and there is nothing newer than what was accepted last (304). */
  unchanged(): void;
  /** The source itself failed: unreachable, half an answer, no archive. What is active stays. */
  failed(error: BundleError): void;
};

/** Where one bundle comes from: a file, a folder, a service. */
export type BundleSource = {
  /** A path, or a URL without credentials. */
  readonly location: string;
  /**
   * It may be away for a while: the process starts without it and denies until it is there. A source that says nothing
   * of the kind ends the start of the process when its first look fails.
   */
  readonly remote?: boolean;
  /** The first look, then it goes on looking. Resolves when the first look has ended, whatever came of it. */
  start(sink: BundleSink): Promise<void>;
  /** Looks again now. Resolves when that look has ended. */
  reload(): Promise<void>;
  close(): Promise<void>;
};
