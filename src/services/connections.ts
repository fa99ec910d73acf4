import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Secret } from "../document/secret.ts";
import { Fault } from "./error.ts";
import type { HttpAgent } from "./http.ts";

/** Open connections to one service. Each bundle that is long-polled holds one; decision log and status take one each. */
export const CONNECTIONS_MAX = 64;
/** Connections that wait for the next request. */
const IDLE_CONNECTIONS_MAX = 2;
/** An idle connection is closed before load balancers usually do it (60 s), so that few requests meet a dead one. */
const IDLE_MS = 50_000;

export type ClientCertificate = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase?: Secret;
};

export type ConnectionOptions = {
  readonly protocol: string;
  readonly caFile?: string;
  /** Believe the CAs of the system beside those of `caFile`. */
  readonly systemCaRequired?: boolean;
  readonly allowInsecureTls?: boolean;
  readonly client?: ClientCertificate;
};

/** Connections that are made with the files as they are now. */
export type Connections = {
  /** @throws Fault `credentials` or `tls` that names the file which is missing or does not fit */
  current(): Promise<HttpAgent>;
  /** What is wrong with our own certificate, for the message about a failed request. */
  hint(nowMs: number): string | undefined;
  close(): void;
};

/** The connections of one service. Files of TLS are read for each request, so that rotated ones are in use at once. */
export function createConnections(options: ConnectionOptions): Connections {
  const agentOptions = {
    keepAlive: true,
    maxSockets: CONNECTIONS_MAX,
    maxFreeSockets: IDLE_CONNECTIONS_MAX,
    timeout: IDLE_MS,
  };
  if (options.protocol === "http:") {
    const agent = new http.Agent(agentOptions);
    return { current: async () => agent, hint: () => undefined, close: () => agent.destroy() };
  }
  let digest = "";
  let agent: https.Agent | undefined;
  let leaf: X509Certificate | undefined;
  return {
    async current() {
      const files = await readFiles(options);
      if (agent !== undefined && files.digest === digest) return agent;
      const made = secureContext(files, options);
      // The old agent is not destroyed: requests under way end on it, its idle connections end by themselves.
      agent = new https.Agent({
        ...agentOptions,
        secureContext: made.context,
        rejectUnauthorized: options.allowInsecureTls !== true,
      });
      digest = files.digest;
      leaf = made.leaf;
      return agent;
    },
    hint: (nowMs) =>
      leaf === undefined ? undefined : outOfDate(leaf, options.client?.certFile ?? "", nowMs),
    close: () => agent?.destroy(),
  };
}

type Files = { readonly digest: string; readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };

async function readFiles({ caFile, client }: ConnectionOptions): Promise<Files> {
  const ca = caFile === undefined ? undefined : await readNamed(caFile, "CA file");
  const cert = client === undefined ? undefined : await readNamed(client.certFile, "client certificate");
  const key = client === undefined ? undefined : await readNamed(client.keyFile, "client key");
  const hash = createHash("sha256");
  for (const part of [ca, cert, key]) hash.update(`${part?.length ?? "none"}:`).update(part ?? "");
  return {
    digest: hash.digest("hex"),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readNamed(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Fault("credentials", `the ${what} ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function secureContext(
  { ca, cert, key }: Files,
  options: ConnectionOptions,
): { readonly context: SecureContext; readonly leaf: X509Certificate | undefined } {
  const { caFile = "", client } = options;
  if (ca !== undefined) parse("tls", caFile, "CA certificate", () => new X509Certificate(ca));
  const trusted = trustedAuthorities(ca, options.systemCaRequired === true);
  if (cert === undefined || key === undefined || client === undefined)
    return { context: createSecureContext({ ca: trusted, minVersion: "TLSv1.2" }), leaf: undefined };

  const passphrase = client.passphrase?.reveal();
  const leaf = parse("credentials", client.certFile, "certificate", () => new X509Certificate(cert));
  const privateKey = parse("credentials", client.keyFile, "private key", () =>
    createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) }),
  );
  if (!leaf.checkPrivateKey(privateKey))
    throw new Fault(
      "credentials",
      `${client.keyFile} is not the key of the certificate in ${client.certFile}`,
    );
  const context = parse("credentials", client.certFile, "usable certificate", () =>
    createSecureContext({
      ca: trusted,
      minVersion: "TLSv1.2",
      cert,
      key: privateKey.export({ type: "pkcs8", format: "pem" }),
    }),
  );
  return { context, leaf };
}

/** The CAs of `caFile` alone where there is one, as in OPA; else those of Node and of the system. */
function trustedAuthorities(ca: Buffer | undefined, systemToo: boolean): (string | Buffer)[] {
  if (ca === undefined) return [...getCACertificates("default"), ...getCACertificates("system")];
  return systemToo ? [...getCACertificates("system"), ca] : [ca];
}

function parse<T>(fault: "tls" | "credentials", file: string, what: string, parser: () => T): T {
  try {
    return parser();
  } catch (error) {
    throw new Fault(fault, `${file} holds no ${what}: ${(error as Error).message}`, { cause: error });
  }
}

function outOfDate(leaf: X509Certificate, file: string, nowMs: number): string | undefined {
  if (nowMs > leaf.validToDate.getTime()) return `the client certificate ${file} expired at ${leaf.validTo}`;
  if (nowMs < leaf.validFromDate.getTime())
    return `the client certificate ${file} is not valid before ${leaf.validFrom}`;
  return undefined;
}
