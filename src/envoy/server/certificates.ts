import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { ServerLog, TlsOptions } from "./options.ts";

/** How often the files are read again. Rotated certificates overlap by hours. */
const RELOAD_EVERY_MS = 10_000;

/** What is warned of: fewer days than Let's Encrypt's renewal window, more than a weekend. */
const EXPIRY_WARNING_MS = 3 * 24 * 3_600_000;

/** A good set of files, ready to serve with. */
export type Certificates = {
  readonly context: SecureContextOptions;
  /** Of the three files' bytes: says whether anything changed. */
  readonly digest: string;
  readonly expiresAtMs: number;
};

/**
 * Reads the files and checks that they fit each other: the key is that of the certificate, the certificate is valid
 * now, the CA file holds certificates.
 * @throws Error that names the file and what is wrong with it
 */
export async function loadCertificates(options: TlsOptions, nowMs: number): Promise<Certificates> {
  const cert = await readNamed(options.certFile);
  const key = await readNamed(options.keyFile);
  const ca = options.clientCaFile === undefined ? undefined : await readNamed(options.clientCaFile);
  const leaf = parse(options.certFile, "certificate", () => new X509Certificate(cert));
  const privateKey = parse(options.keyFile, "private key", () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new Error(`${options.keyFile} is not the key of the certificate in ${options.certFile}`);
  }
  const expiresAtMs = leaf.validToDate.getTime();
  if (nowMs > expiresAtMs) throw new Error(`${options.certFile} expired at ${leaf.validTo}`);
  if (nowMs < leaf.validFromDate.getTime()) {
    throw new Error(`${options.certFile} is not valid before ${leaf.validFrom}`);
  }
  if (ca !== undefined) parse(options.clientCaFile ?? "", "CA certificate", () => new X509Certificate(ca));
  const context = { cert, key, ...(ca === undefined ? {} : { ca }) };
  parse(options.certFile, "usable certificate", () => createSecureContext(context));
  return { context, digest: digestOf([cert, key, ca ?? Buffer.alloc(0)]), expiresAtMs };
}

/** Follows the files while the server runs. */
export type CertificateReloader = {
  /** Looks at the files now; resolves when what they hold is in use or was refused. */
  reload(): Promise<void>;
  close(): void;
};

/**
 * Reads the files again from time to time, by content: mounted secrets change by a symbolic link far above them. What
 * does not fit is logged once and the certificates in use stay (a half-written pair is whole at the next look).
 */
export function reloadCertificates(
  options: TlsOptions,
  current: Certificates,
  use: (context: SecureContextOptions) => void,
  log: ServerLog,
): CertificateReloader {
  let inUse = current;
  let lastFault = "";
  let warnedOf = 0;

  const reload = async () => {
    try {
      const next = await loadCertificates(options, Date.now());
      lastFault = "";
      if (next.digest !== inUse.digest) {
        use(next.context);
        inUse = next;
        log.info({ certFile: options.certFile, expiresAt: iso(next.expiresAtMs) }, "certificate reloaded");
      }
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      if (fault !== lastFault)
        log.error({ err: error }, `certificate not reloaded, the old one stays: ${fault}`);
      lastFault = fault;
    }
    if (inUse.expiresAtMs - Date.now() < EXPIRY_WARNING_MS && warnedOf !== inUse.expiresAtMs) {
      warnedOf = inUse.expiresAtMs;
      log.warn({ certFile: options.certFile, expiresAt: iso(inUse.expiresAtMs) }, "certificate expires soon");
    }
  };
  const timer = setInterval(reload, RELOAD_EVERY_MS).unref();
  return { reload, close: () => clearInterval(timer) };
}

async function readNamed(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function parse<T>(file: string, what: string, parser: () => T): T {
  try {
    return parser();
  } catch (error) {
    throw new Error(`${file} holds no ${what}: ${(error as Error).message}`, { cause: error });
  }
}

function digestOf(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
