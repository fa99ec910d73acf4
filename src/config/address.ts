import { isIP } from "node:net";
import { isLoopback } from "../exchange/loopback.ts";

/** Where a server listens. Port 0 lets the system choose. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export type TcpAddress = Extract<Address, { kind: "tcp" }>;

/** `127.0.0.1:9191`, `[::1]:9191`, `localhost:9191`, `:8282` (every interface). */
export const TCP_PATTERN = /^(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]*):([0-9]{1,5})$/;
/** `unix:///run/regent/regent.sock`: an absolute path. */
export const UNIX_PATTERN = /^unix:\/\/(\/.+)$/;
/** sun_path of Linux (unix(7)), less its closing NUL. */
const UNIX_PATH_BYTES_MAX = 107;
const PORT_MAX = 65_535;

/** Undefined when the text is not `HOST:PORT`. */
export function parseTcpAddress(text: string): TcpAddress | undefined {
  const match = TCP_PATTERN.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > PORT_MAX) return undefined;
  const written = (match[1] ?? "").replace(/^\[|\]$/g, "");
  const host = written === "" ? "0.0.0.0" : written;
  if (match[1]?.startsWith("[") && isIP(host) !== 6) return undefined;
  // A host made of digits and dots that is not an address is a typing error, not a name.
  if (/^[0-9.]+$/.test(host) && isIP(host) === 0) return undefined;
  return { kind: "tcp", host, port };
}

/** Undefined when the text is neither `HOST:PORT` nor `unix:///PATH`. */
export function parseAddress(text: string): Address | undefined {
  const path = UNIX_PATTERN.exec(text)?.[1];
  if (path === undefined) return parseTcpAddress(text);
  return Buffer.byteLength(path) <= UNIX_PATH_BYTES_MAX ? { kind: "unix", path } : undefined;
}

/** Whether only this machine (in a pod: only this pod) can reach the address. */
export function isLocal(address: Address): boolean {
  return address.kind === "unix" || isLoopback(address.host);
}

/** As it is written in a document. */
export function renderAddress(address: Address): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
