import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { isLoopback } from "../exchange/loopback.ts";

/** Where OPA, or the plugin, listens. A unix path that begins with `@` is a name in Linux's abstract namespace. */
export type OpaAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** sun_path of Linux (unix(7)), less its closing NUL. */
const UNIX_PATH_BYTES_MAX = 107;
const PORT_MAX = 65_535;
const HOST_PORT = /^(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._-]*):([0-9]{1,5})$/;

/**
 * Reads an address as `--addr` and the plugin's `addr` have it: `[IP]:PORT`, `:PORT` for every interface,
 * `unix:///PATH`, `unix://@NAME`, and the same with `http://` or `grpc://` in front.
 * @returns what is wrong with it, completing "the address …", when it is none
 */
export function parseOpaAddress(text: string): OpaAddress | string {
  const [, scheme = "", rest = ""] = /^(?:([a-z0-9+.-]+):\/\/)?(.*)$/s.exec(text) ?? [];
  if (scheme === "unix") return parsePath(rest);
  if (scheme === "https")
    return "asks for TLS, which is not served here: put the TLS of the mesh or a proxy before it";
  if (!["", "http", "grpc"].includes(scheme))
    return `begins with ${scheme}://, which is neither unix:// nor an address`;
  const match = HOST_PORT.exec(rest.replace(/\/$/, ""));
  const port = Number(match?.[2]);
  if (match === null || port > PORT_MAX) return "must be HOST:PORT, :PORT or unix:///PATH";
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  if (/^[0-9.]+$/.test(host) && isIP(host) === 0) return `names the host ${host}, which is no IP address`;
  return { kind: "tcp", host: host === "" ? everyInterface() : host, port };
}

function parsePath(path: string): OpaAddress | string {
  if (path === "" || path === "@") return "has no path behind unix://";
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX)
    return `has a path of more than ${UNIX_PATH_BYTES_MAX} bytes, which is more than a unix socket may have`;
  return { kind: "unix", path };
}

/** As Go listens without a host: on IPv6, which takes IPv4 too, where the machine has it. */
function everyInterface(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === "IPv6") ? "::" : "0.0.0.0";
}

/** Whether only this machine (in a pod: only this pod) can reach the address. */
export function isLocal(address: OpaAddress): boolean {
  return address.kind === "unix" || isLoopback(address.host);
}

/** As it is written in a document. */
export function renderOpaAddress(address: OpaAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
