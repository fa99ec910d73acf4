import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process that listens on a port. */
export type PortHolder = { readonly pid: number; readonly command: string };

/**
 * The process that listens on a TCP port of this machine; undefined when nobody does, when it belongs to another user,
 * or where there is no /proc (https://docs.kernel.org/networking/proc_net_tcp.html).
 */
export function portHolder(port: number): PortHolder | undefined {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const entry of list("/proc")) {
    if (/^\d+$/.test(entry) && holdsSocket(entry, inodes)) {
      return { pid: Number(entry), command: commandOf(entry) };
    }
  }
  return undefined;
}

/** One sentence that names the port, who holds it and what to do. */
export function portTakenSentence(port: number): string {
  const holder = portHolder(port);
  const who = holder === undefined ? "another process" : `${holder.command} (process ${holder.pid})`;
  return `port ${port} is taken by ${who}; stop it or choose another port`;
}

/** State LISTEN in /proc/net/tcp. */
const LISTEN = "0A";

/** Socket inodes that listen on a port. Columns: sl, local address:port, remote, state, …, inode as the tenth. */
function listeningInodes(port: number): Set<string> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of text(table).split("\n").slice(1)) {
      const columns = line.trim().split(/\s+/);
      const localPort = Number.parseInt(columns[1]?.split(":")[1] ?? "", 16);
      if (localPort === port && columns[3] === LISTEN && columns[9] !== undefined) inodes.add(columns[9]);
    }
  }
  return inodes;
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

/** The command line, cut to what fits a message. */
function commandOf(pid: string): string {
  const words = text(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
  return words.length > COMMAND_LENGTH_MAX ? `${words.slice(0, COMMAND_LENGTH_MAX)}…` : words || "a process";
}

/** Characters of a command line in a message: enough to recognise it. */
const COMMAND_LENGTH_MAX = 80;

// Processes end, and those of others cannot be read, while the tables are walked: such an entry is empty.
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}
